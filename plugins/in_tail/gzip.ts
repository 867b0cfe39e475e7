/**
 * Reads a .gz file: its members one after the other, also such as are appended later. In: the packed bytes of the
 * file; out: unpacked bytes, of which the reader cuts lines. zlib works on another thread, so that a turn may find
 * nothing yet: `waiting` is true then, and `wake` is called when there is something.
 *
 *     raw      | header | deflate ........ | trailer | header | deflate ...
 *              ^ memberAt of the first               ^ of the second: where a restart can begin to unpack
 *     stream   0 ..........................N ................. (the offsets of lines)
 *
 * A restart begins at a member and drops the unpacked bytes that are done (`unpacked` of a Position). Fluent Bit keeps
 * only the raw offset, from which it cannot go on within a member. Formats: RFC 1952 and 1951.
 */
import fs from 'node:fs';
import zlib from 'node:zlib';
import { readPosition } from './commits.ts';
import type { TailFile } from './file.ts';
import { HEAD, type Position } from './offsets.ts';

const READ_BYTES = 64 * 1024;
const TRAILER_BYTES = 8;
const NONE: Buffer = Buffer.alloc(0);

interface Member {
  readonly position: Position;
  /** The offset in the unpacked stream at which it begins. */
  readonly streamAt: number;
}

export class GzipSource {
  /** It is no gzip, or broken: nothing more comes. */
  failed = false;
  /** zlib is at work; `wake` follows. */
  waiting = false;
  /** A member came to its end: a restart may begin later than before. Whoever sees it takes it back. */
  moved = false;
  readonly #wake: () => void;
  #members: Member[] = [];
  /** The next raw byte to read. */
  #rawAt = 0;
  /** Raw bytes read that belong to a header or trailer. */
  #head: Buffer = NONE;
  #trailerLeft = 0;
  #inflate: zlib.InflateRaw | undefined;
  #bodyAt = 0;
  #isBodyRead = false;
  /** zlib has raw bytes that it did not finish: it gets no more before that. */
  #isPushing = false;
  /** How much was unpacked, in the offsets of the stream. */
  #streamAt = 0;
  /** Unpacked bytes at the beginning that were done before the restart. */
  #toDrop = 0;
  /** The position came from Fluent Bit: it may be within a member. */
  #isUnsure = false;
  #rest: Buffer = NONE;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  begin(file: TailFile, position: Position): void {
    this.#members = [{ position: { ...position, unpacked: 0 }, streamAt: 0 }];
    this.#rawAt = position.offset;
    this.#toDrop = Math.max(position.unpacked, 0);
    this.#isUnsure = position.unpacked < 0 && position.offset > 0;
    this.#streamAt = 0;
    this.#head = NONE;
    this.#rest = NONE;
    this.#trailerLeft = 0;
    this.#inflate?.destroy();
    this.#inflate = undefined;
    file.rewind();
    file.at = this.#toDrop;
  }

  /** The next unpacked bytes, after what `keep` got; sets `file.atEnd`. The first of them is at `file.at`. */
  take(file: TailFile): Buffer {
    file.atEnd = false;
    const unpacked = this.#inflate ? this.#read() : NONE;
    if (unpacked.length > 0) return this.#rest.length > 0 ? Buffer.concat([this.#rest, unpacked]) : unpacked;
    if (!this.#isPushing && !this.failed) this.#feed(file);
    this.waiting = this.#isPushing && !this.failed;
    if (this.failed) file.atEnd = true;
    return NONE;
  }

  /** The beginning of a line, to be given again with what follows. */
  keep(rest: Buffer): void {
    this.#rest = rest.length > 0 ? Buffer.from(rest) : NONE;
  }

  /** From where a restart gets at the stream's `offset`. */
  position(offset: number): Position {
    while ((this.#members[1]?.streamAt ?? Number.POSITIVE_INFINITY) <= offset) this.#members.shift();
    const member = this.#members[0];
    if (!member) return HEAD;
    return { ...member.position, unpacked: offset - member.streamAt };
  }

  close(): void {
    this.#inflate?.destroy();
    this.#inflate = undefined;
  }

  /** What zlib has ready. */
  #read(): Buffer {
    const bytes = (this.#inflate?.read() ?? NONE) as Buffer;
    this.#streamAt += bytes.length;
    if (this.#toDrop === 0) return bytes;
    const dropped = Math.min(this.#toDrop, bytes.length);
    this.#toDrop -= dropped;
    return bytes.subarray(dropped);
  }

  /** Gives zlib the next raw bytes, or reads on in a header or a trailer. */
  #feed(file: TailFile): void {
    if (this.#inflate && this.#isBodyRead) this.#endMember(file);
    const raw = this.#readRaw(file);
    if (raw.length === 0) {
      this.#ended(file);
      return;
    }
    if (this.#inflate) this.#push(raw);
    else this.#between(file, raw);
  }

  #readRaw(file: TailFile): Buffer {
    const raw = Buffer.allocUnsafe(READ_BYTES);
    const length = fs.readSync(file.fd, raw, 0, READ_BYTES, this.#rawAt);
    this.#rawAt += length;
    return raw.subarray(0, length);
  }

  #ended(file: TailFile): void {
    const { size } = fs.fstatSync(file.fd);
    file.atEnd = true;
    file.seenSize = size;
    if (size >= this.#rawAt) return;
    this.begin(file, HEAD);
    file.progress.generation++;
    file.atEnd = false;
  }

  /** Between two members: the rest of a trailer, then a header. */
  #between(file: TailFile, raw: Buffer): void {
    const skipped = Math.min(this.#trailerLeft, raw.length);
    this.#trailerLeft -= skipped;
    this.#head = Buffer.concat([this.#head, raw.subarray(skipped)]);
    if (this.#head.length === 0) return;
    if (this.#trailerLeft === 0 && skipped > 0) this.#beginMember(file);
    const length = headerLength(this.#head);
    if (length === 'more') return;
    if (length === 'none') {
      this.#notGzip(file);
      return;
    }
    const body = this.#head.subarray(length);
    this.#bodyAt = this.#rawAt - body.length;
    this.#head = NONE;
    this.#isUnsure = false;
    this.#start();
    if (body.length > 0) this.#push(body);
  }

  #beginMember(file: TailFile): void {
    const offset = this.#rawAt - this.#head.length;
    const position = readPosition(file.fd, offset) ?? HEAD;
    this.#members.push({ position: { ...position, unpacked: 0 }, streamAt: this.#streamAt });
    this.moved = true;
  }

  #start(): void {
    const inflate = zlib.createInflateRaw({ chunkSize: READ_BYTES });
    const ready = (): void => this.#ready();
    inflate.on('readable', ready);
    inflate.on('end', () => {
      this.#isBodyRead = true;
      ready();
    });
    inflate.on('error', () => {
      this.failed = true;
      this.#isPushing = false;
      ready();
    });
    this.#isBodyRead = false;
    this.#inflate = inflate;
  }

  #push(raw: Buffer): void {
    this.#isPushing = true;
    this.#inflate?.write(raw, () => {
      this.#isPushing = false;
      this.#ready();
    });
  }

  #ready(): void {
    this.waiting = false;
    this.#wake();
  }

  /** zlib saw the end of the deflate stream: the trailer follows right behind it. */
  #endMember(file: TailFile): void {
    const end = this.#bodyAt + (this.#inflate?.bytesWritten ?? 0);
    this.#inflate?.destroy();
    this.#inflate = undefined;
    this.#rawAt = end + TRAILER_BYTES;
    this.#trailerLeft = 0;
    this.#head = NONE;
    const { size } = fs.fstatSync(file.fd);
    if (size < this.#rawAt) {
      this.#trailerLeft = this.#rawAt - size;
      this.#rawAt = size;
    } else this.#beginMember(file);
  }

  #notGzip(file: TailFile): void {
    if (this.#isUnsure) this.begin(file, HEAD);
    else this.failed = true;
  }
}

/** The bytes of a member's header; `more` where it is not all there, `none` where it is no gzip header. */
function headerLength(head: Buffer): number | 'more' | 'none' {
  const magic = [0x1f, 0x8b, 8];
  for (let i = 0; i < Math.min(3, head.length); i++) if (head[i] !== magic[i]) return 'none';
  if (head.length < 10) return 'more';
  const flags = head[3] ?? 0;
  let at = 10;
  if (flags & 4) {
    if (head.length < at + 2) return 'more';
    at += 2 + head.readUInt16LE(at);
  }
  for (const flag of [8, 16]) {
    if (!(flags & flag)) continue;
    const end = head.indexOf(0, at);
    if (end < 0) return 'more';
    at = end + 1;
  }
  if (flags & 2) at += 2;
  return head.length < at ? 'more' : at;
}
