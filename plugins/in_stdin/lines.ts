/** Cuts lines out of a stream of bytes; a line longer than `limit` bytes is dropped. Pure. */
import { decodeText } from '../../src/data/bytes.ts';

export class LineCutter {
  readonly #limit: number;
  #waiting: Buffer = Buffer.alloc(0);
  #tooLong = false;
  #skipped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The whole lines, without their line breaks. `last`: no more bytes will come, the rest is a line too. */
  push(bytes: Buffer, last = false): string[] {
    const all = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    const lines: string[] = [];
    let start = 0;
    for (let end = all.indexOf(10, start); end >= 0; end = all.indexOf(10, start)) {
      this.#take(lines, all.subarray(start, end));
      start = end + 1;
    }
    this.#waiting = all.subarray(start);
    if (last && this.#waiting.length > 0) {
      this.#take(lines, this.#waiting);
      this.#waiting = Buffer.alloc(0);
    } else if (this.#waiting.length > this.#limit) {
      this.#tooLong = true;
      this.#waiting = Buffer.alloc(0);
    }
    return lines;
  }

  takeSkipped(): number {
    const skipped = this.#skipped;
    this.#skipped = 0;
    return skipped;
  }

  #take(lines: string[], line: Buffer): void {
    if (this.#tooLong || line.length > this.#limit) this.#skipped++;
    else lines.push(decodeText(line.at(-1) === 13 ? line.subarray(0, -1) : line));
    this.#tooLong = false;
  }
}
