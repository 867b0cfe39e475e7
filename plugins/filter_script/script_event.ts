/**
 * Events as scripts see them: copies that they may change, and what they left, made into events again.
 *
 * Maps and lists are copied to their depth, but for frozen ones, which many events share and nobody can change. What a
 * script puts into a record may be anything: what has no place in a record is left out or becomes what JSON makes of it.
 */
import {
  Ext,
  type Fields,
  Float,
  isFields,
  isPlain,
  type LogEvent,
  NO_METADATA,
  setField,
  type Value,
} from '../../src/data/event.ts';
import type { Event } from './types.ts';

/** Deeper than that a value is one that holds itself. */
const DEEPEST = 64;

export class ScriptEvent implements Event<object> {
  body: object;
  tag: string;
  seconds: number;
  nanos: number;
  readonly #source: LogEvent;
  #metadata: Fields | undefined;

  constructor(source: LogEvent, tag: string) {
    this.#source = source;
    this.body = copyFields(source.body);
    this.tag = tag;
    this.seconds = source.seconds;
    this.nanos = source.nanos;
  }

  /** Copied when it is asked for: hardly any script does. */
  get metadata(): Event['metadata'] {
    this.#metadata ??= copyFields(this.#source.metadata);
    return this.#metadata as Event['metadata'];
  }
  set metadata(metadata: Event['metadata']) {
    this.#metadata = metadata as Fields;
  }

  get time(): number {
    return this.seconds * 1000 + this.nanos / 1e6;
  }
  set time(milliseconds: number) {
    this.seconds = Math.floor(milliseconds / 1000);
    this.nanos = Math.round((milliseconds - this.seconds * 1000) * 1e6);
  }

  copy(body?: object): ScriptEvent {
    const copy = new ScriptEvent(this.#source, this.tag);
    [copy.seconds, copy.nanos] = [this.seconds, this.nanos];
    copy.body = body ?? copyFields(this.body as Fields);
    if (this.#metadata) copy.#metadata = copyFields(this.#metadata);
    return copy;
  }

  /** An event with all changes, and with `body` instead of the one it has where that is given. @throws TypeError as `change` */
  result(body: unknown = this.body): LogEvent {
    const { seconds, nanos, metadata } = this.#source;
    const event = { seconds, nanos, metadata, body: NO_METADATA };
    this.change(event, body);
    return event;
  }

  /** Writes all changes into an event. @throws TypeError where the script left what is no record; nothing is written then */
  change(event: LogEvent, body: unknown = this.body): void {
    if (!isPlain(body) && !isFields(body as Value)) throw new TypeError('the body of an event must be an object');
    const { seconds, nanos } = this;
    if (!Number.isSafeInteger(seconds) || !Number.isInteger(nanos) || nanos < 0 || nanos > 999_999_999)
      throw new TypeError(`the time of an event must be seconds and nanos, not ${seconds} and ${nanos}`);
    const tidy = tidyFields(body as Fields, this.#source.body, 0);
    if (this.#metadata !== undefined) event.metadata = tidyMetadata(this.#metadata);
    event.body = tidy;
    event.seconds = seconds;
    event.nanos = nanos;
  }
}

function copyFields(fields: Fields): Fields {
  const copy: Fields = { ...fields };
  for (const key in copy) {
    const value = copy[key];
    // The key is the copy's own already, `__proto__` too.
    if (typeof value === 'object' && value !== null) copy[key] = copyObject(value);
  }
  return copy;
}

function copyObject(value: object): Value {
  if (isPlain(value)) return Object.isFrozen(value) ? value : copyFields(value);
  if (!Array.isArray(value) || Object.isFrozen(value)) return value as Value;
  return value.map((item) => (typeof item === 'object' && item !== null ? copyObject(item) : item));
}

function tidyMetadata(metadata: Fields): Fields {
  for (const _key in metadata) return tidyFields(metadata, NO_METADATA, 0);
  return NO_METADATA;
}

/**
 * `fields` belongs to the script alone; it is changed only where something in it has no place in a record. What still
 * stands where it stood in `source` is not looked at.
 */
function tidyFields(fields: Fields, source: Fields, depth: number): Fields {
  if (depth > DEEPEST) throw new TypeError('a body holds itself, or is nested too deep');
  for (const key in fields) {
    const value: unknown = fields[key];
    if (typeof value === 'string' || Number.isSafeInteger(value)) continue;
    if (typeof value === 'object' && value === source[key]) continue;
    const tidy = tidyValue(value, depth);
    if (tidy === value) continue;
    if (tidy === undefined) delete fields[key];
    else setField(fields, key, tidy);
  }
  return fields;
}

/** undefined where it is to be left out. */
function tidyValue(value: unknown, depth: number): Value | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isSafeInteger(value) || !(Number.isInteger(value) || Math.abs(value) === Infinity)
        ? value
        : new Float(value);
    case 'bigint':
      return value >= -(2n ** 63n) && value < 2n ** 64n ? value : String(value);
    case 'object':
      return value === null ? null : tidyObject(value, depth);
    default:
      return undefined;
  }
}

function tidyObject(value: object, depth: number): Value | undefined {
  if (Object.isFrozen(value)) return value as Value;
  if (isPlain(value) || Object.getPrototypeOf(value) === null)
    return tidyFields(value as Fields, NO_METADATA, depth + 1);
  if (value instanceof Float || value instanceof Ext || value instanceof Uint8Array) return value as Value;
  if (Array.isArray(value)) {
    if (depth > DEEPEST) throw new TypeError('a body holds itself, or is nested too deep');
    for (const [at, item] of value.entries()) {
      const tidy = tidyValue(item, depth + 1) ?? null;
      if (tidy !== item) value[at] = tidy;
    }
    return value;
  }
  // A Date, a Map, an instance of some class.
  const text = JSON.stringify(value);
  return text === undefined ? undefined : (JSON.parse(text) as Value);
}
