/**
 * Bodies as JSON text, for outputs that put it into a string of their own request (a CloudWatch message, a line of Loki):
 * what comes out stands between quotes already. With `nested` it is escaped once more, as it must be within JSON.
 *
 * A map that many events share is one frozen object (the `kubernetes` map of a pod): its text, escaped twice where
 * needed, is made once and kept for as long as the object lives. So is the text of keys. The rest is built of pieces,
 * since a plain text (no quote, no backslash, nothing beyond ASCII) needs no escaping at all: nearly twice as fast as
 * JSON.stringify twice over a container line with its pod's metadata (bench/body_json.ts).
 */
import type { Fields, Value } from './event.ts';
import { keyToJson, toJson } from './json.ts';

export interface BodyJsonOptions {
  /** Whether the text is escaped once more, for a string within JSON. */
  readonly nested: boolean;
  /** Whether all of it is ASCII, as Fluent Bit writes JSON by default. */
  readonly escapeUnicode: boolean;
  /** What to print in the place of the values of top-level keys. */
  readonly edits?: Edits;
}

/** By top-level key: another value, or undefined to leave the key out. The same object must give the same value. */
export type Edits = ReadonlyMap<string, (value: Value) => Value | undefined>;

/** An edit that leaves the key out, whatever its value is. */
export const LEAVE_OUT = (): undefined => undefined;

/** What needs no escape, neither once nor twice. */
const UNPLAIN = /[^ !#-[\]-\x7f]/;
/** Keys come from outside: an endless number of them must not fill the memory. */
const MOST_KEYS = 4096;

interface KeyText {
  readonly first: string;
  readonly next: string;
  readonly edit: ((value: Value) => Value | undefined) | undefined;
}

export class BodyJson {
  readonly #nested: boolean;
  readonly #escapeUnicode: boolean;
  readonly #quote: string;
  readonly #edits: Edits | undefined;
  readonly #keys = new Map<string, KeyText>();
  readonly #shared = new WeakMap<object, string>();

  constructor(options: BodyJsonOptions) {
    this.#nested = options.nested;
    this.#escapeUnicode = options.escapeUnicode;
    this.#edits = options.edits;
    this.#quote = options.nested ? '\\"' : '"';
  }

  /** Called for every event. */
  text(body: Fields): string {
    let text = '';
    for (const key in body) {
      const known = this.#keys.get(key) ?? this.#addKey(key);
      let value = body[key] as Value | undefined;
      if (known.edit) {
        value = known.edit(value as Value);
        if (value === undefined) continue;
      }
      text += text === '' ? known.first : known.next;
      if (typeof value === 'string')
        text += UNPLAIN.test(value) ? this.value(value) : this.#quote + value + this.#quote;
      else if (typeof value === 'object' && value !== null) text += this.#object(value);
      else if (typeof value === 'number' && Number.isSafeInteger(value)) text += value;
      else text += this.value(value as Value);
    }
    return text === '' ? '{}' : `${text}}`;
  }

  /** Any value. */
  value(value: Value): string {
    return this.#escape(toJson(value, this.#escapeUnicode));
  }

  /** A key, with its quotes. */
  key(key: string): string {
    return this.#escape(keyToJson(key, this.#escapeUnicode));
  }

  #object(value: object & Value): string {
    const known = this.#shared.get(value);
    if (known !== undefined) return known;
    const text = this.value(value);
    if (Object.isFrozen(value)) this.#shared.set(value, text);
    return text;
  }

  #addKey(key: string): KeyText {
    if (this.#keys.size >= MOST_KEYS) this.#keys.clear();
    const text = `${this.key(key)}:`;
    const pieces = { first: `{${text}`, next: `,${text}`, edit: this.#edits?.get(key) };
    this.#keys.set(key, pieces);
    return pieces;
  }

  #escape(json: string): string {
    return this.#nested ? JSON.stringify(json).slice(1, -1) : json;
  }
}
