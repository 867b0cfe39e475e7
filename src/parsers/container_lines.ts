/**
 * The two forms in which container runtimes write log files, read without a regular expression:
 *
 *   CRI:    2024-03-01T12:00:00.123456789Z stdout F text     (F: whole or the last part, P: more follows)
 *   Docker: {"log":"text\n","stream":"stdout","time":"2024-03-01T12:00:00.123456789Z"}
 *
 * Both keep the time as text among the keys and give the event its time. Lines follow each other within a second, so a
 * time that differs from the one before only in its fraction costs no calendar arithmetic.
 */
import { type Fields, type LogEvent, NO_METADATA } from '../data/event.ts';
import { parseJsonObject } from '../data/json.ts';
import { compileTimeFormat, type TimeReader } from '../data/time.ts';
import type { Parser } from '../plugin.ts';
import { JsonParser } from './json.ts';

/** `YYYY-MM-DDTHH:MM:SS.` */
const HEAD_LENGTH = 20;
const MEMORABLE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{1,9}(Z|[+-][0-9]{2}:[0-9]{2})$/;
const SCALE = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1];
const ZERO = 0x30;

/** Reads times of one form, remembering the last second. */
export class TimeMemory {
  readonly #reader: TimeReader;
  #head = '\0';
  #zone = '\0';
  #seconds = 0;
  seconds = 0;
  nanos = 0;

  constructor(reader: TimeReader) {
    this.#reader = reader;
  }

  /** False where the text is no time; otherwise `seconds` and `nanos` are set. */
  read(text: string): boolean {
    if (text.startsWith(this.#head)) {
      let fraction = 0;
      let at = HEAD_LENGTH;
      for (; at < text.length; at++) {
        const digit = text.charCodeAt(at) - ZERO;
        if (digit < 0 || digit > 9) break;
        fraction = fraction * 10 + digit;
      }
      const digits = at - HEAD_LENGTH;
      const zone = this.#zone;
      if (digits > 0 && digits <= 9 && text.length - at === zone.length && text.startsWith(zone, at)) {
        this.seconds = this.#seconds;
        this.nanos = fraction * (SCALE[digits] as number);
        return true;
      }
    }
    return this.#readAnew(text);
  }

  #readAnew(text: string): boolean {
    const reader = this.#reader;
    if (!reader.read(text)) return false;
    this.seconds = reader.seconds;
    this.nanos = reader.nanos;
    const memorable = MEMORABLE.exec(text);
    if (memorable) {
      this.#head = text.slice(0, HEAD_LENGTH);
      this.#zone = memorable[1] as string;
      this.#seconds = reader.seconds;
    }
    return true;
  }
}

const timeMemory = (format: string): TimeMemory =>
  new TimeMemory(compileTimeFormat(format, { offsetSeconds: 0, systemTimezone: false, strict: false }));

/**
 * What `^(?<time>.+?) (?<stream>stdout|stderr) (?<_p>F|P) (?<log>.*)$` is in Ruby's syntax, where ^ and $ fit at every
 * line; for times with blanks in them and for texts of several lines.
 */
const ODD_CRI = /(?<![^\n])([^\n]+?) (stdout|stderr) ([FP]) ([^\n]*)/;

const S = 0x73;
const BLANK = 0x20;
/** `stdout F ` */
const AFTER_TIME = 9;

/** The keys time, stream, _p and log of a CRI line; 0.2 µs for a line of 240 characters (bench/multiline.ts). */
export class CriParser implements Parser {
  readonly name = '_ml_cri';
  readonly #times = timeMemory('%Y-%m-%dT%H:%M:%S.%L%z');

  parse(text: string, seconds: number, nanos: number): LogEvent | undefined {
    const blank = text.indexOf(' ');
    const at = blank + 1;
    const stream = blank > 0 && text.charCodeAt(at) === S ? streamAt(text, at) : undefined;
    if (stream === undefined || text.charCodeAt(at + AFTER_TIME - 1) !== BLANK) return this.#odd(text, seconds, nanos);
    const flag = text[at + AFTER_TIME - 2];
    if ((flag !== 'F' && flag !== 'P') || text.includes('\n')) return this.#odd(text, seconds, nanos);
    return this.#event(text.slice(0, blank), stream, flag, text.slice(at + AFTER_TIME), seconds, nanos);
  }

  #odd(text: string, seconds: number, nanos: number): LogEvent | undefined {
    const match = ODD_CRI.exec(text);
    if (!match) return undefined;
    const [, time, stream, flag, log] = match as unknown as [string, string, string, string, string];
    return this.#event(time, stream, flag, log, seconds, nanos);
  }

  #event(time: string, stream: string, _p: string, log: string, seconds: number, nanos: number): LogEvent {
    const times = this.#times;
    const body: Fields = { time, stream, _p, log };
    if (times.read(time)) return { seconds: times.seconds, nanos: times.nanos, metadata: NO_METADATA, body };
    return { seconds, nanos, metadata: NO_METADATA, body };
  }
}

function streamAt(text: string, at: number): string | undefined {
  if (text.startsWith('stdout ', at)) return 'stdout';
  return text.startsWith('stderr ', at) ? 'stderr' : undefined;
}

/** A line of Docker's json-file log driver, with all its keys. */
export class DockerParser implements Parser {
  readonly name = '_ml_json_docker';
  /** For an object with other text behind it. */
  readonly #odd = new JsonParser(this.name, undefined, undefined);
  readonly #times = timeMemory('%Y-%m-%dT%H:%M:%S.%L');

  parse(text: string, seconds: number, nanos: number): LogEvent | undefined {
    const body = parseJsonObject(text) ?? this.#odd.parse(text, seconds, nanos)?.body;
    if (!body) return undefined;
    const time = body.time;
    const times = this.#times;
    if (typeof time === 'string' && times.read(time))
      return { seconds: times.seconds, nanos: times.nanos, metadata: NO_METADATA, body };
    return { seconds, nanos, metadata: NO_METADATA, body };
  }
}
