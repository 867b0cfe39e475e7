/**
 * The time that a script may take. Loops and functions of scripts call one global function (see `instrument.ts`), which
 * counts down and asks the clock now and then; which script runs is known, since only one runs at a time.
 */
import { TICK } from './instrument.ts';

/** The script ran longer than it may. */
export class ScriptTimeout extends Error {
  constructor(seconds: number) {
    super(`it ran longer than ${seconds} s for one batch of events`);
    this.name = 'ScriptTimeout';
  }
}

/** So many steps are far below a millisecond. */
const SLICE = 10_000;

let left = Infinity;
let running: Budget | undefined;

Object.defineProperty(globalThis, TICK, {
  value: () => {
    if (--left < 0) left = running ? running.look() : Infinity;
    return true;
  },
});

export class Budget {
  readonly seconds: number;
  readonly #now: () => number;
  #deadline = 0;

  /** `now` gives milliseconds. */
  constructor(seconds: number, now: () => number) {
    this.seconds = seconds;
    this.#now = now;
  }

  /** Whether the time is over: a script may have caught what said so. */
  get isOver(): boolean {
    return this.#deadline !== 0 && this.#now() > this.#deadline;
  }

  begin(): void {
    this.#deadline = 0;
    running = this;
    left = SLICE;
  }

  end(): void {
    running = undefined;
    left = Infinity;
  }

  /** @returns steps until the next look. @throws ScriptTimeout */
  look(): number {
    if (this.#deadline === 0) this.#deadline = this.#now() + this.seconds * 1000;
    else if (this.#now() > this.#deadline) {
      left = 0;
      throw new ScriptTimeout(this.seconds);
    }
    return SLICE;
  }
}
