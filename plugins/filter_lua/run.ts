/**
 * Batches through the function of a script: what it is called with, and what its results mean.
 *
 * `function(tag, time, record)` returns code, time, record; one with five parameters is
 * `function(tag, time, group, metadata, record)` and returns code, time, metadata, record. The code says: -1 drops, 0
 * keeps, 1 takes time and record, 2 only the record. A list of records splits the event; an empty list drops it.
 */
import { type Fields, isFields, type LogEvent, NO_METADATA, type Value } from '../../src/data/event.ts';
import type { FilterHost } from '../../src/plugin.ts';
import { LuaError, LuaTimeout, valueOfError } from './errors.ts';
import { list } from './meta.ts';
import { toNumber } from './numbers.ts';
import type { LuaState } from './state.ts';
import { LuaTable, type LuaValue, tableOf } from './table.ts';
import { bytesOf, textOf } from './text.ts';
import type { Converter } from './values.ts';

/** The same complaint is not made more often than that. */
const COMPLAINT_MS = 10_000;

export class LuaRunner {
  readonly #state: LuaState;
  readonly #converter: Converter;
  readonly #host: FilterHost;
  readonly #call: string;
  readonly #timeAsTable: boolean;
  #complained = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  constructor(state: LuaState, converter: Converter, host: FilterHost, call: string, timeAsTable: boolean) {
    this.#state = state;
    this.#converter = converter;
    this.#host = host;
    this.#call = call;
    this.#timeAsTable = timeAsTable;
  }

  run(events: LogEvent[], tag: string): LogEvent[] {
    const kept: LogEvent[] = [];
    const bytes = bytesOf(tag);
    let changed = false;
    try {
      for (const event of events) if (this.#one(event, bytes, kept)) changed = true;
    } catch (error) {
      this.#complain(error, events.length);
      return events;
    }
    return changed ? kept : events;
  }

  /** Adds what becomes of the event; false where it stays as it is. */
  #one(event: LogEvent, tag: string, kept: LogEvent[]): boolean {
    const call = this.#state.globals.getText(this.#call);
    if (typeof call !== 'function') throw new LuaError(`the function '${this.#call}' is gone`);
    const time = this.#time(event);
    const record = this.#converter.tableOf(event.body);
    this.#state.budget.restart();
    if (call.length >= 5) {
      const metadata = this.#converter.tableOf(event.metadata);
      const [code, newTime, newMetadata, newRecord] = list(call(tag, time, new LuaTable(), metadata, record));
      return this.#take(event, code, newTime, newRecord, newMetadata, kept);
    }
    const [code, newTime, newRecord] = list(call(tag, time, record));
    return this.#take(event, code, newTime, newRecord, undefined, kept);
  }

  #time({ seconds, nanos }: LogEvent): LuaValue {
    return this.#timeAsTable ? tableOf({ sec: seconds, nsec: nanos }) : seconds + nanos / 1e9;
  }

  #take(
    event: LogEvent,
    code: LuaValue,
    time: LuaValue,
    record: LuaValue,
    metadata: LuaValue,
    kept: LogEvent[],
  ): boolean {
    const meaning = Math.trunc(toNumber(code) ?? 0);
    if (meaning === -1) return true;
    if (meaning !== 1 && meaning !== 2) {
      if (meaning !== 0) this.#say(`the script returned the code ${meaning}, which means nothing: records stay`, 1);
      kept.push(event);
      return false;
    }
    const [seconds, nanos] = meaning === 1 ? this.#newTime(event, time) : [event.seconds, event.nanos];
    const bodies = this.#converter.toValue(record);
    // As Fluent Bit: what is no table leaves the metadata.
    const meta = metadata instanceof LuaTable ? this.#converter.toValue(metadata) : event.metadata;
    if (!Array.isArray(bodies)) this.#push(bodies, meta, seconds, nanos, kept);
    else
      for (const [at, body] of bodies.entries())
        this.#push(body, Array.isArray(meta) ? meta[at] : meta, seconds, nanos, kept);
    return true;
  }

  #push(body: Value | undefined, meta: Value | undefined, seconds: number, nanos: number, kept: LogEvent[]): void {
    if (!isFields(body)) throw new LuaError(`${this.#call}() returned something that is no table of a record`);
    const metadata = isFields(meta) && !isEmpty(meta) ? meta : NO_METADATA;
    kept.push({ seconds, nanos, metadata, body });
  }

  /** As Fluent Bit: a time that is a number has what a double holds; what is no time leaves the event's. */
  #newTime(event: LogEvent, time: LuaValue): readonly [number, number] {
    if (time instanceof LuaTable) {
      const [seconds, nanos] = [toNumber(time.getText('sec')), toNumber(time.getText('nsec'))];
      return [Math.trunc(seconds ?? event.seconds), Math.trunc(nanos ?? 0)];
    }
    const number = this.#timeAsTable ? undefined : toNumber(time);
    if (number === undefined || !Number.isFinite(number)) return [event.seconds, event.nanos];
    const seconds = Math.floor(number);
    return [seconds, Math.trunc((number - seconds) * 1e9)];
  }

  #complain(error: unknown, count: number): void {
    if (error instanceof LuaTimeout) {
      this.#host.count('script_timeouts_total');
      this.#say(error.message, count);
    } else {
      const value = valueOfError(error);
      this.#host.count('script_errors_total');
      const text = value instanceof LuaTable ? 'an error that is a table' : textOf(String(value ?? 'nil'));
      this.#say(`the script failed, ${count} records stay as they are: ${text}`, count);
    }
  }

  #say(message: string, count: number): void {
    const now = this.#host.clock.monotonic();
    this.#unsaid += count;
    if (now - this.#complained < COMPLAINT_MS) return;
    const more = this.#unsaid > count ? ` (${this.#unsaid} records since the last such message)` : '';
    this.#host.log('error', message + more);
    [this.#complained, this.#unsaid] = [now, 0];
  }
}

function isEmpty(fields: Fields): boolean {
  for (const _key in fields) return false;
  return true;
}
