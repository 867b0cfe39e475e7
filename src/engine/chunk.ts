/**
 * A chunk: events of one input and one tag (and, with event-level routes, one set of outputs), shared by all the
 * routes it takes. It is open while events are appended, sealed when a flush tick or its size closes it, and released
 * when every route has answered.
 *
 * A chunk is hot (events as objects, in the parts in which they were appended) or cold (msgpack bytes). It becomes
 * cold when it has to wait for a retry, since objects take two to three times the memory; outputs see the same Batch.
 */
import { estimateBytes, type LogEvent } from '../data/event.ts';
import { decodeEvents, encodeEvents } from '../data/msgpack.ts';
import type { Batch } from '../plugin.ts';
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

export class Chunk implements Batch {
  readonly tag: string;
  /** `PID-SECONDS.NANOS.flb`, as in Fluent Bit's log lines and file names. */
  readonly name: string;
  count = 0;
  /** About the size as msgpack. */
  size = 0;
  /** About how much memory it takes now; what limits count. */
  memoryBytes = 0;
  /** How many routes have not answered yet; set when the chunk is sealed. */
  pendingRoutes = 0;
  onChilled: (savedBytes: number) => void = () => {};
  #parts: (readonly LogEvent[])[] = [];
  #packed: Uint8Array | undefined;
  readonly #entries: Entry[] = [];

  constructor(tag: string, name: string) {
    this.tag = tag;
    this.name = name;
  }

  /** Takes the array over. `entry` is retained until the chunk is released. */
  append(events: readonly LogEvent[], entry: Entry | undefined): void {
    let bytes = 0;
    for (let i = 0; i < events.length; i++) bytes += estimateBytes(events[i] as LogEvent);
    this.#parts.push(events);
    this.count += events.length;
    this.size += bytes;
    this.memoryBytes = this.size * HOT_WEIGHT;
    if (entry) {
      entry.retain();
      this.#entries.push(entry);
    }
  }

  get full(): boolean {
    return this.size >= CHUNK_TARGET_BYTES;
  }

  get events(): readonly LogEvent[] {
    if (this.#packed) return decodeEvents(this.#packed);
    if (this.#parts.length > 1) this.#parts = [this.#parts.flat()];
    return this.#parts[0] ?? [];
  }

  [Symbol.iterator](): Iterator<LogEvent> {
    return this.events[Symbol.iterator]();
  }

  bytes(): Uint8Array {
    return this.#packed ?? encodeEvents(this.events);
  }

  /** Lets go of the objects; for a chunk that will wait. The owner of the memory is told how much less it is. */
  chill(): void {
    if (this.#packed) return;
    this.#packed = encodeEvents(this.events);
    this.#parts = [];
    const saved = this.memoryBytes - this.#packed.length;
    this.memoryBytes = this.#packed.length;
    this.onChilled(saved);
  }

  /** Answers all that wait for the events. */
  settle(outcome: 'safe' | 'lost'): void {
    this.#parts = [];
    this.#packed = undefined;
    for (const entry of this.#entries.splice(0)) entry.done(outcome);
  }
}

/** A batch of events that an output's processors made out of a chunk. */
export class ProcessedBatch implements Batch {
  readonly tag: string;
  readonly events: readonly LogEvent[];

  constructor(tag: string, events: readonly LogEvent[]) {
    this.tag = tag;
    this.events = events;
  }
  get count(): number {
    return this.events.length;
  }
  [Symbol.iterator](): Iterator<LogEvent> {
    return this.events[Symbol.iterator]();
  }
  bytes(): Uint8Array {
    return encodeEvents(this.events);
  }
}
