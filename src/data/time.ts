/**
 * Times as text: Time_Format, read as Fluent Bit reads it (BSD's strptime with %L for a fraction of up to nine
 * digits), and its reverse for the names of files.
 *
 * A format is compiled once to a list of steps; reading works on character codes and allocates nothing. Text after what
 * the format covers is ignored. Blanks in the format stand for any number of blanks in the text. A format without a
 * year means this year, one without a date means today.
 */
import { type Fields, nameAt, newFields, readNumber, secondsOf } from './time_fields.ts';
import { compileIso, type IsoReader } from './time_iso.ts';
import { ZoneOffsets } from './time_zone.ts';
import { readZoneName, readZoneOffset } from './time_zone_text.ts';

export { formatTime } from './time_format.ts';

export interface TimeOptions {
  /** Time_Offset: seconds east of UTC of times without a zone. */
  readonly offsetSeconds: number;
  /** Time_System_Timezone: such times are in the system's zone. */
  readonly systemTimezone: boolean;
  /** Time_Zone: such times are in this zone (an IANA name). */
  readonly zone?: string;
  /** Time_Strict: false takes what was read before the text stopped to fit. */
  readonly strict: boolean;
  /** Unix seconds; where the date is not in the text. */
  readonly now?: () => number;
}

/** A step reads at `at` and returns where the next one goes on, or -1 where the text does not fit. */
type Step = (text: string, at: number, fields: Fields) => number;

/** As Fluent Bit: no text fits a directive that is unknown (see `unknownDirective`). @throws OptionError for a zone that is. */
export function compileTimeFormat(format: string, options: TimeOptions): TimeReader {
  return new TimeReader(compileSteps(format), options, compileIso(format));
}

export class TimeReader {
  /** The result of the last `read` that was true. */
  seconds = 0;
  nanos = 0;
  readonly #steps: readonly Step[];
  readonly #iso: IsoReader | undefined;
  readonly #options: TimeOptions;
  readonly #zone: ZoneOffsets | undefined;
  readonly #fields = newFields();

  /** `iso` reads the usual texts of the same format, faster. */
  constructor(steps: readonly Step[], options: TimeOptions, iso?: IsoReader) {
    this.#steps = steps;
    this.#iso = iso;
    this.#options = options;
    if (options.zone !== undefined) this.#zone = new ZoneOffsets(options.zone);
    else if (options.systemTimezone) this.#zone = new ZoneOffsets();
  }

  /** False where the text does not fit; otherwise `seconds` and `nanos` are set. */
  read(text: string): boolean {
    const iso = this.#iso;
    if (iso?.read(text)) {
      this.seconds = iso.local - (iso.zoned ? iso.offset : this.#offsetAt(iso.local));
      this.nanos = iso.nanos;
      return true;
    }
    return this.#readSteps(text);
  }

  #readSteps(text: string): boolean {
    const fields = this.#fields;
    fields.clear();
    const steps = this.#steps;
    let at = 0;
    for (let i = 0; i < steps.length; i++) {
      at = (steps[i] as Step)(text, at, fields);
      if (at >= 0) continue;
      if (this.#options.strict || i === 0) return false;
      break;
    }
    if (fields.epoch !== undefined) this.seconds = fields.epoch;
    else this.seconds = this.#toUtc(secondsOf(fields, this.#now), fields);
    this.nanos = fields.nanos;
    return true;
  }

  readonly #now = () => this.#options.now?.() ?? Date.now() / 1000;

  #toUtc(local: number, fields: Fields): number {
    if (fields.offset !== undefined) return local - fields.offset;
    return local - this.#offsetAt(local);
  }

  #offsetAt(local: number): number {
    return this.#zone?.atLocal(local) ?? this.#options.offsetSeconds;
  }
}

const COMPOSED: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  T: '%H:%M:%S',
  X: '%H:%M:%S',
  x: '%m/%d/%y',
};

function compileSteps(format: string): Step[] {
  const steps: Step[] = [];
  for (let i = 0; i < format.length; i++) {
    const char = format[i] as string;
    if (/\s/.test(char)) steps.push(blanks);
    else if (char !== '%') steps.push(literal(char));
    else {
      i++;
      // Alternative forms (%Ey, %Od) read as the plain ones.
      if ((format[i] === 'E' || format[i] === 'O') && i + 1 < format.length) i++;
      steps.push(...directive(format[i] ?? ''));
    }
  }
  return steps;
}

function directive(letter: string): Step[] {
  if (Object.hasOwn(COMPOSED, letter)) return compileSteps(COMPOSED[letter] as string);
  return [(Object.hasOwn(DIRECTIVES, letter) ? DIRECTIVES[letter] : undefined) ?? never];
}

const never: Step = () => -1;

/** The first directive of a format that nobody knows, as it is written: what a warning should name. */
export function unknownDirective(format: string): string | undefined {
  for (const [text, letter = ''] of format.matchAll(/%[EO]?(.|$)/gs))
    if (!Object.hasOwn(COMPOSED, letter) && !Object.hasOwn(DIRECTIVES, letter)) return text;
  return undefined;
}

const isBlank = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);
const isDigit = (code: number): boolean => code >= 48 && code <= 57;

function blanks(text: string, at: number): number {
  let now = at;
  while (isBlank(text.charCodeAt(now))) now++;
  return now;
}

function literal(char: string): Step {
  const code = char.charCodeAt(0);
  return (text, at) => (text.charCodeAt(at) === code ? at + 1 : -1);
}

/** A number of the range of a field; `set` writes it. */
function number(low: number, high: number, set: (fields: Fields, value: number) => void): Step {
  return (text, at, fields) => {
    const end = readNumber(text, at, low, high);
    if (end >= 0) set(fields, readNumber.value);
    return end;
  };
}

/** A name in any case, in full or short. */
function names(list: readonly string[], set: (fields: Fields, index: number) => void): Step {
  return (text, at, fields) => {
    const end = nameAt(list, text, at);
    if (end >= 0) set(fields, nameAt.index);
    return end;
  };
}

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

const dayOfMonth = number(1, 31, (fields, value) => {
  fields.day = value;
});
const hour24 = number(0, 23, (fields, value) => {
  fields.hour = value;
});
const hour12 = number(1, 12, (fields, value) => {
  fields.hour = value;
});
const dayName = names(DAYS, () => {});
const monthName = names(MONTHS, (fields, index) => {
  fields.month = index + 1;
});
const ignored = (low: number, high: number) => number(low, high, () => {});
const afterBlanks =
  (step: Step): Step =>
  (text, at, fields) =>
    step(text, blanks(text, at), fields);

/** %p after the hour. */
function halfOfDay(text: string, at: number, fields: Fields): number {
  const half = text.slice(at, at + 2).toUpperCase();
  if ((half !== 'AM' && half !== 'PM') || fields.hour > 12) return -1;
  if (half === 'AM' && fields.hour === 12) fields.hour = 0;
  if (half === 'PM' && fields.hour < 12) fields.hour += 12;
  return at + 2;
}

const POWERS = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1];

/** %L: at least one digit; what is beyond nanoseconds is skipped. */
function fraction(text: string, at: number, fields: Fields): number {
  let now = at;
  let value = 0;
  for (; isDigit(text.charCodeAt(now)); now++) if (now - at < 9) value = value * 10 + text.charCodeAt(now) - 48;
  if (now === at) return -1;
  fields.nanos = value * (POWERS[Math.min(now - at, 9)] as number);
  return now;
}

function epochSeconds(text: string, at: number, fields: Fields): number {
  let now = at;
  let value = 0;
  for (; isDigit(text.charCodeAt(now)) && now - at < 15; now++) value = value * 10 + text.charCodeAt(now) - 48;
  if (now === at) return -1;
  fields.epoch = value;
  return now;
}

const DIRECTIVES: Readonly<Record<string, Step>> = {
  '%': literal('%'),
  n: blanks,
  t: blanks,
  a: dayName,
  A: dayName,
  b: monthName,
  B: monthName,
  h: monthName,
  C: number(0, 99, (fields, value) => {
    fields.century = value;
  }),
  d: dayOfMonth,
  e: afterBlanks(dayOfMonth),
  H: hour24,
  k: afterBlanks(hour24),
  I: hour12,
  l: afterBlanks(hour12),
  j: number(1, 366, (fields, value) => {
    fields.dayOfYear = value;
  }),
  M: number(0, 59, (fields, value) => {
    fields.minute = value;
  }),
  m: number(1, 12, (fields, value) => {
    fields.month = value;
  }),
  p: halfOfDay,
  S: number(0, 60, (fields, value) => {
    fields.second = value;
  }),
  s: epochSeconds,
  L: fraction,
  U: ignored(0, 53),
  W: ignored(0, 53),
  V: ignored(0, 53),
  g: ignored(0, 99),
  G: ignored(0, 9999),
  u: ignored(1, 7),
  w: ignored(0, 6),
  Y: number(0, 9999, (fields, value) => {
    fields.year = value;
  }),
  y: number(0, 99, (fields, value) => {
    fields.shortYear = value;
  }),
  Z: readZoneName,
  z: readZoneOffset,
};
