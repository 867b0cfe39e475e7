/**
 * The `throttle_size` filter: lets through at most `rate` bytes an interval, on average over a sliding window, for each
 * value of a field or for all records together.
 *
 * As Fluent Bit: the size of a record is that of its strings and keys (in bytes of UTF-8; numbers weigh nothing), or that
 * of one field; a record without the field of the name, or of the size, passes. A record is dropped when it would lift
 * the average above the rate.
 */
import { type Fields, getField, isFields, type LogEvent, type Value } from '../../src/data/event.ts';
import { NamedWindows } from '../../src/data/sliding_window.ts';
import { readSize, readTime } from '../../src/options.ts';
import { defineFilter, type FilterHost, type OptionTable } from '../../src/plugin.ts';

const options = {
  rate: {
    type: 'text',
    default: '1M',
    help: 'How many bytes may pass in an interval, on average; k, M and G are fine.',
  },
  window: { type: 'integer', default: '5', help: 'Over how many intervals the average goes.' },
  interval: { type: 'text', default: '1s', help: 'The length of an interval: a number with s, m, h or d.' },
  name_field: { type: 'text', help: 'Each value of this field has a limit of its own; `a|b` is field b within a.' },
  log_field: {
    type: 'text',
    help: 'The field whose size counts, instead of that of the whole record; `a|b` is b within a.',
  },
  print_status: { type: 'boolean', default: 'off', help: 'Logs the present rates once an interval.' },
  window_time_duration: {
    type: 'text',
    default: '10m',
    help: 'Accepted; a window is forgotten when nothing is left in it and there are many others.',
  },
  hash_table_size: { type: 'integer', default: '10000', help: 'So many values of name_field are remembered at most.' },
} as const satisfies OptionTable;

const DEFAULT_RATE = 1024 * 1024;
const DEFAULT_WINDOW = 5;
const DEFAULT_NAMES = 10_000;
/** As in Fluent Bit, by so much may the average be above the rate. */
const TOLERANCE = 0.001;

export default defineFilter({
  name: 'throttle_size',
  summary: 'Drops records above a number of bytes, measured over a sliding window.',
  options,
  create: (given, host) =>
    new ThrottleSize(
      {
        rate: readRate(given.rate, host),
        panes: given.window > 1 ? given.window : DEFAULT_WINDOW,
        intervalMs: readInterval(given.interval, host) * 1000,
        names: given.hash_table_size > 0 ? given.hash_table_size : DEFAULT_NAMES,
        printStatus: given.print_status,
        name: given.name_field?.split('|'),
        log: given.log_field?.split('|'),
      },
      host,
    ),
});

interface Settings {
  readonly rate: number;
  readonly panes: number;
  readonly intervalMs: number;
  readonly names: number;
  readonly printStatus: boolean;
  readonly name: readonly string[] | undefined;
  readonly log: readonly string[] | undefined;
}

function readRate(text: string, host: FilterHost): number {
  try {
    const bytes = readSize(text);
    if (bytes > 0) return bytes;
  } catch {}
  host.log('warn', `rate '${text}' is no size: 1 MiB is taken`);
  return DEFAULT_RATE;
}

function readInterval(text: string, host: FilterHost): number {
  try {
    const seconds = readTime(text);
    if (seconds > 0) return seconds;
  } catch {}
  host.log('warn', `interval '${text}' is no time: one second is taken`);
  return 1;
}

class ThrottleSize {
  readonly #settings: Settings;
  readonly #host: FilterHost;
  readonly #windows: NamedWindows;
  readonly #startMs: number;
  #cancel: (() => void) | undefined;

  constructor(settings: Settings, host: FilterHost) {
    this.#settings = settings;
    this.#host = host;
    this.#windows = new NamedWindows(settings.panes, settings.names);
    this.#startMs = host.clock.monotonic();
    if (settings.printStatus) this.#printLater();
  }

  filter(events: LogEvent[]): LogEvent[] {
    const tick = this.#tick();
    const kept = events.filter((event) => this.#passes(event.body, tick));
    return kept.length === events.length ? events : kept;
  }

  stop(): void {
    this.#cancel?.();
  }

  #tick(): number {
    return Math.floor((this.#host.clock.monotonic() - this.#startMs) / this.#settings.intervalMs);
  }

  #passes(body: Fields, tick: number): boolean {
    const { name, log, panes, rate } = this.#settings;
    const group = name ? valueAt(body, name) : '';
    if (typeof group !== 'string') return true;
    const counted = log ? valueAt(body, log) : body;
    if (counted === undefined) return true;
    const bytes = weigh(counted);
    const window = this.#windows.at(group, tick);
    if ((window.total + bytes) / panes - rate > TOLERANCE) return false;
    window.add(bytes);
    return true;
  }

  #printLater(): void {
    this.#cancel = this.#host.clock.after(
      this.#settings.intervalMs,
      () => {
        const { rate, panes } = this.#settings;
        for (const [name, window] of this.#windows.entries(this.#tick()))
          this.#host.log(
            'info',
            `${name === '' ? '' : `${name}: `}${(window.total / panes).toFixed(0)} bytes an interval, limit ${rate}`,
          );
        this.#printLater();
      },
      true,
    );
  }
}

function valueAt(body: Fields, path: readonly string[]): Value | undefined {
  let value: Value | undefined = body;
  for (const key of path) value = isFields(value) ? getField(value, key) : undefined;
  return value;
}

/** Deeper levels weigh nothing. */
const MAX_DEPTH = 64;

/** Bytes of strings and keys. */
function weigh(value: Value, depth = 0): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return 0;
  if (value instanceof Uint8Array) return value.length;
  let bytes = 0;
  if (Array.isArray(value)) for (const item of value) bytes += weigh(item, depth + 1);
  else if (isFields(value))
    for (const key in value) bytes += Buffer.byteLength(key) + weigh(value[key] as Value, depth + 1);
  return bytes;
}
