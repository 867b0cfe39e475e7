/**
 * Mode partial_message: Docker's fluentd log driver cuts a long line and sends the parts as records with the keys
 * partial_message, partial_id, partial_ordinal and partial_last. Parts of one id are joined in the order in which they
 * come, without a break; the partial_ keys go, and the joined text comes last.
 *
 * A whole record is returned where its last part came; one whose last part does not come enters the filters again.
 * Parts in an earlier batch count as safe when the record is returned with a later one.
 */
import { type Fields, getField, type LogEvent, setField, type Value } from '../../src/data/event.ts';
import type { Filter, FilterHost, Settle } from '../../src/plugin.ts';

interface Group {
  readonly tag: string;
  readonly event: LogEvent;
  text: string;
  deadline: number;
  /** One for every batch that parts came in. */
  readonly holds: Settle[];
}

const PREFIX = 'partial_';

export class PartialJoin implements Filter {
  readonly #host: FilterHost;
  readonly #key: string;
  readonly #flushMs: number;
  readonly #groups = new Map<string, Group>();
  #cancel: (() => void) | undefined;

  constructor(host: FilterHost, key: string, flushMs: number) {
    this.#host = host;
    this.#key = key;
    this.#flushMs = flushMs;
  }

  filter(events: LogEvent[], tag: string): LogEvent[] {
    const first = events.findIndex((event) => this.#isPart(event.body));
    if (first < 0) return events;
    const out = events.slice(0, first);
    const touched = new Set<Group>();
    for (let i = first; i < events.length; i++) this.#take(events[i] as LogEvent, tag, touched, out);
    for (const group of touched) group.holds.push(this.#host.hold());
    if (this.#groups.size > 0) this.#cancel ??= this.#host.clock.after(this.#flushMs / 2, this.#tick, true);
    return out;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#flush(Number.POSITIVE_INFINITY);
  }

  /** False also where the id or the text is missing: such a record passes as it is. */
  #isPart(body: Fields): boolean {
    return (
      isTrue(getField(body, 'partial_message')) &&
      typeof getField(body, 'partial_id') === 'string' &&
      typeof getField(body, this.#key) === 'string'
    );
  }

  #take(event: LogEvent, tag: string, touched: Set<Group>, out: LogEvent[]): void {
    const { body } = event;
    if (!this.#isPart(body)) {
      out.push(event);
      return;
    }
    const id = `${getField(body, 'partial_id')}\0${tag}`;
    let group = this.#groups.get(id);
    if (!group) {
      group = { tag, event, text: '', deadline: 0, holds: [] };
      this.#groups.set(id, group);
    }
    group.text += getField(body, this.#key);
    group.deadline = this.#host.clock.monotonic() + this.#flushMs;
    touched.add(group);
    if (!isTrue(getField(body, 'partial_last'))) return;
    this.#groups.delete(id);
    touched.delete(group);
    out.push(this.#whole(group));
    for (const settle of group.holds) settle('safe');
  }

  #whole({ event, text }: Group): LogEvent {
    const body: Fields = {};
    for (const key of Object.keys(event.body))
      if (key !== this.#key && !key.startsWith(PREFIX)) setField(body, key, getField(event.body, key) as Value);
    setField(body, this.#key, text);
    event.body = body;
    return event;
  }

  readonly #tick = (): void => {
    this.#cancel = undefined;
    this.#flush(this.#host.clock.monotonic());
    if (this.#groups.size > 0) this.#cancel = this.#host.clock.after(this.#flushMs / 2, this.#tick, true);
  };

  #flush(now: number): void {
    for (const [id, group] of this.#groups) {
      if (now < group.deadline) continue;
      this.#groups.delete(id);
      this.#host.emit(group.tag, [this.#whole(group)], (outcome) => {
        for (const settle of group.holds) settle(outcome);
      });
    }
  }
}

/** As Fluent Bit: a text that begins with `true`, in any case; here a boolean, too. */
function isTrue(value: Value | undefined): boolean {
  return value === true || (typeof value === 'string' && value.slice(0, 4).toLowerCase() === 'true');
}
