/**
 * How many requests may be under way at once, learned from the answers: one at first, twice as many after each that
 * succeeds, one again after a failure. A thousand nodes that start together ask an API server gently, and the first
 * question arrives before the second. A request that takes its time is not waited for: after `patienceMs` the next goes.
 */
import type { Clock } from '../plugin.ts';

const PATIENCE_MS = 250;

export class SlowStart {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #patienceMs: number;
  #allowed = 1;
  #underWay = 0;
  readonly #line: (() => void)[] = [];

  constructor(clock: Clock, most: number, patienceMs = PATIENCE_MS) {
    this.#clock = clock;
    this.#most = most;
    this.#patienceMs = patienceMs;
  }

  /**
   * Does `ask` as soon as it may; in the order of the calls.
   * @param isAnswer whether a failure is an answer all the same (404), and no sign of trouble.
   */
  async run<T>(ask: () => Promise<T>, isAnswer: (error: unknown) => boolean = () => false): Promise<T> {
    if (this.#underWay >= this.#allowed) await new Promise<void>((go) => this.#line.push(go));
    else this.#underWay++;
    let counts = true;
    const leave = () => {
      if (counts) this.#leave();
      counts = false;
    };
    const cancel = this.#clock.after(this.#patienceMs, leave);
    try {
      const answer = await ask();
      this.#grow();
      return answer;
    } catch (error) {
      if (isAnswer(error)) this.#grow();
      else this.#allowed = 1;
      throw error;
    } finally {
      cancel();
      leave();
    }
  }

  #grow(): void {
    this.#allowed = Math.min(this.#most, this.#allowed * 2);
  }

  /** Who is next in line takes the place over. */
  #leave(): void {
    this.#underWay--;
    while (this.#underWay < this.#allowed) {
      const next = this.#line.shift();
      if (!next) return;
      this.#underWay++;
      next();
    }
  }
}
