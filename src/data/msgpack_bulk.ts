/**
 * Writes many events as MessagePack at once, three times as fast as value by value (bench: tail cri on disk, 0.35 µs an
 * event became 0.13): the bytes are put together as one string whose characters are the bytes, which costs V8 a pointer
 * for each piece, and are copied out with one call.
 *
 * That is right only while every text in them is ASCII. Whether it is, is seen at the end and for all of them: as UTF-8
 * the string must have exactly as many bytes more than characters as there are bytes from 80 on in what is not text.
 * Where it has not, the caller writes the events one by one.
 *
 * A frozen map is one that many events share (the metadata of a pod) and that nobody changes: its bytes are kept.
 */
import { Ext, type Fields, Float, type LogEvent, NO_METADATA, type Value } from './event.ts';

/** Writes a value by itself; for what is rare. */
export type SingleWriter = (value: Value) => Uint8Array;

const MAX_DEPTH = 64;
const MAX_KEYS = 4096;
const char = String.fromCharCode;

/** The head of a text by its length; below 32 in one byte, below 256 in two. */
const TEXT_HEADS = Array.from({ length: 256 }, (_, length) =>
  length < 32 ? char(0xa0 | length) : char(0xd9) + char(length),
);
const MAP_HEADS = Array.from({ length: 16 }, (_, count) => char(0x80 | count));
const LIST_HEADS = Array.from({ length: 16 }, (_, count) => char(0x90 | count));
const SMALL_NUMBERS = Array.from({ length: 128 }, (_, value) => char(value));

interface Piece {
  readonly text: string;
  /** How many of its characters stand for bytes from 80 on. */
  readonly high: number;
}

/** A key, alone and followed by the head of a text of each length that was seen. */
interface Key extends Piece {
  readonly withHead: (string | undefined)[];
}

const KEYS = new Map<string, Key>();
const SHARED = new WeakMap<Fields, Piece>();

/** The bytes from 80 on in what was put together so far that are no text. */
let high = 0;
let single: SingleWriter;
let lastSeconds = -1;
let lastHead: Piece = { text: '', high: 0 };

/** @returns the bytes as characters, or undefined where a text is not ASCII. */
export function eventsAsText(events: readonly LogEvent[], writer: SingleWriter): string | undefined {
  high = 0;
  single = writer;
  let text = '';
  for (let i = 0; i < events.length; i++) {
    const { seconds, nanos, metadata, body } = events[i] as LogEvent;
    // Outside of 32 bits the time takes another form.
    if (!(seconds >= 0 && seconds < 0xc0000000)) return undefined;
    text += headOf(seconds);
    text += nanosText(nanos);
    if (metadata === NO_METADATA) {
      text += '\x80';
      high++;
    } else text += mapText(metadata, 0);
    text += mapText(body, 0);
  }
  return Buffer.byteLength(text) === text.length + high ? text : undefined;
}

function countHigh(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) count++;
  return count;
}

/** The frame of an event up to its nanoseconds: the same for all of one second. */
function headOf(seconds: number): string {
  if (seconds !== lastSeconds) {
    const text = `\x92\x92\xd7\0${char(seconds >>> 24, (seconds >>> 16) & 255, (seconds >>> 8) & 255, seconds & 255)}`;
    lastHead = { text, high: countHigh(text) };
    lastSeconds = seconds;
  }
  high += lastHead.high;
  return lastHead.text;
}

/** Below a billion: the first byte is never from 80 on. */
function nanosText(nanos: number): string {
  const second = (nanos >>> 16) & 255;
  const third = (nanos >>> 8) & 255;
  const last = nanos & 255;
  high += (second >>> 7) + (third >>> 7) + (last >>> 7);
  return char(nanos >>> 24, second, third, last);
}

function mapText(fields: Fields, depth: number): string {
  // Cheap to ask, unlike whether it is frozen or known: only what no key can be added to may be frozen.
  if (depth > 0 && !Object.isExtensible(fields)) {
    const known = SHARED.get(fields);
    if (known) {
      high += known.high;
      return known.text;
    }
    if (Object.isFrozen(fields)) return sharedText(fields, depth);
  }
  if (depth > MAX_DEPTH) return singleText(fields);
  let text = '';
  let count = 0;
  for (const key in fields) {
    const known = KEYS.get(key) ?? keyOf(key);
    high += known.high;
    const value = fields[key] as Value;
    if (typeof value !== 'string') {
      text += known.text;
      text += valueText(value, depth);
    } else if (value.length < 128) {
      high++;
      text += known.withHead[value.length] ?? withHead(known, value.length);
      text += value;
    } else {
      text += known.text;
      text += textOf(value);
    }
    count++;
  }
  if (count < 16) {
    high++;
    return (MAP_HEADS[count] as string) + text;
  }
  return longHead(0xde, count) + text;
}

function sharedText(fields: Fields, depth: number): string {
  const before = high;
  // Spread, so that it is written as any other map.
  const text = mapText({ ...fields }, depth);
  const piece = { text, high: high - before };
  SHARED.set(fields, piece);
  return text;
}

function keyOf(key: string): Key {
  const before = high;
  const text = textOf(key);
  const known = { text, high: high - before, withHead: [] };
  high = before;
  if (KEYS.size < MAX_KEYS && key.length < 64) KEYS.set(key, known);
  return known;
}

function withHead(key: Key, length: number): string {
  const text = key.text + TEXT_HEADS[length];
  key.withHead[length] = text;
  return text;
}

function textOf(value: string): string {
  const { length } = value;
  if (length < 256) {
    high += length < 128 ? 1 : 2;
    return (TEXT_HEADS[length] as string) + value;
  }
  return longHead(0xda, length) + value;
}

/** `type`: the form with 16 bits of length; the next one has 32. */
function longHead(type: number, length: number): string {
  const head =
    length < 0x10000
      ? char(type, length >>> 8, length & 255)
      : char(type + 1, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
  high += countHigh(head);
  return head;
}

function valueText(value: Exclude<Value, string>, depth: number): string {
  if (typeof value === 'number' && value >= 0 && value < 128 && Number.isInteger(value) && !Object.is(value, -0))
    return SMALL_NUMBERS[value] as string;
  if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) return listText(value, depth);
    if (!(value instanceof Float || value instanceof Ext || value instanceof Uint8Array))
      return mapText(value, depth + 1);
  }
  return singleText(value);
}

function listText(list: readonly Value[], depth: number): string {
  if (depth >= MAX_DEPTH) return singleText(list as Value);
  let text: string;
  if (list.length < 16) {
    high++;
    text = LIST_HEADS[list.length] as string;
  } else text = longHead(0xdc, list.length);
  for (const item of list) text += typeof item === 'string' ? textOf(item) : valueText(item, depth + 1);
  return text;
}

function singleText(value: Value): string {
  const text = Buffer.from(single(value)).toString('latin1');
  high += countHigh(text);
  return text;
}
