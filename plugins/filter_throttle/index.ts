/**
 * The `throttle` filter: lets through at most `rate` records an interval, on average over a sliding window.
 *
 * As Fluent Bit: a record is dropped when the records of the last `window` intervals, divided by `window`, reach the
 * rate; so after a quiet time a burst of rate × window records passes at once. A rate of 1 or less is 1, a window of 1
 * or less is 5. With `group_by` (an addition) every value has a window of its own.
 */

import type { LogEvent } from '../../src/data/event.ts';
import { NamedWindows } from '../../src/data/sliding_window.ts';
import { compileTemplate, type Template } from '../../src/data/template.ts';
import { readTime } from '../../src/options.ts';
import { defineFilter, type FilterHost, type OptionTable } from '../../src/plugin.ts';

const options = {
  rate: {
    type: 'text',
    default: '1',
    help: 'How many records may pass in an interval, on average; a fraction is fine.',
  },
  window: { type: 'integer', default: '5', help: 'Over how many intervals the average goes.' },
  interval: { type: 'text', default: '1s', help: 'The length of an interval: a number with s, m, h or d.' },
  print_status: { type: 'boolean', default: 'off', help: 'Logs the present rate once an interval.' },
  group_by: {
    type: 'text',
    help: "Sluice: a field or a template, such as $kubernetes['pod_name'] or $TAG; each value has a limit of its own.",
  },
} as const satisfies OptionTable;

const DEFAULT_WINDOW = 5;
const MAX_GROUPS = 10_000;

export default defineFilter({
  name: 'throttle',
  summary: 'Drops records above a rate, measured over a sliding window.',
  options,
  create: (given, host) => {
    return new Throttle(
      {
        rate: Math.max(1, Number.parseFloat(given.rate) || 1),
        panes: given.window > 1 ? given.window : DEFAULT_WINDOW,
        intervalMs: readInterval(given.interval, host) * 1000,
        printStatus: given.print_status,
        groupBy: given.group_by === undefined ? undefined : compileGroup(given.group_by),
      },
      host,
    );
  },
});

interface Settings {
  readonly rate: number;
  readonly panes: number;
  readonly intervalMs: number;
  readonly printStatus: boolean;
  readonly groupBy: Template | undefined;
}

/** As Fluent Bit, what is no time is one second, with a warning. */
function readInterval(text: string, host: FilterHost): number {
  try {
    const seconds = readTime(text);
    if (seconds > 0) return seconds;
  } catch {}
  host.log('warn', `interval '${text}' is no time: one second is taken`);
  return 1;
}

/** A bare name is a field. */
function compileGroup(text: string): Template {
  return compileTemplate(text.includes('$') ? text : `$${text}`);
}

class Throttle {
  readonly #settings: Settings;
  readonly #host: FilterHost;
  readonly #windows: NamedWindows;
  readonly #startMs: number;
  #cancel: (() => void) | undefined;

  constructor(settings: Settings, host: FilterHost) {
    this.#settings = settings;
    this.#host = host;
    this.#windows = new NamedWindows(settings.panes, MAX_GROUPS);
    this.#startMs = host.clock.monotonic();
    if (settings.printStatus) this.#printLater();
  }

  filter(events: LogEvent[], tag: string): LogEvent[] {
    const tick = this.#tick();
    const { groupBy } = this.#settings;
    if (groupBy) return this.#select(events, (event) => this.#passes(groupBy.fill(event.body, tag), tick));
    return this.#select(events, () => this.#passes('', tick));
  }

  stop(): void {
    this.#cancel?.();
  }

  #tick(): number {
    return Math.floor((this.#host.clock.monotonic() - this.#startMs) / this.#settings.intervalMs);
  }

  #passes(group: string, tick: number): boolean {
    const window = this.#windows.at(group, tick);
    if (window.total / this.#settings.panes >= this.#settings.rate) return false;
    window.add(1);
    return true;
  }

  #select(events: LogEvent[], passes: (event: LogEvent) => boolean): LogEvent[] {
    const kept = events.filter(passes);
    return kept.length === events.length ? events : kept;
  }

  #printLater(): void {
    this.#cancel = this.#host.clock.after(
      this.#settings.intervalMs,
      () => {
        const { rate, panes, intervalMs } = this.#settings;
        for (const [name, window] of this.#windows.entries(this.#tick()))
          this.#host.log(
            'info',
            `${name === '' ? '' : `${name}: `}${(window.total / panes).toFixed(2)} records an interval of ${intervalMs / 1000} s, ` +
              `limit ${rate}, average over ${panes} intervals`,
          );
        this.#printLater();
      },
      true,
    );
  }
}
