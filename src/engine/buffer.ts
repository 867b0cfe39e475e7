/**
 * The memory buffer of one input: the open chunk of each tag, and how many bytes of it the outputs have not answered
 * for yet. Over Mem_Buf_Limit (or the limit of the whole process) the input is paused: what it emitted was taken, but
 * `emit` says false until there is room again. Bytes are counted once, however many routes a chunk takes, and as the
 * memory that they take: events as objects count three times their size as msgpack.
 */
import type { LogEvent } from '../data/event.ts';
import type { Clock } from '../plugin.ts';
import { CHUNK_IDLE_BYTES, Chunk } from './chunk.ts';
import type { OutputUnit } from './delivery.ts';
import type { Entry } from './ledger.ts';

/** What all inputs together may hold in memory. */
export class MemoryBudget {
  readonly limitBytes: number;
  usedBytes = 0;
  readonly waiting = new Set<InputBuffer>();

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }
}

export interface BufferOwner {
  /** A sealed chunk is to be delivered. */
  dispatch(chunk: Chunk, routes: readonly OutputUnit[]): void;
  paused(reason: string): void;
  resumed(): void;
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
  return `${process.pid}-${seconds}.${nanos + (chunkNumber++ % 1000)}.flb`;
}

export class InputBuffer {
  readonly #open = new Map<string, Open>();
  readonly #limitBytes: number;
  readonly #budget: MemoryBudget;
  readonly #owner: BufferOwner;
  readonly #clock: Clock;
  usedBytes = 0;
  chunks = 0;
  #paused = false;

  /** `limitBytes` 0: only the limit of the process. */
  constructor(limitBytes: number, budget: MemoryBudget, clock: Clock, owner: BufferOwner) {
    this.#limitBytes = limitBytes;
    this.#budget = budget;
    this.#clock = clock;
    this.#owner = owner;
  }

  /** `key` tells chunks of the same tag but other routes apart; without event-level routes it is the tag. */
  append(
    key: string,
    tag: string,
    routes: readonly OutputUnit[],
    events: readonly LogEvent[],
    entry: Entry | undefined,
  ): void {
    let open = this.#open.get(key);
    if (!open) {
      open = { chunk: new Chunk(tag, chunkName(this.#clock.now())), routes };
      open.chunk.onChilled = (savedBytes) => {
        this.#free(savedBytes);
        this.#resumeAll();
      };
      this.#open.set(key, open);
      this.chunks++;
    }
    const before = open.chunk.memoryBytes;
    open.chunk.append(events, entry);
    this.#free(before - open.chunk.memoryBytes);
    if (open.chunk.full || (open.chunk.size >= CHUNK_IDLE_BYTES && routes.every((unit) => unit.idle)))
      this.#seal(key, open);
  }

  #seal(key: string, { chunk, routes }: Open): void {
    this.#open.delete(key);
    this.#owner.dispatch(chunk, routes);
  }

  /** The flush tick: every open chunk goes on its way. */
  sealAll(): void {
    for (const [key, open] of this.#open) this.#seal(key, open);
  }

  /** Called when every route of the chunk has answered. */
  release(chunk: Chunk): void {
    this.chunks--;
    this.#free(chunk.memoryBytes);
    this.#resumeAll();
  }

  /** Room here is room in the budget of all. */
  #resumeAll(): void {
    this.resumeIfRoom();
    for (const other of this.#budget.waiting) if (other !== this) other.resumeIfRoom();
  }

  #free(bytes: number): void {
    this.usedBytes -= bytes;
    this.#budget.usedBytes -= bytes;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get overLimit(): boolean {
    return this.#limitBytes > 0 && this.usedBytes >= this.#limitBytes;
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** What `emit` answers. Nobody gains by waiting for the tick once the input stands still, so chunks go at once. */
  hasRoom(): boolean {
    if (!this.#paused && this.#isFull()) {
      this.sealAll();
      if (this.#isFull()) this.#pause();
    }
    return !this.#paused;
  }

  #isFull(): boolean {
    return this.overLimit || this.#budget.usedBytes >= this.#budget.limitBytes;
  }

  #pause(): void {
    this.#paused = true;
    this.#budget.waiting.add(this);
    this.#owner.paused(this.overLimit ? 'mem buf overlimit' : 'storage buf overlimit');
  }

  resumeIfRoom(): void {
    if (!this.#paused || this.#isFull()) return;
    this.#paused = false;
    this.#budget.waiting.delete(this);
    this.#owner.resumed();
  }
}
