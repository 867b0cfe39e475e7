/**
 * So many records in a window of time for each key. What is remembered is bounded: where there are too many keys, the one
 * whose window began first is forgotten. Records over the limit are counted for the next of their key that passes.
 */
interface Window {
  /** Milliseconds of a clock that only goes forward. */
  ends: number;
  passed: number;
  /** How many records those stand for that were dropped since the last one passed. */
  dropped: number;
}

export class Limit {
  readonly #most: number;
  readonly #windowMs: number;
  readonly #maxKeys: number;
  /** In the order in which the windows began. */
  readonly #windows = new Map<string, Window>();

  constructor(most: number, windowMs: number, maxKeys: number) {
    this.#most = most;
    this.#windowMs = windowMs;
    this.#maxKeys = maxKeys;
  }

  /**
   * @param weight how many records this one stands for
   * @returns how many it stands for with those dropped before it; 0 where it is over the limit
   */
  pass(key: string, weight: number, now: number): number {
    let window = this.#windows.get(key);
    if (!window || window.ends <= now) window = this.#begin(key, window, now);
    if (window.passed >= this.#most) {
      window.dropped += weight;
      return 0;
    }
    window.passed++;
    const count = weight + window.dropped;
    window.dropped = 0;
    return count;
  }

  /** Keys move to the end as their window begins anew. */
  #begin(key: string, before: Window | undefined, now: number): Window {
    this.#windows.delete(key);
    const window = before ?? { ends: 0, passed: 0, dropped: 0 };
    window.ends = now + this.#windowMs;
    window.passed = 0;
    this.#windows.set(key, window);
    if (this.#windows.size > this.#maxKeys)
      for (const oldest of this.#windows.keys()) {
        this.#windows.delete(oldest);
        break;
      }
    return window;
  }
}
