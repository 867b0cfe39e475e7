/**
 * Bytes of a log with timestamps to lines: `2026-01-02T03:04:05.678901234Z text`, as the API server sends them.
 *
 * In: pieces cut anywhere. Out, through `LineTaker`: whole lines, as a part of a longer text, and of a line longer than
 * `limitBytes` its pieces as they come, so that memory stays bounded. Text that is no UTF-8 keeps its bytes. A line
 * without a timestamp is a kubelet's own word (an error that came too late for a status) and given out apart.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { decodeText } from '../../src/data/bytes.ts';
import { StampReader } from './stamp.ts';

export interface LineTaker {
  /** The line is `text` from `start` to `end`. */
  line(seconds: number, nanos: number, text: string, start: number, end: number): void;
  /** A part of a long line. `offset`: how many of its bytes came before. */
  piece(seconds: number, nanos: number, bytes: Buffer, offset: number, isLast: boolean): void;
  /** A line without a timestamp. */
  stray(text: string): void;
}

const LF = 10;
const NOTHING = Buffer.alloc(0);
/** The longest timestamp, with the blank after it: `2026-01-02T03:04:05.678901234+01:00 `. */
const STAMP_BYTES = 36;

/** One for all: it remembers a text, and with it all that was read together with that. */
const STAMP = new StampReader();

export class LineReader {
  readonly #taker: LineTaker;
  readonly #limitBytes: number;
  readonly #stamp = STAMP;
  /** The beginning of a line whose end has not come. */
  #carry: Buffer[] = [];
  #carryBytes = 0;
  /** A long line is under way: this many of its bytes were given out. */
  #longBytes = -1;
  #longSeconds = 0;
  #longNanos = 0;

  constructor(taker: LineTaker, limitBytes: number) {
    this.#taker = taker;
    this.#limitBytes = limitBytes;
  }

  push(bytes: Buffer): void {
    let start = 0;
    if (this.#carryBytes > 0 || this.#longBytes >= 0) {
      const end = bytes.indexOf(LF);
      this.#append(end < 0 ? bytes : bytes.subarray(0, end), end >= 0);
      if (end < 0) return;
      start = end + 1;
    }
    const last = bytes.lastIndexOf(LF);
    if (last >= start) {
      this.#wholeLines(bytes.subarray(start, last + 1));
      start = last + 1;
    }
    if (start < bytes.length) this.#append(bytes.subarray(start), false);
  }

  /** The log is over: what is left is a line, too. */
  end(): void {
    if (this.#carryBytes > 0 || this.#longBytes >= 0) this.#append(NOTHING, true);
  }

  /** Reading begins anew somewhere: what is left is forgotten. */
  reset(): void {
    this.#carry = [];
    this.#carryBytes = 0;
    this.#longBytes = -1;
  }

  get heldBytes(): number {
    return this.#carryBytes;
  }

  #append(bytes: Buffer, isEnd: boolean): void {
    if (bytes.length > 0) {
      // A copy: a slice would keep all that was read with it.
      this.#carry.push(isEnd ? bytes : Buffer.from(bytes));
      this.#carryBytes += bytes.length;
    }
    const isLong = this.#longBytes >= 0 || this.#carryBytes > this.#limitBytes + STAMP_BYTES;
    if (!isEnd && !isLong) return;
    const all = this.#carry.length === 1 ? (this.#carry[0] as Buffer) : Buffer.concat(this.#carry);
    this.#carry = [];
    this.#carryBytes = 0;
    if (isLong) this.#long(all, isEnd);
    else this.#line(all);
  }

  /** `bytes` ends with a line break. */
  #wholeLines(bytes: Buffer): void {
    if (isAscii(bytes)) this.#lines(bytes.toString('latin1'), true);
    else if (isUtf8(bytes)) this.#lines(bytes.toString('utf8'), false);
    else
      for (let start = 0, end = bytes.indexOf(LF); end >= 0; start = end + 1, end = bytes.indexOf(LF, start))
        this.#line(bytes.subarray(start, end));
  }

  #lines(text: string, ascii: boolean): void {
    const limit = this.#limitBytes;
    const stamp = this.#stamp;
    for (let start = 0, end = text.indexOf('\n'); end >= 0; start = end + 1, end = text.indexOf('\n', start)) {
      const content = stamp.read(text, start, end);
      const length = end - content;
      if (content < 0) {
        if (end > start) this.#taker.stray(text.slice(start, end));
      } else if (
        length > limit ||
        (!ascii && length * 3 > limit && Buffer.byteLength(text.slice(content, end)) > limit)
      )
        this.#long(Buffer.from(text.slice(start, end)), true);
      else this.#taker.line(stamp.seconds, stamp.nanos, text, content, end);
    }
  }

  #line(bytes: Buffer): void {
    const text = decodeText(bytes);
    const content = this.#stamp.read(text, 0, text.length);
    if (content >= 0 && bytes.length - content > this.#limitBytes) this.#long(bytes, true);
    else if (content >= 0) this.#taker.line(this.#stamp.seconds, this.#stamp.nanos, text, content, text.length);
    else if (text !== '') this.#taker.stray(text);
  }

  /** The next bytes of a long line, from its timestamp on where it begins. */
  #long(bytes: Buffer, isEnd: boolean): void {
    let at = 0;
    if (this.#longBytes < 0) {
      const head = bytes.toString('latin1', 0, STAMP_BYTES);
      at = this.#stamp.read(head, 0, head.length);
      // Without a timestamp it is the end of something; it is given out with the last time that was seen.
      if (at < 0) at = 0;
      this.#longSeconds = this.#stamp.seconds;
      this.#longNanos = this.#stamp.nanos;
      this.#longBytes = 0;
    }
    while (bytes.length - at > this.#limitBytes) {
      const end = cutBeforeCharacter(bytes, at, at + this.#limitBytes);
      this.#piece(bytes.subarray(at, end), false);
      at = end;
    }
    const rest = bytes.subarray(at);
    if (isEnd) {
      this.#piece(rest, true);
      this.#longBytes = -1;
    } else if (rest.length > 0) {
      this.#carry = [Buffer.from(rest)];
      this.#carryBytes = rest.length;
    }
  }

  #piece(bytes: Buffer, isLast: boolean): void {
    this.#taker.piece(this.#longSeconds, this.#longNanos, bytes, this.#longBytes, isLast);
    this.#longBytes += bytes.length;
  }
}

/** The largest cut, at most `end`, that divides no character. */
function cutBeforeCharacter(bytes: Buffer, start: number, end: number): number {
  for (let cut = end; cut > end - 4 && cut > start; cut--) if (((bytes[cut] as number) & 0xc0) !== 0x80) return cut;
  return end;
}
