/** The `head` input: the first bytes, or the first lines, of a file, again and again: for files such as those in /proc. */
import fs from 'node:fs';
import { decodeText } from '../../src/data/bytes.ts';
import { type Fields, NO_METADATA, setField, timeAt } from '../../src/data/event.ts';
import { defineInput, type Input, type InputHost, type OptionsOf, type OptionTable } from '../../src/plugin.ts';
import { firstLines } from './lines.ts';

const options = {
  file: { type: 'text', required: true, help: 'The file to read.' },
  key: { type: 'text', default: 'head', help: 'The field that gets what was read.' },
  buf_size: { type: 'size', default: '256', min: 2, help: 'The most bytes to read; with split_line, of each line.' },
  lines: { type: 'integer', default: '0', help: 'How many lines to read, however long; 0: by bytes.' },
  split_line: { type: 'boolean', default: 'off', help: 'A field for each line: line0, line1 (10 of them, or lines).' },
  add_path: { type: 'boolean', default: 'off', help: 'Adds the name of the file as the field `path`.' },
  interval_sec: { type: 'integer', default: '1', help: 'Seconds from one look to the next.' },
  interval_nsec: { type: 'integer', default: '0', help: 'Nanoseconds added to interval_sec.' },
} as const satisfies OptionTable;

type Options = OptionsOf<typeof options>;

const LINES = 10;
const LINE_BREAK = 10;
/** What is read of a file for its lines. */
const LINES_BYTES = 1024 * 1024;

export default defineInput({
  name: 'head',
  summary: 'Reads the first bytes or lines of a file, again and again.',
  options,
  create: (given, host) => new Head(given, host),
});

class Head implements Input {
  readonly #given: Options;
  readonly #host: InputHost;
  readonly #tag: string;
  readonly #intervalMs: number;
  #cancel: (() => void) | undefined;
  #isPaused = false;
  /** An error was told, and the file was not read since. */
  #hasFailed = false;

  constructor(given: Options, host: InputHost) {
    this.#given = given;
    this.#host = host;
    this.#tag = host.tag ?? host.name;
    const { interval_sec: seconds, interval_nsec: nanos } = given;
    this.#intervalMs = Math.max(seconds, 0) * 1000 + Math.max(nanos, 0) / 1e6 || 1000;
  }

  start(): void {
    this.#cancel = this.#host.clock.after(this.#intervalMs, () => {
      if (!this.#isPaused) this.#look();
      this.start();
    });
  }

  resume(): void {
    this.#isPaused = false;
  }

  stop(): void {
    this.#cancel?.();
  }

  #look(): void {
    const now = this.#host.clock.now();
    let body: Fields;
    try {
      body = this.#read();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) this.#host.log('error', `cannot read ${this.#given.file}: ${(error as Error).message}`);
      this.#hasFailed = true;
      return;
    }
    const { seconds, nanos } = timeAt(now);
    this.#isPaused = !this.#host.emit(this.#tag, [{ seconds, nanos, metadata: NO_METADATA, body }]);
  }

  #read(): Fields {
    const { file, key, split_line: isSplit, lines, add_path: addPath, buf_size: bytes } = this.#given;
    const body: Fields = {};
    if (isSplit) {
      if (addPath) body.path = file;
      const count = lines > 0 ? lines : LINES;
      const found = firstLines(readBegin(file, LINES_BYTES), count, bytes - 1);
      for (let i = 0; i < count; i++) setField(body, `line${i}`, lineValue(found[i]));
      return body;
    }
    const begin =
      lines > 0 ? Buffer.concat(firstLines(readBegin(file, LINES_BYTES), lines, LINES_BYTES)) : readBegin(file, bytes);
    setField(body, key, decodeText(begin));
    if (addPath) body.path = file;
    return body;
  }
}

/** @throws what fs throws */
function readBegin(file: string, length: number): Buffer {
  const fd = fs.openSync(file, 'r');
  try {
    const bytes = Buffer.allocUnsafe(length);
    let got = 0;
    // Files in /proc give a page at a time.
    for (let more = 1; more > 0 && got < length; got += more) more = fs.readSync(fd, bytes, got, length - got, null);
    return bytes.subarray(0, got);
  } finally {
    fs.closeSync(fd);
  }
}

/** Without its line break; empty where there is no such line. */
function lineValue(line: Buffer | undefined): string {
  if (!line) return '';
  return decodeText(line.at(-1) === LINE_BREAK ? line.subarray(0, -1) : line);
}
