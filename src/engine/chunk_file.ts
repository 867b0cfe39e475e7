/**
 * One chunk file on disk: bytes are appended to its end, and what was appended once is never changed. Calls are
 * synchronous, since a write to the page cache takes less than handing it to a thread; only `sync` waits for the disk.
 * A write that fails leaves the file as long as it was before.
 *
 * How many files are open at once is bounded: with ten thousand tags there are ten thousand open chunks.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { DirectRoute } from './chunk_format.ts';
import { checksum, checksumOfHead, encodeHead, encodePatch, PATCH_AT } from './chunk_format.ts';

const MAX_OPEN = 256;
const PAGE = 4096;

/** The calls that are made, so that a test can let them fail. */
export type FileSystem = Pick<
  typeof fs,
  | 'openSync'
  | 'closeSync'
  | 'writeSync'
  | 'writevSync'
  | 'ftruncateSync'
  | 'fdatasync'
  | 'fsyncSync'
  | 'unlinkSync'
  | 'mkdirSync'
  | 'renameSync'
  | 'readFileSync'
> & { readonly promises: Pick<typeof fs.promises, 'readFile'> };

/** The open descriptors, the one that was used last at the end. */
export class Descriptors {
  readonly fs: FileSystem;
  readonly #open = new Map<ChunkFile, number>();

  constructor(fileSystem: FileSystem = fs) {
    this.fs = fileSystem;
  }

  get(file: ChunkFile): number {
    let fd = this.#open.get(file);
    if (fd === undefined) {
      // 'wx': two chunks never share a file.
      fd = this.fs.openSync(file.path, file.bytes === 0 ? 'wx' : 'r+');
    } else this.#open.delete(file);
    this.#open.set(file, fd);
    if (this.#open.size > MAX_OPEN) this.#closeOldest();
    return fd;
  }

  #closeOldest(): void {
    for (const file of this.#open.keys()) {
      if (file.syncing) continue;
      this.close(file);
      return;
    }
  }

  close(file: ChunkFile): void {
    const fd = this.#open.get(file);
    if (fd === undefined) return;
    this.#open.delete(file);
    this.fs.closeSync(fd);
  }
}

export class ChunkFile {
  readonly path: string;
  /** The length of the file; 0: not made yet. */
  bytes: number;
  /** A sync is under way: the descriptor must stay open. */
  syncing = false;
  readonly #descriptors: Descriptors;
  readonly #checked: boolean;
  #head: Buffer | undefined;
  #contentBytes = 0;
  #crc = 0;
  #gone = false;
  /** Its name is on the disk, too. */
  #isListed = false;

  /** A file that is there already has no `head`; nothing is appended to it. */
  constructor(descriptors: Descriptors, place: string, options: { head?: Buffer; bytes?: number; checked: boolean }) {
    this.#descriptors = descriptors;
    this.path = place;
    this.bytes = options.bytes ?? 0;
    this.#head = options.head;
    this.#checked = options.checked;
    if (options.head && options.checked) this.#crc = checksumOfHead(options.head);
  }

  /** What it takes on the disk. */
  get allocatedBytes(): number {
    return Math.ceil(this.bytes / PAGE) * PAGE;
  }

  /** @throws what the system says; then nothing has changed. */
  append(content: Uint8Array): void {
    const { fs } = this.#descriptors;
    const fd = this.#open();
    const parts = this.bytes === 0 && this.#head ? [this.#head, content] : [content];
    try {
      this.bytes += writeAll(fs, fd, parts, this.bytes);
    } catch (error) {
      this.#takeBack(fd);
      throw error;
    }
    this.#contentBytes += content.length;
    if (this.#checked) this.#crc = checksum(content, this.#crc);
    // Without a checksum the length is written once, by `seal`: until then 0 means all of the file.
    if (this.#checked) this.#patch(fd);
  }

  #open(): number {
    const { fs } = this.#descriptors;
    if (this.#gone) throw new Error(`${this.path} is removed`);
    try {
      return this.#descriptors.get(this);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || this.bytes > 0) throw error;
      fs.mkdirSync(path.dirname(this.path), { recursive: true });
      return this.#descriptors.get(this);
    }
  }

  /** After a failed write: a file that holds nothing yet must not stay behind, empty. */
  #takeBack(fd: number): void {
    const { fs } = this.#descriptors;
    try {
      if (this.bytes > 0) fs.ftruncateSync(fd, this.bytes);
      else {
        this.#descriptors.close(this);
        fs.unlinkSync(this.path);
      }
    } catch {
      // The disk is in trouble anyway; a reader takes the whole events and leaves what is torn.
    }
  }

  #patch(fd: number): void {
    this.#descriptors.fs.writeSync(fd, encodePatch(this.#checked ? this.#crc : 0, this.#contentBytes), 0, 12, PATCH_AT);
  }

  /** Nothing more will be appended. @throws what the system says; the file is right without it, too. */
  seal(): void {
    if (this.bytes === 0 || this.#checked || !this.#head) return;
    this.#patch(this.#open());
  }

  /** Resolves when all that was appended until now is on the disk itself. */
  async sync(): Promise<void> {
    const { fs } = this.#descriptors;
    const fd = this.#open();
    this.syncing = true;
    try {
      await new Promise<void>((resolve, reject) => fs.fdatasync(fd, (error) => (error ? reject(error) : resolve())));
      if (!this.#isListed) syncFolder(fs, path.dirname(this.path));
      this.#isListed = true;
    } finally {
      this.syncing = false;
      if (this.#gone) this.#descriptors.close(this);
    }
  }

  read(): Promise<Buffer> {
    return this.#descriptors.fs.promises.readFile(this.path);
  }

  readNow(): Buffer {
    return this.#descriptors.fs.readFileSync(this.path);
  }

  /**
   * Puts a head with these routes in place of the old one, in a new file that then takes the place of this one.
   * @throws what the system says; the old file is still there then.
   */
  restrict(tag: string, content: Uint8Array, routes: readonly DirectRoute[]): void {
    const { fs } = this.#descriptors;
    const folder = path.dirname(this.path);
    // A name that begins with a dot is no chunk for either program.
    const fresh = new ChunkFile(this.#descriptors, path.join(folder, `.${path.basename(this.path)}`), {
      head: encodeHead(tag, routes),
      checked: this.#checked,
    });
    fresh.append(content);
    fresh.seal();
    fresh.release();
    this.release();
    fs.renameSync(fresh.path, this.path);
  }

  /** Closes it, and leaves it where it is. */
  release(): void {
    if (!this.syncing) this.#descriptors.close(this);
  }

  /** @throws what the system says, but not that it is gone already. */
  remove(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.release();
    if (this.bytes === 0) return;
    try {
      this.#descriptors.fs.unlinkSync(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** A new file is only safe once the folder that names it is. */
function syncFolder(fs: FileSystem, folder: string): void {
  const fd = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** @returns how many bytes were written: all of them. */
function writeAll(fs: FileSystem, fd: number, parts: readonly Uint8Array[], at: number): number {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  let written = fs.writevSync(fd, parts, at);
  if (written < total) {
    const rest = Buffer.concat(parts).subarray(written);
    for (let from = 0; from < rest.length; )
      from += fs.writeSync(fd, rest, from, rest.length - from, at + written + from);
    written = total;
  }
  return written;
}
