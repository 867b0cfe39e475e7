/**
 * Answers to questions that cost a request, kept for their time. Several who ask the same at once wait for one request.
 *
 * A failure is remembered: for a hundredth of a second at first, four times as long each time, up to `failureMs`; until
 * then nobody asks again, and the old answer is given where there is one. Nobody waits longer than `waitMs`; a request that takes
 * longer goes on, and until one ends in time nobody waits at all: a server that hangs holds records up once, not
 * each pod's in turn. The answers asked for least recently make room for new ones.
 */
import type { Clock, Soon } from '../../src/plugin.ts';

export interface CacheSettings<Q, T> {
  readonly clock: Clock;
  /** How long an answer is used. */
  readonly ttlMs: number;
  readonly failureMs: number;
  readonly waitMs: number;
  readonly size: number;
  ask(question: Q): Promise<T>;
  /** Once a request that failed. */
  failed(question: Q, error: unknown): void;
  /** Somebody went on without waiting for the answer any longer. */
  gaveUp(question: Q): void;
}

/** `until` is on the monotonic clock. */
export interface Answer<T> {
  readonly value: T;
  readonly until: number;
}

interface Entry<T> {
  answer: Answer<T> | undefined;
  failures: number;
  notBefore: number;
  asking: Promise<void> | undefined;
}

const FIRST_FAILURE_MS = 10;
const FAILURE_GROWTH = 4;

export class AnswerCache<Q, T> {
  readonly #settings: CacheSettings<Q, T>;
  readonly #entries = new Map<string, Entry<T>>();
  /** The last request that ended took longer than anybody waits, or somebody gave up since. */
  #hangs = false;

  constructor(settings: CacheSettings<Q, T>) {
    this.#settings = settings;
  }

  /** A promise only where a request must be waited for; undefined: there is no answer. */
  lookup(key: string, question: Q): Soon<Answer<T> | undefined> {
    const now = this.#settings.clock.monotonic();
    const entry = this.#touch(key);
    if (entry.answer && now < entry.answer.until) return entry.answer;
    if (!entry.asking && now < entry.notBefore) return entry.answer;
    const asking = entry.asking ?? this.#ask(question, entry);
    if (this.#hangs) return entry.answer;
    return this.#bounded(asking, question).then(() => entry.answer);
  }

  get size(): number {
    return this.#entries.size;
  }

  #touch(key: string): Entry<T> {
    const known = this.#entries.get(key);
    const entry = known ?? { answer: undefined, failures: 0, notBefore: Number.NEGATIVE_INFINITY, asking: undefined };
    if (known) this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > this.#settings.size)
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    return entry;
  }

  #ask(question: Q, entry: Entry<T>): Promise<void> {
    const { clock, ttlMs, failureMs, waitMs, ask, failed } = this.#settings;
    const startedAt = clock.monotonic();
    const asking = ask(question).then(
      (value) => {
        entry.answer = { value, until: clock.monotonic() + ttlMs };
        entry.failures = 0;
      },
      (error: unknown) => {
        const pauseMs = Math.min(FIRST_FAILURE_MS * FAILURE_GROWTH ** entry.failures++, failureMs);
        entry.notBefore = clock.monotonic() + pauseMs;
        failed(question, error);
      },
    );
    entry.asking = asking;
    void asking.then(() => {
      entry.asking = undefined;
      this.#hangs = clock.monotonic() - startedAt >= waitMs;
    });
    return asking;
  }

  #bounded(asking: Promise<void>, question: Q): Promise<void> {
    const { clock, waitMs, gaveUp } = this.#settings;
    return new Promise((resolve) => {
      const cancel = clock.after(waitMs, () => {
        this.#hangs = true;
        gaveUp(question);
        resolve();
      });
      void asking.then(() => {
        cancel();
        resolve();
      });
    });
  }
}
