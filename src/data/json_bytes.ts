/**
 * The events of a batch as the bytes of a request: the same JSON as json_lines.ts gives as text, written straight into a
 * buffer that the caller lends, and that is exchanged for a larger one where it is too small. No strings on the way: half
 * the time, and nothing for the garbage collector.
 */
import { BodyBytes } from './body_bytes.ts';
import type { LogEvent } from './event.ts';
import { dateJson } from './event_time.ts';
import { toJson } from './json.ts';
import type { JsonDate, JsonFormat } from './json_lines.ts';

/** Where buffers come from and go to. */
export interface Buffers {
  take(bytes: number): Buffer;
  give(buffer: Buffer): void;
}

export interface JsonBytes {
  /** To be given back when nobody reads `bytes` any longer. */
  readonly buffer: Buffer;
  readonly bytes: Uint8Array;
}

/** For the punctuation around an event, and for its time. */
const SPARE_BYTES = 64;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COMMA = 0x2c;
const CLOSE = 0x7d;
const LINE_BREAK = 0x0a;

export class EventsJson {
  readonly #format: JsonFormat;
  readonly #date: JsonDate;
  readonly #body: BodyBytes;
  readonly #buffers: Buffers;
  /** `{"date":`, as it stands before the time. */
  readonly #head: Buffer;

  constructor(format: JsonFormat, date: JsonDate, escapeUnicode: boolean, buffers: Buffers) {
    this.#format = format;
    this.#date = date;
    this.#body = new BodyBytes({ nested: false, escapeUnicode });
    this.#buffers = buffers;
    this.#head = Buffer.from(date.key === undefined ? '' : `{${toJson(date.key, escapeUnicode)}:`);
  }

  /** `sizeBytes` is about what the events take; it need not be right. */
  write(events: Iterable<LogEvent>, sizeBytes: number): JsonBytes {
    const isList = this.#format === 'json';
    const isLines = this.#format === 'json_lines';
    let buffer = this.#buffers.take(sizeBytes + this.#head.length + SPARE_BYTES);
    let at = 0;
    if (isList) buffer[at++] = OPEN_LIST;
    for (const event of events) {
      // Room is left for what ends the event and the list.
      if (isList && at > 1) buffer[at++] = COMMA;
      let end = this.#event(event, buffer, at);
      while (end < 0) {
        buffer = this.#larger(buffer, at);
        end = this.#event(event, buffer, at);
      }
      at = end;
      if (isLines) buffer[at++] = LINE_BREAK;
    }
    if (isList) buffer[at++] = CLOSE_LIST;
    return { buffer, bytes: buffer.subarray(0, at) };
  }

  #larger(buffer: Buffer, used: number): Buffer {
    const larger = this.#buffers.take(buffer.length * 2);
    buffer.copy(larger, 0, 0, used);
    this.#buffers.give(buffer);
    return larger;
  }

  /** Where the event ends, with room for two bytes behind it, or -1. Called for every event. */
  #event({ seconds, nanos, body }: LogEvent, buffer: Buffer, begin: number): number {
    const { key, format } = this.#date;
    const room = buffer.length - SPARE_BYTES;
    let at = begin;
    // A record's own key of that name wins, as in Fluent Bit: output/stdout-json-date-key-exists.
    const dated = key !== undefined && !Object.hasOwn(body, key);
    if (dated) {
      const head = this.#head;
      if (at + head.length > room) return -1;
      for (let i = 0; i < head.length; i++) buffer[at++] = head[i] as number;
      at += buffer.write(dateJson(format, seconds, nanos), at, 'latin1');
    }
    const end = this.#body.write(body, buffer, at);
    if (end < 0 || end > buffer.length - 2) return -1;
    if (!dated) return end;
    // The brace that the body opens with becomes the comma behind the time.
    if (end === at + 2) {
      buffer[at] = CLOSE;
      return at + 1;
    }
    buffer[at] = COMMA;
    return end;
  }
}
