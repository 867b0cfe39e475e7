/**
 * What goes to Loki in one go: the events of one batch, or of several that were put together, numbered through; and their
 * split into requests, by tenant, by stream and by size. Pure.
 */
import { estimateBytes, type LogEvent } from '../../src/data/event.ts';
import { Progress } from '../../src/net/progress.ts';
import type { Batch } from '../../src/plugin.ts';
import type { Entry, PushSource, StreamEntries } from './push.ts';
import type { TenantOf } from './settings.ts';
import type { Stream, Streams } from './streams.ts';

/** When a line is, for Loki. */
export type Time = Pick<Entry, 'seconds' | 'nanos'>;

/** A batch and how far it has come; kept from try to try. */
export interface Part {
  readonly batch: Batch;
  readonly progress: Progress;
  /** The times that its lines were given, so that a line is the same in every try. */
  readonly times: Map<number, Time>;
  /** How often it failed because Loki was away. */
  outages: number;
  /** Loki said so (413). */
  isTooLarge: boolean;
}

export function newPart(batch: Batch): Part {
  return { batch, progress: new Progress(batch.count), times: new Map(), outages: 0, isTooLarge: false };
}

export class Load implements PushSource {
  readonly parts: readonly Part[];
  readonly events: readonly LogEvent[];
  /** The number of each part's first event. */
  readonly #starts: number[] = [];
  /** What was accepted and counts only if all is. */
  #held: number[] | undefined;

  constructor(parts: readonly Part[]) {
    this.parts = parts;
    if (parts.length === 1) {
      this.events = (parts[0] as Part).batch.events;
      this.#starts.push(0);
      return;
    }
    const events: LogEvent[] = [];
    for (const { batch } of parts) {
      this.#starts.push(events.length);
      for (const event of batch.events) events.push(event);
    }
    this.events = events;
  }

  tagOf = (number: number): string => this.#partOf(number).batch.tag;

  isDone(number: number): boolean {
    const at = this.#indexOf(number);
    return (this.parts[at] as Part).progress.isDone(number - (this.#starts[at] as number));
  }

  accept(number: number): void {
    if (this.#held) {
      this.#held.push(number);
      return;
    }
    const at = this.#indexOf(number);
    (this.parts[at] as Part).progress.accept(number - (this.#starts[at] as number));
  }

  /** What is accepted from now on counts only once `countHeld` says so. */
  hold(): void {
    this.#held = [];
  }

  countHeld(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const number of held) this.accept(number);
  }

  refuse(numbers: readonly number[], reason: string): void {
    for (const [at, { progress, batch }] of this.parts.entries()) {
      const start = this.#starts[at] as number;
      const own = numbers.filter((number) => number >= start && number < start + batch.count);
      if (own.length > 0)
        progress.refuse(
          own.map((number) => number - start),
          reason,
        );
    }
  }

  /** Whether a request that holds some of it was too large. */
  get isTooLarge(): boolean {
    return this.parts.some((part) => part.isTooLarge);
  }

  markTooLarge(): void {
    for (const part of this.parts) part.isTooLarge = true;
  }

  /** The time that a line was given in an earlier try. */
  timeOf(number: number): Time | undefined {
    const at = this.#indexOf(number);
    return (this.parts[at] as Part).times.get(number - (this.#starts[at] as number));
  }

  keepTime(number: number, time: Time): void {
    const at = this.#indexOf(number);
    (this.parts[at] as Part).times.set(number - (this.#starts[at] as number), time);
  }

  #indexOf(number: number): number {
    let at = this.#starts.length - 1;
    while ((this.#starts[at] as number) > number) at--;
    return at;
  }

  #partOf(number: number): Part {
    return this.parts[this.#indexOf(number)] as Part;
  }
}

/** One request: to which tenant ('' is none), and what. */
export interface PushRequest {
  readonly tenant: string;
  readonly streams: readonly StreamEntries[];
}

export interface SplitSettings {
  readonly streams: Streams;
  readonly tenantOf: TenantOf | undefined;
  readonly tenant: string;
  readonly order: 'arrival' | 'time' | 'increasing';
  /** The newest time of each stream, where they have to increase. */
  readonly newest: WeakMap<Stream, Time>;
  /** 0: no limit. */
  readonly maxBytes: number;
}

/** What is left of a load as requests: tenants, and the streams of each, in the order in which they first come. */
export function split(load: Load, settings: SplitSettings): PushRequest[] {
  const tenants = new Map<string, Map<Stream, Entry[]>>();
  const { tenantOf, tenant: fixed, streams } = settings;
  streams.turn();
  let tenant: string | undefined;
  let byStream: Map<Stream, Entry[]> = new Map();
  let stream: Stream | undefined;
  let entries: Entry[] = [];
  for (let number = 0; number < load.events.length; number++) {
    if (load.isDone(number)) continue;
    const { body, seconds, nanos } = load.events[number] as LogEvent;
    const own = tenantOf ? tenantOf(body) : fixed;
    if (own !== tenant) {
      tenant = own;
      byStream = tenants.get(own) ?? new Map();
      tenants.set(own, byStream);
      stream = undefined;
    }
    const ownStream = streams.of(body, load.tagOf(number));
    if (ownStream !== stream) {
      stream = ownStream;
      entries = byStream.get(stream) ?? [];
      byStream.set(stream, entries);
    }
    entries.push({ number, seconds, nanos });
  }
  return [...tenants].flatMap(([name, shares]) => {
    const ordered = [...shares].map(([one, all]) => ({ stream: one, entries: inOrder(all, one, load, settings) }));
    return cut(ordered, load, settings.maxBytes).map((share) => ({ tenant: name, streams: share }));
  });
}

function inOrder(entries: Entry[], stream: Stream, load: Load, { order, newest }: SplitSettings): Entry[] {
  if (order === 'arrival') return entries;
  const sorted = entries.sort(byTime);
  return order === 'time' ? sorted : increasing(sorted, stream, load, newest);
}

const byTime = (a: Time, b: Time): number => a.seconds - b.seconds || a.nanos - b.nanos;
const BEFORE_ALL: Time = { seconds: Number.NEGATIVE_INFINITY, nanos: 0 };

/** Loki takes two equal lines of one time for one; what was sent already keeps its time, so that they are one. */
function increasing(entries: readonly Entry[], stream: Stream, load: Load, newest: WeakMap<Stream, Time>): Entry[] {
  let last = newest.get(stream) ?? BEFORE_ALL;
  const timed = entries.map(({ number, seconds, nanos }) => {
    const known = load.timeOf(number);
    if (known) return { number, ...known };
    if (seconds > last.seconds || (seconds === last.seconds && nanos > last.nanos)) last = { seconds, nanos };
    else if (last.nanos < 999_999_999) last = { seconds: last.seconds, nanos: last.nanos + 1 };
    else last = { seconds: last.seconds + 1, nanos: 0 };
    load.keepTime(number, last);
    return { number, ...last };
  });
  newest.set(stream, last);
  return timed.sort(byTime);
}

/** Requests of about so many bytes; one entry at least in each. */
function cut(shares: StreamEntries[], { events }: Load, maxBytes: number): StreamEntries[][] {
  if (maxBytes <= 0) return [shares];
  const requests: StreamEntries[][] = [[]];
  let bytes = 0;
  for (const { stream, entries } of shares) {
    let open: Entry[] | undefined;
    for (const entry of entries) {
      const size = estimateBytes(events[entry.number] as LogEvent);
      if (bytes > 0 && bytes + size > maxBytes) {
        requests.push([]);
        bytes = 0;
        open = undefined;
      }
      bytes += size;
      if (!open) {
        open = [];
        (requests.at(-1) as StreamEntries[]).push({ stream, entries: open });
      }
      open.push(entry);
    }
  }
  return requests;
}

/** A request as two, each with half of its entries. It must have more than one. */
export function halves({ tenant, streams }: PushRequest): PushRequest[] {
  let left = streams.reduce((sum, { entries }) => sum + entries.length, 0) >> 1;
  const first: StreamEntries[] = [];
  const second: StreamEntries[] = [];
  for (const { stream, entries } of streams) {
    if (left > 0) first.push({ stream, entries: entries.slice(0, left) });
    if (left < entries.length) second.push({ stream, entries: entries.slice(Math.max(left, 0)) });
    left -= entries.length;
  }
  return [
    { tenant, streams: first },
    { tenant, streams: second },
  ];
}
