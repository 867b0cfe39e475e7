/**
 * Who is worked on next: the logs with bytes that were not looked at, in the order in which they got them, one piece
 * each, so that a busy container cannot starve the others. After a few milliseconds the event loop is given back. While
 * the engine has no room nobody gets a turn, and nothing is read from any connection.
 */
import type { Clock } from '../../src/plugin.ts';

const SLICE_MS = 6;

export interface TurnTaker {
  /** Works on what is there. @returns false where the engine has no room for more. */
  turn(): boolean;
}

export class Turns<T extends TurnTaker> {
  readonly #clock: Clock;
  readonly #queue = new Set<T>();
  #isScheduled = false;
  #paused = false;
  #stopped = false;
  /** Called when the engine has no room any more. */
  paused: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  get size(): number {
    return this.#queue.size;
  }

  add(one: T): void {
    if (this.#stopped) return;
    this.#queue.add(one);
    this.#schedule();
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#queue.clear();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#paused || this.#stopped || this.#queue.size === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#run();
      this.#schedule();
    });
  }

  #run(): void {
    const end = this.#clock.monotonic() + SLICE_MS;
    // Who gets in line while others have their turn waits for the next time.
    let left = this.#queue.size;
    for (const one of this.#queue) {
      if (this.#stopped || left-- === 0) return;
      this.#queue.delete(one);
      if (!one.turn()) {
        this.#paused = true;
        this.paused();
        return;
      }
      if (this.#clock.monotonic() >= end) return;
    }
  }
}
