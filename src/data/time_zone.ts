/**
 * Offsets of time zones: of names from the IANA database, through Intl and remembered an hour at a time, and the fixed
 * abbreviations that Fluent Bit knows. All in seconds east of UTC.
 */
import { OptionError } from '../options.ts';

const HOUR = 3600;

const HOURS: Readonly<Record<string, number>> = {
  GMT: 0,
  UTC: 0,
  UT: 0,
  Z: 0,
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
  AKST: -9,
  AKDT: -8,
  HST: -10,
  HADT: -9,
  AST: -4,
  ADT: -3,
  NST: -3.5,
  NDT: -2.5,
  WET: 0,
  WEST: 1,
  CET: 1,
  CEST: 2,
  EET: 2,
  EEST: 3,
  MSK: 3,
  ART: -3,
  BRT: -3,
  BRST: -2,
  CLT: -4,
  CLST: -3,
  AEST: 10,
  AEDT: 11,
  ACST: 9.5,
  ACDT: 10.5,
  AWST: 8,
  NZST: 12,
  NZDT: 13,
  JST: 9,
  KST: 9,
  SGT: 8,
  IST: 5.5,
  GST: 4,
  ICT: 7,
  WIB: 7,
  WITA: 8,
  WIT: 9,
  MYT: 8,
  BDT: 6,
  NPT: 5.75,
  WAT: 1,
  CAT: 2,
  EAT: 3,
  SAST: 2,
};

/** The offset of an abbreviation in any case, military letters too; undefined where it is unknown. */
export function abbreviationOffset(name: string): number | undefined {
  const upper = name.toUpperCase();
  const hours = Object.hasOwn(HOURS, upper) ? HOURS[upper] : undefined;
  if (hours !== undefined) return hours * HOUR;
  if (upper.length !== 1) return undefined;
  const east = 'ABCDEFGHIKLM'.indexOf(upper);
  if (east >= 0) return (east + 1) * HOUR;
  const west = 'NOPQRSTUVWXY'.indexOf(upper);
  return west >= 0 ? -(west + 1) * HOUR : undefined;
}

/** What the North American names and letters of %z mean (RFC 822); undefined where it is none. */
export function rfc822Offset(name: string): number | undefined {
  return /^[ECMP][SD]T$/.test(name) ? abbreviationOffset(name) : undefined;
}

/** The offset of one zone from UTC at a local time. */
export class ZoneOffsets {
  readonly #format: Intl.DateTimeFormat;
  readonly #known = new Map<number, number>();

  /** `name` undefined: the zone of the system. @throws OptionError for a name that the system does not know. */
  constructor(name?: string) {
    try {
      this.#format = new Intl.DateTimeFormat('en-US', {
        ...(name !== undefined && { timeZone: name }),
        hourCycle: 'h23',
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
      });
    } catch {
      throw new OptionError(`'${name}' is no time zone; write a name such as Europe/Berlin`, 'time_zone');
    }
  }

  /**
   * Seconds east of UTC at `local` (seconds as if the clock on the wall showed UTC). An hour that comes twice is the
   * first one, one that does not exist is read with the offset after it, as Fluent Bit does.
   */
  atLocal(local: number): number {
    // Offsets change at full quarters of an hour.
    const key = Math.floor(local / 900);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size > 10_000) this.#known.clear();
    const offset = this.#compute(local);
    this.#known.set(key, offset);
    return offset;
  }

  #compute(local: number): number {
    const before = this.#atUtc(local - 86_400);
    const after = this.#atUtc(local + 86_400);
    const fitsAfter = this.#atUtc(local - after) === after;
    const fitsBefore = this.#atUtc(local - before) === before;
    return fitsBefore && !(fitsAfter && after > before) ? before : after;
  }

  #atUtc(seconds: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(seconds * 1000)) parts[type] = Number(value);
    const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - seconds;
  }
}
