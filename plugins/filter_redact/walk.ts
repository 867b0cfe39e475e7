/**
 * Walks through a record and redacts its texts, numbers and bytes, nested ones too. What changes is copied, with the maps
 * and lists that hold it; all else stays the same object. Maps that many records share (a pod's metadata, frozen) are
 * walked through once.
 */
import { decodeText } from '../../src/data/bytes.ts';
import { Ext, type Fields, Float, setField, type Value } from '../../src/data/event.ts';
import type { Choice } from './choice.ts';
import { isCard, isSecretKey } from './kinds.ts';

/** What is done with the values on the way. */
export interface Redaction {
  /** The same text where nothing was found. */
  text(text: string): string;
  /** A card number that came as a number: what stands for it. */
  readonly card: ((digits: string) => string) | undefined;
  /** Secret keys of AWS, known by the name of their field. */
  readonly secretKey: ((key: string) => string) | undefined;
  /** A field that is secret as a whole, whatever it holds. */
  field(value: Value): string;
  readonly isSecretField: ((key: string) => boolean) | undefined;
}

/** Deeper maps and lists are taken as secret fields: they would overflow the stack. */
const DEEPEST = 500;
/** Fractions and integers past 2^53 are no cards: they are nearly always numbers of something else. */
const SMALLEST_CARD = 1e13;
/** What the walk answers where a field goes altogether. */
const GONE = '';

export class Walk {
  readonly #redaction: Redaction;
  readonly #isAll: boolean;
  /** undefined where no field was chosen. */
  readonly #choice: Choice | undefined;
  /** What became of frozen maps; only of those for which nothing was chosen within. */
  readonly #shared = { redacted: new WeakMap<object, Fields>(), others: new WeakMap<object, Fields>() };

  constructor(redaction: Redaction, choice: Choice) {
    this.#redaction = redaction;
    this.#isAll = choice.isRedacted === true;
    this.#choice = choice.below.size > 0 ? choice : undefined;
  }

  /** The same body where nothing was found. */
  redact(body: Fields): Fields {
    return this.#fields(body, this.#choice, this.#isAll, 0);
  }

  #fields(fields: Fields, choice: Choice | undefined, isRedacted: boolean, depth: number): Fields {
    let copy: Fields | undefined;
    for (const key in fields) {
      const value = fields[key] as Value;
      const own = choice?.below.get(key);
      const changed = this.#field(key, value, own, own?.isRedacted ?? isRedacted, depth);
      if (changed === value) continue;
      copy ??= { ...fields };
      if (changed === GONE) delete copy[key];
      else setField(copy, key, changed);
    }
    return copy ?? fields;
  }

  #field(key: string, value: Value, own: Choice | undefined, isRedacted: boolean, depth: number): Value {
    const redaction = this.#redaction;
    if (own?.isSecret || redaction.isSecretField?.(key))
      return value === '' || value === null ? value : redaction.field(value);
    if (isRedacted && typeof value === 'string' && redaction.secretKey && isSecretKey(key, value))
      return redaction.secretKey(value);
    return this.#value(value, own, isRedacted, depth);
  }

  #value(value: Value, choice: Choice | undefined, isRedacted: boolean, depth: number): Value {
    if (!isRedacted && !choice && !this.#redaction.isSecretField) return value;
    switch (typeof value) {
      case 'string':
        return isRedacted ? this.#redaction.text(value) : value;
      case 'number':
        return isRedacted && value >= SMALLEST_CARD ? this.#number(value) : value;
      case 'object':
        return value === null ? null : this.#object(value, choice, isRedacted, depth + 1);
      default:
        return value;
    }
  }

  #number(value: number): Value {
    const digits = String(value);
    return this.#redaction.card && isCard(digits) ? this.#redaction.card(digits) : value;
  }

  #object(
    value: Exclude<Value, string | number | boolean | null | bigint>,
    choice: Choice | undefined,
    isRedacted: boolean,
    depth: number,
  ): Value {
    if (value instanceof Uint8Array) return isRedacted ? this.#bytes(value) : value;
    if (value instanceof Ext || value instanceof Float) return value;
    if (depth > DEEPEST) return this.#redaction.field('');
    if (Array.isArray(value)) return this.#list(value, choice, isRedacted, depth);
    if (choice || !Object.isFrozen(value)) return this.#fields(value, choice, isRedacted, depth);
    const shared = isRedacted ? this.#shared.redacted : this.#shared.others;
    let known = shared.get(value);
    if (!known) {
      known = Object.freeze(this.#fields(value, undefined, isRedacted, depth));
      shared.set(value, known);
    }
    return known;
  }

  #list(list: Value[], choice: Choice | undefined, isRedacted: boolean, depth: number): Value[] {
    let copy: Value[] | undefined;
    for (let at = 0; at < list.length; at++) {
      const value = list[at] as Value;
      const own = choice?.below.get(at);
      const changed = own?.isSecret
        ? this.#redaction.field(value)
        : this.#value(value, own, own?.isRedacted ?? isRedacted, depth);
      if (changed === value) continue;
      copy ??= list.slice();
      copy[at] = changed;
    }
    return copy ?? list;
  }

  #bytes(bytes: Uint8Array): Value {
    const text = decodeText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const changed = this.#redaction.text(text);
    return changed === text ? bytes : changed;
  }
}
