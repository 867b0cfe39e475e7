/**
 * What was seen lately: one entry for each message of each source, from its first event until its window is over. All
 * windows have the same length, so entries end in the order in which they began.
 */
import type { LogEvent } from '../../src/data/event.ts';
import type { Settle } from '../../src/plugin.ts';

export interface Repeat {
  readonly key: string;
  readonly tag: string;
  /** Milliseconds of a clock that only goes forward. */
  readonly ends: number;
  /** Events after the first. */
  count: number;
  /** The last of them, or the first where that is held, too; its source waits for `settle`. */
  last: LogEvent | undefined;
  settle: Settle | undefined;
}

export class Repeats {
  readonly #entries = new Map<string, Repeat>();

  get(key: string): Repeat | undefined {
    return this.#entries.get(key);
  }

  add(repeat: Repeat): void {
    this.#entries.set(repeat.key, repeat);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The one that ends next. */
  get oldest(): Repeat | undefined {
    for (const repeat of this.#entries.values()) return repeat;
    return undefined;
  }

  remove(repeat: Repeat): void {
    this.#entries.delete(repeat.key);
  }
}
