/**
 * Puts batches together until there are enough bytes for a request, or the first of them has waited long enough. Each
 * batch gets its own answer, when what it went out with is answered.
 */
import type { Clock, Verdict } from '../../src/plugin.ts';
import type { Part } from './load.ts';

/** Sends parts together; one verdict for each, in the same order. Never rejects. */
export type SendParts = (parts: readonly Part[]) => Promise<readonly Verdict[]>;

interface Waiting {
  readonly part: Part;
  readonly answer: (verdict: Verdict) => void;
}

export class Batcher {
  readonly #maxBytes: number;
  readonly #waitMs: number;
  readonly #clock: Clock;
  readonly #send: SendParts;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #cancel: (() => void) | undefined;

  constructor(maxBytes: number, waitMs: number, clock: Clock, send: SendParts) {
    this.#maxBytes = maxBytes;
    this.#waitMs = waitMs;
    this.#clock = clock;
    this.#send = send;
  }

  /** `bytes`: about how large it is. */
  add(part: Part, bytes: number): Promise<Verdict> {
    return new Promise((answer) => {
      this.#waiting.push({ part, answer });
      this.#bytes += bytes;
      if (this.#bytes >= this.#maxBytes) this.go();
      else this.#cancel ??= this.#clock.after(this.#waitMs, () => this.go());
    });
  }

  /** What waits goes now. */
  go(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const waiting = this.#waiting.splice(0);
    this.#bytes = 0;
    if (waiting.length === 0) return;
    this.#send(waiting.map(({ part }) => part)).then((verdicts) => {
      for (const [i, { answer }] of waiting.entries()) answer(verdicts[i] as Verdict);
    });
  }
}
