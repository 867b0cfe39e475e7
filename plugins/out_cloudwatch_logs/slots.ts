/**
 * How many requests may be under way at once. It begins with one and grows while requests succeed; when CloudWatch
 * throttles it is halved. Who comes first is served first.
 */

/** So many successes in a row make room for one more. */
const SUCCESSES = 8;

export class Slots {
  readonly #most: number;
  #limit = 1;
  #used = 0;
  #successes = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Resolves when there is room; every `take` is followed by one `give`. */
  take(): Promise<void> {
    if (this.#used < this.#limit && this.#waiting.length === 0) {
      this.#used++;
      return Promise.resolve();
    }
    return new Promise((go) => this.#waiting.push(go));
  }

  give(outcome: 'ok' | 'throttled' | 'failed' | 'unused'): void {
    this.#used--;
    if (outcome === 'ok') this.#grow();
    else if (outcome !== 'unused') {
      this.#successes = 0;
      if (outcome === 'throttled') this.#limit = Math.max(1, this.#limit >> 1);
    }
    while (this.#used < this.#limit) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#used++;
      next();
    }
  }

  #grow(): void {
    if (++this.#successes < SUCCESSES || this.#limit >= this.#most) return;
    this.#successes = 0;
    this.#limit++;
  }
}
