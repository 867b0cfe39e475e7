/**
 * The `dummy` input: makes the same record again and again, for trying out a pipeline.
 *
 * One tick makes `copies` events. Fluent Bit's order of precedence: `interval_sec` and `interval_nsec` beat `rate`. Ticks
 * that are shorter than a timer can be are made up for, several at a time, in one array. Times: the clock's; or from
 * `start_time_*` on; or, with `fixed_timestamp`, always the same. While the pipeline has no room, ticks make nothing.
 */
import { encodeText } from '../../src/data/bytes.ts';
import { type Fields, isFields, type LogEvent, NO_METADATA, timeAt, type Value } from '../../src/data/event.ts';
import { parseJson, parseJsonObject } from '../../src/data/json.ts';
import { DocumentCutter } from '../../src/parsers/documents.ts';
import { defineInput, type Input, type InputHost, type OptionsOf } from '../../src/plugin.ts';
import { options } from './options.ts';

type Options = OptionsOf<typeof options>;

export default defineInput({
  name: 'dummy',
  summary: 'Makes the same record again and again.',
  options,
  create: (given, host) => new Dummy(given, host),
});

/** So many ticks are made up for at once. */
const MOST_TICKS = 10_000;

interface Time {
  seconds: number;
  nanos: number;
}

class Dummy implements Input {
  readonly #options: Options;
  readonly #host: InputHost;
  readonly #tag: string;
  /** Usually one. */
  readonly #bodies: readonly Fields[];
  readonly #metadata: Fields;
  readonly #intervalMs: number;
  #cancel: (() => void) | undefined;
  #startedMs = 0;
  /** When the next tick is due, on the clock that only goes forward. */
  #nextMs = 0;
  #made = 0;
  #paused = false;

  constructor(options: Options, host: InputHost) {
    this.#options = options;
    this.#host = host;
    this.#tag = host.tag ?? host.name;
    this.#bodies = this.#template('dummy', options.dummy, { message: 'dummy' });
    this.#metadata = this.#template('metadata', options.metadata, {})[0] ?? NO_METADATA;
    if (Object.keys(this.#metadata).length === 0) this.#metadata = NO_METADATA;
    this.#intervalMs = intervalMs(options);
  }

  start(): void {
    this.#startedMs = this.#host.clock.now();
    this.#nextMs = this.#host.clock.monotonic() + this.#intervalMs;
    if (this.#options.flush_on_startup) this.#tick(1);
    if (!this.#done()) this.#plan();
  }

  resume(): void {
    this.#paused = false;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** A text that is no JSON gives the default; JSON that is no object (a list) gives no event at all. */
  #template(option: string, text: string, fallback: Fields): readonly Fields[] {
    const fields = parseJsonObject(text);
    if (fields) return [fields];
    const all = documentsOf(text);
    if (all) return all.filter(isFields);
    this.#host.log('warn', `${option} is no JSON object; the default is used`);
    return [fallback];
  }

  #plan(): void {
    const waitMs = Math.max(this.#nextMs - this.#host.clock.monotonic(), 0);
    this.#cancel = this.#host.clock.after(waitMs, () => {
      const ticks = this.#ticksDue();
      if (!this.#paused) this.#tick(ticks);
      if (!this.#done()) this.#plan();
    });
  }

  /** How many ticks are over since the last time; where far too many are, the rest is given up. */
  #ticksDue(): number {
    const now = this.#host.clock.monotonic();
    const due = Math.floor((now - this.#nextMs) / this.#intervalMs) + 1;
    this.#nextMs = due > MOST_TICKS ? now + this.#intervalMs : this.#nextMs + Math.max(due, 0) * this.#intervalMs;
    return Math.min(Math.max(due, 0), MOST_TICKS);
  }

  #done(): boolean {
    return this.#options.samples > 0 && this.#made >= this.#options.samples;
  }

  #tick(due: number): void {
    const ticks = this.#options.samples > 0 ? Math.min(due, this.#options.samples - this.#made) : due;
    this.#made += ticks;
    const events = this.#events(ticks * this.#options.copies);
    if (events.length > 0) this.#paused = !this.#host.emit(this.#tag, events);
  }

  #events(count: number): LogEvent[] {
    const { seconds, nanos } = this.#time();
    const events: LogEvent[] = [];
    for (let i = 0; i < count; i++)
      for (const body of this.#bodies) events.push({ seconds, nanos, metadata: this.#metadata, body });
    return events;
  }

  #time(): Time {
    const { fixed_timestamp: fixed, start_time_sec: startSeconds, start_time_nsec: startNanos } = this.#options;
    const from = startSeconds >= 0 || startNanos >= 0;
    if (!from) return timeAt(fixed ? this.#startedMs : this.#host.clock.now());
    const base = { seconds: Math.max(startSeconds, 0), nanos: Math.max(startNanos, 0) };
    if (fixed) return base;
    const passed = timeAt(this.#host.clock.now() - this.#startedMs);
    const nanos = base.nanos + passed.nanos;
    return { seconds: base.seconds + passed.seconds + Math.floor(nanos / 1e9), nanos: nanos % 1e9 };
  }
}

function intervalMs(options: Options): number {
  const { interval_sec: seconds, interval_nsec: nanos, rate } = options;
  if (seconds >= 0 && nanos >= 0 && (seconds > 0 || nanos > 0)) return seconds * 1000 + nanos / 1e6;
  return rate > 1 ? 1000 / rate : 1000;
}

/** As Fluent Bit: objects side by side are as many records. Undefined where a part is no JSON. */
function documentsOf(text: string): Value[] | undefined {
  try {
    return [parseJson(text)];
  } catch {
    // Not one document, but it may be several.
  }
  const cutter = new DocumentCutter(Number.POSITIVE_INFINITY);
  const texts = cutter.push(encodeText(text), true);
  if (cutter.takeSkipped() > 0) return undefined;
  try {
    return texts.map(parseJson);
  } catch {
    return undefined;
  }
}
