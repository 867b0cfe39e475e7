/**
 * The `sample` filter: lets a part of the records through, by rules on the values of fields, at random or by the hash of
 * a trace id (so that all records of a trace share one fate), and at most so many in a time for each value of a key.
 * Errors always pass. A field may say how many records each that passes stands for. Sluice's own; Fluent Bit has none.
 */
import { valueToText } from '../../src/data/accessor.ts';
import { type Fields, Float, getField, type LogEvent, withField } from '../../src/data/event.ts';
import { defineFilter, type Filter, type FilterHost, type OptionsOf, type OptionTable } from '../../src/plugin.ts';
import { Limit } from './limit.ts';
import { compileRate, compileRead, isError, type Read, shareOfText } from './rules.ts';

const options = {
  percentage: {
    type: 'number',
    default: '100',
    min: 0,
    max: 100,
    help: 'How many of a hundred records pass that no rule names.',
  },
  rule: {
    type: 'words',
    many: true,
    help: 'KEY REGEX PERCENTAGE: how many of a hundred records pass whose field fits; the first rule that fits counts.',
  },
  keep_errors: { type: 'boolean', default: 'on', help: 'Records with an error or worse as their level always pass.' },
  level_key: { type: 'text', default: 'level', help: 'The field with the level: a key or a record accessor.' },
  trace_key: {
    type: 'text',
    help: 'A field, such as a trace id, whose value decides instead of chance: records with the same one share their fate.',
  },
  count_key: { type: 'text', help: 'The field that says how many records this one stands for.' },
  limit: {
    type: 'integer',
    min: 1,
    help: 'So many records at most pass in each limit_window, for each value of limit_key.',
  },
  limit_window: { type: 'time', default: '1s', min: 0.001, help: 'The time of which limit speaks.' },
  limit_key: {
    type: 'text',
    many: true,
    help: 'Fields that tell apart what has a limit of its own: keys or record accessors; without one the tag does.',
  },
  max_keys: { type: 'integer', default: '10000', min: 1, help: 'How many values of limit_key are remembered at most.' },
} as const satisfies OptionTable;

export default defineFilter({
  name: 'sample',
  summary: 'Lets a part of the records through, by rules, by trace or up to a limit.',
  options,
  create: (given, host) => new Sample(given, host),
});

class Sample implements Filter {
  readonly #host: FilterHost;
  readonly #rate: (body: Fields) => number;
  readonly #level: Read | undefined;
  readonly #trace: Read | undefined;
  readonly #countKey: string | undefined;
  readonly #limit: Limit | undefined;
  readonly #limitKeys: readonly Read[];
  #limited = 0;

  constructor(given: OptionsOf<typeof options>, host: FilterHost) {
    this.#host = host;
    this.#rate = compileRate(given.rule, given.percentage);
    this.#level = given.keep_errors ? compileRead(given.level_key) : undefined;
    this.#trace = given.trace_key === undefined ? undefined : compileRead(given.trace_key);
    this.#countKey = given.count_key;
    this.#limit =
      given.limit === undefined ? undefined : new Limit(given.limit, given.limit_window * 1000, given.max_keys);
    this.#limitKeys = given.limit_key.map(compileRead);
  }

  filter(events: LogEvent[], tag: string): LogEvent[] {
    const now = this.#limit ? this.#host.clock.monotonic() : 0;
    let kept: LogEvent[] | undefined;
    for (let at = 0; at < events.length; at++) {
      const event = events[at] as LogEvent;
      const count = this.#countOf(event.body, tag, now);
      if (count > 0) {
        if (this.#countKey !== undefined) event.body = withCount(event.body, this.#countKey, count);
        kept?.push(event);
      } else kept ??= events.slice(0, at);
    }
    if (this.#limited > 0) this.#host.count('sample_limited_records_total', this.#limited);
    this.#limited = 0;
    return kept ?? events;
  }

  /** How many records this one stands for; 0 where it is dropped. */
  #countOf(body: Fields, tag: string, now: number): number {
    if (this.#level && isError(this.#level(body))) return 1;
    const rate = this.#rate(body);
    if (rate < 1 && !(this.#shareOf(body) < rate)) return 0;
    if (!this.#limit) return 1 / rate;
    const count = this.#limit.pass(this.#limitKey(body, tag), 1 / rate, now);
    if (count === 0) this.#limited++;
    return count;
  }

  /** Where in 0 .. 1 this record lies: by its trace, or by chance where it has none. */
  #shareOf(body: Fields): number {
    const trace = this.#trace?.(body);
    return trace === undefined || trace === null || trace === ''
      ? this.#host.clock.random()
      : shareOfText(valueToText(trace));
  }

  #limitKey(body: Fields, tag: string): string {
    if (this.#limitKeys.length === 0) return tag;
    let text = '';
    for (let at = 0; at < this.#limitKeys.length; at++) {
      const value = (this.#limitKeys[at] as Read)(body);
      text += value === undefined ? BETWEEN : `${valueToText(value)}${BETWEEN}`;
    }
    return text;
  }
}

/** Between the parts of a key; it hardly occurs in a field. */
const BETWEEN = '\u001f';

/** A record that already stands for several, since it was sampled before, stands for as many times more. */
function withCount(body: Fields, key: string, count: number): Fields {
  const before = getField(body, key);
  const times = before instanceof Float ? before.value : typeof before === 'number' ? before : 1;
  return withField(body, key, numberValue(times > 0 && Number.isFinite(times) ? count * times : count));
}

/** Rounded, so that 100 / 30 does not fill the record with digits. */
const numberValue = (count: number): number => Math.round(count * 1000) / 1000;
