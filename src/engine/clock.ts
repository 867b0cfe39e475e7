/** The real clock. Tests use a virtual one instead (test/support/host.ts). */
import type { Clock } from '../plugin.ts';

/** performance.now() has microseconds but does not follow a clock that is set; Date.now() follows but has none. */
const MAX_DRIFT_MS = 5;

export class SystemClock implements Clock {
  #offset = Date.now() - performance.now();

  now(): number {
    const wall = Date.now();
    const precise = performance.now() + this.#offset;
    if (Math.abs(wall - precise) <= MAX_DRIFT_MS) return precise;
    this.#offset = wall - performance.now();
    return wall;
  }

  monotonic(): number {
    return performance.now();
  }

  after(ms: number, run: () => void, unref = false): () => void {
    const timer = setTimeout(run, ms);
    if (unref) timer.unref();
    return () => clearTimeout(timer);
  }

  random(): number {
    return Math.random();
  }
}
