/**
 * What flows through Sluice: events, and the values they hold.
 *
 * An event is one log record: a time with nanoseconds, metadata (nearly always the shared empty one) and a body, a
 * plain object. Values stay JavaScript values on the hot path; the few that JavaScript cannot tell apart on its own
 * have a type here: a whole number that was written as a float (1.0) is a `Float`, an integer past 2^53 is a bigint,
 * bytes that are no UTF-8 live in a string as lone low surrogates U+DC80..U+DCFF (one a byte, as Python's
 * surrogateescape does), msgpack's bin is a Uint8Array and its ext an `Ext`, and a key that is no text is one of the units
 * U+DD00..U+DDFF (odd_keys.ts).
 *
 * Bodies may be shared between routes: who wants to change one makes a new object (see `withField`), never writes
 * into one that it did not create.
 */

import { decodeText } from './bytes.ts';
import { doubleText } from './double_text.ts';

/** A body or a nested map. Keys come from outside: write with `setField`, which is safe for `__proto__`. */
export interface Fields {
  [key: string]: Value;
}

export type Value = string | number | boolean | null | bigint | Float | Uint8Array | Ext | Value[] | Fields;

/** One log record. `nanos` is 0 .. 999,999,999; `seconds` are Unix seconds and may be negative. */
export interface LogEvent {
  seconds: number;
  nanos: number;
  metadata: Fields;
  body: Fields;
}

/** The metadata of every event that has none: one frozen object, so that an identity test tells. */
export const NO_METADATA: Fields = Object.freeze({});

/** A whole number (or infinity) that is a float and must stay one: prints as `1.0`, packs as float64. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  /** Called by JSON.stringify: prints as Fluent Bit does, with a point. */
  toJSON(): unknown {
    return rawJson(floatText(this.value));
  }
  valueOf(): number {
    return this.value;
  }
}

/** A msgpack extension value that came from outside: kept as it is. */
export class Ext {
  readonly type: number;
  readonly data: Uint8Array;
  constructor(type: number, data: Uint8Array) {
    this.type = type;
    this.data = data;
  }
  /** Fluent Bit prints "\\x01.." with bare backslashes, which is no JSON; here they are escaped. */
  toJSON(): string {
    return Array.from(this.data, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  }
}

/** msgpack's bin: bytes that are text to whoever prints them, as Fluent Bit does. */
export class Bin extends Uint8Array {
  toJSON(): string {
    return decodeText(Buffer.from(this.buffer, this.byteOffset, this.byteLength));
  }
}

/** JSON.rawJSON is in V8 but not yet in TypeScript's library. */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

/** The text of a double as Fluent Bit writes it: always with a point or an exponent; null where JSON has no number. */
export function floatText(value: number): string {
  return Number.isFinite(value) ? doubleText(value) : 'null';
}

// Lets JSON.stringify print 64-bit integers as they are; without it, it throws a TypeError.
Object.defineProperty(BigInt.prototype, 'toJSON', {
  value(this: bigint) {
    return rawJson(this.toString());
  },
  configurable: true,
  writable: true,
});

/** A time in milliseconds, with a fraction, as events have it. */
export function timeAt(ms: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.min(Math.floor((ms - seconds * 1000) * 1e6), 999_999_999) };
}

/** Writes one field into an object that the caller made. `__proto__` becomes an ordinary key. */
export function setField(fields: Fields, key: string, value: Value): void {
  if (key === '__proto__')
    Object.defineProperty(fields, key, { value, enumerable: true, configurable: true, writable: true });
  else fields[key] = value;
}

/** Reads an own field: never a method that plain objects inherit (`constructor`, `toString`). */
export function getField(fields: Fields, key: string): Value | undefined {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

/** True for a nested map: not an array, not bytes, not a `Float` or `Ext`. */
export function isFields(value: Value | undefined): value is Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof Float || value instanceof Ext || value instanceof Uint8Array);
}

/** The same for a map as JSON and literals make it, with no class of its own; the fastest test there is. */
export function isPlain(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  // Nearly always this tells, at a third of the cost: V8 asks for a prototype by a call into its run time.
  return value.constructor === Object || Object.getPrototypeOf(value) === Object.prototype;
}

/** A copy of `fields` with one field set (at its old place, or at the end). */
export function withField(fields: Fields, key: string, value: Value): Fields {
  const copy: Fields = { ...fields };
  setField(copy, key, value);
  return copy;
}

/** About how many bytes the event takes as msgpack; used for chunk sizes and memory limits, so cheap and not exact. */
export function estimateBytes(event: LogEvent): number {
  return 13 + sizeOf(event.body, 0) + (event.metadata === NO_METADATA ? 0 : sizeOf(event.metadata, 0));
}

const MAX_DEPTH = 64;

function sizeOf(value: Value | undefined, depth: number): number {
  switch (typeof value) {
    case 'string':
      return value.length + 2;
    case 'number':
      return 5;
    case 'object':
      return value === null || depth > MAX_DEPTH ? 1 : sizeOfObject(value, depth + 1);
    case 'bigint':
      return 9;
    default:
      return 1;
  }
}

function sizeOfObject(value: Exclude<Value, string | number | boolean | null | bigint>, depth: number): number {
  if (value === shared) return sharedBytes;
  // Other functions for what is rare: V8 compiles the less, which counts in the first second.
  if (!isPlain(value)) return sizeOfOther(value, depth);
  let bytes = 3;
  for (const key in value) bytes += key.length + 1 + sizeOf(value[key], depth);
  if (bytes > WORTH_REMEMBERING && Object.isFrozen(value)) {
    shared = value;
    sharedBytes = bytes;
  }
  return bytes;
}

function sizeOfOther(value: Exclude<Value, string | number | boolean | null | bigint>, depth: number): number {
  let bytes = 3;
  if (value instanceof Float) return 9;
  if (value instanceof Uint8Array) return bytes + value.length;
  if (value instanceof Ext) return bytes + value.data.length;
  if (Array.isArray(value)) for (const item of value) bytes += sizeOf(item, depth);
  else for (const key in value) bytes += key.length + 1 + sizeOf(value[key], depth);
  return bytes;
}

/** The frozen map that came last (a pod's, in many events one after the other): its size is not counted again. */
let shared: Fields | undefined;
let sharedBytes = 0;
const WORTH_REMEMBERING = 100;
