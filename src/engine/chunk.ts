/**
 * A chunk: events of one input and one tag (and, with event-level routes, one set of outputs), shared by all the
 * routes it takes. It is open while events are appended, sealed when a flush tick or its size closes it, and released
 * when every route has answered.
 *
 * What it holds is hot (events as objects, in the parts in which they were appended), cold (msgpack bytes) or, where it
 * has a file, down (on disk only). It cools when it has to wait, since objects take two to three times the memory;
 * outputs see the same Batch. Who uses the events says so with `load` and `unload`.
 *
 * A chunk with a file is durable once everything appended is written; from then on its sources need not wait.
 */
import { estimateBytes, type LogEvent } from '../data/event.ts';
import { decodeEvents, encodeEvents, encodeEventsBriefly } from '../data/msgpack.ts';
import { scanEvents } from '../data/msgpack_scan.ts';
import type { Batch, PackedEvents } from '../plugin.ts';
import type { ChunkFile } from './chunk_file.ts';
import { ChunkFormatError, type DirectRoute, readContent } from './chunk_format.ts';
import type { Entry } from './ledger.ts';

/** As Fluent Bit: a chunk is closed once its content is over this; a batch is never split, so it may end above. */
export const CHUNK_TARGET_BYTES = 2_048_000;

/**
 * A chunk of this size goes at once where all its outputs are idle: they gain nothing by waiting for more. It also
 * keeps events young: what dies within V8's nursery costs the collector nothing (bench: multiline cri, 1.6 times as
 * fast as with 2 MB, and 60 MB less memory).
 */
export const CHUNK_IDLE_BYTES = 256_000;

/** About how much more memory events take as objects than as msgpack; measured on parsed container lines. */
const HOT_WEIGHT = 3;

type Part = readonly LogEvent[] | PackedEvents;

export interface ChunkOptions {
  /** Where it is kept on disk as well. */
  readonly file?: ChunkFile;
  /** For a chunk that an earlier run left: it is down, and its events are counted when they are read. */
  readonly isBacklog?: boolean;
  /** Whether the file's checksum must be right. */
  readonly isChecked?: boolean;
}

export class Chunk implements Batch {
  readonly tag: string;
  /** `PID-SECONDS.NANOS.flb`, as in Fluent Bit's log lines and file names. */
  readonly name: string;
  readonly file: ChunkFile | undefined;
  /** An earlier run left it. */
  readonly isBacklog: boolean;
  /** About the size as msgpack. */
  size = 0;
  /** About how much memory it takes now; what limits count. */
  memoryBytes = 0;
  /** How many routes have not answered yet; set when the chunk is sealed. */
  pendingRoutes = 0;
  isSealed = false;
  /** How many bytes at the end of the file are no whole event; known once it was read. */
  tornBytes = 0;
  /** The owner of the memory is told how much more (less, below 0) it is now, and how much of that are objects. */
  onMemory: (bytes: number, hotBytes: number) => void = () => {};
  #hotBytes = 0;
  readonly #isChecked: boolean;
  #count: number | undefined = 0;
  #parts: Part[] = [];
  /** The parts that are not in the file yet. */
  #unwritten: Part[] = [];
  #isDown = false;
  #wasDown = false;
  #outcome: 'safe' | 'lost' | undefined;
  #users = 0;
  #loading: Promise<void> | undefined;
  #decoded: readonly LogEvent[] | undefined;
  #keepFile = false;
  readonly #entries: Entry[] = [];

  constructor(tag: string, name: string, options: ChunkOptions = {}) {
    this.tag = tag;
    this.name = name;
    this.file = options.file;
    this.isBacklog = options.isBacklog ?? false;
    this.#isChecked = options.isChecked ?? false;
    if (options.isBacklog) {
      this.#isDown = true;
      this.#count = undefined;
      this.isSealed = true;
      this.size = options.file?.bytes ?? 0;
    }
  }

  /** Takes the events over. `entry` is retained until they are durable or the chunk is released. */
  append(events: Part, entry: Entry | undefined): void {
    this.#parts.push(events);
    if (this.file) this.#unwritten.push(events);
    this.#decoded = undefined;
    if ('bytes' in events) {
      this.#grow(events.count, events.bytes.length, events.bytes.length);
    } else {
      let bytes = 0;
      for (let i = 0; i < events.length; i++) bytes += estimateBytes(events[i] as LogEvent);
      this.#grow(events.length, bytes, bytes * HOT_WEIGHT);
    }
    if (!entry) return;
    entry.retain();
    this.#entries.push(entry);
  }

  #grow(count: number, size: number, memoryBytes: number): void {
    this.#count = (this.#count ?? 0) + count;
    this.size += size;
    const hotBytes = memoryBytes > size ? memoryBytes : 0;
    this.#remember(this.memoryBytes + memoryBytes, this.#hotBytes + hotBytes);
  }

  #remember(memoryBytes: number, hotBytes = 0): void {
    const change = memoryBytes - this.memoryBytes;
    const hotChange = hotBytes - this.#hotBytes;
    if (change === 0 && hotChange === 0) return;
    this.memoryBytes = memoryBytes;
    this.#hotBytes = hotBytes;
    this.onMemory(change, hotChange);
  }

  /** How much of its memory are objects. */
  get hotBytes(): number {
    return this.#hotBytes;
  }

  get full(): boolean {
    return this.size >= CHUNK_TARGET_BYTES;
  }

  /** Of a chunk that an earlier run left: its file is read for it. */
  get count(): number {
    if (this.#count === undefined) {
      try {
        this.#count = this.file ? scanEvents(readContent(this.file.readNow(), this.#isChecked).content).count : 0;
      } catch {
        this.#count = 0;
      }
    }
    return this.#count;
  }

  get events(): readonly LogEvent[] {
    if (this.#isDown) throw new Error(`chunk ${this.name} is read while it is on disk only`);
    if (this.#parts.every((part) => 'bytes' in part)) {
      this.#decoded ??= (this.#parts as PackedEvents[]).flatMap(({ bytes }) => decodeEvents(bytes));
      return this.#decoded;
    }
    if (this.#parts.length > 1)
      this.#parts = [joined(this.#parts.map((part) => ('bytes' in part ? decodeEvents(part.bytes) : part)))];
    return (this.#parts[0] as readonly LogEvent[]) ?? [];
  }

  get isPacked(): boolean {
    return this.#parts.every((part) => 'bytes' in part);
  }

  [Symbol.iterator](): Iterator<LogEvent> {
    return this.events[Symbol.iterator]();
  }

  bytes(): Uint8Array {
    const packed = this.pieces();
    return packed.length === 1 ? (packed[0] as Uint8Array) : Buffer.concat(packed);
  }

  pieces(): Uint8Array[] {
    if (this.#isDown) throw new Error(`chunk ${this.name} is read while it is on disk only`);
    return this.#parts.map((part) => ('bytes' in part ? part.bytes : encodeEvents(part)));
  }

  /** All that was appended is in the file; with storage.sync full, also on the disk once the store says so. */
  get isDurable(): boolean {
    return this.file !== undefined && this.#unwritten.length === 0;
  }

  /** What its file takes on the disk; 0 where there is none yet. Stands still once it is sealed and written. */
  get diskBytes(): number {
    return this.file?.allocatedBytes ?? 0;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /** An output has it in hand. */
  get isInUse(): boolean {
    return this.#users > 0;
  }

  /**
   * Writes to the file what is not there yet.
   * @returns who waited for it, to be told that it is safe once the disk has it.
   * @throws what the system says; the events then stay in memory, for another try.
   */
  write(): Entry[] {
    if (!this.file) return [];
    for (let part = this.#unwritten[0]; part; part = this.#unwritten[0]) {
      this.file.append('bytes' in part ? part.bytes : encodeEventsBriefly(part));
      this.#unwritten.shift();
    }
    if (this.isSealed) this.file.seal();
    return this.#entries.splice(0);
  }

  /** Lets go of the objects; for a chunk that will wait. Nothing happens while an output has it in hand. */
  chill(): void {
    if (this.#isDown || this.#users > 0) return;
    if (this.isDurable) {
      this.#parts = [];
      this.#isDown = true;
      this.#remember(0);
    } else {
      const bytes = this.bytes();
      this.#parts = [{ bytes, count: this.count }];
      if (this.file && this.#unwritten.length > 0 && this.file.bytes === 0)
        this.#unwritten = [...this.#parts] as Part[];
      this.#remember(bytes.length);
    }
    this.#decoded = undefined;
  }

  /**
   * To be called by who is about to read the events, and answered by `unload`. Waits only for a chunk that is down.
   * Rejects with a ChunkFormatError where the file holds no chunk, with the system's error where it cannot be read.
   */
  load(): Promise<void> | undefined {
    this.#users++;
    if (!this.#isDown) return undefined;
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  unload(): void {
    this.#users--;
    if (this.#users > 0) return;
    this.#decoded = undefined;
    // What came from disk for one output does not wait in memory for the next one.
    if (this.#wasDown) this.chill();
  }

  /** The disk failed before it had what was written: who waited for it waits for the outputs after all. */
  takeBack(entries: readonly Entry[]): void {
    if (this.#outcome) for (const entry of entries) entry.done(this.#outcome);
    else this.#entries.push(...entries);
  }

  async #read(): Promise<void> {
    const file = await (this.file as ChunkFile).read().catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? new ChunkFormatError('somebody removed it') : error;
    });
    const { content } = readContent(file, this.#isChecked);
    const scan = scanEvents(content);
    if (scan.count === 0 && content.length > 0) throw new ChunkFormatError('its content does not begin with an event');
    this.#count = scan.count;
    this.tornBytes = content.length - scan.end;
    this.#parts = [{ bytes: content.subarray(0, scan.end), count: scan.count }];
    this.#isDown = false;
    this.#wasDown = true;
    this.#remember(content.length);
  }

  /** The file stays where it is, whatever becomes of the chunk. */
  quarantine(): void {
    this.#keepFile = true;
  }

  /** What `bytes` gives, also where it has to come from disk. @throws what the system says, or a ChunkFormatError. */
  content(): Uint8Array {
    if (!this.#isDown) return this.bytes();
    return readContent((this.file as ChunkFile).readNow(), this.#isChecked).content;
  }

  /** The events, also where they have to come from disk. @throws as `content`. */
  eventsFromAnywhere(): readonly LogEvent[] {
    return this.#isDown ? decodeEvents(this.content()) : this.events;
  }

  /** Only these outputs still want it: a later run goes by that. @throws what the system says. */
  restrict(routes: readonly DirectRoute[]): void {
    if (!this.file || this.#keepFile || !this.isDurable) return;
    this.file.restrict(this.tag, this.content(), routes);
  }

  /**
   * Answers all that wait for the events. Its file goes when they are safe, and stays for the next run otherwise.
   * @returns why the file could not be removed, where it could not.
   */
  settle(outcome: 'safe' | 'lost'): Error | undefined {
    this.#outcome = outcome;
    const parts = this.#parts;
    this.#parts = [];
    this.#unwritten = [];
    this.#decoded = undefined;
    // After a `lost` an output may still have them in hand.
    if (outcome === 'safe' && this.#users === 0) for (const part of parts) if ('bytes' in part) part.release?.();
    this.#remember(0);
    let trouble: Error | undefined;
    try {
      if (outcome === 'safe' && !this.#keepFile) this.file?.remove();
      else this.file?.release();
    } catch (error) {
      trouble = error as Error;
    }
    for (const entry of this.#entries.splice(0)) entry.done(outcome);
    return trouble;
  }
}

/** `concat` is eight times as fast as `flat`, but takes only so many arguments. */
function joined(lists: readonly (readonly LogEvent[])[]): LogEvent[] {
  return lists.length <= 1000 ? ([] as LogEvent[]).concat(...lists) : lists.flat();
}
