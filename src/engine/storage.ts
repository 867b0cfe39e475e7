/**
 * Keeps chunks on disk: makes their files, and writes in groups what was appended to them. What a source cannot give
 * again (it asked for no settle) is written at the end of the turn of the event loop; what it can give again stays in
 * memory for up to 20 ms or a megabyte, and what is delivered by then never touches the disk. With storage.sync full
 * one fdatasync stands for all that was written before it. Only then are the sources told that their events are safe.
 *
 * A disk that fails (full, read-only, no inodes, broken) stops nobody: chunks then stay in memory, which fills up and
 * pauses their inputs, and every second one write is tried; with the first that succeeds all that waited is written.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Logger } from '../log.ts';
import type { Clock } from '../plugin.ts';
import type { StorageSpec } from '../spec.ts';
import type { Chunk } from './chunk.ts';
import { ChunkFile, Descriptors, type FileSystem } from './chunk_file.ts';
import { type DirectRoute, encodeHead } from './chunk_format.ts';
import type { Entry } from './ledger.ts';

const GROUP_BYTES = 1024 * 1024;
const GROUP_MS = 20;
const PROBE_MS = 1000;
/** A trouble that lasts is told again after so many tries. */
const REMIND_PROBES = 60;

export class ChunkStore {
  readonly spec: StorageSpec;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #descriptors: Descriptors;
  /** Chunks with something to write: how much, and whom to tell once it is written. */
  readonly #dirty = new Map<Chunk, { bytes: number; written: () => void }>();
  #dirtyBytes = 0;
  #soon: NodeJS.Immediate | undefined;
  #later: (() => void) | undefined;
  #trouble: { code: string; probes: number; cancel: () => void } | undefined;
  readonly #syncing = new Set<Promise<void>>();
  #closed = false;

  constructor(spec: StorageSpec, clock: Clock, log: Logger, fileSystem: FileSystem = fs) {
    this.spec = spec;
    this.#clock = clock;
    this.#log = log;
    this.#descriptors = new Descriptors(fileSystem);
  }

  get descriptors(): Descriptors {
    return this.#descriptors;
  }

  /** True while the disk takes no writes. */
  get isFailing(): boolean {
    return this.#trouble !== undefined;
  }

  /** @throws an Error that names the folder where it cannot be made. */
  prepare(): void {
    try {
      this.#descriptors.fs.mkdirSync(this.spec.path, { recursive: true });
    } catch (error) {
      throw new Error(`storage.path '${this.spec.path}' cannot be made: ${(error as Error).message}`, { cause: error });
    }
  }

  /** The file of a new chunk; nothing is on disk before something is written. */
  file(folder: string, name: string, tag: string, routes: readonly DirectRoute[] | undefined): ChunkFile {
    return new ChunkFile(this.#descriptors, path.join(this.spec.path, folder, name), {
      head: encodeHead(tag, routes),
      checked: this.spec.checksum,
    });
  }

  /**
   * The chunk has `bytes` more to write; `written` is called whenever all of it is. `isUrgent`: who emitted it could
   * not give it again.
   */
  touch(chunk: Chunk, bytes: number, isUrgent: boolean, written: () => void): void {
    const known = this.#dirty.get(chunk);
    if (known) known.bytes += bytes;
    else this.#dirty.set(chunk, { bytes, written });
    this.#dirtyBytes += bytes;
    if (this.#trouble) return;
    if (this.#dirtyBytes >= GROUP_BYTES) this.flush();
    else if (isUrgent) this.#soon ??= setImmediate(() => this.flush());
    else this.#later ??= this.#clock.after(GROUP_MS, () => this.flush());
  }

  /** The chunk is released: nobody needs it on disk any more. */
  forget(chunk: Chunk): void {
    this.#dirtyBytes -= this.#dirty.get(chunk)?.bytes ?? 0;
    this.#dirty.delete(chunk);
  }

  /** Writes all that waits. While the disk fails, it ends with the first chunk that cannot be written. */
  flush(): void {
    if (this.#soon) clearImmediate(this.#soon);
    this.#later?.();
    this.#soon = undefined;
    this.#later = undefined;
    for (const [chunk, { written }] of this.#dirty) {
      let entries: Entry[];
      try {
        entries = chunk.write();
      } catch (error) {
        this.#failed(error as NodeJS.ErrnoException);
        return;
      }
      this.forget(chunk);
      this.#recovered();
      if (this.spec.sync === 'normal') done(entries, written);
      else this.#sync(chunk, entries, written);
    }
  }

  #sync(chunk: Chunk, entries: Entry[], written: () => void): void {
    const sync = (chunk.file as ChunkFile).sync().then(
      () => done(entries, written),
      (error: NodeJS.ErrnoException) => {
        chunk.takeBack(entries);
        this.#log.error(`[storage] the disk did not take chunk '${chunk.name}': ${error.message}`);
      },
    );
    this.#syncing.add(sync);
    sync.finally(() => this.#syncing.delete(sync));
  }

  #failed(error: NodeJS.ErrnoException): void {
    const code = error.code ?? error.message;
    const known = this.#trouble;
    if (known?.code !== code || known.probes % REMIND_PROBES === 0)
      this.#log.error(
        `[storage] cannot write to ${this.spec.path}: ${error.message}; records wait in memory until it works again`,
      );
    known?.cancel();
    if (this.#closed) return;
    this.#trouble = {
      code,
      probes: (known?.code === code ? known.probes : 0) + 1,
      cancel: this.#clock.after(PROBE_MS, () => this.flush(), true),
    };
  }

  #recovered(): void {
    if (!this.#trouble) return;
    this.#trouble.cancel();
    this.#trouble = undefined;
    this.#log.info(`[storage] ${this.spec.path} takes writes again`);
  }

  /** Writes what is left, and waits for the disk. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#trouble?.cancel();
    this.flush();
    await Promise.all(this.#syncing);
  }
}

function done(entries: readonly Entry[], written: () => void): void {
  for (const entry of entries) entry.done('safe');
  written();
}
