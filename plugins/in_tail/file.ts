/**
 * One file that is followed: who it is, where its reading stands, and what is still to be settled.
 *
 *     0 ........... settled ........ safe ...... at ......... scanned ...... seenSize
 *                   in the database  | pending   | no line     |
 *                   (progress)       | group     | break here  end of the last read
 *
 * `at` is the first byte that is not processed: always the beginning of a line (or of the rest of a line that is too
 * long). What lies behind it is read again with the next turn, so that no file keeps bytes in memory. `safe` is how far
 * a restart may skip once everything emitted is settled: `at`, or earlier where lines wait in an unfinished group.
 *
 * A file is its device and inode; its name may change. `live`: its name leads to it. `gone`: renamed or deleted; it is
 * read to its end and followed for Rotate_Wait.
 */
import type { Encoding } from './encoding.ts';
import type { GzipSource } from './gzip.ts';
import type { Joiner } from './joiner.ts';
import type { Position } from './offsets.ts';

/** The bytes before `at` by which a file written anew is known; as many as Fluent Bit's marker takes. */
export const MARK_BYTES = 32;

/** What of a stat says which file it is. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly birthtimeNs: bigint;
}

export class TailFile {
  /** As it matched Path: what Path_Key and the tag show, also after a rotation. */
  readonly name: string;
  readonly device: bigint;
  readonly inode: bigint;
  /** When it was made, in nanoseconds; tells an inode from one that got its number later. */
  readonly born: bigint;
  readonly key: string;
  readonly tag: string;
  /** Where it is now; undefined once it was deleted. */
  path: string | undefined;
  /** The target where `name` is a symbolic link. */
  realPath: string | undefined;
  /** -1: not open at the moment. */
  fd = -1;

  at = 0;
  readonly mark: Buffer = Buffer.alloc(MARK_BYTES);
  markLength = 0;
  scanned = 0;
  seenSize = 0;

  gone = false;
  /** Monotonic milliseconds of the last sign of life, from which Rotate_Wait counts. */
  lastDataAt = 0;
  /** The file that had this name before; its end is read before this one's head. */
  before: TailFile | undefined;

  /** In the queue of files to read. */
  queued = false;
  /** The last read came to the end. */
  atEnd = false;
  /** It came to its end at least once. */
  wasRead = false;
  /** Never to be read again (a .gz that is none). */
  abandoned = false;
  failed = false;
  warnedOfLongLines = false;

  /** The rest of a line is thrown away; it began at `longAt`. */
  skipping = false;
  longAt = -1;
  /** The beginning of this line was emitted already. */
  splitting = false;
  /** How much less than the offset Offset_Key shows (as Fluent Bit: tail/skip-long-lines). */
  shift = 0;

  joiner: Joiner | undefined;
  /** Lines from here on are held back by the joiner of the file that came after this one. */
  heldAt = Number.POSITIVE_INFINITY;
  /** The files whose last lines this file's joiner took over and has not emitted. */
  readonly carried: TailFile[] = [];
  /** undefined: UTF-8. Known once the head was looked at. */
  encoding: Encoding | undefined;
  encodingKnown = false;
  gzip: GzipSource | undefined;

  readonly progress = new Progress();

  constructor(name: string, stat: FileIdentity, tag: string) {
    this.name = name;
    this.path = name;
    this.device = stat.dev;
    this.inode = stat.ino;
    this.born = stat.birthtimeNs;
    this.key = fileKey(stat.dev, stat.ino);
    this.tag = tag;
  }

  /** From which offset on a restart must read, once all that was emitted is settled. */
  get safeOffset(): number {
    const from = Math.min(this.at, this.heldAt, this.longAt >= 0 ? this.longAt : this.at);
    return this.joiner ? Math.max(Math.min(from, this.joiner.pendingAt), 0) : from;
  }

  /** Remembers the bytes before `at`, which is `index` in `bytes`. */
  keepMark(bytes: Buffer, index: number): void {
    const length = Math.min(MARK_BYTES, index, this.at);
    bytes.copy(this.mark, 0, index - length, index);
    this.markLength = length;
  }

  /** Back to the head: the file was written anew. */
  rewind(): void {
    this.at = 0;
    this.markLength = 0;
    this.scanned = 0;
    this.seenSize = 0;
    this.skipping = false;
    this.splitting = false;
    this.longAt = -1;
    this.shift = 0;
    this.encodingKnown = false;
  }
}

/** What of a file is settled, and which row of the database says so. */
export class Progress {
  rowId = 0;
  /** Emissions that are not settled yet. */
  open = 0;
  /** Counts rewinds: what was emitted before one says nothing about the file as it is now. */
  generation = 0;
  /** Something was lost: nothing after it may be committed. */
  frozen = false;
  /** The row goes as soon as all is settled. */
  finished = false;
  /** What a restart may go on from when `open` is 0. */
  safe: Position | undefined;
  /** Settled, and not yet written. */
  next: Position | undefined;
}

export function fileKey(device: bigint, inode: bigint): string {
  return `${device}:${inode}`;
}
