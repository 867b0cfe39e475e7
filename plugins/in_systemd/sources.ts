/**
 * The files that are read: found, opened, followed through rotations (a new name, or a copy under the old one), read to
 * their end after they were deleted, and closed when nothing can come any more. A file is known by the id in its header.
 */
import fs from 'node:fs';
import { type FieldOptions, FieldReader } from './fields.ts';
import type { Found } from './folders.ts';
import { FormatError } from './format.ts';
import { JournalFile } from './journal_file.ts';
import type { Source } from './merge.ts';
import { WindowCache } from './windows.ts';

/** So often a file may look damaged before it is told. */
const PATIENCE = 3;

export interface JournalSource extends Source {
  readonly file: JournalFile;
  readonly fields: FieldReader;
  /** Device and inode. */
  key: string;
  isGone: boolean;
  /** An error was told. */
  hasFailed: boolean;
  /** The number of the last entry that was read of it, 0: none. */
  readSeqnum: number;
}

export interface SourceEvents {
  /** A file is read from now on; where from is decided here. */
  opened(source: JournalSource): void;
  /** The archived or deleted file was read to its end. */
  finished(source: JournalSource): void;
  warn(message: string): void;
}

export class Sources implements Iterable<JournalSource> {
  readonly #byId = new Map<string, JournalSource>();
  /** Files that cannot be read, or are copies of others, by path: the key they had. */
  readonly #refused = new Map<string, string>();
  readonly #cache = new WindowCache();
  readonly #fields: FieldOptions;
  readonly #events: SourceEvents;
  /** Those that are open. */
  #open: JournalSource[] = [];
  /** How often a file could not be read, by its key. */
  readonly #attempts = new Map<string, number>();

  constructor(fields: FieldOptions, events: SourceEvents) {
    this.#fields = fields;
    this.#events = events;
  }

  /** All that are open, or were. */
  [Symbol.iterator](): Iterator<JournalSource> {
    return this.#byId.values();
  }

  get open(): readonly JournalSource[] {
    return this.#open;
  }

  /** @returns whether a file was added, or is another one now */
  update(found: readonly Found[]): boolean {
    const byPath = new Map([...this.#byId.values()].map((source) => [source.file.path, source]));
    const there = new Map(found.map(({ path, key }) => [path, key]));
    for (const path of this.#refused.keys()) if (!there.has(path)) this.#refused.delete(path);
    const keys = new Set(there.values());
    for (const key of this.#attempts.keys()) if (!keys.has(key)) this.#attempts.delete(key);
    let isChanged = false;
    for (const one of found) {
      if (byPath.get(one.path)?.key === one.key || this.#refused.get(one.path) === one.key) continue;
      if (this.#add(one, there)) isChanged = true;
    }
    for (const source of this.#byId.values()) source.isGone = there.get(source.file.path) !== source.key;
    return isChanged;
  }

  /** Looks for new entries in all files that may have some. @returns whether there are any */
  refresh(): boolean {
    let isChanged = false;
    for (const source of this.#open) {
      if (source.file.isArchived && !source.file.isIdle) continue;
      const hasMore = this.guard(source, () => source.file.refresh());
      if (hasMore) isChanged = true;
    }
    return isChanged;
  }

  /** Closes what has no more entries. */
  finish(): void {
    for (const source of [...this.#open]) {
      const { file } = source;
      if (file.load() || !(file.isDone || source.isGone)) continue;
      this.#close(source);
      if (source.isGone) this.#byId.delete(file.fileId);
      this.#events.finished(source);
    }
    for (const [id, source] of this.#byId) if (source.isGone && !source.file.data.isOpen) this.#byId.delete(id);
  }

  /** Runs what reads a file; one that cannot be read is told once, and tried again later. */
  guard<T>(source: JournalSource, run: () => T): T | undefined {
    try {
      const result = run();
      source.hasFailed = false;
      return result;
    } catch (error) {
      if (!source.hasFailed) this.#events.warn(`cannot read ${source.file.path}: ${(error as Error).message}`);
      source.hasFailed = true;
      return undefined;
    }
  }

  close(): void {
    for (const source of [...this.#open]) this.#close(source);
  }

  #close(source: JournalSource): void {
    source.fields.forget();
    source.file.close();
    this.#open = this.#open.filter((other) => other !== source);
  }

  #add(found: Found, there: ReadonlyMap<string, string>): boolean {
    let fd: number;
    try {
      fd = fs.openSync(found.path, 'r');
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      // What is missing was renamed just now; what fails for another reason, as too many open files, may work later.
      if (code !== 'ENOENT') this.#refuse(found, error as Error, code === 'EACCES' || code === 'EPERM');
      return false;
    }
    try {
      const file = new JournalFile(found.path, fd, this.#cache);
      const known = this.#byId.get(file.fileId);
      if (known) return this.#meetAgain(known, found, fd, there);
      this.#start(file, found.key);
      return true;
    } catch (error) {
      fs.closeSync(fd);
      this.#refuse(found, error as Error, error instanceof FormatError && error.isFinal);
      return false;
    }
  }

  #start(file: JournalFile, key: string): void {
    const fields = new FieldReader(file, this.#fields);
    const source = { file, fields, key, isGone: false, hasFailed: false, readSeqnum: 0 };
    this.#byId.set(file.fileId, source);
    this.#open.push(source);
    this.guard(source, () => this.#events.opened(source));
  }

  /** A file that is known is found under another path or inode: it was moved, replaced by its copy, or has a copy. */
  #meetAgain(known: JournalSource, found: Found, fd: number, there: ReadonlyMap<string, string>): boolean {
    const isCopy = known.key !== found.key && there.get(known.file.path) === known.key;
    if (isCopy) this.#refused.set(found.path, found.key);
    else {
      known.file.path = found.path;
      if (known.key !== found.key && known.file.data.isOpen) {
        known.file.data.moveTo(fd);
        known.key = found.key;
        return true;
      }
      known.key = found.key;
    }
    fs.closeSync(fd);
    return false;
  }

  /** One that is just being made may look wrong for a while. */
  #refuse(found: Found, error: Error, isFinal: boolean): void {
    const attempts = (this.#attempts.get(found.key) ?? 0) + 1;
    this.#attempts.set(found.key, attempts);
    if (isFinal) this.#refused.set(found.path, found.key);
    if (isFinal || attempts === PATIENCE) this.#events.warn(`cannot read ${found.path}: ${error.message}`);
  }
}
