/**
 * Who is read next: the files with unread bytes, in the order in which they asked. Each gets one turn, then asks again
 * if it has more; after a few milliseconds of turns the event loop is given back, so that outputs can work.
 */
import type { Clock } from '../../src/plugin.ts';
import type { TailFile } from './file.ts';

/** How long turns may go on before others get the loop. */
const SLICE_MS = 6;

export interface TurnsOwner {
  /** Reads one buffer of the file; returns how many bytes it was. */
  turn(file: TailFile): number;
}

export class Turns {
  readonly #owner: TurnsOwner;
  readonly #clock: Clock;
  /** The most that is read before the loop is given back. */
  readonly #batchBytes: number;
  readonly #queue = new Set<TailFile>();
  #isScheduled = false;
  #paused = false;
  #stopped = false;

  constructor(owner: TurnsOwner, clock: Clock, batchBytes: number) {
    this.#owner = owner;
    this.#clock = clock;
    this.#batchBytes = batchBytes;
  }

  get size(): number {
    return this.#queue.size;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Gives the file a turn, if it has none yet. */
  add(file: TailFile): void {
    if (file.queued || file.abandoned || this.#stopped) return;
    file.queued = true;
    this.#queue.add(file);
    this.#schedule();
  }

  /** Nothing is read until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#queue.clear();
  }

  /** Until nothing is left, or there is no room. */
  drain(): void {
    while (this.#queue.size > 0 && !this.#paused && !this.#stopped) this.#run(Number.POSITIVE_INFINITY);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#paused || this.#stopped || this.#queue.size === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#run(SLICE_MS);
      this.#schedule();
    });
  }

  #run(sliceMs: number): void {
    const end = this.#clock.monotonic() + sliceMs;
    let bytes = 0;
    for (const file of this.#queue) {
      if (this.#paused || this.#stopped) return;
      this.#queue.delete(file);
      file.queued = false;
      bytes += this.#owner.turn(file);
      if (this.#clock.monotonic() >= end || bytes >= this.#batchBytes) return;
    }
  }
}
