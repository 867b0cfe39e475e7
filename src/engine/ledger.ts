/**
 * Who waits for which events. Every emission of an input that asked for a settle has an `Entry`; each chunk that takes
 * events of it, and each filter that holds some back, retains the entry once and answers once. When all have answered,
 * the entry is complete; entries of one tag are settled in the order in which they were emitted, so that a source may
 * take every settle as "all before this, too".
 *
 * A lane (one input's entries of one tag) that had to report `lost` reports every later entry as lost as well: to say
 * `safe` behind a gap would let the source commit an offset past events that nobody has.
 */
import type { Settle } from '../plugin.ts';

export class Entry {
  #pending = 1;
  #outcome: 'safe' | 'lost' = 'safe';
  readonly #complete: (outcome: 'safe' | 'lost') => void;

  /** Starts retained once, by who makes it. `complete` is called when every holder has answered. */
  constructor(complete: (outcome: 'safe' | 'lost') => void) {
    this.#complete = complete;
  }

  retain(): void {
    this.#pending++;
  }

  /** One holder's answer; `lost` of any of them makes the whole entry lost. */
  done(outcome: 'safe' | 'lost'): void {
    if (outcome === 'lost') this.#outcome = 'lost';
    if (--this.#pending === 0) this.#complete(this.#outcome);
  }
}

interface Waiting {
  readonly settle: Settle;
  outcome: 'safe' | 'lost' | undefined;
}

class Lane {
  readonly #queue: Waiting[] = [];
  #head = 0;
  lost = false;

  add(settle: Settle): Waiting {
    const waiting: Waiting = { settle, outcome: undefined };
    this.#queue.push(waiting);
    return waiting;
  }

  get empty(): boolean {
    return this.#head === this.#queue.length;
  }

  get length(): number {
    return this.#queue.length - this.#head;
  }

  /** Settles every complete entry at the head. */
  advance(): void {
    for (let first = this.#queue[this.#head]; first?.outcome !== undefined; first = this.#queue[this.#head]) {
      this.#head++;
      if (first.outcome === 'lost') this.lost = true;
      first.settle(this.lost ? 'lost' : 'safe');
    }
    // The queue is cut in pieces: shift() for every entry would be quadratic on a long one.
    if (this.#head > 1024 || this.empty) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
  }
}

/** The ledger of one input. */
export class Ledger {
  readonly #lanes = new Map<string, Lane>();

  /** Opens an entry at the end of its tag's lane. */
  open(tag: string, settle: Settle): Entry {
    let lane = this.#lanes.get(tag);
    if (!lane) {
      lane = new Lane();
      this.#lanes.set(tag, lane);
    }
    const mine = lane;
    const waiting = mine.add(settle);
    return new Entry((outcome) => {
      waiting.outcome = outcome;
      mine.advance();
      if (mine.empty && !mine.lost) this.#lanes.delete(tag);
    });
  }

  /** How many emissions are not settled yet. */
  get unsettled(): number {
    let count = 0;
    for (const lane of this.#lanes.values()) count += lane.length;
    return count;
  }
}
