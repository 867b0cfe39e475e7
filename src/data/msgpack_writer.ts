/**
 * Writes MessagePack, in its shortest forms. Written by hand because nothing may change on its way: a `Float` stays a
 * float, 64-bit integers are exact, bytes that are no UTF-8 (lone surrogates U+DC80..DCFF in a string) come out as they
 * were, `__proto__` is a key like any other. The frame of an event is drawn in `msgpack.ts`.
 */
import { encodeText } from './bytes.ts';
import { Ext, type Fields, Float, type LogEvent, NO_METADATA, type Value } from './event.ts';
import { eventsAsText } from './msgpack_bulk.ts';
import { MAX_DEPTH } from './msgpack_scan.ts';
import { isOddKey, oddKeyBytes } from './odd_keys.ts';

/** Larger buffers are not kept for the next call. */
const KEEP_BYTES = 4 << 20;

// One buffer for all calls: encoding never waits, so it is never needed twice at the same time.
let out = Buffer.allocUnsafeSlow(1 << 16);
let view = new DataView(out.buffer);
let at = 0;

/** Fluent Bit's chunk content. */
export function encodeEvents(events: readonly LogEvent[]): Uint8Array {
  const text = eventsAsText(events, encodeValue);
  if (text !== undefined) return Buffer.from(text, 'latin1');
  putEvents(events);
  return taken();
}

/** The same for bytes that are written away at once: they are valid only until the next call of this module. */
export function encodeEventsBriefly(events: readonly LogEvent[]): Uint8Array {
  const text = eventsAsText(events, encodeValue);
  if (text === undefined) putEvents(events);
  else {
    at = 0;
    reserve(text.length);
    at = out.write(text, 0, 'latin1');
  }
  const bytes = out.subarray(0, at);
  if (out.length > KEEP_BYTES) resize(1 << 16);
  return bytes;
}

function putEvents(events: readonly LogEvent[]): void {
  at = 0;
  for (let i = 0; i < events.length; i++) putEvent(events[i] as LogEvent);
}

export function encodeValue(value: Value): Uint8Array {
  at = 0;
  put(value, 0);
  return taken();
}

function taken(): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(at);
  out.copy(bytes, 0, 0, at);
  if (out.length > KEEP_BYTES) resize(1 << 16);
  return bytes;
}

function resize(size: number): void {
  const larger = Buffer.allocUnsafeSlow(size);
  out.copy(larger, 0, 0, Math.min(at, size));
  out = larger;
  view = new DataView(out.buffer);
}

function reserve(bytes: number): void {
  if (at + bytes > out.length) resize(Math.max(out.length * 2, at + bytes));
}

function putEvent(event: LogEvent): void {
  reserve(16);
  out[at++] = 0x92;
  out[at++] = 0x92;
  putTime(event.seconds, event.nanos);
  if (event.metadata === NO_METADATA) {
    reserve(1);
    out[at++] = 0x80;
  } else putMap(event.metadata, 1);
  putMap(event.body, 1);
}

/** The first second that is written as it is, and the first one that is not any more. */
const FIRST_SECOND = -0x40000000;
const LAST_SECOND = 0xc0000000;

function putTime(seconds: number, nanos: number): void {
  if (!(seconds >= FIRST_SECOND && seconds < LAST_SECOND)) {
    putFloat(seconds + nanos / 1e9);
    return;
  }
  out[at] = 0xd7;
  out[at + 1] = 0;
  view.setUint32(at + 2, seconds);
  view.setUint32(at + 6, nanos);
  at += 10;
}

function put(value: Value, depth: number): void {
  switch (typeof value) {
    case 'string':
      putString(value);
      return;
    case 'number':
      putNumber(value);
      return;
    case 'boolean':
      reserve(1);
      out[at++] = value ? 0xc3 : 0xc2;
      return;
    case 'bigint':
      putBigint(value);
      return;
    default:
      if (value === null || depth >= MAX_DEPTH) {
        reserve(1);
        out[at++] = 0xc0;
      } else putObject(value, depth + 1);
  }
}

function putObject(value: Exclude<Value, string | number | boolean | bigint | null>, depth: number): void {
  if (Array.isArray(value)) {
    putHeader(value.length, 0x90, 15, 0, 0xdc, 0xdd);
    for (const item of value) put(item, depth);
  } else if (value instanceof Float) putFloat(value.value);
  else if (value instanceof Uint8Array) {
    putHeader(value.length, 0, -1, 0xc4, 0xc5, 0xc6);
    putBytes(value);
  } else if (value instanceof Ext) putExt(value);
  else putMap(value, depth);
}

function putMap(fields: Fields, depth: number): void {
  reserve(1);
  const start = at++;
  let count = 0;
  for (const key in fields) {
    if (isOddKey(key)) putOddKey(key);
    else putString(key);
    put(fields[key] as Value, depth);
    count++;
  }
  if (count < 16) out[start] = 0x80 | count;
  else widenHeader(start, count);
}

function putOddKey(key: string): void {
  const bytes = oddKeyBytes(key);
  if (bytes) putBytes(bytes);
  else putString(key);
}

/** The count of a map is known at its end; a long header needs room that the usual short one does not. */
function widenHeader(start: number, count: number): void {
  const extra = count < 0x10000 ? 2 : 4;
  reserve(extra);
  out.copyWithin(start + 1 + extra, start + 1, at);
  at += extra;
  out[start] = extra === 2 ? 0xde : 0xdf;
  out.writeUIntBE(count, start + 1, extra);
}

/** Below this length the characters are copied one by one: faster than a call into native code. */
const SHORT = 24;

function putString(text: string): void {
  const { length } = text;
  reserve(length * 3 + 5);
  if (length < SHORT) {
    const start = at++;
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      out[at++] = code;
    }
    if (i === length) {
      out[start] = 0xa0 | length;
      return;
    }
    at = start;
  }
  const size = Buffer.byteLength(text);
  if (size === length) {
    putHeader(size, 0xa0, 31, 0xd9, 0xda, 0xdb);
    at += out.write(text, at, 'latin1');
  } else if (text.isWellFormed()) {
    putHeader(size, 0xa0, 31, 0xd9, 0xda, 0xdb);
    at += out.write(text, at, 'utf8');
  } else {
    const bytes = encodeText(text);
    putHeader(bytes.length, 0xa0, 31, 0xd9, 0xda, 0xdb);
    putBytes(bytes);
  }
}

function putBytes(bytes: Uint8Array): void {
  reserve(bytes.length);
  out.set(bytes, at);
  at += bytes.length;
}

/** A length with its type: in one byte up to `fixMax`, then with 8 (0: there is no such form), 16 or 32 bits. */
function putHeader(length: number, fix: number, fixMax: number, bits8: number, bits16: number, bits32: number): void {
  reserve(5);
  if (length <= fixMax) out[at++] = fix | length;
  else if (bits8 !== 0 && length < 0x100) {
    out[at++] = bits8;
    out[at++] = length;
  } else if (length < 0x10000) {
    out[at++] = bits16;
    view.setUint16(at, length);
    at += 2;
  } else {
    out[at++] = bits32;
    view.setUint32(at, length);
    at += 4;
  }
}

function putNumber(value: number): void {
  reserve(9);
  if (value >= 0 && value < 0x80 && Number.isInteger(value) && !Object.is(value, -0)) out[at++] = value;
  else if (!Number.isSafeInteger(value) || Object.is(value, -0)) putFloat(value);
  else if (value >= 0) putUnsigned(value);
  else putNegative(value);
}

function putUnsigned(value: number): void {
  if (value < 0x100) {
    out[at++] = 0xcc;
    out[at++] = value;
  } else if (value < 0x10000) {
    out[at++] = 0xcd;
    view.setUint16(at, value);
    at += 2;
  } else if (value < 0x100000000) {
    out[at++] = 0xce;
    view.setUint32(at, value);
    at += 4;
  } else {
    out[at++] = 0xcf;
    view.setUint32(at, Math.floor(value / 0x100000000));
    view.setUint32(at + 4, value >>> 0);
    at += 8;
  }
}

function putNegative(value: number): void {
  if (value >= -0x20) out[at++] = value & 0xff;
  else if (value >= -0x80) {
    out[at++] = 0xd0;
    view.setInt8(at++, value);
  } else if (value >= -0x8000) {
    out[at++] = 0xd1;
    view.setInt16(at, value);
    at += 2;
  } else if (value >= -0x80000000) {
    out[at++] = 0xd2;
    view.setInt32(at, value);
    at += 4;
  } else {
    out[at++] = 0xd3;
    view.setBigInt64(at, BigInt(value));
    at += 8;
  }
}

function putBigint(value: bigint): void {
  reserve(9);
  if (value >= 0n) {
    // An integer of more than 64 bits has no form of its own: it becomes a float, as in Fluent Bit.
    if (value >= 1n << 64n) putFloat(Number(value));
    else {
      out[at++] = 0xcf;
      view.setBigUint64(at, value);
      at += 8;
    }
  } else if (value < -(1n << 63n)) putFloat(Number(value));
  else {
    out[at++] = 0xd3;
    view.setBigInt64(at, value);
    at += 8;
  }
}

function putFloat(value: number): void {
  reserve(9);
  out[at++] = 0xcb;
  view.setFloat64(at, value);
  at += 8;
}

function putExt(value: Ext): void {
  const { length } = value.data;
  const fix = [1, 2, 4, 8, 16].indexOf(length);
  reserve(6);
  if (fix >= 0) out[at++] = 0xd4 + fix;
  else putHeader(length, 0, -1, 0xc7, 0xc8, 0xc9);
  out[at++] = value.type & 0xff;
  putBytes(value.data);
}
