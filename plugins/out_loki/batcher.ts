/**
 * Puts batches together until there are enough bytes for a request, or enough batches, or the first of them has waited
 * long enough. Each batch gets its own answer, when what it went out with is answered.
 */
import type { Clock, Verdict } from '../../src/plugin.ts';
import type { Part } from './load.ts';

export interface BatcherSettings {
  readonly maxBytes: number;
  /** No more will come before these are answered: waiting would be in vain. */
  readonly maxParts: number;
  readonly waitMs: number;
  /** What comes while a request is under way waits for its end. */
  readonly isOneByOne: boolean;
  readonly clock: Clock;
  /** One verdict for each part, in the same order. Never rejects. */
  send(parts: readonly Part[], signal: AbortSignal): Promise<readonly Verdict[]>;
}

interface Waiting {
  readonly part: Part;
  readonly answer: (verdict: Verdict) => void;
}

export class Batcher {
  readonly #settings: BatcherSettings;
  #waiting: Waiting[] = [];
  #bytes = 0;
  /** How many batches are under way. */
  #sent = 0;
  #isDue = false;
  #cancel: (() => void) | undefined;
  /** The engine's, the same for all batches. */
  #signal: AbortSignal | undefined;

  constructor(settings: BatcherSettings) {
    this.#settings = settings;
  }

  /** `bytes`: about how large it is. */
  add(part: Part, bytes: number, signal: AbortSignal): Promise<Verdict> {
    if (signal !== this.#signal) signal.addEventListener('abort', () => this.go(), { once: true });
    this.#signal = signal;
    const { maxBytes, maxParts, waitMs, clock } = this.#settings;
    return new Promise((answer) => {
      this.#waiting.push({ part, answer });
      this.#bytes += bytes;
      if (signal.aborted || this.#bytes >= maxBytes || this.#waiting.length + this.#sent >= maxParts) this.go();
      else this.#cancel ??= clock.after(waitMs, () => this.go());
    });
  }

  /** What waits goes now, or as soon as it may. */
  go(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#isDue = this.#settings.isOneByOne && this.#sent > 0;
    if (this.#isDue) return;
    const waiting = this.#waiting.splice(0);
    this.#bytes = 0;
    if (waiting.length === 0 || !this.#signal) return;
    this.#sent += waiting.length;
    const parts = waiting.map(({ part }) => part);
    this.#settings.send(parts, this.#signal).then((verdicts) => {
      this.#sent -= waiting.length;
      if (this.#isDue) this.go();
      for (const [i, { answer }] of waiting.entries()) answer(verdicts[i] as Verdict);
    });
  }
}
