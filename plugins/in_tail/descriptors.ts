/**
 * The open files. Ten thousand files may be followed, but only so many are open at once: the one that was not read for
 * the longest time is closed first. Never closed are files that were renamed or deleted (their name leads nowhere) and,
 * while there are others, files with unread bytes: who deletes such a file must not take its lines along.
 *
 * A file that is closed is found again by its name; where another file has that name now, by its inode in the
 * directory where it was.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { TailFile } from './file.ts';

const MOST = 1024;
const LEAST = 16;

export class Descriptors {
  limit: number;
  /** In the order of their last use. */
  readonly #open = new Set<TailFile>();

  /** `asked` 0: as many as is wise. `limit` becomes less where the system gives fewer. */
  constructor(asked: number) {
    this.limit = Math.max(asked > 0 ? asked : Math.min(Math.floor(systemLimit() / 2), MOST), LEAST);
  }

  get count(): number {
    return this.#open.size;
  }

  get hasRoom(): boolean {
    return this.#open.size < this.limit;
  }

  /**
   * Opens the file where it is not open.
   * @returns false where it is nowhere to be found.
   * @throws the error of open(2), except ENOENT.
   */
  use(file: TailFile): boolean {
    if (file.fd >= 0) {
      this.#open.delete(file);
      this.#open.add(file);
      return true;
    }
    if (!this.hasRoom) this.#closeOne();
    const fd = this.#tryOpen(file);
    if (fd === undefined) return false;
    file.fd = fd;
    this.#open.add(file);
    return true;
  }

  close(file: TailFile): void {
    this.#open.delete(file);
    if (file.fd < 0) return;
    try {
      fs.closeSync(file.fd);
    } catch {
      // EIO of a network file system: the descriptor is gone all the same.
    }
    file.fd = -1;
  }

  closeAll(): void {
    for (const file of [...this.#open]) this.close(file);
  }

  /** Others open files, too: where the system has no more, this does with fewer. */
  #tryOpen(file: TailFile): number | undefined {
    try {
      return openExactly(file);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'EMFILE' && code !== 'ENFILE') || this.#open.size <= LEAST) throw error;
      this.limit = Math.max(Math.floor(this.#open.size * 0.75), LEAST);
      while (this.#open.size > this.limit && this.#closeOne());
      return openExactly(file);
    }
  }

  /** @returns false where none may be closed. */
  #closeOne(): boolean {
    let second: TailFile | undefined;
    for (const file of this.#open) {
      if (file.gone) continue;
      if (file.atEnd && !file.queued) {
        this.close(file);
        return true;
      }
      second ??= file;
    }
    if (second) this.close(second);
    return second !== undefined;
  }
}

/** The soft limit of open files; Node raises it to the hard limit when it starts. */
function systemLimit(): number {
  try {
    const match = /^Max open files\s+(\d+)/m.exec(fs.readFileSync('/proc/self/limits', 'latin1'));
    if (match) return Number(match[1]);
  } catch {
    // Not Linux.
  }
  return 512;
}

function openExactly(file: TailFile): number | undefined {
  for (const candidate of [file.path, file.realPath]) {
    const fd = candidate === undefined ? undefined : openIfSame(file, candidate);
    if (fd !== undefined) return fd;
  }
  const found = findByInode(file);
  const fd = found === undefined ? undefined : openIfSame(file, found);
  if (fd !== undefined) file.path = found;
  return fd;
}

function openIfSame(file: TailFile, name: string): number | undefined {
  let fd: number;
  try {
    fd = fs.openSync(name, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const stat = fs.fstatSync(fd, { bigint: true });
  if (stat.ino === file.inode && stat.dev === file.device) return fd;
  fs.closeSync(fd);
  return undefined;
}

/** Looks for the inode in the directories in which the file was; undefined where it is not there. */
export function findByInode(file: {
  readonly name: string;
  readonly path: string | undefined;
  readonly realPath: string | undefined;
  readonly device?: bigint;
  readonly inode: bigint;
}): string | undefined {
  const names = [file.realPath, file.path, file.name].filter((name) => name !== undefined);
  for (const directory of new Set(names.map((name) => path.dirname(name)))) {
    for (const name of list(directory)) {
      const candidate = path.join(directory, name);
      const stat = statOf(candidate);
      if (stat?.ino !== file.inode || !stat.isFile()) continue;
      if (file.device === undefined || stat.dev === file.device) return path.resolve(candidate);
    }
  }
  return undefined;
}

function list(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch {
    return [];
  }
}

/** stat(2), following links; undefined where there is nothing or it may not be looked at. */
export function statOf(name: string): fs.BigIntStats | undefined {
  try {
    return fs.statSync(name, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
