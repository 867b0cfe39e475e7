/** The time of a parsed record: which key holds it, how it is read, and whether the key stays. */
import { type Fields, setField, type Value } from '../data/event.ts';
import { compileTimeFormat, type TimeReader, unknownDirective } from '../data/time.ts';
import { OptionError } from '../options.ts';
import type { Complain } from './decoders.ts';

export interface TimeSettings {
  readonly time_key: string | undefined;
  readonly time_format: string | undefined;
  readonly time_keep: boolean;
  readonly time_strict: boolean;
  readonly time_offset: string | undefined;
  readonly time_system_timezone: boolean;
  readonly time_zone: string | undefined;
}

export class TimeField {
  readonly key: string;
  readonly keep: boolean;
  readonly reader: TimeReader;

  constructor(key: string, keep: boolean, reader: TimeReader) {
    this.key = key;
    this.keep = keep;
    this.reader = reader;
  }

  /** True where the value is a time: its key has done its work. The time is in `reader` unless `isNone` is true. */
  read(value: Value | undefined): boolean {
    return typeof value === 'string' && value.length <= LONGEST && this.reader.read(value);
  }

  /** A time of 0 is none, as in Fluent Bit: the event takes the time of reading. Asked after `read` was true. */
  get isNone(): boolean {
    return this.reader.seconds === 0 && this.reader.nanos === 0;
  }
}

/** As Fluent Bit, which has a buffer of this size. */
const LONGEST = 63;

/** undefined where the parser has no Time_Format: a Time_Key alone means nothing. @throws OptionError */
export function compileTimeField(settings: TimeSettings, complain: Complain): TimeField | undefined {
  checkZone(settings);
  if (settings.time_format === undefined) return undefined;
  const unknown = unknownDirective(settings.time_format);
  if (unknown !== undefined) complain('time_format', `there is no directive '${unknown}', so no time fits`);
  const reader = compileTimeFormat(settings.time_format, {
    offsetSeconds: settings.time_offset === undefined ? 0 : readOffset(settings.time_offset),
    systemTimezone: settings.time_system_timezone,
    ...(settings.time_zone !== undefined && { zone: settings.time_zone }),
    strict: settings.time_strict,
  });
  return new TimeField(settings.time_key ?? 'time', settings.time_keep, reader);
}

/** As Fluent Bit: a zone by name needs times to be in, and no other zone beside it. */
function checkZone(settings: TimeSettings): void {
  if (settings.time_zone === undefined) return;
  const fail = (message: string) => {
    throw new OptionError(message, 'time_zone');
  };
  if (settings.time_format === undefined) fail('time_zone needs a time_format');
  if (settings.time_system_timezone) fail('time_zone and time_system_timezone exclude each other');
  if (settings.time_offset !== undefined) fail('time_zone and time_offset exclude each other');
}

/** `+0200`, `-03:30`, `+02`. */
function readOffset(text: string): number {
  const match = /^([+-])(\d{2}):?(\d{2})?$/.exec(text.trim());
  if (!match) throw new OptionError(`'${text}' is no offset; write +hhmm or -hhmm`, 'time_offset');
  const seconds = Number(match[2]) * 3600 + Number(match[3] ?? 0) * 60;
  return match[1] === '-' ? -seconds : seconds;
}

/** A copy without one key: `delete` would make V8 keep the object as a hash table from then on. */
export function withoutKey(body: Fields, key: string): Fields {
  const rest: Fields = {};
  for (const name in body) {
    if (name === key) continue;
    if (name === '__proto__') setField(rest, name, body[name] as Value);
    else rest[name] = body[name] as Value;
  }
  return rest;
}
