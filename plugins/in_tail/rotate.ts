/**
 * Files whose name leads elsewhere: renamed, deleted, or a link that points to another file now. Such a file is read to
 * its end under its old name and followed for Rotate_Wait after its last new byte; then it is forgotten. A file with
 * unread bytes is never forgotten.
 */
import fs from 'node:fs';
import type { InputHost } from '../../src/plugin.ts';
import type { Commits } from './commits.ts';
import { type Descriptors, findByInode, statOf } from './descriptors.ts';
import type { TailFile } from './file.ts';
import type { Reader } from './reader.ts';
import type { Settings } from './settings.ts';
import type { FileTable } from './table.ts';

export interface RotationParts {
  readonly settings: Settings;
  readonly host: InputHost;
  readonly table: FileTable;
  readonly commits: Commits;
  readonly descriptors: Descriptors;
  readonly reader: Reader;
}

export class Rotation {
  readonly #parts: RotationParts;
  /** Files that are gone, until they are forgotten. */
  readonly gone = new Set<TailFile>();

  constructor(parts: RotationParts) {
    this.#parts = parts;
  }

  /**
   * Looks whether the file's name still leads to it, and whether it grew.
   * @returns `same`, `grown` (there is something to read), or `gone` (another file may have its name now).
   */
  check(file: TailFile): 'same' | 'grown' | 'gone' {
    if (file.gone) return this.#hasUnread(file) ? 'grown' : 'same';
    const stat = statOf(file.name);
    if (stat?.ino === file.inode && stat.dev === file.device) {
      if (this.#isOutdated(stat)) return this.#retire(file);
      return Number(stat.size) !== file.seenSize || file.failed ? 'grown' : 'same';
    }
    this.leave(file);
    return 'gone';
  }

  /** Takes a file as gone; from now on Rotate_Wait counts. */
  leave(file: TailFile): void {
    const { host, table, commits } = this.#parts;
    const path = this.#whereIs(file);
    file.gone = true;
    file.path = path;
    file.lastDataAt = host.clock.monotonic();
    this.gone.add(file);
    if (path === undefined) {
      host.log('debug', `inode=${file.inode} file has been deleted: ${file.name}`);
      return;
    }
    host.log('info', `inode=${file.inode} handle rotation(): ${file.name} => ${path}`);
    host.count('files_rotated_total');
    table.name(file, path);
    commits.renamed(file, path);
  }

  /** Forgets the files that were followed long enough; returns those that have something to read. */
  purge(): TailFile[] {
    const { host, settings } = this.#parts;
    const unread: TailFile[] = [];
    for (const file of this.gone) {
      if (!file.gone) this.gone.delete(file);
      else if (file.queued) continue;
      else if (this.#hasUnread(file)) unread.push(file);
      else if (host.clock.monotonic() - file.lastDataAt >= settings.rotateWaitMs) this.#forget(file);
    }
    return unread;
  }

  #forget(file: TailFile): void {
    const { host, table, commits, descriptors, reader } = this.#parts;
    host.log('debug', `inode=${file.inode} purge rotated file ${file.path ?? file.name} (offset=${file.at})`);
    reader.finish(file);
    this.gone.delete(file);
    table.remove(file);
    descriptors.close(file);
    commits.finished(file);
    host.count('files_closed_total');
    for (const other of table) if (other.before === file) other.before = undefined;
  }

  /** Not modified for Ignore_Older, and the user wants such files left alone. */
  #retire(file: TailFile): 'same' | 'gone' {
    if (file.queued || !file.atEnd) return 'same';
    const { host, table, descriptors, reader } = this.#parts;
    host.log('debug', `purge: monitored file (ignore older): ${file.name}`);
    reader.finish(file);
    table.remove(file);
    descriptors.close(file);
    host.count('files_closed_total');
    this.retired?.(file);
    return 'same';
  }

  /** Told of every file that is left because it is old. */
  retired: ((file: TailFile) => void) | undefined;

  #isOutdated(stat: fs.BigIntStats): boolean {
    const { ignoreActiveOlder, ignoreOlderMs } = this.#parts.settings;
    if (!ignoreActiveOlder || ignoreOlderMs <= 0) return false;
    return this.#parts.host.clock.now() - Number(stat.mtimeMs) > ignoreOlderMs;
  }

  #hasUnread(file: TailFile): boolean {
    if (file.abandoned) return false;
    if (file.fd < 0) return !file.atEnd;
    try {
      return !file.atEnd || fs.fstatSync(file.fd).size !== file.seenSize;
    } catch {
      return false;
    }
  }

  /** The name of the file now; undefined where it has none. */
  #whereIs(file: TailFile): string | undefined {
    if (file.fd < 0) return findByInode(file);
    try {
      if (fs.fstatSync(file.fd).nlink === 0) return undefined;
      return fs.readlinkSync(`/proc/self/fd/${file.fd}`);
    } catch {
      return findByInode(file);
    }
  }
}
