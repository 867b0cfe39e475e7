/**
 * Between the reader and the database: what is emitted, and which offsets may be written down because everything
 * before them is settled (delivered, or durable on disk).
 *
 * Always: an offset that is written is at most `safeOffset` as it was when the last settled events were emitted; a
 * restart reads what was not settled again. After a graceful stop the last settles come after `stop`: the database
 * stays open until they did. Without a database events are emitted without a settle and nothing is kept.
 */
import fs from 'node:fs';
import type { LogEvent } from '../../src/data/event.ts';
import type { InputHost, Settle } from '../../src/plugin.ts';
import { MARK_BYTES, type TailFile } from './file.ts';
import { HEAD, type OffsetDatabase, type Position, type Update } from './offsets.ts';
import { xxh3 } from './xxh3.ts';

/** In the long run writes come at most this often. */
const WRITE_EVERY_MS = 5;
/** After a quiet time so many come at once: what a tick delivers, file by file, is written before anybody can look. */
const WRITES_IN_A_ROW = 20;
const WRITE_AT_ONCE = 1000;
const RETRY_WRITE_MS = 1000;

export class Commits {
  readonly #host: InputHost;
  readonly #database: OffsetDatabase | undefined;
  readonly #dirty = new Set<TailFile>();
  readonly #removed = new Set<number>();
  #open = 0;
  #scheduled = false;
  /** How many writes may come at once, as it was at `#creditAt`. */
  #credit = WRITES_IN_A_ROW;
  #creditAt = 0;
  #stopped = false;
  #failed = false;

  constructor(host: InputHost, database: OffsetDatabase | undefined) {
    this.#host = host;
    this.#database = database;
  }

  /** @returns false where the input should wait. */
  emit(file: TailFile, events: LogEvent[]): boolean {
    const { progress } = file;
    if (!this.#database) return this.#host.emit(file.tag, events);
    const position = this.#keepSafe(file);
    const { generation } = progress;
    progress.open++;
    this.#open++;
    const release = this.#release(file);
    const settle: Settle = (outcome) => {
      this.#open--;
      this.#settled(file, generation, position, outcome);
      release?.(outcome);
      if (this.#stopped && this.#open === 0) this.#finish();
    };
    return this.#host.emit(file.tag, events, settle);
  }

  /** Bytes were processed that gave no events: they count as soon as all before them is settled. */
  passed(file: TailFile): void {
    if (!this.#database) return;
    const position = this.#keepSafe(file);
    if (file.progress.open === 0 && !file.progress.frozen) this.#commit(file, position);
  }

  /** A file was found: its row is written, too, where nothing is read yet. */
  found(file: TailFile, position: Position): void {
    file.progress.safe = position;
    if (this.#database) this.#commit(file, position);
  }

  /** The file was written anew: a restart reads it from its head. */
  rewound(file: TailFile): void {
    file.progress.generation++;
    file.progress.safe = HEAD;
    if (this.#database) this.#commit(file, HEAD);
  }

  /** The lines that `old` holds back will be emitted by `file`: until then they count as not settled. */
  carried(old: TailFile, file: TailFile): void {
    if (!this.#database) return;
    old.heldAt = Math.min(old.heldAt, old.safeOffset);
    old.progress.open++;
    this.#open++;
    file.carried.push(old);
  }

  /** The file moved. */
  renamed(file: TailFile, path: string): void {
    if (this.#database && file.progress.rowId === 0) this.#writeAll();
    const { rowId } = file.progress;
    if (rowId !== 0) this.#try(() => this.#database?.rotate(rowId, path, file.name));
  }

  /** The file that came after this one is followed, and will be found again after a restart. */
  succeeded(file: TailFile): void {
    if (!this.#database) return;
    this.#writeAll();
    this.#try(() => this.#database?.succeed(file.progress.rowId));
  }

  /** The file is not followed any more; its row goes when all of it is settled. */
  finished(file: TailFile): void {
    file.progress.finished = true;
    if (file.progress.open === 0) this.#remove(file);
  }

  /** Writes what is settled, so much at once as does not hold the program up. */
  write(): void {
    this.#scheduled = false;
    const files = [...this.#dirty].slice(0, WRITE_AT_ONCE);
    if (files.length === 0 && this.#removed.size === 0) return;
    this.#credit = Math.max(this.#credit - 1, 0);
    const updates = files.map((file) => toUpdate(file));
    const isWritten = this.#try(() => {
      this.#database?.write(updates);
      if (this.#removed.size > 0) this.#database?.delete(this.#removed);
    });
    if (!isWritten) {
      this.#schedule(RETRY_WRITE_MS);
      return;
    }
    files.forEach((file, i) => {
      file.progress.rowId = updates[i]?.rowId ?? 0;
      this.#dirty.delete(file);
    });
    this.#removed.clear();
    if (this.#dirty.size > 0) this.#schedule(WRITE_EVERY_MS);
  }

  #writeAll(): void {
    for (let left = this.#dirty.size + 1; left > 0 && !this.#isClean(); left -= WRITE_AT_ONCE) this.write();
  }

  #isClean(): boolean {
    return this.#dirty.size === 0 && this.#removed.size === 0;
  }

  /** Nothing is emitted any more. */
  stop(): void {
    this.#stopped = true;
    if (this.#open === 0) this.#finish();
    else this.#writeAll();
  }

  /** The program ends without a stop: what is settled until now is kept. */
  abort(): void {
    this.#stopped = true;
    this.#finish();
  }

  #finish(): void {
    this.#writeAll();
    this.#try(() => this.#database?.close());
  }

  #settled(file: TailFile, generation: number, position: Position, outcome: 'safe' | 'lost'): void {
    const { progress } = file;
    progress.open--;
    if (outcome === 'lost') progress.frozen = true;
    if (progress.frozen) return;
    if (generation === progress.generation) {
      this.#commit(file, progress.open === 0 ? (progress.safe ?? position) : position);
    }
    if (progress.finished && progress.open === 0) this.#remove(file);
  }

  /** Where `file` has now emitted what older files held back: what to do when that is settled. */
  #release(file: TailFile): Settle | undefined {
    if (file.carried.length === 0 || (file.joiner && file.joiner.pendingAt < 0)) return undefined;
    const released = file.carried.splice(0).map((old) => {
      old.heldAt = Number.POSITIVE_INFINITY;
      return { old, generation: old.progress.generation, position: this.#keepSafe(old) };
    });
    return (outcome) => {
      for (const { old, generation, position } of released) {
        this.#open--;
        this.#settled(old, generation, position, outcome);
      }
    };
  }

  #commit(file: TailFile, position: Position): void {
    file.progress.next = position;
    this.#dirty.add(file);
    this.#schedule(0);
  }

  #remove(file: TailFile): void {
    this.#dirty.delete(file);
    if (file.progress.rowId !== 0) this.#removed.add(file.progress.rowId);
    this.#schedule(0);
  }

  #schedule(delayMs: number): void {
    if (this.#scheduled || !this.#database) return;
    this.#scheduled = true;
    if (this.#stopped) {
      // The program may end as soon as the last settle is called.
      queueMicrotask(() => this.#writeAll());
      return;
    }
    if (delayMs === 0 && this.#mayWrite()) {
      // Not in the settle itself: several come in a row, and one write serves them all.
      queueMicrotask(() => this.#scheduled && this.write());
      return;
    }
    this.#host.clock.after(Math.max(delayMs, WRITE_EVERY_MS), () => this.#scheduled && this.write(), true);
  }

  #mayWrite(): boolean {
    const now = this.#host.clock.monotonic();
    this.#credit = Math.min(this.#credit + (now - this.#creditAt) / WRITE_EVERY_MS, WRITES_IN_A_ROW);
    this.#creditAt = now;
    return this.#credit >= 1;
  }

  #try(run: () => void): boolean {
    try {
      run();
      this.#failed = false;
      return true;
    } catch (error) {
      if (!this.#failed) this.#host.log('error', `db: cannot write offsets: ${(error as Error).message}`);
      this.#failed = true;
      return false;
    }
  }

  /** Notes from where a restart must read once all that was emitted is settled. */
  #keepSafe(file: TailFile): Position {
    const { progress } = file;
    const position = file.gzip ? file.gzip.position(file.safeOffset) : positionAt(file, file.safeOffset);
    progress.safe = position;
    return position;
  }
}

function toUpdate(file: TailFile): Update {
  const name = file.gone ? (file.path ?? file.name) : file.name;
  return { rowId: file.progress.rowId, name, inode: file.inode, born: file.born, position: file.progress.next ?? HEAD };
}

function positionAt(file: TailFile, offset: number): Position {
  if (offset <= 0) return HEAD;
  if (offset === file.at) return toPosition(offset, file.mark.subarray(0, file.markLength));
  const safe = file.progress.safe;
  if (safe?.offset === offset) return safe;
  return readPosition(file.fd, offset) ?? safe ?? HEAD;
}

export function toPosition(offset: number, mark: Uint8Array): Position {
  return { offset, marker: xxh3(mark), markerSize: mark.length, unpacked: -1 };
}

/** The position `offset` of an open file; undefined where it cannot be read. */
export function readPosition(fd: number, offset: number): Position | undefined {
  const length = Math.min(MARK_BYTES, offset);
  const mark = Buffer.alloc(length);
  try {
    return fs.readSync(fd, mark, 0, length, offset - length) === length ? toPosition(offset, mark) : undefined;
  } catch {
    return undefined;
  }
}
