/**
 * How long to wait before the next try: half a second at first, twice as long each time, at most half a minute, and
 * never exactly that, so that many clients do not come back together.
 */
import type { Clock } from '../plugin.ts';
import { isRefused, KubeError } from './kube_error.ts';

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

export class Backoff {
  readonly #clock: Clock;
  readonly #firstMs: number;
  #failures = 0;

  constructor(clock: Clock, firstMs = FIRST_MS) {
    this.#clock = clock;
    this.#firstMs = firstMs;
  }

  /** It worked. */
  reset(): void {
    this.#failures = 0;
  }

  /** After a failure. A server that asks for more time gets it; what is refused is not hurried. */
  nextMs(error?: unknown): number {
    const asked = error instanceof KubeError ? (error.afterMs ?? 0) : 0;
    const base = isRefused(error) ? LONGEST_MS : Math.min(this.#firstMs * 2 ** this.#failures, LONGEST_MS);
    this.#failures++;
    return Math.max(asked, base * (0.5 + this.#clock.random()));
  }
}
