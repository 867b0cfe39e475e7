/** What a time format reads: the parts of a date, small readers for them, and the seconds that they make. */

/** The parts; undefined is "not in the text". */
export class Fields {
  year: number | undefined;
  century: number | undefined;
  shortYear: number | undefined;
  month: number | undefined;
  day: number | undefined;
  dayOfYear: number | undefined;
  hour = 0;
  minute = 0;
  second = 0;
  nanos = 0;
  /** Seconds east of UTC, where the text has a zone. */
  offset: number | undefined;
  /** Unix seconds, where the text has them. */
  epoch: number | undefined;

  clear(): void {
    this.year = undefined;
    this.century = undefined;
    this.shortYear = undefined;
    this.month = undefined;
    this.day = undefined;
    this.dayOfYear = undefined;
    this.hour = 0;
    this.minute = 0;
    this.second = 0;
    this.nanos = 0;
    this.offset = undefined;
    this.epoch = undefined;
  }
}

export function newFields(): Fields {
  return new Fields();
}

/**
 * Digits at `at`, as many as the range needs; -1 where there is none or the number is out of range, else where they
 * end, with the number in `readNumber.value` (a second result without an allocation).
 */
export function readNumber(text: string, at: number, low: number, high: number): number {
  let now = at;
  let value = 0;
  let limit = high;
  for (let code = text.charCodeAt(now); code >= 48 && code <= 57; code = text.charCodeAt(now)) {
    value = value * 10 + code - 48;
    now++;
    limit = Math.floor(limit / 10);
    if (limit === 0 || value * 10 > high) break;
  }
  if (now === at || value < low || value > high) return -1;
  readNumber.value = value;
  return now;
}
readNumber.value = 0;

/** A name of the list at `at`, in any case, in full or its first three letters; -1, or where it ends. */
export function nameAt(list: readonly string[], text: string, at: number): number {
  for (let i = 0; i < list.length; i++) {
    const name = list[i] as string;
    if (sameIgnoringCase(text, at, name, name.length)) {
      nameAt.index = i;
      return at + name.length;
    }
    if (sameIgnoringCase(text, at, name, 3)) {
      nameAt.index = i;
      return at + 3;
    }
  }
  return -1;
}
nameAt.index = 0;

function sameIgnoringCase(text: string, at: number, lower: string, length: number): boolean {
  for (let i = 0; i < length; i++) if ((text.charCodeAt(at + i) | 32) !== lower.charCodeAt(i)) return false;
  return true;
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** Days from 1970-01-01 to the first of January. */
function daysToYear(year: number): number {
  const before = year - 1;
  const leaps = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  return 365 * (year - 1970) + leaps - 477;
}

/** Unix seconds of the parts, as if the clock on the wall showed UTC. `now` is asked only where a part is missing. */
export function secondsOf(fields: Fields, now: () => number): number {
  const year = yearOf(fields);
  const dated = fields.month !== undefined || fields.day !== undefined || fields.dayOfYear !== undefined;
  if (year === undefined || !dated) return fromToday(fields, year, now());
  return atDate(fields, year, fields.month ?? 1, fields.day ?? 1);
}

function yearOf(fields: Fields): number | undefined {
  if (fields.year !== undefined) return fields.year;
  const { century, shortYear } = fields;
  if (shortYear === undefined) return century === undefined ? undefined : century * 100;
  if (century !== undefined) return century * 100 + shortYear;
  // As POSIX has it: 69 to 99 are of the last century.
  return shortYear < 69 ? 2000 + shortYear : 1900 + shortYear;
}

function fromToday(fields: Fields, year: number | undefined, nowSeconds: number): number {
  const today = new Date(nowSeconds * 1000);
  const dated = fields.month !== undefined || fields.day !== undefined || fields.dayOfYear !== undefined;
  if (year !== undefined) return atDate(fields, year, 1, 1);
  const month = fields.month ?? (dated ? 1 : today.getUTCMonth() + 1);
  const day = fields.day ?? (dated ? 1 : today.getUTCDate());
  return atDate(fields, today.getUTCFullYear(), month, day);
}

function atDate(fields: Fields, year: number, month: number, day: number): number {
  const inYear =
    fields.dayOfYear !== undefined && fields.month === undefined
      ? fields.dayOfYear - 1
      : (DAYS_BEFORE[month - 1] as number) + (month > 2 && isLeap(year) ? 1 : 0) + day - 1;
  return (daysToYear(year) + inYear) * 86_400 + fields.hour * 3600 + fields.minute * 60 + fields.second;
}
