/**
 * Events as msgpack, from the forms they come in to the one that a server wants, without making values of them:
 *
 *     pair      [[EventTime, metadata], record]      Fluent Bit
 *     plain     [EventTime, record]                  Fluentd
 *     seconds   [seconds, record]                    Fluentd before 0.14
 *
 * Bytes that are in that form already are given back as they are. The record's bytes never change.
 */
import { decodeValue, encodeValue, timeOf } from '../data/msgpack.ts';
import { scanEvents, skipValue } from '../data/msgpack_scan.ts';

export type Form = 'pair' | 'plain' | 'seconds';

export interface Entries {
  readonly pieces: readonly Uint8Array[];
  readonly count: number;
}

/** What an event may grow by: a time of one byte becomes an EventTime, and it gets an empty map of metadata. */
const MOST_GROWTH = 12;

/** All of `bytes` have to be whole events, at most `count` of them. */
export function inForm<T extends Uint8Array>(form: Form, bytes: T, count: number): T | Buffer {
  return isInForm(form, bytes) ? bytes : new Rewriter(form, bytes, count).run();
}

function isInForm(form: Form, bytes: Uint8Array): boolean {
  if (form === 'seconds') return false;
  for (let at = 0; at < bytes.length; ) {
    const head = bytes[at + 1] as number;
    if (bytes[at] !== 0x92 || (head === 0x92) !== (form === 'pair')) return false;
    // A plain time has to be an EventTime; within a pair it is of no use to look.
    if (form === 'plain' && head !== 0xd7) return false;
    at = skipValue(bytes, at);
  }
  return true;
}

/** A time as an EventTime, as far as one can hold it. */
export function eventTime(time: Buffer): Buffer {
  if (time[0] === 0xd7) return time;
  const { seconds, nanos } = timeOf(decodeValue(time));
  if (seconds < FIRST_SECOND || seconds >= LAST_SECOND) return time;
  const bytes = Buffer.allocUnsafe(10);
  bytes.writeUInt16BE(0xd700, 0);
  bytes.writeUInt32BE(seconds >>> 0, 2);
  bytes.writeUInt32BE(nanos, 6);
  return bytes;
}

class Rewriter {
  readonly #form: Form;
  readonly #from: Buffer;
  readonly #to: Buffer;
  #at = 0;

  constructor(form: Form, bytes: Uint8Array, count: number) {
    this.#form = form;
    this.#from = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#to = Buffer.allocUnsafeSlow(bytes.length + count * MOST_GROWTH);
  }

  run(): Buffer {
    const from = this.#from;
    for (let at = 0; at < from.length; ) {
      const head = at + headerLength(from, at);
      const isPair = isArray(from[head] as number);
      const time = isPair ? head + headerLength(from, head) : head;
      const afterTime = skipValue(from, time);
      const record = isPair ? skipValue(from, afterTime) : afterTime;
      const end = skipValue(from, record);
      this.#putHead(time, afterTime, record);
      this.#copy(record, end);
      at = end;
    }
    return this.#to.subarray(0, this.#at);
  }

  #putHead(time: number, afterTime: number, record: number): void {
    const to = this.#to;
    to[this.#at++] = 0x92;
    if (this.#form === 'pair') to[this.#at++] = 0x92;
    this.#putTime(time, afterTime);
    if (this.#form !== 'pair') return;
    if (record > afterTime) this.#copy(afterTime, record);
    else to[this.#at++] = 0x80;
  }

  #putTime(at: number, end: number): void {
    const isEventTime = this.#from[at] === 0xd7;
    if (isEventTime && this.#form !== 'seconds') this.#copy(at, end);
    else if (isEventTime && (this.#from[at + 2] as number) < 0xc0) {
      this.#to[this.#at++] = 0xce;
      this.#copy(at + 2, at + 6);
    } else this.#putOddTime(at, end);
  }

  /** A time that is no EventTime, or lies before 1970. */
  #putOddTime(at: number, end: number): void {
    const time = this.#from.subarray(at, end);
    this.#put(this.#form === 'seconds' ? encodeValue(timeOf(decodeValue(time)).seconds) : eventTime(time));
  }

  #copy(start: number, end: number): void {
    this.#from.copy(this.#to, this.#at, start, end);
    this.#at += end - start;
  }

  #put(bytes: Uint8Array): void {
    this.#to.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}

/** The seconds that an EventTime can hold: see `data/msgpack.ts`. */
const FIRST_SECOND = -0x40000000;
const LAST_SECOND = 0xc0000000;

const isArray = (type: number): boolean => (type >= 0x90 && type < 0xa0) || type === 0xdc || type === 0xdd;

function headerLength(bytes: Buffer, at: number): number {
  const type = bytes[at];
  return type === 0xdc ? 3 : type === 0xdd ? 5 : 1;
}

/** Puts events together to at most `limitBytes`, as far as single events let it. `count`: of all of them. */
export function splitEntries(pieces: readonly Uint8Array[], count: number, limitBytes: number): Entries[] {
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (total <= limitBytes) return [{ pieces, count }];
  const all: Entries[] = [];
  let group: Uint8Array[] = [];
  let [bytes, inGroup] = [0, 0];
  for (const piece of pieces.flatMap((one) => cutPiece(one, limitBytes))) {
    if (bytes + piece.length > limitBytes && inGroup > 0) {
      all.push({ pieces: group, count: inGroup });
      [group, bytes, inGroup] = [[], 0, 0];
    }
    group.push(piece);
    bytes += piece.length;
    inGroup += scanEvents(piece).count;
  }
  all.push({ pieces: group, count: inGroup });
  return all;
}

function cutPiece(bytes: Uint8Array, limitBytes: number): Uint8Array[] {
  if (bytes.length <= limitBytes) return [bytes];
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = skipValue(bytes, at);
    if (end - start > limitBytes && at > start) {
      parts.push(bytes.subarray(start, at));
      start = at;
    }
    at = end;
  }
  parts.push(bytes.subarray(start));
  return parts;
}
