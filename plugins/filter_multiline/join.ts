/**
 * Mode parser: joins records by a list of multiline parsers, one stream a tag.
 *
 * Buffered, nothing is returned: what is joined, and what goes alone, enters the filters again at the first one, past
 * this filter, as Fluent Bit's emitter does it. The source of a batch is told that it is safe when the last record with
 * a line of that batch is. With Buffer off, records are joined within a batch only.
 */
import type { LogEvent } from '../../src/data/event.ts';
import { type MultilinePlan, MultilineStream } from '../../src/parsers/multiline.ts';
import type { Filter, FilterHost } from '../../src/plugin.ts';
import { Holds } from './holds.ts';

/** With more tags than this, those that hold nothing are forgotten. */
const MANY_TAGS = 1000;

interface Joined {
  readonly tag: string;
  readonly stream: MultilineStream;
  readonly holds: Holds;
}

export class BufferedJoin implements Filter {
  readonly #host: FilterHost;
  readonly #plan: MultilinePlan;
  readonly #tickMs: number;
  readonly #byTag = new Map<string, Joined>();
  readonly #pending = new Set<Joined>();
  #batch = 0;
  #cancel: (() => void) | undefined;

  constructor(host: FilterHost, plan: MultilinePlan, flushMs: number) {
    this.#host = host;
    this.#plan = plan;
    this.#tickMs = flushMs / 4;
  }

  filter(events: LogEvent[], tag: string): LogEvent[] {
    const joined = this.#joined(tag);
    const { stream, holds } = joined;
    const batch = ++this.#batch;
    const now = this.#host.clock.monotonic();
    const out: LogEvent[] = [];
    holds.add(batch, this.#host.hold());
    for (const event of events) stream.pushEvent(event, batch, now, out);
    this.#emit(joined, out);
    return [];
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#flush(Number.POSITIVE_INFINITY);
  }

  #joined(tag: string): Joined {
    let joined = this.#byTag.get(tag);
    if (joined) return joined;
    if (this.#byTag.size >= MANY_TAGS)
      for (const [key, other] of this.#byTag) if (!this.#pending.has(other)) this.#byTag.delete(key);
    joined = { tag, stream: new MultilineStream(this.#plan), holds: new Holds() };
    this.#byTag.set(tag, joined);
    return joined;
  }

  #emit(joined: Joined, out: LogEvent[]): void {
    const { tag, stream, holds } = joined;
    if (out.length > 0) this.#host.emit(tag, out, holds.share());
    holds.release(stream.pendingPosition);
    if (holds.isEmpty) this.#pending.delete(joined);
    else this.#pending.add(joined);
    if (this.#pending.size > 0) this.#cancel ??= this.#host.clock.after(this.#tickMs, this.#tick, true);
  }

  readonly #tick = (): void => {
    this.#cancel = undefined;
    this.#flush(this.#host.clock.monotonic());
  };

  #flush(now: number): void {
    for (const joined of [...this.#pending]) {
      const out: LogEvent[] = [];
      joined.stream.flush(now, out);
      this.#emit(joined, out);
    }
  }
}

/** Buffer off. */
export class ChunkJoin implements Filter {
  readonly #host: FilterHost;
  readonly #stream: MultilineStream;

  constructor(host: FilterHost, plan: MultilinePlan) {
    this.#host = host;
    this.#stream = new MultilineStream(plan);
  }

  filter(events: LogEvent[]): LogEvent[] {
    const out: LogEvent[] = [];
    const now = this.#host.clock.monotonic();
    for (const event of events) this.#stream.pushEvent(event, 0, now, out);
    this.#stream.flush(Number.POSITIVE_INFINITY, out);
    return out;
  }
}
