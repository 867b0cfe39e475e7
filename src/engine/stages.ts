/**
 * A filter or processor at work: it knows whose events it has in hand (so that `hold` and `emit` reach the right
 * source), runs a processor's condition, counts what goes in and out, and lets no failure of a filter lose events.
 */
import type { LogEvent } from '../data/event.ts';
import type { Logger } from '../log.ts';
import type { Counters } from '../metrics.ts';
import type { Filter, Settle, Soon } from '../plugin.ts';
import type { Ingest } from './ingest.ts';
import type { Entry } from './ledger.ts';

export class FilterUnit {
  readonly name: string;
  readonly matches: (tag: string) => boolean;
  readonly #condition: ((event: LogEvent) => boolean) | undefined;
  readonly #counters: Counters;
  readonly #log: Logger;
  #filter: Filter | undefined;
  #entry: Entry | undefined;
  /** The input whose events came last: what a filter emits later on goes to its buffer. */
  origin: Ingest | undefined;
  /** How often filters have emitted the events in hand; 0: they come from an input, or a timer runs. */
  hops = 0;

  constructor(
    name: string,
    matches: (tag: string) => boolean,
    condition: ((event: LogEvent) => boolean) | undefined,
    counters: Counters,
    log: Logger,
  ) {
    this.name = name;
    this.matches = matches;
    this.#condition = condition;
    this.#counters = counters;
    this.#log = log;
  }

  /** Set once, right after `create`: the filter's host needs this unit, and this unit the filter. */
  set filter(filter: Filter) {
    this.#filter = filter;
  }

  apply(
    events: LogEvent[],
    tag: string,
    entry: Entry | undefined,
    origin: Ingest | undefined,
    hops = 0,
  ): Soon<LogEvent[]> {
    if (origin) this.origin = origin;
    const outer = this.hops;
    this.hops = hops;
    const result = this.#condition
      ? this.#applyWhere(this.#condition, events, tag, entry)
      : this.#run(events, tag, entry);
    this.hops = outer;
    if (result instanceof Promise) return result.then((kept) => this.#counted(events.length, kept));
    return result === events ? result : this.#counted(events.length, result);
  }

  #run(events: LogEvent[], tag: string, entry: Entry | undefined): Soon<LogEvent[]> {
    // Filters emit, and what they emit may come by here again before they return.
    const outer = this.#entry;
    this.#entry = entry;
    try {
      const result = this.#filter?.filter(events, tag) ?? events;
      return result instanceof Promise ? result.catch((error: Error) => this.#failed(error, events)) : result;
    } catch (error) {
      return this.#failed(error as Error, events);
    } finally {
      this.#entry = outer;
    }
  }

  /** Events that meet the condition go through in runs of neighbours, so that the order stays. */
  #applyWhere(
    condition: (event: LogEvent) => boolean,
    events: LogEvent[],
    tag: string,
    entry: Entry | undefined,
  ): Soon<LogEvent[]> {
    const parts: Soon<LogEvent[]>[] = [];
    let waits = false;
    for (let start = 0; start < events.length; ) {
      const meets = condition(events[start] as LogEvent);
      let end = start + 1;
      while (end < events.length && condition(events[end] as LogEvent) === meets) end++;
      const run = events.slice(start, end);
      const part = meets ? this.#run(run, tag, entry) : run;
      waits ||= part instanceof Promise;
      parts.push(part);
      start = end;
    }
    return waits ? Promise.all(parts).then((done) => done.flat()) : (parts as LogEvent[][]).flat();
  }

  #failed(error: Error, events: LogEvent[]): LogEvent[] {
    this.#counters.add('filter_errors_total');
    this.#log.error(`the filter failed, its events go on unchanged: ${error.stack ?? error.message}`);
    return events;
  }

  #counted(before: number, kept: LogEvent[]): LogEvent[] {
    this.#counters.add('filter_records_total', before);
    if (kept.length < before) this.#counters.add('filter_drop_records_total', before - kept.length);
    if (kept.length > before) this.#counters.add('filter_add_records_total', kept.length - before);
    return kept;
  }

  /** FilterHost.hold: the source of the events in hand waits until the returned function is called. */
  hold(): Settle {
    const entry = this.#entry;
    if (!entry) return () => {};
    entry.retain();
    let open = true;
    return (outcome) => {
      if (open) entry.done(outcome);
      open = false;
    };
  }

  start(): Soon<void> {
    return this.#filter?.start?.();
  }

  stop(): Soon<void> {
    return this.#filter?.stop?.();
  }
}
