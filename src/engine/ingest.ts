/**
 * The way of events from one input into chunks: the input's processors, then the filters whose Match fits the tag, in
 * the order of the configuration, then the open chunk of their tag and routes. All in one go where no filter has to
 * wait; where one does, what comes after it under the same tag waits in line (lines.ts), so that events of a tag never
 * overtake each other.
 */
import type { LogEvent } from '../data/event.ts';
import { decodeEvents } from '../data/msgpack.ts';
import type { Logger } from '../log.ts';
import type { Counters } from '../metrics.ts';
import type { PackedEvents, Settle } from '../plugin.ts';
import { type BufferSettings, InputBuffer } from './buffer.ts';
import type { Chunk } from './chunk.ts';
import { dispatch } from './dispatch.ts';
import { Entry, Ledger } from './ledger.ts';
import { Lines } from './lines.ts';
import type { OutputUnit } from './output_unit.ts';
import type { EventRouter } from './routes.ts';
import type { FilterUnit } from './stages.ts';

export interface IngestSettings {
  readonly label: string;
  readonly buffer: BufferSettings;
  readonly processors: readonly FilterUnit[];
  /** The filters whose Match fits; remembered a tag. */
  readonly filtersFor: (tag: string) => readonly FilterUnit[];
  readonly outputsFor: (tag: string) => readonly OutputUnit[];
  readonly router: EventRouter | undefined;
  readonly counters: Counters;
  readonly log: Logger;
  /** Called when an input that was told to wait may go on. */
  readonly resume: () => void;
  /** Called whenever a chunk or a waiting filter is done, for who waits for the end. */
  readonly progress: () => void;
}

/** So often may an event be emitted anew by filters; a chain of rewrite_tag filters is much shorter, a loop is endless. */
const MAX_HOPS = 32;

export class Ingest {
  readonly settings: IngestSettings;
  readonly buffer: InputBuffer;
  readonly ledger = new Ledger();
  readonly #lines: Lines;
  readonly #unrouted = new Set<string>();

  constructor(settings: IngestSettings) {
    this.settings = settings;
    this.#lines = new Lines((roomAgain) => {
      if (roomAgain && this.hasRoom()) settings.resume();
      settings.progress();
    });
    this.buffer = new InputBuffer(settings.buffer, {
      dispatch: (chunk, routes) => this.#dispatch(chunk, routes),
      paused: (reason) => settings.log.warn(`[input] ${settings.label} paused (${reason})`),
      resumed: () => {
        settings.log.info(`[input] ${settings.label} resume (mem buf overlimit)`);
        this.#resume();
      },
      caughtUp: () => this.#resume(),
    });
  }

  /** InputHost.emit. */
  emit(tag: string, events: LogEvent[], settle?: Settle): boolean {
    this.settings.counters.add('input_records_total', events.length);
    const { processors, filtersFor } = this.settings;
    const filters = filtersFor(tag);
    const chain = processors.length === 0 ? filters : [...processors, ...filters];
    const entry = settle && this.ledger.open(tag, settle);
    this.#lines.enter(tag, events.length, () => this.#run(chain, 0, tag, events, entry, 0));
    return this.hasRoom();
  }

  /** InputHost.emitPacked: decoded only where something on the way looks into the events. */
  emitPacked(tag: string, events: PackedEvents, settle?: Settle): boolean {
    const { processors, filtersFor, router, outputsFor, counters } = this.settings;
    if (router || processors.length > 0 || filtersFor(tag).length > 0 || this.#lines.isWaitingFor(tag)) {
      const decoded = decodeEvents(events.bytes);
      events.release?.();
      return this.emit(tag, decoded, settle);
    }
    counters.add('input_records_total', events.count);
    const entry = settle && this.ledger.open(tag, settle);
    if (events.count > 0) this.#appendTo(tag, tag, outputsFor(tag), events, entry);
    entry?.done('safe');
    return this.hasRoom();
  }

  /** FilterHost.emit: from the first filter on, but not through `maker` again unless it asks for it. */
  emitFrom(
    maker: FilterUnit,
    tag: string,
    events: LogEvent[],
    settle: Settle | undefined,
    everyFilter: boolean,
  ): boolean {
    const hops = maker.hops + 1;
    if (hops > MAX_HOPS) return false;
    const { processors, filtersFor } = this.settings;
    const filters = filtersFor(tag);
    const chain = everyFilter ? [...filters] : filters.filter((unit) => unit !== maker);
    // As Fluent Bit: what a processor emits goes through those after it (processor/rewrite-tag-as-processor).
    const at = processors.indexOf(maker);
    if (at >= 0) chain.unshift(...processors.slice(at + 1));
    const entry = settle && new Entry(settle);
    this.#lines.enter(tag, events.length, () => this.#run(chain, 0, tag, events, entry, hops));
    return true;
  }

  /** FilterHost.passOn: to the processors and filters after `maker`. */
  passOn(maker: FilterUnit, tag: string, events: LogEvent[], settle: Settle | undefined): void {
    const chain = [...this.settings.processors, ...this.settings.filtersFor(tag)];
    const entry = settle && new Entry(settle);
    const { hops } = maker;
    this.#lines.enter(tag, events.length, () => this.#run(chain, chain.indexOf(maker) + 1, tag, events, entry, hops));
  }

  hasRoom(): boolean {
    return this.buffer.hasRoom() && this.#lines.hasRoom;
  }

  /** Resolves when no filter is waited for any more. */
  idle(): Promise<void> {
    return this.#lines.idle();
  }

  /** Whether a stop has to wait: chunks on disk that wait for a retry may as well be delivered by the next run. */
  get busy(): boolean {
    return this.#lines.isWaiting || this.buffer.chunksInMemory > 0 || this.buffer.chunksUnderWay > 0;
  }

  #run(
    chain: readonly FilterUnit[],
    from: number,
    tag: string,
    events: LogEvent[],
    entry: Entry | undefined,
    hops: number,
  ): Promise<void> | undefined {
    let now = events;
    for (let i = from; i < chain.length && now.length > 0; i++) {
      const result = (chain[i] as FilterUnit).apply(now, tag, entry, this, hops);
      if (result instanceof Promise)
        return result.then((next) => {
          return this.#run(chain, i + 1, tag, next, entry, hops);
        });
      now = result;
    }
    if (now.length > 0) this.#append(tag, now, entry);
    entry?.done('safe');
    return undefined;
  }

  #append(tag: string, events: LogEvent[], entry: Entry | undefined): void {
    const { router, outputsFor } = this.settings;
    if (!router) {
      this.#appendTo(tag, tag, outputsFor(tag), events, entry);
      return;
    }
    for (const group of router.split(events))
      this.#appendTo(`${tag}\0${group.key}`, tag, group.outputs, group.events, entry);
  }

  #appendTo(
    key: string,
    tag: string,
    outputs: readonly OutputUnit[],
    events: LogEvent[] | PackedEvents,
    entry: Entry | undefined,
  ): void {
    if (outputs.length > 0) this.buffer.append(key, tag, outputs, events, entry);
    else this.#dropUnrouted(tag, 'bytes' in events ? events.count : events.length);
  }

  /** Counted every time, said once a tag. */
  #dropUnrouted(tag: string, count: number): void {
    this.settings.counters.add('input_dropped_records_total', count, 'no output matches');
    if (this.#unrouted.has(tag) || this.#unrouted.size >= 1000) return;
    this.#unrouted.add(tag);
    this.settings.log.warn(
      `[router] no output matches tag '${tag}' of ${this.settings.label}: its records are dropped`,
    );
  }

  #dispatch(chunk: Chunk, routes: readonly OutputUnit[]): void {
    dispatch(chunk, routes, this.settings.label, this.settings.log, (outcome) => {
      this.settings.counters.add('input_settled_records_total', chunk.count, outcome);
      this.buffer.release(chunk);
      this.settings.progress();
    });
  }

  #resume(): void {
    if (this.#lines.hasRoom) this.settings.resume();
  }
}
