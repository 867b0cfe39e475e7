/**
 * A sliding window of panes, each as long as one interval: what was counted within the last panes. Used by the filters
 * throttle and throttle_size. Time comes in as ticks (intervals since the start), so there is no timer.
 *
 *     | 3 | 0 | 5 | 2 |      4 panes, total 10; the next tick empties the oldest
 *               newest ^
 */
export class SlidingWindow {
  readonly #panes: number[];
  #tick: number;
  #newest = 0;
  total = 0;

  /** `panes` is at least 1; `tick` is the present one. */
  constructor(panes: number, tick: number) {
    this.#panes = new Array<number>(panes).fill(0);
    this.#tick = tick;
  }

  /** Slides on to `tick`; does nothing where it is not ahead. */
  advance(tick: number): void {
    const steps = Math.min(tick - this.#tick, this.#panes.length);
    for (let i = 0; i < steps; i++) {
      this.#newest = (this.#newest + 1) % this.#panes.length;
      this.total -= this.#panes[this.#newest] as number;
      this.#panes[this.#newest] = 0;
    }
    if (steps > 0) this.#tick = tick;
  }

  add(amount: number): void {
    this.#panes[this.#newest] = (this.#panes[this.#newest] as number) + amount;
    this.total += amount;
  }
}

/** Windows by name. Those in which nothing is left are the same as new ones, and are forgotten when there are many. */
export class NamedWindows {
  readonly #windows = new Map<string, SlidingWindow>();
  readonly #panes: number;
  readonly #limit: number;

  constructor(panes: number, limit: number) {
    this.#panes = panes;
    this.#limit = limit;
  }

  get size(): number {
    return this.#windows.size;
  }

  /** The window of this name, at `tick`. */
  at(name: string, tick: number): SlidingWindow {
    let found = this.#windows.get(name);
    if (found) found.advance(tick);
    else {
      if (this.#windows.size >= this.#limit) this.#forget(tick);
      found = new SlidingWindow(this.#panes, tick);
      this.#windows.set(name, found);
    }
    return found;
  }

  *entries(tick: number): Iterable<[string, SlidingWindow]> {
    for (const [name, window] of this.#windows) {
      window.advance(tick);
      yield [name, window];
    }
  }

  /** Those that are empty, or else the oldest tenth. */
  #forget(tick: number): void {
    for (const [name, window] of this.entries(tick)) if (window.total === 0) this.#windows.delete(name);
    let spare = this.#windows.size < this.#limit ? 0 : Math.ceil(this.#limit / 10);
    for (const name of this.#windows.keys()) {
      if (spare-- <= 0) break;
      this.#windows.delete(name);
    }
  }
}
