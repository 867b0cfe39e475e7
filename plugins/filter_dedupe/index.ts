/**
 * The `dedupe` filter: of the same message of the same source within a window, the first goes on at once and the last
 * follows at the window's end with the number of those left out between; or (`hold_first`) only the last, with the
 * number of all.
 *
 * The event that is held keeps its source waiting, so that a crash does not lose it; those that were left out are safe.
 * It goes on to the filters after this one. What is remembered is bounded (`max_messages`): the oldest window ends early.
 */
import { hash } from 'node:crypto';
import { compileAccessor, valueToText } from '../../src/data/accessor.ts';
import { encodeText } from '../../src/data/bytes.ts';
import { type Fields, type LogEvent, setField, type Value } from '../../src/data/event.ts';
import { defineFilter, type Filter, type FilterHost, type OptionsOf, type OptionTable } from '../../src/plugin.ts';
import { type Repeat, Repeats } from './repeats.ts';

const options = {
  window: { type: 'time', default: '10s', min: 0.01, help: 'How long the same message counts as a repetition.' },
  key: {
    type: 'text',
    many: true,
    help: 'A field that makes a message what it is (a key or an accessor); without one the first that is there of log, message and msg.',
  },
  source_key: {
    type: 'text',
    many: true,
    help: 'A field that tells sources apart, beside the tag.',
  },
  count_key: {
    type: 'text',
    default: 'repeated',
    help: 'The field that says how many events this one stands for, itself included.',
  },
  hold_first: {
    type: 'boolean',
    default: 'off',
    help: 'The first event waits, too: a window gives exactly one.',
  },
  max_messages: { type: 'integer', default: '10000', min: 1, help: 'How many messages are remembered at most.' },
} as const satisfies OptionTable;

/** Between the parts of a key; it hardly occurs in a message. */
const BETWEEN = '\u001f';
const LONGEST_KEY = 256;

export default defineFilter({
  name: 'dedupe',
  summary: 'Lets the same message of a source pass once in a window, with a count.',
  options,
  behindOutput: 'refuse',
  create: (given, host) => new Dedupe(given, host),
});

type Read = (body: Fields) => string | undefined;

class Dedupe implements Filter {
  readonly #host: FilterHost;
  readonly #windowMs: number;
  readonly #countKey: string;
  readonly #holdFirst: boolean;
  readonly #maxMessages: number;
  readonly #message: Read;
  readonly #source: Read;
  readonly #repeats = new Repeats();
  #cancelTimer: (() => void) | undefined;

  constructor(given: OptionsOf<typeof options>, host: FilterHost) {
    this.#host = host;
    this.#windowMs = given.window * 1000;
    this.#countKey = given.count_key;
    this.#holdFirst = given.hold_first;
    this.#maxMessages = given.max_messages;
    this.#message = given.key.length > 0 ? allOf(given.key) : usualMessage;
    this.#source = allOf(given.source_key);
  }

  filter(events: LogEvent[], tag: string): LogEvent[] {
    const now = this.#host.clock.monotonic();
    this.#expire(now);
    let kept: LogEvent[] | undefined;
    for (let at = 0; at < events.length; at++) {
      const event = events[at] as LogEvent;
      if (this.#passes(event, tag, now)) kept?.push(event);
      else kept ??= events.slice(0, at);
    }
    this.#setTimer();
    return kept ?? events;
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#expire(Infinity);
  }

  /** False where the event is left out, or held. */
  #passes(event: LogEvent, tag: string, now: number): boolean {
    const message = this.#message(event.body);
    if (message === undefined) return true;
    const key = `${tag}${BETWEEN}${this.#source(event.body) ?? ''}${BETWEEN}${short(message)}`;
    const repeat = this.#repeats.get(key);
    if (repeat) {
      this.#keep(repeat, event);
      return false;
    }
    const first: Repeat = { key, tag, ends: now + this.#windowMs, count: 0, last: undefined, settle: undefined };
    this.#repeats.add(first);
    if (this.#repeats.size > this.#maxMessages) this.#end(this.#repeats.oldest as Repeat);
    if (this.#holdFirst) this.#keep(first, event);
    return !this.#holdFirst;
  }

  /** The event is the last now; the one before it is left out for good. */
  #keep(repeat: Repeat, event: LogEvent): void {
    repeat.settle?.('safe');
    if (repeat.last) this.#host.count('dedupe_dropped_records_total');
    repeat.count++;
    repeat.last = event;
    repeat.settle = this.#host.hold();
  }

  #expire(now: number): void {
    for (let { oldest } = this.#repeats; oldest && oldest.ends <= now; oldest = this.#repeats.oldest) this.#end(oldest);
  }

  #end(repeat: Repeat): void {
    this.#repeats.remove(repeat);
    const { last } = repeat;
    if (!last) return;
    if (repeat.count > 1) last.body = withCount(last.body, this.#countKey, repeat.count);
    this.#host.passOn(repeat.tag, [last], repeat.settle);
  }

  #setTimer(): void {
    const { oldest } = this.#repeats;
    if (this.#cancelTimer || !oldest) return;
    const wait = Math.max(1, oldest.ends - this.#host.clock.monotonic());
    this.#cancelTimer = this.#host.clock.after(
      wait,
      () => {
        this.#cancelTimer = undefined;
        this.#expire(this.#host.clock.monotonic());
        this.#setTimer();
      },
      true,
    );
  }
}

/** Long messages are remembered by their hash, so that what is remembered stays small. */
function short(message: string): string {
  return message.length <= LONGEST_KEY ? message : hash('sha256', encodeText(message), 'base64');
}

/** Fields put together; undefined where one is missing. */
function allOf(keys: readonly string[]): Read {
  const accessors = keys.map((key) => compileAccessor(key));
  return (body) => {
    let text = '';
    for (const accessor of accessors) {
      const value = accessor.get(body);
      if (value === undefined) return undefined;
      text += (text === '' ? '' : BETWEEN) + textOf(value);
    }
    return text;
  };
}

function usualMessage(body: Fields): string | undefined {
  const value = body.log ?? body.message ?? body.msg;
  return value === undefined || value === null ? undefined : textOf(value);
}

/** Lists are told apart, too. */
function textOf(value: Value): string {
  return Array.isArray(value) ? value.map(textOf).join(',') : valueToText(value);
}

function withCount(body: Fields, key: string, count: number): Fields {
  const copy: Fields = {};
  for (const name in body) if (name !== key) setField(copy, name, body[name] as Value);
  setField(copy, key, count);
  return copy;
}
