/**
 * The ways in which outputs write an event's time: Fluent Bit's `json_date_format` and the fixed notations of the
 * `stdout` and `file` outputs. All in UTC; a time before 1970 keeps its fraction counted upwards (-1.5 s is
 * seconds -2, nanos 500,000,000).
 */
import { doubleText, fixedText } from './double_text.ts';
import { Float, type Value } from './event.ts';

/** What `json_date_format` knows. */
export const DATE_FORMATS = [
  'double',
  'iso8601',
  'java_sql_timestamp',
  'epoch',
  'epoch_ms',
  'epoch_ms_double',
] as const;
export type DateFormat = (typeof DATE_FORMATS)[number];

/** Reads `json_date_format` in any case; undefined for an unknown one. */
export function readDateFormat(text: string | undefined): DateFormat | undefined {
  const word = text?.toLowerCase();
  return DATE_FORMATS.find((format) => format === word);
}

/** The time as the value of a JSON key. */
export function dateValue(format: DateFormat, seconds: number, nanos: number): Value {
  switch (format) {
    case 'iso8601':
      return `${dateText(seconds, 'T')}.${microText(nanos)}Z`;
    case 'java_sql_timestamp':
      return `${dateText(seconds, ' ')}.${microText(nanos)}`;
    case 'epoch':
      return seconds;
    case 'epoch_ms':
      return seconds * 1000 + Math.floor(nanos / 1e6);
    case 'epoch_ms_double':
      return asFloat(seconds * 1000 + nanos / 1e6);
    default:
      return asFloat(seconds + nanos / 1e9);
  }
}

/** The same as JSON text. Called for every event of a batch. */
export function dateJson(format: DateFormat, seconds: number, nanos: number): string {
  if (format === 'double' && seconds >= 1e9 && seconds < 1e10) return tenDigitDouble(seconds, nanos);
  const value = dateValue(format, seconds, nanos);
  if (typeof value === 'string') return `"${value}"`;
  return typeof value === 'number' && Number.isInteger(value) ? String(value) : doubleText(Number(value));
}

/**
 * `%.16g` of today's times, which have ten digits before the point and so six after it: three times as fast as the general
 * way. The double's own fraction is rounded, half to even as C does, not the nanoseconds.
 */
function tenDigitDouble(seconds: number, nanos: number): string {
  const exact = (seconds + nanos / 1e9 - seconds) * 1e6;
  let micros = Math.round(exact);
  if (micros - exact === 0.5 && micros % 2 === 1) micros--;
  if (micros === 0) return `${seconds}.0`;
  if (micros >= 1e6) return `${seconds + 1}.0`;
  const digits = String(micros).padStart(6, '0');
  let end = 6;
  while (digits.charCodeAt(end - 1) === 48) end--;
  return `${seconds}.${end === 6 ? digits : digits.slice(0, end)}`;
}

/** `1700000000.000000500`. */
export function nanoText(seconds: number, nanos: number): string {
  return `${seconds}.${String(nanos).padStart(9, '0')}`;
}

/** `1700000000.000000`: C's `%f` of the time as a double. */
export function secondsText(seconds: number, nanos: number): string {
  return fixedText(seconds + nanos / 1e9);
}

function asFloat(value: number): Value {
  return Number.isInteger(value) ? new Float(value) : value;
}

// The date of a second is asked for again and again within a batch: keep the last one.
let lastSeconds = Number.NaN;
let lastDate = '';

function dateText(seconds: number, separator: 'T' | ' '): string {
  if (seconds !== lastSeconds) {
    const date = new Date(seconds * 1000);
    lastDate = Number.isNaN(date.getTime()) ? '1970-01-01T00:00:00' : date.toISOString().slice(0, -5);
    lastSeconds = seconds;
  }
  return separator === 'T' ? lastDate : lastDate.replace('T', ' ');
}

function microText(nanos: number): string {
  return String(Math.floor(nanos / 1000)).padStart(6, '0');
}
