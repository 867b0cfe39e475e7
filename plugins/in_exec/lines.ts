/**
 * Cuts the output of a command into lines of at most `limit` bytes, the line break counted, as C's fgets does: a longer
 * one comes in pieces, and where a line fills a piece exactly, its line break stands alone and gives an empty line.
 */
import { decodeText } from '../../src/data/bytes.ts';

const LINE_BREAK = 10;

export class LineSplitter {
  readonly #limit: number;
  /** The start of a line whose end has not come yet; fewer than `#limit` bytes in all. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  /** `limit`: at least 1. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The lines and pieces that are whole now, without line breaks. */
  push(bytes: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    let lineBreak = bytes.indexOf(LINE_BREAK);
    for (;;) {
      const room = this.#limit - this.#waitingBytes;
      if (lineBreak >= 0 && lineBreak - start < room) {
        lines.push(this.#take(bytes.subarray(start, lineBreak)));
        start = lineBreak + 1;
        lineBreak = bytes.indexOf(LINE_BREAK, start);
      } else if (bytes.length - start >= room) {
        lines.push(this.#take(bytes.subarray(start, start + room)));
        start += room;
      } else break;
    }
    if (start < bytes.length) this.#waiting.push(bytes.subarray(start));
    this.#waitingBytes += bytes.length - start;
    return lines;
  }

  /** The last line where no line break ended it. */
  end(): string[] {
    return this.#waitingBytes === 0 ? [] : [this.#take(Buffer.alloc(0))];
  }

  #take(end: Buffer): string {
    if (this.#waitingBytes === 0) return decodeText(end);
    const text = decodeText(Buffer.concat([...this.#waiting, end]));
    this.#waiting = [];
    this.#waitingBytes = 0;
    return text;
  }
}
