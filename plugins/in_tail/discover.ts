/**
 * Finds files: by their pattern, because something was reported under a name, or, at the start, because the database
 * knows of them. In: paths; out: files in the table. A file is taken once, under the first name by which it is found.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { InputHost } from '../../src/plugin.ts';
import { findBetween } from './between.ts';
import type { Commits } from './commits.ts';
import { type Descriptors, findByInode, statOf } from './descriptors.ts';
import { type FileIdentity, fileKey, TailFile } from './file.ts';
import { GzipSource } from './gzip.ts';
import type { MakeJoiner } from './joiner.ts';
import { HEAD, type OffsetDatabase, type Row } from './offsets.ts';
import type { Placement } from './place.ts';
import type { Settings } from './settings.ts';
import type { FileTable } from './table.ts';

export interface DiscoveryParts {
  readonly settings: Settings;
  readonly host: InputHost;
  readonly table: FileTable;
  readonly descriptors: Descriptors;
  readonly placement: Placement;
  readonly commits: Commits;
  readonly database: OffsetDatabase | undefined;
  readonly makeJoiner: MakeJoiner | undefined;
  /** Called when a file has something to read that nobody reported. */
  wake(file: TailFile): void;
  /** Called when another file has this one's name, or it was found without its name: Rotate_Wait begins. */
  leave(file: TailFile): void;
}

export class Discovery {
  readonly #parts: DiscoveryParts;
  readonly #complaints = new Set<string>();

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
  }

  /** True where a new directory may hold files that match. */
  get hasWildDirectories(): boolean {
    return this.#parts.settings.globs.some((glob) => glob.wildDirectories);
  }

  /**
   * Takes every file that matches and is not followed; returns the new ones. `watch` is called for every directory in
   * which there may be more later, and says whether it is a new one: then it is looked at again, as something may have
   * happened before it was watched.
   */
  scan(watch: (directory: string) => boolean): TailFile[] {
    const found: TailFile[] = [];
    for (const glob of this.#parts.settings.globs) {
      this.#parts.host.log('debug', `scanning path ${glob.pattern}`);
      let { paths, directories } = glob.find();
      let isNew = false;
      for (const directory of directories) isNew = watch(directory) || isNew;
      if (isNew) ({ paths, directories } = glob.find());
      for (const name of paths) {
        // What happens to the name of a file that is followed is for rotate.ts to find out.
        const known = this.#parts.table.byPath(name);
        const file = known?.gone === false && known.name === name ? undefined : this.#adopt(name);
        if (file) found.push(file);
      }
    }
    return found;
  }

  /** Something was reported under this name: takes the file where it matches. */
  look(name: string): TailFile | undefined {
    return this.#parts.settings.globs.some((glob) => glob.matches(name)) ? this.#adopt(name) : undefined;
  }

  /**
   * At the start: rows of files that were not found. One that was renamed while nobody looked is read to its end;
   * the rows of the others are deleted.
   */
  rescue(): void {
    const { database, table } = this.#parts;
    const followed = new Set<number>();
    for (const file of table) followed.add(file.progress.rowId);
    const stale: number[] = [];
    const generations = new Map<string, Generation[]>();
    /** Their successors have rows, too. */
    const known = new Set<TailFile>();
    for (const row of database?.rows() ?? []) {
      if (followed.has(row.id)) continue;
      const file = this.#rescueRow(row);
      const name = row.origin ?? row.name;
      generations.set(name, [...(generations.get(name) ?? []), { file, born: row.born || (file?.born ?? 0n) }]);
      if (!file) stale.push(row.id);
      else if (row.succeeded) known.add(file);
    }
    for (const [name, all] of generations) {
      const now = table.byPath(name);
      const files = oldestFirst(all);
      this.#chainAll(now?.gone === false ? [...files, now] : files, known);
    }
    database?.delete(stale);
  }

  #chainAll(files: readonly (TailFile | undefined)[], known: ReadonlySet<TailFile>): void {
    for (let i = 1; i < files.length; i++) {
      const [old, now] = [files[i - 1], files[i]];
      if (old && now && known.has(old)) now.before = old;
      else if (old && now) this.#chain(old, now);
    }
  }

  /** An inode number may be another file's by now: the marker or the time of its making must tell that it is not. */
  #rescueRow(row: Row): TailFile | undefined {
    const { table, placement, descriptors, host } = this.#parts;
    const name = row.origin ?? row.name;
    if ((row.markerSize === 0 && row.born === 0n) || isGzip(name)) return undefined;
    const found = findByInode({ name, path: row.name, realPath: linkTarget(name), inode: row.inode });
    const stat = found === undefined ? undefined : statOf(found);
    if (found === undefined || !stat || Number(stat.size) < row.offset) return undefined;
    if (table.byKey(fileKey(stat.dev, stat.ino))) return undefined;
    if (row.markerSize === 0 && stat.birthtimeNs !== row.born) return undefined;
    const file = this.#make(name, stat);
    if (!file) return undefined;
    file.path = found;
    if (!descriptors.use(file) || !placement.isUnchanged(file, row)) {
      descriptors.close(file);
      return undefined;
    }
    file.progress.rowId = row.id;
    placement.begin(file, row);
    const other = table.byPath(name);
    const successor = other?.gone === false ? other : undefined;
    host.log('info', `inode=${file.inode} rotated while down: reading the rest of ${found}`);
    this.#takeGone(file, successor);
    return file;
  }

  #adopt(name: string): TailFile | undefined {
    const { table, placement, settings, host } = this.#parts;
    const stat = statOf(name);
    if (!stat?.isFile()) return undefined;
    if (settings.isExcluded(name)) {
      host.log('debug', `excluded=${name}`);
      return undefined;
    }
    const key = fileKey(stat.dev, stat.ino);
    const known = table.byKey(key);
    if (known) {
      if (known.gone && known.name === name) this.#revive(known);
      return undefined;
    }
    if (placement.isTooOld(key, stat)) {
      host.log('debug', `excluded=${name} (ignore_older)`);
      return undefined;
    }
    return this.#follow(name, stat);
  }

  #follow(name: string, stat: fs.BigIntStats): TailFile | undefined {
    const { table, placement, descriptors, host } = this.#parts;
    const file = this.#make(name, stat);
    if (!file) return undefined;
    file.realPath = linkTarget(name);
    try {
      if (descriptors.hasRoom && !descriptors.use(file)) return undefined;
      placement.place(file, Number(stat.size));
    } catch (error) {
      this.#complain(`cannot open ${name}: ${(error as NodeJS.ErrnoException).code}`);
      descriptors.close(file);
      return undefined;
    }
    const predecessor = table.byPath(name);
    table.add(file);
    if (predecessor?.name === name) {
      if (!predecessor.gone) this.#parts.leave(predecessor);
      this.#chain(predecessor, file);
    }
    host.count('files_opened_total');
    host.log('debug', `inode=${file.inode} with offset=${file.at} appended as ${name}`);
    return file;
  }

  /** Says it once; every scan tries again. */
  #complain(message: string): void {
    if (!this.#complaints.has(message)) this.#parts.host.log('error', message);
    this.#complaints.add(message);
  }

  #make(name: string, identity: FileIdentity): TailFile | undefined {
    const { settings, host } = this.#parts;
    const tag = settings.tagOf(name);
    if (tag === undefined) {
      this.#complain(`invalid tag_regex pattern for file ${name}`);
      return undefined;
    }
    const file = new TailFile(name, identity, tag);
    file.lastDataAt = host.clock.monotonic();
    file.joiner = this.#parts.makeJoiner?.(name);
    if (isGzip(name)) file.gzip = new GzipSource(() => this.#parts.wake(file));
    return file;
  }

  /** `now` has the name that `old` had: what is left of `old` comes first, and of what was between them. */
  #chain(old: TailFile, now: TailFile): void {
    const { placement, commits, host } = this.#parts;
    let before = old;
    for (const { path: found, stat } of findBetween(old, now, (stat) => this.#isKnown(stat))) {
      const file = this.#make(now.name, stat);
      if (!file) continue;
      file.path = found;
      host.log('info', `inode=${file.inode} rotated before it was seen: reading ${found}`);
      placement.begin(file, HEAD);
      commits.found(file, HEAD);
      this.#takeGone(file, now);
      file.before = before;
      commits.succeeded(before);
      before = file;
    }
    now.before = before;
    commits.succeeded(before);
  }

  #isKnown(stat: FileIdentity): boolean {
    if (this.#parts.table.byKey(fileKey(stat.dev, stat.ino))) return true;
    return this.#parts.database?.find(stat.ino)?.born === stat.birthtimeNs;
  }

  /** A file that has its name no longer. */
  #takeGone(file: TailFile, successor: TailFile | undefined): void {
    const { table } = this.#parts;
    table.add(file);
    if (successor) table.name(successor, file.name);
    this.#parts.leave(file);
  }

  /** Renamed away, and back again. */
  #revive(file: TailFile): void {
    file.gone = false;
    file.path = file.name;
    this.#parts.table.name(file, file.name);
  }
}

/** One of the files that had a name; without a file it is nowhere any more. */
interface Generation {
  readonly file: TailFile | undefined;
  /** When it was made; 0: nobody knows. */
  readonly born: bigint;
}

/** Their rows are in the order in which they were found, and a file between two others is found after both. */
function oldestFirst(all: readonly Generation[]): (TailFile | undefined)[] {
  const isKnown = all.every(({ born }) => born !== 0n);
  const sorted = isKnown ? all.toSorted((a, b) => (a.born < b.born ? -1 : a.born > b.born ? 1 : 0)) : all;
  return sorted.map(({ file }) => file);
}

/** As Fluent Bit: by the name alone, in any case. */
function isGzip(name: string): boolean {
  return name.toLowerCase().endsWith('.gz');
}

/** Where a symbolic link leads; undefined for everything else. */
function linkTarget(name: string): string | undefined {
  try {
    const real = fs.realpathSync.native(name);
    return real === path.resolve(name) ? undefined : real;
  } catch {
    return undefined;
  }
}
