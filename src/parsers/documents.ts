/**
 * Cuts JSON documents out of a stream of bytes: objects and lists, over several lines or side by side on one. Pure.
 *
 * What is no document is skipped to the end of its line. A document that never closes would swallow what follows: once
 * more than `limit` bytes wait for its end (or the stream ends), its first line is given up and the search goes on with
 * the next; so it is where a bracket opens that cannot stand there, as in the line after a document that was cut short. Only
 * bytes of brackets and quotes are looked at, so pieces may end within a UTF-8 character.
 */
import { decodeText } from '../data/bytes.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LINE_BREAK = 0x0a;

export class DocumentCutter {
  readonly #limit: number;
  #waiting: Buffer = Buffer.alloc(0);
  /** How far `#waiting` was looked at already, and in what state that left us. */
  #seen = 0;
  #depth = 0;
  #quoted = false;
  /** The last byte of the document that is no blank, outside of quotes. */
  #before = 0;
  /** The line that holds no document has not ended yet. */
  #isSkipping = false;
  /** Lines that held no document, since the last call of `takeSkipped`. */
  #skipped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The texts of all documents that are whole now. `last`: no more bytes will come. */
  push(bytes: Buffer, last = false): string[] {
    this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    const found: string[] = [];
    if (this.#isSkipping) this.#dropLine();
    for (;;) {
      if (!this.#findStart()) return found;
      const end = this.#findEnd();
      if (end < 0) this.#skipLine();
      else if (end > 0) found.push(decodeText(this.#cut(end)));
      else if (last || this.#waiting.length > this.#limit) this.#skipLine();
      else return found;
    }
  }

  /** How many bytes wait for the end of their document. */
  get waiting(): number {
    return this.#waiting.length;
  }

  takeSkipped(): number {
    const skipped = this.#skipped;
    this.#skipped = 0;
    return skipped;
  }

  /** Drops blanks, and lines that begin with anything but a bracket. @returns whether a document begins. */
  #findStart(): boolean {
    if (this.#seen > 0) return true;
    for (;;) {
      let at = 0;
      while (at < this.#waiting.length && isBlank(this.#waiting[at] as number)) at++;
      this.#waiting = this.#waiting.subarray(at);
      const first = this.#waiting[0];
      if (first === undefined) return false;
      if (first === 0x7b || first === 0x5b) return true;
      this.#skipLine();
    }
  }

  /** Where the document ends that begins at 0; 0: it is not whole yet; -1: it is none. */
  #findEnd(): number {
    const bytes = this.#waiting;
    let at = this.#seen;
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.#quoted = !this.#quoted;
        this.#before = byte;
      } else if (this.#quoted) {
        if (byte === BACKSLASH) at++;
      } else if (byte > 0x20) {
        if (byte === 0x7b || byte === 0x5b) {
          if (this.#depth > 0 && !mayOpenAfter(this.#before)) return -1;
          this.#depth++;
        } else if ((byte === 0x7d || byte === 0x5d) && --this.#depth === 0) return at + 1;
        this.#before = byte;
      }
    }
    // An escape at the very end skips a byte that is still to come: `at` may be past the end.
    this.#seen = at;
    return 0;
  }

  #cut(end: number): Buffer {
    const document = this.#waiting.subarray(0, end);
    this.#restart(end);
    return document;
  }

  #skipLine(): void {
    this.#skipped++;
    this.#dropLine();
  }

  /** Drops the bytes to the end of the line; where it has not come yet, what comes of it later is dropped as well. */
  #dropLine(): void {
    const end = this.#waiting.indexOf(LINE_BREAK);
    this.#isSkipping = end < 0;
    this.#restart(end < 0 ? this.#waiting.length : end + 1);
  }

  #restart(from: number): void {
    this.#waiting = this.#waiting.subarray(from);
    this.#seen = 0;
    this.#depth = 0;
    this.#quoted = false;
    this.#before = 0;
  }
}

/** A list or an object stands at the begin of a list, after a comma, or after the colon of a key. */
function mayOpenAfter(byte: number): boolean {
  return byte === 0x5b || byte === 0x2c || byte === 0x3a;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
