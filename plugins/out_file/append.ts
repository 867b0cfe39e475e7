/**
 * Appends one piece of bytes to a file: all of it or nothing.
 *
 * A write that stops half way (disk full, I/O error) is taken back by cutting the file to its old length, so that a
 * retry neither doubles nor loses a line. That is done only where nobody else wrote in between, and only for regular
 * files; a pipe or a terminal cannot be cut.
 *
 * Nothing here blocks: a named pipe (or /dev/stdout, where that is one) that nobody has open for reading is an error, and
 * one that is full is waited for.
 */
import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface Appended {
  /** The file's length afterwards. */
  readonly size: number;
}

/** What is needed of a file; a test brings one that fails on demand. */
export interface OpenFile {
  stat(): Promise<{ size: number; isFile(): boolean }>;
  write(bytes: Uint8Array, offset: number): Promise<{ bytesWritten: number }>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

export type Open = (name: string) => Promise<OpenFile>;

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;

/** How long to wait for room in a pipe. */
const FULL_MS = 10;

export const openForAppend: Open = async (name) => {
  const handle = await fs.open(name, O_APPEND | O_CREAT | O_NONBLOCK | O_WRONLY);
  return {
    stat: () => handle.stat(),
    truncate: (size) => handle.truncate(size),
    close: () => handle.close(),
    write: async (bytes, offset) => {
      for (;;) {
        try {
          return await handle.write(bytes, offset);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
          await wait(FULL_MS);
        }
      }
    },
  };
};

/** As `openForAppend`, making the directories that are missing. */
export const openWithDirectories: Open = async (name) => {
  try {
    return await openForAppend(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await fs.mkdir(path.dirname(name), { recursive: true, mode: 0o755 });
    return openForAppend(name);
  }
};

/**
 * @param bytes makes the bytes; `fresh` is true for an empty file.
 * @throws the system's error; then nothing was added, or the error's message says that a part was.
 */
export async function append(open: Open, name: string, bytes: (fresh: boolean) => Uint8Array): Promise<Appended> {
  const file = await open(name);
  try {
    const { size, isFile } = await statOf(file);
    const all = bytes(isFile && size === 0);
    await writeAll(file, all, isFile ? size : undefined);
    return { size: size + all.length };
  } finally {
    await file.close();
  }
}

async function statOf(file: OpenFile): Promise<{ size: number; isFile: boolean }> {
  const stat = await file.stat();
  return { size: stat.size, isFile: stat.isFile() };
}

async function writeAll(file: OpenFile, bytes: Uint8Array, before: number | undefined): Promise<void> {
  let written = 0;
  try {
    while (written < bytes.length) {
      const { bytesWritten } = await file.write(bytes, written);
      if (bytesWritten === 0) throw new Error('the system wrote nothing');
      written += bytesWritten;
    }
  } catch (error) {
    if (written > 0 && !(await takeBack(file, before, written)))
      throw new Error(`${(error as Error).message} (${written} bytes of it are written already)`, { cause: error });
    throw error;
  }
}

async function takeBack(file: OpenFile, before: number | undefined, written: number): Promise<boolean> {
  if (before === undefined) return false;
  try {
    const { size } = await file.stat();
    if (size !== before + written) return false;
    await file.truncate(before);
    return true;
  } catch {
    return false;
  }
}
