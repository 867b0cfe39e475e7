/**
 * When a failed delivery is tried again. The wait before attempt n is 1 s plus a random time between `base` and
 * min(cap, base × 2^n), as Fluent Bit's; a Retry-After replaces it. At shutdown all that waits is tried at once and
 * every further retry waits one second, until Grace is over.
 */
import type { Clock } from '../plugin.ts';

/** Above this a Retry-After is not believed: a broken date must not park a chunk for days. */
const MAX_RETRY_AFTER_MS = 3_600_000;

export interface Waiting {
  readonly dueMs: number;
  run(): void;
}

export class Scheduler {
  readonly #clock: Clock;
  readonly #baseSeconds: number;
  readonly #capSeconds: number;
  readonly #waiting = new Map<Waiting, () => void>();
  #hurry = false;

  constructor(clock: Clock, baseSeconds: number, capSeconds: number) {
    this.#clock = clock;
    this.#baseSeconds = baseSeconds;
    this.#capSeconds = Math.max(capSeconds, baseSeconds);
  }

  /** Milliseconds until attempt number `attempt` (1: the first retry). */
  delayMs(attempt: number, retryAfterMs: number | undefined): number {
    if (this.#hurry) return 1000;
    if (retryAfterMs !== undefined) return Math.min(Math.max(retryAfterMs, 0), MAX_RETRY_AFTER_MS);
    const high = Math.min(this.#capSeconds, this.#baseSeconds * 2 ** Math.min(attempt, 30));
    const low = Math.min(this.#baseSeconds, high);
    // Whole seconds, as the log line promises them.
    return 1000 * (1 + low + Math.floor(this.#clock.random() * (high - low + 1)));
  }

  wait(delayMs: number, run: () => void): void {
    const waiting: Waiting = { dueMs: this.#clock.now() + delayMs, run };
    const cancel = this.#clock.after(delayMs, () => {
      this.#waiting.delete(waiting);
      run();
    });
    this.#waiting.set(waiting, cancel);
  }

  /** From now on nothing waits longer than a second. */
  hurry(): void {
    this.#hurry = true;
    for (const [waiting, cancel] of [...this.#waiting]) {
      cancel();
      this.#waiting.delete(waiting);
      waiting.run();
    }
  }

  /** Forgets all that waits. */
  stop(): void {
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }

  get waiting(): number {
    return this.#waiting.size;
  }
}
