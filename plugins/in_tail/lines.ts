/**
 * The hot path: bytes to lines to events. In: a part of the shared buffer that begins where the file's `at` is; out:
 * the events of its whole lines, and how many bytes were processed. The rest, an unfinished line, stays in the file.
 *
 * A buffer of ASCII or valid UTF-8 becomes one string, of which the lines are slices (V8 keeps a slice as a view, so
 * that a line costs no copy). Anything else goes line by line. Rules of Fluent Bit that show here: NUL bytes at the
 * head of what is read are skipped; one \r before the \n goes, but a line of nothing else keeps it, and so does one that
 * the parser refused; a line must be shorter, with its line break, than Buffer_Max_Size.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { type LogEvent, NO_METADATA } from '../../src/data/event.ts';
import type { InputHost, Parser } from '../../src/plugin.ts';
import type { TailFile } from './file.ts';
import type { Settings } from './settings.ts';
import { Shaper } from './shape.ts';
import { cutBeforeCharacter, decodeUtf8 } from './utf8.ts';

const LF = 10;
const CR = 13;

export class LineCutter {
  readonly #settings: Settings;
  readonly #host: InputHost;
  readonly #shaper: Shaper;
  readonly #parser: Parser | undefined;
  /** Nothing but `{log: line}` is asked for. */
  readonly #simple: boolean;
  readonly #needsOffsets: boolean;
  /** The longest line that fits, in bytes, without its line break. */
  readonly #longest: number;
  #seconds = 0;
  #nanos = 0;
  #now = 0;
  #out: LogEvent[] = [];

  constructor(settings: Settings, host: InputHost) {
    this.#settings = settings;
    this.#host = host;
    this.#shaper = new Shaper(settings);
    this.#parser = settings.parser;
    this.#simple = !settings.parser && settings.joining.kind === 'none' && this.#shaper.bare && settings.key === 'log';
    this.#needsOffsets = settings.offsetKey !== undefined || settings.joining.kind !== 'none';
    this.#longest = settings.bufferMaxBytes - 2;
  }

  /** Processes `bytes[from, to)`; `bytes[from]` is the byte at `file.at`. Returns the index of the first byte left. */
  cut(file: TailFile, bytes: Buffer, from: number, to: number, out: LogEvent[]): number {
    this.#begin(out);
    const base = file.at - from;
    let start = file.encoding?.unit === 2 ? from : skipNuls(bytes, from, to);
    if (file.skipping || file.splitting) start = this.#finishLongLine(file, bytes, start, to, base);
    if (file.encoding) return this.#long(file, bytes, this.#byBytes(file, bytes, start, to, base), to, base);
    const end = bytes.lastIndexOf(LF, to - 1) + 1;
    if (end > start) {
      this.#wholeLines(file, bytes, start, end, base);
      start = end;
    }
    return this.#long(file, bytes, start, to, base);
  }

  /** The unfinished last line of a file to which nothing is added any more. */
  last(file: TailFile, bytes: Buffer, from: number, to: number, out: LogEvent[]): void {
    this.#begin(out);
    if (file.skipping || to <= from) return;
    const text = file.encoding ? file.encoding.decode(bytes, from, to) : decodeUtf8(bytes, from, to);
    this.#line(file, text, file.at);
  }

  #begin(out: LogEvent[]): void {
    const now = this.#host.clock.now();
    this.#seconds = Math.floor(now / 1000);
    this.#nanos = Math.min(Math.round((now - this.#seconds * 1000) * 1e6), 999_999_999);
    this.#now = this.#host.clock.monotonic();
    this.#out = out;
  }

  #wholeLines(file: TailFile, bytes: Buffer, start: number, end: number, base: number): void {
    const part = bytes.subarray(start, end);
    if (isAscii(part)) this.#byText(file, bytes.toString('latin1', start, end), base + start, true);
    else if (isUtf8(part)) this.#byText(file, bytes.toString('utf8', start, end), base + start, false);
    else this.#byBytes(file, bytes, start, end, base);
  }

  /** `text` holds whole lines; its first byte is at `offset` of the file. */
  #byText(file: TailFile, text: string, offset: number, ascii: boolean): void {
    const longest = this.#longest;
    const skipEmpty = this.#settings.skipEmptyLines;
    const simple = this.#simple;
    const out = this.#out;
    const seconds = this.#seconds;
    const nanos = this.#nanos;
    const countBytes = this.#needsOffsets && !ascii;
    let at = offset;
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const length = end - start;
      if (skipEmpty && (length === 0 || (length === 1 && text.charCodeAt(start) === CR))) {
        // Left out; its bytes count.
      } else if (length > longest || (!ascii && length * 3 > longest && byteLength(text, start, end) > longest)) {
        this.#tooLong(file, Buffer.from(text.slice(start, end)), at);
      } else if (simple) {
        const stop = length > 1 && text.charCodeAt(end - 1) === CR ? end - 1 : end;
        out.push({ seconds, nanos, metadata: NO_METADATA, body: { log: text.slice(start, stop) } });
      } else this.#line(file, text.slice(start, end), at);
      at += (countBytes ? byteLength(text, start, end) : length) + 1;
      start = end + 1;
    }
  }

  /** Line by line: for other encodings and for bytes that are no UTF-8. Returns where the unfinished line begins. */
  #byBytes(file: TailFile, bytes: Buffer, from: number, to: number, base: number): number {
    const encoding = file.encoding;
    const unit = encoding?.unit ?? 1;
    let start = from;
    // As Fluent Bit: with another encoding, Offset_Key counts the bytes of the UTF-8 text since the last read.
    let converted = base + from;
    for (let end = lineEnd(file, bytes, start, to); end >= 0; end = lineEnd(file, bytes, start, to)) {
      const text = encoding ? encoding.decode(bytes, start, end) : decodeUtf8(bytes, start, end);
      const offset = encoding ? converted : base + start;
      const isEmpty = text === '' || text === '\r';
      if (end - start > this.#longest) this.#tooLong(file, bytes.subarray(start, end), offset);
      else if (!(isEmpty && this.#settings.skipEmptyLines)) this.#line(file, text, offset);
      if (encoding) converted += Buffer.byteLength(text) + 1;
      start = end + unit;
    }
    return start;
  }

  /** One line, that may end with \r. */
  #line(file: TailFile, text: string, at: number): void {
    const offset = at - file.shift;
    const plain = text.length > 1 && text.charCodeAt(text.length - 1) === CR ? text.slice(0, -1) : text;
    if (file.joiner) {
      file.joiner.line(plain, at, this.#seconds, this.#nanos, this.#now, this.#out);
      return;
    }
    if (!this.#parser) {
      this.#out.push(this.#shaper.raw(plain, file.name, offset, this.#seconds, this.#nanos));
      return;
    }
    const event = this.#parser.parse(plain, this.#seconds, this.#nanos);
    if (!event) this.#out.push(this.#shaper.raw(text, file.name, offset, this.#seconds, this.#nanos));
    else this.#out.push(this.#shaper.bare ? event : this.#shaper.after(event, file.name, offset));
  }

  /** A whole line that does not fit. */
  #tooLong(file: TailFile, line: Buffer, at: number): void {
    this.#warn(file);
    const piece = this.#settings.bufferMaxBytes - 1;
    if (this.#settings.longLines === 'skip') {
      file.shift += piece;
      return;
    }
    let start = 0;
    while (start < line.length) {
      const end = line.length - start <= piece ? line.length : this.#pieceEnd(file, line, start);
      this.#line(file, decode(file, line, start, end), at + start);
      start = this.#settings.longLines === 'truncate' ? line.length : end;
    }
  }

  /** What is left after the last line break: where it can be no line that fits, it is dealt with now. */
  #long(file: TailFile, bytes: Buffer, from: number, to: number, base: number): number {
    const piece = this.#settings.bufferMaxBytes - 1;
    let start = from;
    while (to - start >= piece) {
      this.#warn(file);
      const end = this.#pieceEnd(file, bytes, start);
      if (this.#settings.longLines === 'skip') file.shift += piece;
      else this.#line(file, decode(file, bytes, start, end), base + start);
      if (this.#settings.longLines === 'split') {
        file.splitting = true;
        start = end;
      } else {
        file.skipping = true;
        file.longAt = base + start;
        return to;
      }
    }
    return start;
  }

  #pieceEnd(file: TailFile, bytes: Buffer, start: number): number {
    const end = start + this.#settings.bufferMaxBytes - 1;
    if (file.encoding) return end - ((end - start) % file.encoding.unit);
    return cutBeforeCharacter(bytes, start, end);
  }

  /** The beginning of this line was dealt with before: throws its rest away, or gives it out as the last piece. */
  #finishLongLine(file: TailFile, bytes: Buffer, from: number, to: number, base: number): number {
    const end = lineEnd(file, bytes, from, to);
    if (end < 0) return file.skipping ? to : from;
    const isEmpty = end === from || (end - from === 1 && bytes[from] === CR);
    if (file.splitting && !isEmpty) {
      if (end - from > this.#longest) this.#tooLong(file, bytes.subarray(from, end), base + from);
      else this.#line(file, decode(file, bytes, from, end), base + from);
    }
    file.skipping = false;
    file.splitting = false;
    file.longAt = -1;
    return end + (file.encoding?.unit ?? 1);
  }

  #warn(file: TailFile): void {
    const { longLines } = this.#settings;
    this.#host.count(
      `long_lines_${longLines === 'truncate' ? 'truncated' : longLines === 'skip' ? 'skipped' : 'split'}_total`,
    );
    if (file.warnedOfLongLines) return;
    file.warnedOfLongLines = true;
    if (longLines === 'skip') this.#host.log('warn', `file=${file.name} have long lines. Skipping long lines.`);
    else if (longLines === 'truncate')
      this.#host.log('warn', `file=${file.name} have long lines. Truncating long lines.`);
    else
      this.#host.log(
        'warn',
        `file=${file.name} requires a larger buffer size, lines are too long. Splitting them: raise Buffer_Max_Size ` +
          'to keep them whole.',
      );
  }
}

function decode(file: TailFile, bytes: Buffer, start: number, end: number): string {
  return file.encoding ? file.encoding.decode(bytes, start, end) : decodeUtf8(bytes, start, end);
}

function lineEnd(file: TailFile, bytes: Buffer, from: number, to: number): number {
  if (file.encoding) return file.encoding.lineEnd(bytes, from, to);
  const end = bytes.indexOf(LF, from);
  return end < to ? end : -1;
}

function skipNuls(bytes: Buffer, from: number, to: number): number {
  let start = from;
  while (start < to && bytes[start] === 0) start++;
  return start;
}

function byteLength(text: string, start: number, end: number): number {
  return Buffer.byteLength(text.slice(start, end));
}
