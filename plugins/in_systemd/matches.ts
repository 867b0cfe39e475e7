/**
 * Systemd_Filter: which entries are wanted. A match is the whole text of a field, `NAME=value`; an entry has it when one
 * of its fields is this text. With `or` one match is enough, with `and` all are needed.
 */
import { OptionError } from '../../src/plugin.ts';

/** As sd_journal_add_match: capitals, digits and `_`, not `__` at the begin. */
const MATCH = /^(?!__)[A-Z0-9_]+=/;

export class Matches {
  /** How many different ones there are. */
  readonly count: number;
  readonly needsAll: boolean;
  /** By their length: nearly every field that is compared has another one. */
  readonly #byLength = new Map<number, { readonly text: Buffer; readonly index: number }[]>();
  readonly #seen: Uint32Array;
  #round = 0;

  /** @throws OptionError for a text that is no match. */
  constructor(texts: readonly string[], needsAll: boolean) {
    const different = [...new Set(texts)];
    this.count = different.length;
    this.needsAll = needsAll;
    this.#seen = new Uint32Array(this.count);
    for (const [index, match] of different.entries()) {
      if (!MATCH.test(match)) throw new OptionError(`'${match}' is no match; write FIELD=value`, 'systemd_filter');
      const text = Buffer.from(match);
      const others = this.#byLength.get(text.length) ?? [];
      others.push({ text, index });
      this.#byLength.set(text.length, others);
    }
  }

  /** The number of the match that the `length` bytes at `at` are; -1: none. */
  find(bytes: Buffer, at: number, length: number): number {
    const candidates = this.#byLength.get(length);
    if (!candidates) return -1;
    for (const { text, index } of candidates) if (bytes.compare(text, 0, length, at, at + length) === 0) return index;
    return -1;
  }

  /** An entry has these matches (-1: none): is it wanted? */
  accept(found: Int32Array, length: number): boolean {
    if (!this.needsAll) {
      for (let i = 0; i < length; i++) if ((found[i] as number) >= 0) return true;
      return this.count === 0;
    }
    this.#round++;
    let different = 0;
    for (let i = 0; i < length; i++) {
      const index = found[i] as number;
      if (index < 0 || this.#seen[index] === this.#round) continue;
      this.#seen[index] = this.#round;
      different++;
    }
    return different === this.count;
  }
}
