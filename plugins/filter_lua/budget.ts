/**
 * How long a script may run: every function call and every turn of a loop takes one from `left`; when that is used up,
 * the clock is asked. So running code pays for a countdown only.
 */
import type { Countdown } from './compile.ts';
import { LuaTimeout } from './errors.ts';

/** So many steps are far below a millisecond. */
const SLICE = 20_000;

export class Budget implements Countdown {
  left = SLICE;
  /** Milliseconds; 0 until the first slice is used up. */
  #deadline = 0;
  readonly #seconds: number;
  readonly #now: () => number;

  constructor(seconds: number, now: () => number) {
    this.#seconds = seconds;
    this.#now = now;
  }

  /** The time of the next call begins. */
  restart(): void {
    this.left = SLICE;
    this.#deadline = 0;
  }

  /** Called when `left` is below zero. @throws LuaTimeout */
  over(): void {
    this.left = SLICE;
    if (this.#deadline === 0) this.#deadline = this.#now() + this.#seconds * 1000;
    else if (this.#now() > this.#deadline) throw new LuaTimeout(this.#seconds);
  }

  /** For libraries that loop themselves. */
  spend(steps: number): void {
    this.left -= steps;
    if (this.left < 0) this.over();
  }
}
