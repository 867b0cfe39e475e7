/**
 * Events as msgpack, from the forms they come in to the one that a server wants, without making values of them:
 *
 *     pair      [[EventTime, metadata], record]      Fluent Bit
 *     plain     [EventTime, record]                  Fluentd
 *     seconds   [seconds, record]                    Fluentd before 0.14
 *
 * Bytes that are in that form already are given back as they are. The record's bytes never change.
 */
import { decodeValue, encodeValue, timeOf } from '../../src/data/msgpack.ts';
import { skipValue } from '../../src/data/msgpack_scan.ts';

export type Form = 'pair' | 'plain' | 'seconds';

export interface Entries {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** What an event may grow by: a time of one byte becomes an EventTime, and it gets an empty map of metadata. */
const MOST_GROWTH = 12;

/** All of `bytes` have to be whole events. */
export function inForm(form: Form, bytes: Uint8Array, count: number): Uint8Array {
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
    const { seconds, nanos } = timeOf(decodeValue(this.#from.subarray(at, end)));
    if (this.#form === 'seconds') this.#put(encodeValue(seconds));
    else if (seconds >= FIRST_SECOND && seconds < LAST_SECOND) {
      this.#to.writeUInt16BE(0xd700, this.#at);
      this.#to.writeUInt32BE(seconds >>> 0, this.#at + 2);
      this.#to.writeUInt32BE(nanos, this.#at + 6);
      this.#at += 10;
    } else this.#copy(at, end);
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

/** Cuts events into pieces of at most `limitBytes`, as far as single events let it. */
export function splitEntries({ bytes, count }: Entries, limitBytes: number): Entries[] {
  if (bytes.length <= limitBytes) return [{ bytes, count }];
  const pieces: Entries[] = [];
  let start = 0;
  let inPiece = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = skipValue(bytes, at);
    if (end - start > limitBytes && inPiece > 0) {
      pieces.push({ bytes: bytes.subarray(start, at), count: inPiece });
      start = at;
      inPiece = 0;
    }
    inPiece++;
    at = end;
  }
  pieces.push({ bytes: bytes.subarray(start), count: inPiece });
  return pieces;
}
