/**
 * Events out of decoded MessagePack: `[[time, metadata], body]`, the older `[time, body]`, with a time as EventTime,
 * integer or float.
 */
import { Ext, type Fields, Float, isFields, type LogEvent, NO_METADATA, type Value } from './event.ts';

export class MsgpackError extends Error {
  /** True where the bytes end within a value: more of them may make it whole. */
  readonly incomplete: boolean;
  constructor(message: string, incomplete = false) {
    super(message);
    this.name = 'MsgpackError';
    this.incomplete = incomplete;
  }
}

/** An event from a value, as the inputs get it within a list. @throws MsgpackError */
export function eventOf(value: Value): LogEvent {
  if (!Array.isArray(value) || value.length < 2) throw new MsgpackError('an event is a list of time and record');
  const [head, body] = value;
  const [time, metadata] = Array.isArray(head) ? head : [head, NO_METADATA];
  if (!isFields(body)) throw new MsgpackError('the record of an event is a map');
  const { seconds, nanos } = timeOf(time);
  return { seconds, nanos, metadata: isFields(metadata) && hasKeys(metadata) ? metadata : NO_METADATA, body };
}

/** The time of an event: EventTime, or a number of seconds. @throws MsgpackError */
export function timeOf(value: Value | undefined): { seconds: number; nanos: number } {
  if (value instanceof Ext && value.type === 0 && value.data.length === 8) {
    const { data } = value;
    const view = new DataView(data.buffer, data.byteOffset, 8);
    return { seconds: secondsOf(view.getUint32(0)), nanos: Math.min(view.getUint32(4), 999_999_999) };
  }
  if (typeof value !== 'number' && typeof value !== 'bigint' && !(value instanceof Float))
    throw new MsgpackError('the time of an event is an EventTime or a number');
  const number = Number(value);
  if (!Number.isFinite(number)) throw new MsgpackError('the time of an event is no number');
  const seconds = Math.floor(number);
  // As Fluent Bit, with the noise that a double has beyond microseconds at today's times.
  return { seconds, nanos: Math.min(Math.floor((number - seconds) * 1e9), 999_999_999) };
}

/** 32 bits as seconds: see `msgpack.ts`. */
export function secondsOf(bits: number): number {
  return bits >= 0xc0000000 ? bits - 0x100000000 : bits;
}

/** False for `{}`. */
export function hasKeys(fields: Fields): boolean {
  for (const _key in fields) return true;
  return false;
}
