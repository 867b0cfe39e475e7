/**
 * Bodies as JSON text written straight into the buffer of a request: the same text as `BodyJson` gives (body_json.ts),
 * without the strings on the way: nearly twice as fast, and it leaves the garbage collector nothing
 * (bench/body_json.ts).
 *
 * A text goes to a scratch buffer as UTF-8 and from there byte by byte, escaped by a table:
 *
 *     class 0  stands for itself        class 1  an escape: the table says how it reads, once or twice over
 *     class 2  beyond ASCII: itself where unicode is not escaped and the text is whole; else BodyJson makes the text
 *
 * Whatever is rare (long fractions, 64-bit integers, bytes, broken text) is left to BodyJson as well.
 */
import { BodyJson, type BodyJsonOptions, type Edits } from './body_json.ts';
import { DIGITS_LIMIT, writeDigits, writeThousandths } from './digits.ts';
import { isTiny } from './double_text.ts';
import { type Fields, isPlain, type Value } from './event.ts';
import {
  copyClean,
  type Escapes,
  MOST_BYTES_A_UNIT,
  ONCE,
  THREE_BACKSLASHES_AND_QUOTE,
  TWICE,
  unescaped,
} from './json_escapes.ts';
import { Words } from './words.ts';

/** Room for the punctuation of a field and for any integer. */
const SPARE_BYTES = 64;
const SCRATCH_BYTES = 1 << 16;
/** Up to here, asking for the characters one by one is faster. */
const SHORT = 48;
const MOST_KEYS = 4096;
/** Deeper values are left to V8. */
const MAX_DEPTH = 64;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * A key of a map, or (with `key` undefined) the beginning of one. Records of one origin have the same keys in the same
 * order: each key remembers the one that came after it, and the one that its own map began with, so that hardly any is looked up.
 */
class Key {
  readonly key: string | undefined;
  /** `"key":`, as it stands in the text. */
  readonly text: Words;
  /** How much of it is there since it is nested. */
  readonly extra: number;
  readonly edit: ((value: Value) => Value | undefined) | undefined;
  next: Key | undefined = undefined;
  inner: Key | undefined = undefined;

  constructor(key: string | undefined, text: Words, extra: number, edit: Key['edit']) {
    this.key = key;
    this.text = text;
    this.extra = extra;
    this.edit = edit;
  }
}

const beginning = (): Key => new Key(undefined, new Words(new Uint8Array(0)), 0, undefined);

/** The text of a map that many events share. */
interface Shared {
  readonly bytes: Uint8Array;
  readonly extra: number;
}

export class BodyBytes {
  /** For what is not written here. */
  readonly #json: BodyJson;
  readonly #escapeUnicode: boolean;
  readonly #nested: boolean;
  readonly #edits: Edits | undefined;
  readonly #escapes: Escapes;
  readonly #keys = new Map<string, Key>();
  #top = beginning();
  readonly #shared = new WeakMap<object, Shared>();
  /** The one that came last: in many events one after the other it is the same pod's. */
  #lastMap: object | undefined;
  #lastShared: Shared | undefined;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  readonly #scratchView = new DataView(this.#scratch.buffer);
  #out: Buffer = Buffer.alloc(0);
  #outView: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  /** Of the text written last: how many of its bytes are there since it is nested, so not in the text that it stands for. */
  extra = 0;

  constructor(options: BodyJsonOptions) {
    this.#json = new BodyJson(options);
    this.#escapeUnicode = options.escapeUnicode;
    this.#nested = options.nested;
    this.#edits = options.edits;
    this.#escapes = options.nested ? TWICE : ONCE;
  }

  /** Where the text ends that begins at `at`, or -1 where it might not fit. Called for every event. */
  write(body: Fields, out: Buffer, at: number): number {
    if (out !== this.#out) {
      this.#out = out;
      this.#outView = new DataView(out.buffer, out.byteOffset, out.length);
    }
    this.#at = at;
    this.extra = 0;
    let separator = OPEN;
    let known = this.#top;
    for (const key in body) {
      known = known.next?.key === key ? known.next : this.#find(key, known);
      let value = body[key] as Value | undefined;
      if (known.edit) {
        value = known.edit(value as Value);
        if (value === undefined) continue;
      }
      if (!this.#key(separator, known) || !this.#value(value as Value, 0, known)) return -1;
      separator = COMMA;
    }
    return this.#close(separator) ? this.#at : -1;
  }

  #fields(fields: Fields, depth: number, above: Key): boolean {
    let separator = OPEN;
    above.inner ??= beginning();
    let known = above.inner;
    for (const key in fields) {
      known = known.next?.key === key ? known.next : this.#find(key, known);
      if (!this.#key(separator, known) || !this.#value(fields[key] as Value, depth + 1, known)) return false;
      separator = COMMA;
    }
    return this.#close(separator);
  }

  #key(separator: number, { text, extra }: Key): boolean {
    const at = this.#at;
    if (at + text.length + SPARE_BYTES > this.#out.length) return false;
    this.#out[at] = separator;
    this.#at = text.write(this.#outView, at + 1);
    this.extra += extra;
    return true;
  }

  #close(separator: number): boolean {
    if (this.#at + 2 > this.#out.length) return false;
    if (separator === OPEN) this.#out[this.#at++] = OPEN;
    this.#out[this.#at++] = CLOSE;
    return true;
  }

  /** A value as `BodyJson.value` gives it; false where there is no room. */
  #value(value: Value, depth: number, above: Key): boolean {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value === 'number') return this.#number(value);
    if (typeof value === 'object' && value !== null) return this.#object(value, depth, above);
    return this.#made(this.#json.value(value));
  }

  #number(value: number): boolean {
    if (value >= 0 && value < DIGITS_LIMIT && Number.isInteger(value) && !Object.is(value, -0)) {
      this.#at = writeDigits(this.#out, this.#at, value);
      return true;
    }
    const end = writeThousandths(this.#out, this.#at, value);
    if (end >= 0) {
      this.#at = end;
      return true;
    }
    const text = String(value);
    // Doubles are printed with 16 digits, and a fraction too small for them with an exponent: that is BodyJson's work.
    if (text.length > 16 || !Number.isFinite(value) || text.includes('e') || isTiny(value))
      return this.#made(this.#json.value(value));
    this.#ascii(text);
    return true;
  }

  /** Text in quotes. */
  #text(text: string): boolean {
    const { length } = text;
    if (length > SCRATCH_BYTES / 3) return this.#made(this.#json.value(text));
    if (this.#at + length * MOST_BYTES_A_UNIT + SPARE_BYTES > this.#out.length) return false;
    if (length <= SHORT && this.#plain(text)) return true;
    const written = this.#scratch.write(text, 0);
    // Beyond ASCII there are more bytes than units.
    if (written !== length && (this.#escapeUnicode || !text.isWellFormed())) return this.#made(this.#json.value(text));
    const out = this.#out;
    let at = this.#at;
    if (this.#nested) out[at++] = BACKSLASH;
    out[at++] = QUOTE;
    at = this.#escape(written, at);
    if (this.#nested) out[at++] = BACKSLASH;
    out[at++] = QUOTE;
    this.#at = at;
    if (this.#nested) this.extra += 2;
    return true;
  }

  /** A short text that needs no escape; false where it does. */
  #plain(text: string): boolean {
    const out = this.#out;
    const { classes } = this.#escapes;
    let at = this.#at;
    if (this.#nested) out[at++] = BACKSLASH;
    out[at++] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80 || classes[code] !== 0) return false;
      out[at++] = code;
    }
    if (this.#nested) out[at++] = BACKSLASH;
    out[at++] = QUOTE;
    this.#at = at;
    if (this.#nested) this.extra += 2;
    return true;
  }

  /** The beginning of the scratch buffer, at `from`. The hottest loop of a request. @returns where it ends */
  #escape(length: number, from: number): number {
    const scratch = this.#scratch;
    const out = this.#out;
    const { classes, texts } = this.#escapes;
    const nested = this.#nested;
    const read = this.#scratchView;
    const write = this.#outView;
    let at = from;
    let extra = 0;
    for (let i = 0; i < length; i++) {
      const clean = copyClean(read, i, length, write, at);
      i += clean;
      at += clean;
      if (i === length) break;
      const byte = scratch[i] as number;
      if (byte === QUOTE && nested) {
        // By far the most frequent one.
        write.setInt32(at, THREE_BACKSLASHES_AND_QUOTE, true);
        at += 4;
        extra += 2;
      } else if (classes[byte] !== 1) out[at++] = byte;
      else {
        const text = texts[byte] as Uint8Array;
        for (let j = 0; j < text.length; j++) out[at++] = text[j] as number;
        extra += text.length - (ONCE.texts[byte] as Uint8Array).length;
      }
    }
    this.extra += extra;
    return at;
  }

  #object(value: object & Value, depth: number, above: Key): boolean {
    const known = value === this.#lastMap ? this.#lastShared : this.#shared.get(value);
    if (known !== undefined) {
      this.#lastMap = value;
      this.#lastShared = known;
      const { bytes } = known;
      if (this.#at + bytes.length + SPARE_BYTES > this.#out.length) return false;
      this.#out.set(bytes, this.#at);
      this.#at += bytes.length;
      this.extra += known.extra;
      return true;
    }
    if (!Object.isFrozen(value)) {
      if (isPlain(value) && depth < MAX_DEPTH) return this.#fields(value, depth, above);
      return this.#made(this.#json.value(value));
    }
    const text = this.#json.value(value);
    this.#shared.set(value, { bytes: Buffer.from(text), extra: this.#extraOf(text) });
    return this.#made(text);
  }

  /** Text that is escaped already. */
  #made(text: string): boolean {
    if (this.#at + text.length * 3 + SPARE_BYTES > this.#out.length) return false;
    this.#at += this.#out.write(text, this.#at);
    this.extra += this.#extraOf(text);
    return true;
  }

  #extraOf(text: string): number {
    return this.#nested && text.includes('\\') ? text.length - unescaped(text).length : 0;
  }

  #ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.#out[this.#at++] = text.charCodeAt(i);
  }

  #find(key: string, before: Key): Key {
    before.next = this.#keys.get(key) ?? this.#addKey(key);
    return before.next;
  }

  #addKey(key: string): Key {
    if (this.#keys.size >= MOST_KEYS) {
      this.#keys.clear();
      this.#top = beginning();
    }
    const text = `${this.#json.key(key)}:`;
    const made = new Key(key, new Words(Buffer.from(text)), this.#extraOf(text), this.#edits?.get(key));
    this.#keys.set(key, made);
    return made;
  }
}
