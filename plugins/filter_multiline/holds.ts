/**
 * Which batches of events must not be forgotten by their source yet, because lines of theirs are held here or are under
 * way in a joined record. A batch is all that one call of the filter got; batches have ascending numbers.
 */
import type { Settle } from '../../src/plugin.ts';

class Batch {
  readonly number: number;
  readonly #settle: Settle;
  #waiting = 1;
  #outcome: 'safe' | 'lost' = 'safe';

  constructor(number: number, settle: Settle) {
    this.number = number;
    this.#settle = settle;
  }

  retain(): void {
    this.#waiting++;
  }

  done(outcome: 'safe' | 'lost'): void {
    if (outcome === 'lost') this.#outcome = 'lost';
    if (--this.#waiting === 0) this.#settle(this.#outcome);
  }
}

export class Holds {
  #batches: Batch[] = [];

  /** `settle` is what the host's `hold` gave. */
  add(number: number, settle: Settle): void {
    this.#batches.push(new Batch(number, settle));
  }

  /** The settle of events that may be of any batch that is held. */
  share(): Settle {
    const batches = this.#batches.slice();
    for (const batch of batches) batch.retain();
    return (outcome) => {
      for (const batch of batches) batch.done(outcome);
    };
  }

  /** No line of a batch before this number is held any more. */
  release(before: number): void {
    let count = 0;
    while (count < this.#batches.length && (this.#batches[count] as Batch).number < before) count++;
    for (const batch of this.#batches.splice(0, count)) batch.done('safe');
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }
}
