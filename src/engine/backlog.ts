/**
 * What earlier runs left on disk, be it by Sluice or by Fluent Bit: found at the start and handed to the outputs that
 * match now, the oldest first, before anything new. A file is read whole only when an output is about to take it, so
 * that a backlog of gigabytes costs no memory; how much of it may be in memory at once is storage.backlog.mem_limit.
 *
 * Every file in a folder below storage.path counts, but those whose name begins with a dot, those of rejected chunks,
 * and those in the folder of an input that is there now and keeps its chunks in memory: these are left alone. So is
 * whatever is no chunk, and a chunk whose tag no output matches; empty files are deleted. As Fluent Bit.
 */
import fs from 'node:fs';
import path from 'node:path';
import { scanEvents } from '../data/msgpack_scan.ts';
import type { Logger } from '../log.ts';
import type { Counters } from '../metrics.ts';
import type { StorageSpec } from '../spec.ts';
import { Chunk } from './chunk.ts';
import { ChunkFile, type Descriptors } from './chunk_file.ts';
import { ChunkFormatError, type ChunkHead, HEAD_BYTES, readContent, readHead } from './chunk_format.ts';
import { dispatch } from './dispatch.ts';
import type { OutputUnit } from './output_unit.ts';

export interface BacklogSettings {
  readonly spec: StorageSpec;
  readonly descriptors: Descriptors;
  readonly log: Logger;
  readonly counters: Counters;
  /** Folders that are left alone: of inputs in memory. */
  readonly skip: ReadonlySet<string>;
  readonly outputs: readonly OutputUnit[];
  readonly outputsFor: (tag: string) => readonly OutputUnit[];
  readonly progress: () => void;
}

interface Found {
  readonly place: string;
  readonly folder: string;
  readonly bytes: number;
  /** When it was made, by its name or else by the file system. */
  readonly atMs: number;
  readonly tag: string;
  /** Those that still want it. */
  routes: readonly OutputUnit[];
}

const LOGS = 0;
/** The longest head that can be: metadata has a length of 16 bits. */
const LONGEST_HEAD = HEAD_BYTES + 0xffff;

export class Backlog {
  readonly #settings: BacklogSettings;
  /** Not handed to outputs yet, the oldest first. */
  #waiting: Found[] = [];
  readonly #open = new Set<Chunk>();
  #openBytes = 0;
  readonly #bytesFor = new Map<OutputUnit, number>();

  constructor(settings: BacklogSettings) {
    this.#settings = settings;
  }

  /** Finds the files, deletes the empty ones, and says what it cannot use. Never throws for a file that is bad. */
  scan(): void {
    const { spec, log } = this.#settings;
    for (const folder of foldersIn(spec.path)) {
      if (folder === spec.rejectedPath || this.#settings.skip.has(folder)) continue;
      for (const name of filesIn(path.join(spec.path, folder))) this.#look(folder, name);
    }
    this.#waiting.sort((a, b) => a.atMs - b.atMs || (a.place < b.place ? -1 : 1));
    if (this.#waiting.length === 0) return;
    const bytes = this.#waiting.reduce((sum, found) => sum + found.bytes, 0);
    log.info(`[storage] backlog: ${this.#waiting.length} chunks of earlier runs, ${bytes} bytes`);
  }

  #look(folder: string, name: string): void {
    const { spec, log, counters } = this.#settings;
    const place = path.join(spec.path, folder, name);
    try {
      const { size, mtimeMs } = fs.statSync(place);
      if (size === 0) {
        fs.unlinkSync(place);
        return;
      }
      const head = readHead(beginning(place));
      if (head.type !== LOGS) throw new ChunkFormatError('it holds no logs but metrics, traces or the like');
      // Cheap to see, and better seen now than when its turn comes.
      if (head.contentLength !== undefined && head.contentAt + head.contentLength > size)
        throw new ChunkFormatError(
          `its content should have ${head.contentLength} bytes and has ${size - head.contentAt}`,
        );
      const routes = this.#routesOf(head);
      if (routes.length === 0)
        log.warn(`[storage] no output matches tag '${head.tag}' of '${place}': it is left where it is`);
      else this.#wait({ place, folder, bytes: size, atMs: timeOf(name) ?? mtimeMs, tag: head.tag, routes });
    } catch (error) {
      counters.add('broken_chunks_total');
      const isBad = error instanceof ChunkFormatError;
      const fate = isBad && spec.deleteIrrecoverableChunks ? remove(place) : 'it is left where it is';
      log.error(`[storage] '${place}' cannot be delivered: ${(error as Error).message}; ${fate}`);
    }
  }

  /** Hands chunks to the outputs, as many as may be in memory at once, and goes on as they are answered. */
  deliver(): void {
    const { spec } = this.#settings;
    while (this.#waiting.length > 0 && (this.#open.size === 0 || this.#openBytes < spec.backlogMemLimitBytes))
      this.#dispatch(this.#waiting.shift() as Found);
  }

  #dispatch(found: Found): void {
    const { descriptors, spec, log, progress } = this.#settings;
    const { tag, place, folder, bytes, routes } = found;
    for (const unit of routes) this.#count(unit, -bytes);
    const file = new ChunkFile(descriptors, place, { bytes, checked: spec.checksum });
    const chunk = new Chunk(tag, path.basename(place), { file, isBacklog: true, isChecked: spec.checksum });
    this.#open.add(chunk);
    this.#openBytes += bytes;
    dispatch(chunk, routes, folder, log, () => {
      this.#open.delete(chunk);
      this.#openBytes -= bytes;
      progress();
      this.deliver();
    });
  }

  #wait(found: Found): void {
    this.#waiting.push(found);
    for (const unit of found.routes) this.#count(unit, found.bytes);
  }

  #count(unit: OutputUnit, bytes: number): void {
    this.#bytesFor.set(unit, this.bytesFor(unit) + bytes);
  }

  /** What waits here for an output: it counts against its storage.total_limit_size. */
  bytesFor(unit: OutputUnit): number {
    return this.#bytesFor.get(unit) ?? 0;
  }

  /** The oldest chunk that waits here for the output makes room for a newer one. @returns false where there is none. */
  giveUpOldest(unit: OutputUnit): boolean {
    const found = this.#waiting.find(({ routes }) => routes.includes(unit));
    if (!found) return false;
    found.routes = found.routes.filter((other) => other !== unit);
    this.#count(unit, -found.bytes);
    unit.lost(countOf(found.place), path.basename(found.place));
    if (found.routes.length === 0) {
      this.#waiting.splice(this.#waiting.indexOf(found), 1);
      remove(found.place);
    }
    return true;
  }

  /** By the outputs that the file names, where it does and they are still there; else by the tag. */
  #routesOf({ tag, routes }: ChunkHead): readonly OutputUnit[] {
    const { outputs, outputsFor } = this.#settings;
    if (!routes) return outputsFor(tag);
    const named = outputs.filter((unit) => {
      const own = unit.asRoute();
      return routes.some(({ label, number, plugin }) =>
        label === '' ? number === own.number : label === own.label && (plugin === '' || plugin === own.plugin),
      );
    });
    return named.length > 0 ? named : outputsFor(tag);
  }

  /** Nothing more is handed out: the pipeline stops. */
  hold(): void {
    if (!this.#settings.spec.flushBacklogOnShutdown) this.#waiting = [];
  }

  /** Whether a stop has to wait: what is in hand is waited for, the rest only where the user wants it. */
  get busy(): boolean {
    if (this.#settings.spec.flushBacklogOnShutdown) return this.#open.size > 0;
    for (const chunk of this.#open) if (chunk.isInUse) return true;
    return false;
  }

  get chunks(): number {
    return this.#waiting.length + this.#open.size;
  }
}

function foldersIn(place: string): string[] {
  return fs
    .readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
}

function filesIn(place: string): string[] {
  return fs
    .readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
}

/** As much of a file as a head can be long. */
function beginning(place: string): Buffer {
  const fd = fs.openSync(place, 'r');
  try {
    const first = Buffer.alloc(512);
    const read = fs.readSync(fd, first, 0, first.length, 0);
    const isAll = read < first.length || first.readUInt16BE(22) + HEAD_BYTES <= first.length;
    if (isAll) return first.subarray(0, read);
    const whole = Buffer.alloc(LONGEST_HEAD);
    return whole.subarray(0, fs.readSync(fd, whole, 0, whole.length, 0));
  } finally {
    fs.closeSync(fd);
  }
}

/** `PID-SECONDS.NANOS.flb`; the nanoseconds are a number, not a fraction. */
function timeOf(name: string): number | undefined {
  const match = /^\d+-(\d+)\. *(\d+)\.flb$/.exec(name);
  return match ? Number(match[1]) * 1000 + Number(match[2]) / 1e6 : undefined;
}

function countOf(place: string): number {
  try {
    return scanEvents(readContent(fs.readFileSync(place), false).content).count;
  } catch {
    return 0;
  }
}

function remove(place: string): string {
  try {
    fs.unlinkSync(place);
    return 'it is deleted';
  } catch (error) {
    return `it cannot be deleted: ${(error as Error).message}`;
  }
}
