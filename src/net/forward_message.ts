/**
 * One message of the Forward protocol: what mode it has, and its events. Those of the packed modes are given as they came,
 * without a copy, those of the other modes as Fluent Bit keeps them, `[[EventTime, metadata], record]`, which is what most
 * senders send anyway. Values are made of the tag and the options alone.
 *
 *     [tag, time, record, options?]        Message
 *     [tag, [[time, record], ..], options?]        Forward
 *     [tag, entries side by side as bin or str, options?]        PackedForward; with `compressed`: CompressedPackedForward
 *
 * What breaks a rule is a ForwardError, as in Fluent Bit: the connection is closed. Sources: the Forward protocol
 * specification v1 and v1.5 (github.com/fluent/fluentd/wiki), and the recorded cases under forward-in.
 */
import { decodeText } from '../data/bytes.ts';
import { type Fields, getField, isFields } from '../data/event.ts';
import { decodeValue, encodeValue, MsgpackError } from '../data/msgpack.ts';
import { scanEvents, skipValue } from '../data/msgpack_scan.ts';
import { eventTime, inForm } from './forward_entries.ts';

/** The peer does not keep to the protocol: a sentence for the log. */
export class ForwardError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ForwardError';
  }
}

/** What a message is made of; `entries` are msgpack, compressed where `compressed` is set. */
export interface ForwardMessage {
  readonly tag: string;
  readonly entries: Buffer;
  /** How many events; -1 for a packed mode, where only a walk through the entries tells. */
  readonly count: number;
  readonly compressed: 'gzip' | 'zstd' | undefined;
  /** To be sent back as `ack` once the events are safe. */
  readonly chunk: string | undefined;
  /** fluent_signal: 0 are logs, 1 metrics, 2 traces. */
  readonly signal: number;
  /** Whether `entries` are no part of the bytes that were read. */
  readonly isOwn: boolean;
  /** Set where the rest of the message is not fit to be taken, though its beginning is. */
  readonly broken: string | undefined;
}

const NOTHING = Buffer.alloc(0);

/** Reads the message from `start` to `end`, which `FrameCutter` found to be a whole one. @throws ForwardError */
export function readMessage(bytes: Buffer, start: number, end: number): ForwardMessage {
  const width = arrayHeader(bytes, start);
  const count = arrayLength(bytes, start);
  if (count < 2) throw new ForwardError('a message has less than two elements');
  const at = start + width;
  const tagEnd = skipValue(bytes, at);
  if (!isStr(bytes[at] as number) || tagEnd < 0) throw new ForwardError('the tag of a message is no string');
  const tag = textOf(bytes, at, tagEnd);
  const type = bytes[tagEnd] as number;
  if (isArray(type)) return forwardMode(bytes, tag, tagEnd, end, count);
  if (isStr(type) || isBin(type)) return packedMode(bytes, tag, tagEnd, end, count);
  if (isTime(bytes, tagEnd)) return messageMode(bytes, tag, tagEnd, end, count);
  throw new ForwardError('the second element of a message is neither a time nor events');
}

/** The number of elements is known from the frame, so one walk over the entries finds their end and checks them. */
function forwardMode(bytes: Buffer, tag: string, at: number, end: number, elements: number): ForwardMessage {
  const expected = arrayLength(bytes, at);
  const first = at + arrayHeader(bytes, at);
  const rest = bytes.subarray(first, end);
  const { count, end: length, arePairs } = scanEvents(rest);
  const entries = arePairs ? rest.subarray(0, length) : inForm('pair', rest.subarray(0, length), count);
  if (count !== expected) {
    // Options that look like an event, or an event that is none.
    if (count > expected) throw new ForwardError('the options of a message are no map');
    return {
      ...PLAIN,
      tag,
      entries,
      count,
      isOwn: !arePairs,
      broken: `event ${count + 1} of ${expected} of a message is none`,
    };
  }
  return {
    ...PLAIN,
    tag,
    entries,
    count,
    isOwn: !arePairs,
    ...optionsOf(bytes, first + length, end, elements > 2, true),
  };
}

function packedMode(bytes: Buffer, tag: string, at: number, end: number, elements: number): ForwardMessage {
  const after = skipValue(bytes, at);
  const entries = bytes.subarray(at + lengthHeader(bytes[at] as number), after);
  const given = optionsOf(bytes, after, end, elements > 2, false);
  // As Fluent Bit: compression is recognized by the content, too, where there are options.
  const compressed = elements > 2 ? (compressionOf(entries) ?? given.compressed) : undefined;
  return { ...PLAIN, tag, entries, count: -1, ...given, compressed };
}

/** The event is written anew, with the bytes of its time and its record. */
function messageMode(bytes: Buffer, tag: string, at: number, end: number, elements: number): ForwardMessage {
  if (elements < 3) throw new ForwardError('a message with a time has no record');
  const record = skipValue(bytes, at);
  const after = isMap(bytes[record] as number) ? skipValue(bytes, record) : -1;
  if (after < 0) throw new ForwardError('the record of a message is no map');
  const given = optionsOf(bytes, after, end, elements > 3, true);
  if (!isUsableTime(bytes, at))
    return { ...PLAIN, tag, count: 0, ...given, broken: 'the time of a message is an extension that is no EventTime' };
  const metadata = given.metadata ? encodeValue(given.metadata) : NO_METADATA;
  const time = eventTime(bytes.subarray(at, record));
  const entries = Buffer.concat([PAIRS, time, metadata, bytes.subarray(record, after)]);
  return { ...PLAIN, tag, entries, count: 1, isOwn: true, ...given };
}

const PAIRS = Buffer.from([0x92, 0x92]);
const NO_METADATA = Buffer.from([0x80]);

interface Options {
  readonly compressed: 'gzip' | 'zstd' | undefined;
  readonly chunk: string | undefined;
  readonly signal: number;
  readonly metadata: Fields | undefined;
}

const NO_OPTIONS: Options = { compressed: undefined, chunk: undefined, signal: 0, metadata: undefined };
const PLAIN = {
  entries: NOTHING,
  count: 0,
  compressed: undefined,
  chunk: undefined,
  signal: 0,
  isOwn: false,
  broken: undefined,
};

/** Old Docker daemons send nil for no options; the packed modes take no nil, as in Fluent Bit. */
function optionsOf(bytes: Buffer, at: number, end: number, isThere: boolean, takesNil: boolean): Options {
  if (!isThere) return NO_OPTIONS;
  if (takesNil && bytes[at] === 0xc0) return NO_OPTIONS;
  const after = skipValue(bytes, at);
  if (after < 0 || after > end || !isMap(bytes[at] as number))
    throw new ForwardError('the options of a message are no map');
  if (bytes[at] === 0x80) return NO_OPTIONS;
  const options = fieldsOf(bytes.subarray(at, after));
  const { chunk, compressed } = { chunk: getField(options, 'chunk'), compressed: getField(options, 'compressed') };
  if (chunk !== undefined && typeof chunk !== 'string')
    throw new ForwardError("the option 'chunk' of a message is no string");
  const signal = getField(options, 'fluent_signal') ?? 0;
  if (typeof signal !== 'number' || !Number.isInteger(signal) || signal < 0)
    throw new ForwardError("the option 'fluent_signal' of a message is no number of a signal");
  const metadata = getField(options, 'metadata');
  return {
    compressed: compressed === 'gzip' || compressed === 'zstd' ? compressed : undefined,
    chunk,
    signal,
    metadata: isFields(metadata) ? metadata : undefined,
  };
}

function fieldsOf(bytes: Buffer): Fields {
  try {
    const value = decodeValue(bytes);
    if (isFields(value)) return value;
  } catch (error) {
    if (!(error instanceof MsgpackError)) throw error;
  }
  throw new ForwardError('the options of a message are no map');
}

function compressionOf(bytes: Buffer): 'gzip' | 'zstd' | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) return 'zstd';
  return undefined;
}

const isStr = (type: number): boolean => (type >= 0xa0 && type < 0xc0) || (type >= 0xd9 && type <= 0xdb);
const isBin = (type: number): boolean => type >= 0xc4 && type <= 0xc6;
const isArray = (type: number): boolean => (type >= 0x90 && type < 0xa0) || type === 0xdc || type === 0xdd;
const isMap = (type: number): boolean => (type >= 0x80 && type < 0x90) || type === 0xde || type === 0xdf;
const isExt = (type: number): boolean => (type >= 0xd4 && type <= 0xd8) || (type >= 0xc7 && type <= 0xc9);

/** As Fluent Bit, a message has a whole number of seconds from 1970 on or an extension; a list of events also floats. */
function isTime(bytes: Buffer, at: number): boolean {
  const type = bytes[at] as number;
  if (type < 0x80 || (type >= 0xcc && type <= 0xcf) || isExt(type)) return true;
  return type >= 0xd0 && type <= 0xd3 && (bytes[at + 1] as number) < 0x80;
}

function isUsableTime(bytes: Buffer, at: number): boolean {
  const type = bytes[at] as number;
  if (!isExt(type)) return true;
  return (type === 0xd7 && bytes[at + 1] === 0) || (type === 0xc7 && bytes[at + 1] === 8 && bytes[at + 2] === 0);
}

function arrayHeader(bytes: Buffer, at: number): number {
  const type = bytes[at];
  return type === 0xdc ? 3 : type === 0xdd ? 5 : 1;
}

function arrayLength(bytes: Buffer, at: number): number {
  const type = bytes[at] as number;
  if (type === 0xdc) return bytes.readUInt16BE(at + 1);
  return type === 0xdd ? bytes.readUInt32BE(at + 1) : type & 15;
}

/** How long the type and length of a str or bin are. */
function lengthHeader(type: number): number {
  if (type >= 0xa0 && type < 0xc0) return 1;
  return 1 + (1 << (type >= 0xd9 ? type - 0xd9 : type - 0xc4));
}

function textOf(bytes: Buffer, at: number, end: number): string {
  const start = at + lengthHeader(bytes[at] as number);
  const text = bytes.toString('utf8', start, end);
  return text.includes('\ufffd') ? decodeText(bytes.subarray(start, end)) : text;
}
