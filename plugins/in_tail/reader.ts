/**
 * One turn of one file: reads at most one buffer, hands its whole lines over, and says whether there may be more. All
 * files share one buffer: a turn begins at the file's first unprocessed byte, and what is left at its end is read again
 * with the next one. The 32 bytes before that are read along and compared: where they changed, or are no longer there,
 * the file was truncated or written anew, and is read from its head.
 */
import fs from 'node:fs';
import type { LogEvent } from '../../src/data/event.ts';
import type { InputHost } from '../../src/plugin.ts';
import type { Commits } from './commits.ts';
import type { Descriptors } from './descriptors.ts';
import { detectEncoding } from './encoding.ts';
import { MARK_BYTES, type TailFile } from './file.ts';
import { LineCutter } from './lines.ts';
import type { Settings } from './settings.ts';

/** An unfinished line longer than this is not read again before its line break is there. */
const PROBE_BYTES = 64 * 1024;

export interface Turn {
  /** False where the output side has no room: nothing more is to be read. */
  readonly hasRoom: boolean;
  readonly bytes: number;
}

const NOTHING: Turn = { hasRoom: true, bytes: 0 };

export class Reader {
  readonly #settings: Settings;
  readonly #host: InputHost;
  readonly #commits: Commits;
  readonly #descriptors: Descriptors;
  readonly #cutter: LineCutter;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(settings: Settings, host: InputHost, commits: Commits, descriptors: Descriptors) {
    this.#settings = settings;
    this.#host = host;
    this.#commits = commits;
    this.#descriptors = descriptors;
    this.#cutter = new LineCutter(settings, host);
  }

  /** Sets `file.atEnd`. Errors are logged once a file; it is tried again when somebody asks for it. */
  turn(file: TailFile): Turn {
    try {
      if (!this.#descriptors.use(file)) return this.#lost(file);
      const turn = file.gzip ? this.#gzipTurn(file) : this.#plainTurn(file);
      file.failed = false;
      return turn;
    } catch (error) {
      this.#fail(file, error as NodeJS.ErrnoException);
      return NOTHING;
    }
  }

  /** The last line of a file to which nothing is added any more, though it has no line break; and what is held back. */
  finish(file: TailFile): void {
    const events: LogEvent[] = [];
    const rest = file.scanned - file.at;
    if (rest > 0 && file.fd >= 0 && !file.gzip) {
      const bytes = this.#reserve(rest);
      const length = fs.readSync(file.fd, bytes, 0, rest, file.at);
      this.#cutter.last(file, bytes, 0, length, events);
      file.at += length;
      file.markLength = 0;
    }
    file.joiner?.flush(Number.POSITIVE_INFINITY, events);
    if (events.length > 0) this.#commits.emit(file, events);
  }

  #plainTurn(file: TailFile): Turn {
    const backlog = Math.max(file.scanned - file.at, 0);
    if (backlog > PROBE_BYTES && !this.#hasLineBreak(file)) return NOTHING;
    if (!file.encodingKnown) this.#lookAtHead(file);
    const { markLength } = file;
    const wanted = markLength + backlog + this.#settings.readBytes;
    const buffer = this.#reserve(wanted);
    const length = fs.readSync(file.fd, buffer, 0, wanted, file.at - markLength);
    if (length < markLength || !isSame(file.mark, buffer, markLength)) return this.#rewind(file);
    file.atEnd = length < wanted;
    file.seenSize = file.at - markLength + length;
    if (length === markLength) return NOTHING;
    return this.#process(file, buffer.subarray(0, length), markLength, length);
  }

  #process(file: TailFile, bytes: Buffer, from: number, to: number): Turn {
    const events: LogEvent[] = [];
    const before = file.scanned;
    const end = this.#cutter.cut(file, bytes, from, to, events);
    file.at += end - from;
    file.scanned = file.at + (to - end);
    if (end > from) file.keepMark(bytes, end);
    if (file.scanned > before) file.lastDataAt = this.#host.clock.monotonic();
    const read = to - from;
    if (events.length > 0) return { hasRoom: this.#commits.emit(file, events), bytes: read };
    if (end > from) this.#commits.passed(file);
    return { hasRoom: true, bytes: read };
  }

  /** Looks for a line break in what was added after `scanned`. */
  #hasLineBreak(file: TailFile): boolean {
    const { readBytes, bufferMaxBytes } = this.#settings;
    const buffer = this.#reserve(readBytes);
    const length = fs.readSync(file.fd, buffer, 0, readBytes, file.scanned);
    file.atEnd = length < readBytes;
    // At its end the file may also have become shorter: the whole turn finds out.
    if (length === 0 || buffer.subarray(0, length).includes(10)) return true;
    file.scanned += length;
    file.seenSize = file.scanned;
    file.lastDataAt = this.#host.clock.monotonic();
    return file.scanned - file.at >= bufferMaxBytes;
  }

  #lookAtHead(file: TailFile): void {
    file.encodingKnown = true;
    if (this.#settings.encoding === undefined) return;
    const head = Buffer.alloc(3);
    const length = fs.readSync(file.fd, head, 0, 3, 0);
    const { encoding, mark } = detectEncoding(this.#settings.encoding, head.subarray(0, length));
    file.encoding = encoding;
    if (file.at === 0) file.at = mark;
    // A mark may still be on its way; the head of an empty file says nothing.
    file.encodingKnown = length >= 2;
  }

  #rewind(file: TailFile): Turn {
    this.#host.log('debug', `inode=${file.inode} file truncated ${file.name}`);
    this.#host.count('files_truncated_total');
    const events: LogEvent[] = [];
    file.joiner?.flush(Number.POSITIVE_INFINITY, events);
    const hasRoom = events.length === 0 || this.#commits.emit(file, events);
    file.rewind();
    this.#commits.rewound(file);
    file.atEnd = false;
    file.lastDataAt = this.#host.clock.monotonic();
    return { hasRoom, bytes: 1 };
  }

  #gzipTurn(file: TailFile): Turn {
    const source = file.gzip;
    if (!source) return NOTHING;
    const bytes = source.take(file);
    if (source.failed && !file.abandoned) {
      file.abandoned = true;
      this.#host.log('error', `decompression failed for ${file.name}.`);
    }
    if (bytes.length === 0) {
      if (source.moved) this.#commits.passed(file);
      source.moved = false;
      return NOTHING;
    }
    const events: LogEvent[] = [];
    const end = this.#cutter.cut(file, bytes, 0, bytes.length, events);
    file.at += end;
    source.keep(bytes.subarray(end));
    file.lastDataAt = this.#host.clock.monotonic();
    if (events.length > 0) return { hasRoom: this.#commits.emit(file, events), bytes: bytes.length };
    if (end > 0) this.#commits.passed(file);
    return { hasRoom: true, bytes: bytes.length };
  }

  #lost(file: TailFile): Turn {
    file.atEnd = true;
    file.path = undefined;
    return NOTHING;
  }

  #fail(file: TailFile, error: NodeJS.ErrnoException): void {
    file.atEnd = true;
    if (file.failed) return;
    file.failed = true;
    const what = file.fd < 0 ? `cannot open ${file.name}` : `error reading ${file.name}`;
    this.#host.log('error', `${what}: ${error.code ?? error.message}; it will be tried again`);
    if (error.code === 'EIO' || error.code === 'ESTALE') this.#descriptors.close(file);
  }

  #reserve(bytes: number): Buffer {
    const needed = Math.max(bytes, this.#settings.readBytes + MARK_BYTES);
    if (this.#buffer.length < needed) this.#buffer = Buffer.allocUnsafeSlow(needed);
    return this.#buffer;
  }
}

function isSame(mark: Buffer, bytes: Buffer, length: number): boolean {
  for (let i = 0; i < length; i++) if (mark[i] !== bytes[i]) return false;
  return true;
}
