/**
 * Reads MessagePack back: values and Fluent Bit's events (`[[time, metadata], body]`, the older `[time, body]`, a time
 * as EventTime, integer or float). The counterpart of `msgpack_writer.ts`, with the same promise: nothing changes.
 *
 * A `Reader` goes through bytes that may be cut off anywhere (a socket, a file after a crash): it says whether more is
 * needed or the bytes are wrong, and `at` never passes a value that was not read whole.
 */
import { decodeText } from './bytes.ts';
import { Bin, Ext, type Fields, Float, isFields, type LogEvent, NO_METADATA, setField, type Value } from './event.ts';
import { eventOf, hasKeys, MsgpackError, secondsOf } from './msgpack_event.ts';
import { MAX_DEPTH } from './msgpack_scan.ts';
import { oddKeyOf } from './odd_keys.ts';

/** All events of a chunk. @throws MsgpackError */
export function decodeEvents(bytes: Uint8Array): LogEvent[] {
  const reader = new Reader(bytes);
  const events: LogEvent[] = [];
  while (!reader.done) events.push(reader.event());
  return events;
}

/** One value that fills the bytes. @throws MsgpackError */
export function decodeValue(bytes: Uint8Array): Value {
  const reader = new Reader(bytes);
  const value = reader.value();
  if (!reader.done) throw new MsgpackError('there are bytes after the value');
  return value;
}

/** Keys that were read lately, by a hash of their bytes: most keys come again with every record. */
const KEYS: ({ readonly bytes: Buffer; readonly text: string } | undefined)[] = new Array(1024).fill(undefined);
const MAX_KEY = 48;

export class Reader {
  /** Where the next value begins. */
  at = 0;
  readonly #bytes: Buffer;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get done(): boolean {
    return this.at >= this.#bytes.length;
  }

  /** The next value. @throws MsgpackError; `at` is then where it was. */
  value(): Value {
    const start = this.at;
    try {
      return this.#value(0);
    } catch (error) {
      throw this.#failed(start, error);
    }
  }

  /** The next event. @throws MsgpackError; `at` is then where it was. */
  event(): LogEvent {
    const start = this.at;
    try {
      return this.#fastEvent() ?? eventOf(this.#value(0));
    } catch (error) {
      throw this.#failed(start, error);
    }
  }

  #failed(start: number, error: unknown): unknown {
    this.at = start;
    // DataView throws a RangeError past the end of the bytes.
    return error instanceof RangeError ? new MsgpackError('the bytes end within a value', true) : error;
  }

  /** The forms of `encodeEvents` and of Fluentd, `[EventTime, body]`; anything else is left to `eventOf`. */
  #fastEvent(): LogEvent | undefined {
    const bytes = this.#bytes;
    if (bytes[this.at] !== 0x92) return undefined;
    const isPair = bytes[this.at + 1] === 0x92;
    const time = this.at + (isPair ? 2 : 1);
    if (bytes[time] !== 0xd7 || bytes[time + 1] !== 0) return undefined;
    const seconds = secondsOf(this.#view.getUint32(time + 2));
    const nanos = Math.min(this.#view.getUint32(time + 6), 999_999_999);
    this.at = time + 10;
    const metadata = isPair ? this.#value(2) : NO_METADATA;
    const body = this.#value(1);
    if (!isFields(body)) throw new MsgpackError('the record of an event is a map');
    return { seconds, nanos, metadata: isFields(metadata) && hasKeys(metadata) ? metadata : NO_METADATA, body };
  }

  #value(depth: number): Value {
    const type = this.#view.getUint8(this.at++);
    if (type < 0x80) return type;
    if (type < 0x90) return this.#map(type & 0x0f, depth + 1);
    if (type < 0xa0) return this.#array(type & 0x0f, depth + 1);
    if (type < 0xc0) return this.#string(type & 0x1f);
    if (type >= 0xe0) return type - 0x100;
    return this.#typed(type, depth);
  }

  #typed(type: number, depth: number): Value {
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return Bin.from(this.#take(this.#size(type - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#ext(this.#size(type - 0xc7));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#ext(1 << (type - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#string(this.#size(type - 0xd9));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#size(type - 0xdb), depth + 1);
      case 0xde:
      case 0xdf:
        return this.#map(this.#size(type - 0xdd), depth + 1);
      case 0xc1:
        throw new MsgpackError('c1 is no type of MessagePack');
      default:
        return this.#number(type);
    }
  }

  #number(type: number): Value {
    const view = this.#view;
    const { at } = this;
    this.at += type < 0xcc ? (type === 0xca ? 4 : 8) : 1 << (type & 3);
    switch (type) {
      case 0xca:
        return float(view.getFloat32(at));
      case 0xcb:
        return float(view.getFloat64(at));
      case 0xcc:
        return view.getUint8(at);
      case 0xcd:
        return view.getUint16(at);
      case 0xce:
        return view.getUint32(at);
      case 0xcf:
        return integer(view.getBigUint64(at));
      case 0xd0:
        return view.getInt8(at);
      case 0xd1:
        return view.getInt16(at);
      case 0xd2:
        return view.getInt32(at);
      default:
        return integer(view.getBigInt64(at));
    }
  }

  /** A length of 8, 16 or 32 bits (0, 1, 2). */
  #size(width: number): number {
    const { at } = this;
    this.at += 1 << width;
    if (width === 0) return this.#view.getUint8(at);
    return width === 1 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.#bytes.length) throw new RangeError();
    const piece = this.#bytes.subarray(this.at, end);
    this.at = end;
    return piece;
  }

  #ext(length: number): Ext {
    const type = this.#view.getInt8(this.at++);
    return new Ext(type, Uint8Array.from(this.#take(length)));
  }

  #string(length: number): string {
    const start = this.at;
    const end = start + length;
    const bytes = this.#bytes;
    if (end > bytes.length) throw new RangeError();
    this.at = end;
    if (length < 12) {
      let text = '';
      for (let at = start; at < end; at++) {
        const byte = bytes[at] as number;
        if (byte > 0x7f) return longString(bytes, start, end);
        text += String.fromCharCode(byte);
      }
      return text;
    }
    return longString(bytes, start, end);
  }

  #array(length: number, depth: number): Value[] {
    this.#check(length, depth);
    const items: Value[] = [];
    for (let i = 0; i < length; i++) items.push(this.#value(depth));
    return items;
  }

  #map(length: number, depth: number): Fields {
    this.#check(length, depth);
    const fields: Fields = {};
    for (let i = 0; i < length; i++) {
      const key = this.#key(depth);
      const value = this.#value(depth);
      if (key === '__proto__') setField(fields, key, value);
      else fields[key] = value;
    }
    return fields;
  }

  /** A count that the rest of the bytes cannot hold must not make us work for it. */
  #check(length: number, depth: number): void {
    if (depth > MAX_DEPTH) throw new MsgpackError(`values are nested deeper than ${MAX_DEPTH}`);
    if (length > this.#bytes.length - this.at) throw new RangeError();
  }

  /** A key: a string nearly always, from the cache if it is short. */
  #key(depth: number): string {
    const type = this.#view.getUint8(this.at);
    if (type >= 0xa0 && type < 0xc0) {
      this.at++;
      return this.#cachedString(type & 0x1f);
    }
    if (type === 0xd9) {
      this.at++;
      return this.#cachedString(this.#size(0));
    }
    const start = this.at;
    const value = this.#value(depth);
    return typeof value === 'string' ? value : oddKeyOf(this.#bytes.subarray(start, this.at));
  }

  #cachedString(length: number): string {
    const bytes = this.#bytes;
    const start = this.at;
    if (length === 0 || length > MAX_KEY || start + length > bytes.length) return this.#string(length);
    const first = bytes[start] as number;
    const last = bytes[start + length - 1] as number;
    const middle = bytes[start + (length >> 1)] as number;
    const slot = (length * 31 + first * 7 + middle * 13 + last * 3) & 1023;
    const known = KEYS[slot];
    if (known && known.bytes.length === length) {
      let i = 0;
      while (i < length && known.bytes[i] === bytes[start + i]) i++;
      if (i === length) {
        this.at = start + length;
        return known.text;
      }
    }
    const text = this.#string(length);
    KEYS[slot] = { bytes: Buffer.from(bytes.subarray(start, start + length)), text };
    return text;
  }
}

function longString(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  // Only where a replacement character appears may bytes have been lost; asking for it costs nothing in ASCII.
  return text.includes('\ufffd') ? decodeText(bytes.subarray(start, end)) : text;
}

function float(value: number): Value {
  return Number.isInteger(value) || !Number.isFinite(value) ? new Float(value) : value;
}

function integer(value: bigint): Value {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
