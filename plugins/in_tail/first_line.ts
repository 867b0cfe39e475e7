/**
 * Multiline on, the older way: the line that Parser_Firstline takes begins a record; lines that one of Parser_N takes
 * add their keys to it; every other line is added to the text of its last key, after a line break. A line that belongs
 * to no record goes alone, under Key.
 */
import { type Fields, getField, type LogEvent, setField } from '../../src/data/event.ts';
import type { Parser } from '../../src/plugin.ts';
import type { Joiner } from './joiner.ts';
import type { Shaper } from './shape.ts';

export interface FirstLineSettings {
  readonly first: Parser;
  readonly others: readonly Parser[];
  readonly flushMs: number;
  readonly shaper: Shaper;
}

interface Group {
  readonly event: LogEvent;
  /** The key that more lines are added to; undefined where its value is no text. */
  lastKey: string | undefined;
  readonly added: string[];
  offset: number;
  deadline: number;
}

export class FirstLineJoiner implements Joiner {
  readonly #settings: FirstLineSettings;
  readonly #name: string;
  #group: Group | undefined;

  constructor(settings: FirstLineSettings, name: string) {
    this.#settings = settings;
    this.#name = name;
  }

  get pendingAt(): number {
    return this.#group?.offset ?? Number.POSITIVE_INFINITY;
  }

  line(text: string, offset: number, seconds: number, nanos: number, now: number, out: LogEvent[]): void {
    const deadline = now + this.#settings.flushMs;
    const event = this.#settings.first.parse(text, seconds, nanos);
    if (event) {
      this.#give(out);
      this.#group = { event, lastKey: lastTextKey(event.body), added: [], offset, deadline };
      return;
    }
    const group = this.#group;
    const more = this.#parseOther(text, seconds, nanos);
    if (group) group.deadline = deadline;
    if (group && more) {
      settle(group);
      for (const key of Object.keys(more.body)) setField(group.event.body, key, more.body[key] as Fields[string]);
      group.lastKey = lastTextKey(more.body);
    } else if (group && group.lastKey !== undefined) group.added.push(text);
    else if (more) out.push(this.#settings.shaper.before(more, this.#name, offset));
    else out.push(this.#settings.shaper.raw(text, this.#name, offset, seconds, nanos));
  }

  flush(now: number, out: LogEvent[]): void {
    if (this.#group && now >= this.#group.deadline) this.#give(out);
  }

  carry(): void {
    if (this.#group) this.#group.offset = -1;
  }

  #give(out: LogEvent[]): void {
    const group = this.#group;
    if (!group) return;
    this.#group = undefined;
    settle(group);
    out.push(this.#settings.shaper.before(group.event, this.#name, Math.max(group.offset, 0)));
  }

  #parseOther(text: string, seconds: number, nanos: number): LogEvent | undefined {
    for (const parser of this.#settings.others) {
      const event = parser.parse(text, seconds, nanos);
      if (event) return event;
    }
    return undefined;
  }
}

/** Writes the lines that were added into the record. */
function settle(group: Group): void {
  if (group.lastKey === undefined || group.added.length === 0) return;
  const { body } = group.event;
  setField(body, group.lastKey, `${getField(body, group.lastKey)}\n${group.added.splice(0).join('\n')}`);
}

function lastTextKey(body: Fields): string | undefined {
  const key = Object.keys(body).at(-1);
  return key !== undefined && typeof getField(body, key) === 'string' ? key : undefined;
}
