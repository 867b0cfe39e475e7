/**
 * How far a batch has come: which of its events need not be sent any more, since they were accepted, are empty or were
 * refused for good. It is kept between the tries of a batch, so that a retry sends only what is left. Events are known by
 * their number in the batch, since a batch that waited may bring new objects.
 */
import type { LogEvent } from '../data/event.ts';
import { type Batch, drop, OK, type OutputHost, type Verdict } from '../plugin.ts';

interface Refusal {
  readonly numbers: number[];
  readonly reason: string;
}

export class Progress {
  readonly #done: Uint8Array;
  /** Of an event that is sent in several pieces: how many of them were accepted. */
  readonly pieces = new Map<number, number>();
  /** Events that were refused alone, once. */
  readonly suspects = new Set<number>();
  #refused: Refusal[] = [];
  #left: number;
  #given = 0;

  constructor(count: number) {
    this.#done = new Uint8Array(count);
    this.#left = count;
  }

  isDone(number: number): boolean {
    return this.#done[number] === 1;
  }

  /** It was accepted, or there was nothing to send. */
  accept(number: number): void {
    if (this.#done[number] === 1) return;
    this.#done[number] = 1;
    this.#left--;
  }

  /** It will never be accepted. */
  refuse(numbers: readonly number[], reason: string): void {
    const fresh = numbers.filter((number) => !this.isDone(number));
    if (fresh.length === 0) return;
    const known = this.#refused.find((refusal) => refusal.reason === reason);
    if (known) known.numbers.push(...fresh);
    else this.#refused.push({ numbers: [...fresh], reason });
    for (const number of fresh) this.accept(number);
  }

  get left(): number {
    return this.#left;
  }

  /** Tells the host what was refused in this try; the verdict speaks of the rest. */
  report(batch: Batch, events: readonly LogEvent[], host: OutputHost): Verdict {
    const refused = this.#refused.splice(0);
    let last: Refusal | undefined;
    const count = refused.reduce((sum, { numbers }) => sum + numbers.length, this.#given);
    // `discard` is not for all of a batch: then the verdict itself says why the last of them are dropped.
    if (count === batch.count) last = refused.pop();
    for (const { numbers, reason } of refused) {
      this.#given += numbers.length;
      host.discard(
        batch,
        numbers.map((number) => events[number] as LogEvent),
        reason,
      );
    }
    return last ? drop(last.reason) : OK;
  }
}
