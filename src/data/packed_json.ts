/**
 * A record as JSON text straight from its MessagePack: the same text as `BodyJson` gives of the decoded record
 * (body_json.ts), without the objects and strings on the way, which is three times as fast (bench/body_json.ts).
 *
 * The bytes must be whole values (msgpack_scan.ts). What is rare (a float of many digits, a 64-bit integer, bytes,
 * extensions, broken text, a key that is no text) is decoded and left to BodyJson, value by value. A key that comes
 * twice in a map is printed twice, as Fluent Bit does; and unlike in a decoded record, keys that look like integers keep
 * their place.
 */
import { BodyJson, type BodyJsonOptions, LEAVE_OUT } from './body_json.ts';
import { DIGITS_LIMIT, writeDigits, writeThousandths } from './digits.ts';
import { isTiny } from './double_text.ts';
import { type Fields, Float, type Value } from './event.ts';
import {
  copyClean,
  type Escapes,
  MOST_BYTES_A_UNIT,
  ONCE,
  THREE_BACKSLASHES_AND_QUOTE,
  TWICE,
} from './json_escapes.ts';
import { decodeValue } from './msgpack.ts';
import { skipValue } from './msgpack_scan.ts';
import { type PackedKey, PackedKeys } from './packed_keys.ts';

/** Room for the punctuation of a value and for any integer. */
const SPARE_BYTES = 64;
/** Deeper values are left to BodyJson. */
const MAX_DEPTH = 64;
/** A map that is another one so often in a row is not remembered any more. */
const MOST_MISSES = 16;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const HEX = Buffer.from('0123456789abcdef');
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

export class PackedJson {
  readonly #json: BodyJson;
  readonly #nested: boolean;
  readonly #escapeUnicode: boolean;
  readonly #escapes: Escapes;
  readonly #keys: PackedKeys;
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #out: Buffer = Buffer.alloc(0);
  #outView: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  /** Where the value after the record begins. */
  next = 0;

  constructor(options: BodyJsonOptions) {
    this.#json = new BodyJson(options);
    this.#nested = options.nested;
    this.#escapeUnicode = options.escapeUnicode;
    this.#keys = new PackedKeys(this.#json, options.edits);
    this.#escapes = options.nested ? TWICE : ONCE;
  }

  /** Where the text of the map at `from` ends, that begins at `at`; -1 where it might not fit. Called for every event. */
  write(bytes: Buffer, from: number, out: Buffer, at: number): number {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.#setOut(out);
    this.#at = at;
    this.next = from;
    return this.#map(this.#mapLength(bytes[this.next++] as number), 0, from) ? this.#at : -1;
  }

  /** The same for a record that was decoded. */
  writeBody(body: Fields, out: Buffer, at: number): number {
    this.#setOut(out);
    this.#at = at;
    return this.#made(this.#json.text(body)) ? this.#at : -1;
  }

  #setOut(out: Buffer): void {
    if (out === this.#out) return;
    this.#out = out;
    this.#outView = new DataView(out.buffer, out.byteOffset, out.length);
  }

  #mapLength(type: number): number {
    if (type < 0x90) return type & 15;
    return this.#size(type === 0xde ? 1 : 2);
  }

  /** A length of 8, 16 or 32 bits (0, 1, 2). */
  #size(width: number): number {
    const { next } = this;
    this.next += 1 << width;
    if (width === 0) return this.#bytes[next] as number;
    return width === 1 ? this.#view.getUint16(next) : this.#view.getUint32(next);
  }

  /** `from`: where the map began; its length is read. */
  #map(length: number, depth: number, from: number): boolean {
    const begin = this.#at;
    let separator = OPEN;
    for (let i = 0; i < length; i++) {
      const key = this.#keys.read(this.#bytes, this.next);
      if (!key) {
        this.#at = begin;
        return this.#decoded(from, depth === 0);
      }
      this.next = this.#keys.end;
      if (depth === 0 && key.edit) {
        const text = this.#edited(key.edit);
        if (text === undefined) continue;
        if (!this.#separate(separator, key.text) || !this.#made(text)) return false;
      } else if (!this.#separate(separator, key.text) || !this.#member(key, depth)) return false;
      separator = COMMA;
    }
    return this.#close(separator === OPEN, OPEN, CLOSE);
  }

  /** undefined for what is left out. */
  #edited(edit: (value: Value) => Value | undefined): string | undefined {
    const start = this.next;
    this.next = skipValue(this.#bytes, start);
    if (edit === LEAVE_OUT) return undefined;
    const value = edit(decodeValue(this.#bytes.subarray(start, this.next)));
    return value === undefined ? undefined : this.#json.value(value);
  }

  /** The value of a key; of a map that is the same as the last one, its text is there already. */
  #member(key: PackedKey, depth: number): boolean {
    const type = this.#bytes[this.next] as number;
    const isMap = (type >= 0x80 && type < 0x90) || type === 0xde;
    if (!isMap || key.misses > MOST_MISSES) return this.#value(depth);
    const start = this.next;
    const { lastRaw, lastText } = key;
    const end = start + lastRaw.length;
    if (
      lastRaw.length > 0 &&
      end <= this.#bytes.length &&
      this.#bytes.compare(lastRaw, 0, lastRaw.length, start, end) === 0
    ) {
      key.misses = 0;
      this.next = end;
      return this.#copy(lastText);
    }
    key.misses++;
    const begin = this.#at;
    if (!this.#value(depth)) return false;
    key.lastRaw = Buffer.from(this.#bytes.subarray(start, this.next));
    key.lastText = Uint8Array.prototype.slice.call(this.#out, begin, this.#at);
    return true;
  }

  #list(length: number, depth: number): boolean {
    if (length === 0) return this.#close(true, OPEN_LIST, CLOSE_LIST);
    for (let i = 0; i < length; i++) {
      if (this.#at + SPARE_BYTES > this.#out.length) return false;
      this.#out[this.#at++] = i === 0 ? OPEN_LIST : COMMA;
      if (!this.#value(depth)) return false;
    }
    return this.#close(false, OPEN_LIST, CLOSE_LIST);
  }

  #separate(separator: number, text: Uint8Array): boolean {
    const out = this.#out;
    let at = this.#at;
    if (at + text.length + SPARE_BYTES > out.length) return false;
    out[at++] = separator;
    for (let i = 0; i < text.length; i++) out[at++] = text[i] as number;
    this.#at = at;
    return true;
  }

  #close(isEmpty: boolean, open: number, close: number): boolean {
    if (this.#at + 2 > this.#out.length) return false;
    if (isEmpty) this.#out[this.#at++] = open;
    this.#out[this.#at++] = close;
    return true;
  }

  #value(depth: number): boolean {
    const from = this.next;
    const type = this.#bytes[this.next++] as number;
    if (type >= 0xa0 && type < 0xc0) return this.#text(type & 31, from);
    if (type < 0x80) return this.#integer(type);
    if (type >= 0xe0) return this.#integer(type - 0x100);
    if (type < 0xa0 || type >= 0xdc) return this.#container(type, depth + 1, from);
    return this.#typed(type, from);
  }

  #container(type: number, depth: number, from: number): boolean {
    if (depth > MAX_DEPTH) return this.#decoded(from, false);
    if (type < 0x90 || type >= 0xde) return this.#map(this.#mapLength(type), depth, from);
    return this.#list(type < 0xa0 ? type & 15 : this.#size(type - 0xdb), depth);
  }

  #typed(type: number, from: number): boolean {
    const { next } = this;
    switch (type) {
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#size(type - 0xd9), from);
      case 0xc0:
        return this.#copy(NULL);
      case 0xc2:
        return this.#copy(FALSE);
      case 0xc3:
        return this.#copy(TRUE);
      case 0xcb:
        this.next += 8;
        return this.#float(this.#view.getFloat64(next));
      case 0xca:
        this.next += 4;
        return this.#float(this.#view.getFloat32(next));
      case 0xcc:
        this.next++;
        return this.#integer(this.#bytes[next] as number);
      case 0xcd:
        this.next += 2;
        return this.#integer(this.#view.getUint16(next));
      case 0xce:
        this.next += 4;
        return this.#integer(this.#view.getUint32(next));
      case 0xd0:
        this.next++;
        return this.#integer(this.#view.getInt8(next));
      case 0xd1:
        this.next += 2;
        return this.#integer(this.#view.getInt16(next));
      case 0xd2:
        this.next += 4;
        return this.#integer(this.#view.getInt32(next));
      default:
        return this.#decoded(from, false);
    }
  }

  #float(value: number): boolean {
    if (this.#at + SPARE_BYTES > this.#out.length) return false;
    const end = Number.isInteger(value) ? -1 : writeThousandths(this.#out, this.#at, value);
    if (end >= 0) {
      this.#at = end;
      return true;
    }
    const text = String(value);
    // Whole floats keep their point, and doubles of many digits are rounded: that is BodyJson's work.
    if (Number.isInteger(value) || text.length > 16 || !Number.isFinite(value) || text.includes('e') || isTiny(value))
      return this.#made(
        this.#json.value(Number.isInteger(value) || !Number.isFinite(value) ? new Float(value) : value),
      );
    return this.#ascii(text);
  }

  #integer(value: number): boolean {
    if (value < 0 || value >= DIGITS_LIMIT) return this.#ascii(String(value));
    if (this.#at + SPARE_BYTES > this.#out.length) return false;
    this.#at = writeDigits(this.#out, this.#at, value);
    return true;
  }

  /** A value as BodyJson writes it. */
  #decoded(from: number, isRecord: boolean): boolean {
    this.next = skipValue(this.#bytes, from);
    const value = decodeValue(this.#bytes.subarray(from, this.next));
    return this.#made(isRecord ? this.#json.text(value as Fields) : this.#json.value(value));
  }

  /** Text in quotes; its length is read, `from` is where it began. The hottest loop of a request. */
  #text(length: number, from: number): boolean {
    const bytes = this.#bytes;
    const out = this.#out;
    const nested = this.#nested;
    const { classes } = this.#escapes;
    const begin = this.#at;
    let at = begin;
    if (at + length * MOST_BYTES_A_UNIT + SPARE_BYTES > out.length) return false;
    if (nested) out[at++] = BACKSLASH;
    out[at++] = QUOTE;
    const read = this.#view;
    const write = this.#outView;
    const end = this.next + length;
    for (let i = this.next; i < end; i++) {
      const clean = copyClean(read, i, end, write, at);
      i += clean;
      at += clean;
      if (i === end) break;
      const byte = bytes[i] as number;
      const kind = classes[byte];
      if (byte === QUOTE && nested) {
        // By far the most frequent one.
        write.setInt32(at, THREE_BACKSLASHES_AND_QUOTE, true);
        at += 4;
      } else if (kind === 0) out[at++] = byte;
      else if (kind === 1) {
        const text = this.#escapes.texts[byte] as Uint8Array;
        for (let j = 0; j < text.length; j++) out[at++] = text[j] as number;
      } else {
        const size = this.#character(i, end, at);
        if (size === 0) {
          // Broken: how that is printed depends on what stands around it.
          this.#at = begin;
          return this.#decoded(from, false);
        }
        at = this.#at;
        i += size - 1;
      }
    }
    this.next = end;
    if (nested) out[at++] = BACKSLASH;
    out[at++] = QUOTE;
    this.#at = at;
    return true;
  }

  /** A character beyond ASCII. @returns how many bytes it has; 0 where it is none */
  #character(from: number, end: number, to: number): number {
    const bytes = this.#bytes;
    const first = bytes[from] as number;
    const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || from + size > end) return 0;
    let code = first & (0xff >> (size + 1));
    for (let i = from + 1; i < from + size; i++) {
      const byte = bytes[i] as number;
      if ((byte & 0xc0) !== 0x80) return 0;
      code = (code << 6) | (byte & 0x3f);
    }
    // Longer than need be, half a pair, beyond Unicode.
    if (size === 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) return 0;
    if (size === 4 && (code < 0x10000 || code > 0x10ffff)) return 0;
    this.#at = to;
    if (!this.#escapeUnicode) for (let i = from; i < from + size; i++) this.#out[this.#at++] = bytes[i] as number;
    else if (size === 4) {
      this.#unit(0xd800 + ((code - 0x10000) >> 10));
      this.#unit(0xdc00 + ((code - 0x10000) & 0x3ff));
    } else this.#unit(code);
    return size;
  }

  /** `\u00e9`. */
  #unit(code: number): void {
    const out = this.#out;
    let at = this.#at;
    if (this.#nested) out[at++] = BACKSLASH;
    out[at++] = BACKSLASH;
    out[at++] = 0x75;
    for (let shift = 12; shift >= 0; shift -= 4) out[at++] = HEX[(code >> shift) & 15] as number;
    this.#at = at;
  }

  /** Text that is escaped already. */
  #made(text: string): boolean {
    if (this.#at + text.length * 3 + SPARE_BYTES > this.#out.length) return false;
    this.#at += this.#out.write(text, this.#at);
    return true;
  }

  #copy(bytes: Uint8Array): boolean {
    if (this.#at + bytes.length + SPARE_BYTES > this.#out.length) return false;
    this.#out.set(bytes, this.#at);
    this.#at += bytes.length;
    return true;
  }

  #ascii(text: string): boolean {
    if (this.#at + text.length + SPARE_BYTES > this.#out.length) return false;
    for (let i = 0; i < text.length; i++) this.#out[this.#at++] = text.charCodeAt(i);
    return true;
  }
}
