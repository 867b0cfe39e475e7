/**
 * The buffer of one input: the open chunk of each tag, and how many bytes of it the outputs have not answered for yet.
 * Over its limit the input is paused: what it emitted was taken, but `emit` says false until there is room again.
 * Bytes are counted once, however many routes a chunk takes, and as the memory that they take: events as objects count
 * three times their size as msgpack.
 *
 * With a store (storage.type filesystem) chunks are on disk as well, so that over the limit they let go of their memory,
 * the newest first, instead of pausing the input; it pauses only where that does not help, as on a disk that fails.
 * A ring (memrb) gives up its oldest chunk instead.
 */
import type { LogEvent } from '../data/event.ts';
import type { Clock, PackedEvents } from '../plugin.ts';
import type { MemoryBudget } from './budget.ts';
import { CHUNK_IDLE_BYTES, Chunk } from './chunk.ts';
import { fitting } from './fitting.ts';
import type { Entry } from './ledger.ts';
import type { OutputUnit } from './output_unit.ts';
import type { ChunkStore } from './storage.ts';

/**
 * How much an input that can wait may have as objects before it does, for each batch that its output takes at once: an
 * output that keeps up never lets it come to that, and one that does not gains nothing from more. Bench: with 50 MB
 * instead tail cri > file has 0.40 of the yardstick and 250 MB, with this 0.51 and 94 MB.
 */
const PACE_BYTES = 2 * 1024 * 1024;
const LEAST_PACE_BYTES = 4 * 1024 * 1024;
/** When outputs stand still for so long, what waits is packed, so that the input can go on up to its limit. */
const STALL_MS = 1000;

/** What an input with a store keeps in memory for its outputs, where the user does not say (Mem_Buf_Limit). */
const STORE_MEMORY_BYTES = 32 * 1024 * 1024;

export interface BufferOwner {
  /** A sealed chunk is to be delivered. */
  dispatch(chunk: Chunk, routes: readonly OutputUnit[]): void;
  paused(reason: string): void;
  resumed(): void;
  /** An input that waited for its outputs, and was not paused, may go on. */
  caughtUp(): void;
}

export interface BufferSettings {
  /** Mem_Buf_Limit; 0: only the limit of the process. */
  readonly limitBytes: number;
  readonly budget: MemoryBudget;
  readonly clock: Clock;
  /** Where chunks are kept on disk: the store, and the folder of this input in it. */
  readonly disk: { readonly store: ChunkStore; readonly folder: string } | undefined;
  /** memrb: over the limit the oldest chunk goes. */
  readonly isRing: boolean;
  /** The source keeps what is not read: see InputDefinition.canWait. */
  readonly canWait: boolean;
  /** How many chunks there may be before the input pauses; undefined: any number. */
  readonly maxChunks: number | undefined;
}

interface Open {
  readonly chunk: Chunk;
  readonly routes: readonly OutputUnit[];
}

let chunkNumber = 0;

/** Unique within the process even where the clock stands still or goes back. */
function chunkName(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  const nanos = Math.floor((nowMs - seconds * 1000) * 1e6);
  return `${process.pid}-${seconds}.${(nanos + (chunkNumber++ % 1000)) % 1e9}.flb`;
}

export class InputBuffer {
  readonly #settings: BufferSettings;
  readonly #owner: BufferOwner;
  readonly #open = new Map<string, Open>();
  /** Those that outputs have to answer for, the oldest first. */
  readonly #sealed = new Map<Chunk, readonly OutputUnit[]>();
  usedBytes = 0;
  chunks = 0;
  /** The part of `usedBytes` that are objects. */
  #hotBytes = 0;
  #paceBytes = LEAST_PACE_BYTES;
  #paused = false;
  /** Waiting for its outputs to catch up, which is no trouble and not told; cancels what happens if they do not. */
  #pacing: (() => void) | undefined;

  constructor(settings: BufferSettings, owner: BufferOwner) {
    this.#settings = settings;
    this.#owner = owner;
    settings.budget.members.add(this);
  }

  /** `key` tells chunks of the same tag but other routes apart; without event-level routes it is the tag. */
  append(
    key: string,
    tag: string,
    routes: readonly OutputUnit[],
    events: readonly LogEvent[] | PackedEvents,
    entry: Entry | undefined,
  ): void {
    if (this.#settings.isRing) this.#makeRoomInRing();
    for (let rest = events; ; ) {
      const open = this.#open.get(key) ?? this.#begin(key, tag, routes);
      const part = fitting(open.chunk, routes, rest);
      const isDue = this.#add(open, part, entry);
      if (isDue || part !== rest) this.#seal(key, open);
      if ('bytes' in rest || part === rest) return;
      rest = rest.slice((part as readonly LogEvent[]).length);
    }
  }

  /** @returns whether the chunk should go now. */
  #add({ chunk, routes }: Open, events: readonly LogEvent[] | PackedEvents, entry: Entry | undefined): boolean {
    const before = chunk.size;
    if ('bytes' in events || events.length > 0) chunk.append(events, entry);
    const grown = chunk.size - before;
    this.#settings.disk?.store.touch(chunk, grown, entry === undefined, this.#written);
    // What comes next is cut where the chunk ends, unless it is packed.
    const step = 'bytes' in events ? grown : 0;
    return chunk.full || (chunk.size >= CHUNK_IDLE_BYTES && routes.every((unit) => unit.wants(chunk.size, step)));
  }

  #begin(key: string, tag: string, routes: readonly OutputUnit[]): Open {
    const { disk, clock } = this.#settings;
    const name = chunkName(clock.now());
    // Only a chunk with routes of its own has to say so in its file: the others are routed by their tag again.
    const own = key === tag ? undefined : routes.map((unit) => unit.asRoute());
    const chunk = new Chunk(tag, name, disk ? { file: disk.store.file(disk.folder, name, tag, own) } : {});
    chunk.onMemory = this.#count;
    for (const { paceChunks } of routes) this.#paceBytes = Math.max(this.#paceBytes, PACE_BYTES * paceChunks);
    const open = { chunk, routes };
    this.#open.set(key, open);
    this.chunks++;
    return open;
  }

  #seal(key: string, { chunk, routes }: Open): void {
    this.#open.delete(key);
    chunk.isSealed = true;
    this.#sealed.set(chunk, routes);
    // Who counts what is on disk must find it there.
    if (this.#settings.disk && routes.some((unit) => unit.disk.limitBytes !== undefined))
      this.#settings.disk.store.flush();
    this.#owner.dispatch(chunk, routes);
  }

  /** The flush tick: every open chunk goes on its way. */
  sealAll(): void {
    for (const [key, open] of this.#open) this.#seal(key, open);
  }

  /** Called when every route of the chunk has answered. */
  release(chunk: Chunk): void {
    this.chunks--;
    this.#sealed.delete(chunk);
    this.#settings.disk?.store.forget(chunk);
    this.#resumeAll();
  }

  /** Bound once: every chunk gets the same function. */
  readonly #count = (bytes: number, hotBytes: number): void => {
    this.usedBytes += bytes;
    this.#hotBytes += hotBytes;
    this.#settings.budget.usedBytes += bytes;
    if (bytes < 0) this.#resumeAll();
  };

  readonly #written = (): void => this.#resumeAll();

  /** Room here is room in the budget of all. */
  #resumeAll(): void {
    this.resumeIfRoom();
    this.#settings.budget.resumeOthers(this);
  }

  get paused(): boolean {
    return this.#paused;
  }

  get overLimit(): boolean {
    const { limitBytes, isRing } = this.#settings;
    return limitBytes > 0 && !isRing && this.usedBytes >= limitBytes;
  }

  get limitBytes(): number {
    return this.#settings.limitBytes;
  }

  /** How many chunks have files. */
  get chunksOnDisk(): number {
    return this.#settings.disk ? this.chunks : 0;
  }

  /** How many of them are on disk only. */
  get chunksDown(): number {
    let count = 0;
    for (const chunk of this.#sealed.keys()) if (chunk.isDown) count++;
    return count;
  }

  /** How many chunks wait that are in memory alone: a stop has to wait for them. */
  get chunksInMemory(): number {
    let count = this.#open.size;
    for (const chunk of this.#sealed.keys()) if (!chunk.isDurable) count++;
    return count;
  }

  /** How many chunks an output has in hand or will take at once. */
  get chunksUnderWay(): number {
    let count = 0;
    for (const [chunk, routes] of this.#sealed) if (routes.some((unit) => unit.isBusyWith(chunk))) count++;
    return count;
  }

  /** What `emit` answers. Nobody gains by waiting for the tick once the input stands still, so chunks go at once. */
  hasRoom(): boolean {
    if (this.#settings.canWait && this.#hotBytes >= this.#paceBytes && !this.#pacing && !this.#paused) {
      // What is under way lets the input go on when it ends; then what is open can still become a full request.
      if (this.chunksUnderWay === 0) this.sealAll();
      if (this.#hotBytes >= PACE_BYTES)
        this.#pacing = this.#settings.clock.after(STALL_MS, () => this.#stalled(), true);
    }
    if (!this.#paused && this.#isFull()) {
      this.sealAll();
      if (this.#settings.disk) this.#cool();
      if (this.#isFull()) this.#pause();
    }
    return !this.#paused && !this.#pacing;
  }

  get #openHotBytes(): number {
    let bytes = 0;
    for (const { chunk } of this.#open.values()) bytes += chunk.hotBytes;
    return bytes;
  }

  /** The outputs do not catch up: from here on the input reads ahead, as far as its limit goes. */
  #stalled(): void {
    for (const chunk of this.#sealed.keys()) chunk.chill();
    if (this.#pacing) this.#pacing = this.#settings.clock.after(STALL_MS, () => this.#stalled(), true);
  }

  #isFull(): boolean {
    const { budget, maxChunks } = this.#settings;
    if (this.usedBytes >= this.#memoryLimit()) return true;
    return budget.isFullFor(this) || (maxChunks !== undefined && this.chunks >= maxChunks);
  }

  #memoryLimit(): number {
    const { limitBytes, disk, isRing } = this.#settings;
    if (isRing) return Number.POSITIVE_INFINITY;
    return limitBytes || (disk ? STORE_MEMORY_BYTES : Number.POSITIVE_INFINITY);
  }

  /** Lets go of the memory of chunks that nobody has in hand; the newest first, since they are wanted last. */
  #cool(): void {
    this.#settings.disk?.store.flush();
    const target = this.#memoryLimit() / 2;
    for (const chunk of [...this.#sealed.keys()].reverse()) {
      if (this.usedBytes <= target && !this.#settings.budget.isFullFor(this)) return;
      chunk.chill();
    }
  }

  /** As Fluent Bit: only once the limit is passed, so that it holds one chunk more. */
  #makeRoomInRing(): void {
    const limit = this.#settings.limitBytes;
    let size = 0;
    for (const chunk of this.#sealed.keys()) size += chunk.size;
    for (const [chunk, routes] of this.#sealed) {
      if (limit === 0 || size <= limit) return;
      if (routes.some((unit) => unit.hasInHand(chunk))) continue;
      size -= chunk.size;
      for (const unit of routes) unit.giveUp(chunk, 'memrb');
    }
  }

  #pause(): void {
    this.#paused = true;
    this.#owner.paused(this.overLimit ? 'mem buf overlimit' : 'storage buf overlimit');
  }

  resumeIfRoom(): void {
    if (this.#pacing && this.#hotBytes - this.#openHotBytes < this.#paceBytes / 2) {
      this.#pacing();
      this.#pacing = undefined;
      if (!this.#paused) this.#owner.caughtUp();
    }
    if (!this.#paused || this.#isFull()) return;
    this.#paused = false;
    this.#owner.resumed();
  }
}
