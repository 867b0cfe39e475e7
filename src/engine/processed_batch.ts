/** What an output gets in place of a chunk where its processors changed the events. */
import type { LogEvent } from '../data/event.ts';
import { encodeEvents } from '../data/msgpack.ts';
import type { Batch } from '../plugin.ts';

export class ProcessedBatch implements Batch {
  readonly tag: string;
  readonly events: readonly LogEvent[];
  readonly isPacked = false;
  readonly size: number;

  /** `size`: that of the chunk. */
  constructor(tag: string, events: readonly LogEvent[], size: number) {
    this.tag = tag;
    this.size = size;
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
  pieces(): Uint8Array[] {
    return [this.bytes()];
  }
}
