/**
 * Format json: a line that is one JSON object. Text after the object is ignored unless it is JSON again; anything else
 * does not parse. A time that does not fit leaves its key where it is, and the event takes the time of reading.
 */
import { type Fields, type LogEvent, NO_METADATA } from '../data/event.ts';
import { parseJsonObject } from '../data/json.ts';
import type { Parser } from '../plugin.ts';
import type { DecodeBody } from './decoders.ts';
import { type TimeField, withoutKey } from './time_field.ts';

export class JsonParser implements Parser {
  readonly name: string;
  readonly #time: TimeField | undefined;
  readonly #decode: DecodeBody | undefined;

  constructor(name: string, time: TimeField | undefined, decode: DecodeBody | undefined) {
    this.name = name;
    this.#time = time;
    this.#decode = decode;
  }

  parse(text: string, seconds: number, nanos: number): LogEvent | undefined {
    let body = parseJsonObject(text) ?? objectBefore(text);
    if (body === undefined) return undefined;
    const time = this.#time;
    const has = time !== undefined && Object.hasOwn(body, time.key);
    // As Fluent Bit: what a decoder adds may hold the time; of two keys of its name the line's own, the first, counts.
    if (this.#decode && !has) body = this.#decode(body);
    let atSeconds = seconds;
    let atNanos = nanos;
    if (time?.read(Object.hasOwn(body, time.key) ? body[time.key] : undefined)) {
      if (!time.isNone) {
        atSeconds = time.reader.seconds;
        atNanos = time.reader.nanos;
      }
      if (!time.keep) body = withoutKey(body, time.key);
    }
    if (this.#decode && has) body = this.#decode(body);
    return { seconds: atSeconds, nanos: atNanos, metadata: NO_METADATA, body };
  }
}

/** What is JSON again after an object: then the text holds two documents, and is none. */
const DOCUMENT = /^\s*(?:[{["]|true|false|null|-?(?:0|[1-9]\d*)(?!\d))/;

/** The object at the begin of a text that goes on with something that is no JSON. */
export function objectBefore(text: string): Fields | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  const end = endOfObject(text);
  if (end < 0 || end === text.length) return undefined;
  return DOCUMENT.test(text.slice(end)) ? undefined : parseJsonObject(text.slice(0, end));
}

/** Behind the bracket that closes the first one; -1 where none does. */
function endOfObject(text: string): number {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === 0x5c) i++;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x7b || code === 0x5b) depth++;
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return i + 1;
  }
  return -1;
}
