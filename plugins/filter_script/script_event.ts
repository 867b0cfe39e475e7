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

  /** The event with all changes. @throws TypeError where the script left something that is no record. */
  result(body: unknown = this.body): LogEvent {
    if (!isFields(body as Value)) throw new TypeError('the body of an event must be an object');
    const { seconds, nanos } = this;
    if (!Number.isSafeInteger(seconds) || !Number.isInteger(nanos) || nanos < 0 || nanos > 999_999_999)
      throw new TypeError(`the time of an event must be seconds and nanos, not ${seconds} and ${nanos}`);
    const metadata = this.#metadata === undefined ? this.#source.metadata : tidyFields(this.#metadata, 0);
    return {
      seconds,
      nanos,
      metadata: isEmpty(metadata) ? NO_METADATA : metadata,
      body: tidyFields(body as Fields, 0),
    };
  }
}

function isEmpty(fields: Fields): boolean {
  for (const _key in fields) return false;
  return true;
}

function copyFields(fields: Fields): Fields {
  const copy: Fields = { ...fields };
  for (const key in copy) {
    const value = copy[key];
    // The key is the copy's own already, `__proto__` too.
    if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) copy[key] = copyObject(value);
  }
  return copy;
}

function copyObject(value: object): Value {
  if (Array.isArray(value))
    return value.map((item) => (typeof item === 'object' && item !== null ? copyObject(item) : item));
  return Object.getPrototypeOf(value) === Object.prototype ? copyFields(value as Fields) : (value as Value);
}

/** `fields` belongs to the script alone; it is changed only where something in it has no place in a record. */
function tidyFields(fields: Fields, depth: number): Fields {
  if (depth > DEEPEST) throw new TypeError('a body holds itself, or is nested too deep');
  for (const key in fields) {
    const value: unknown = fields[key];
    if (typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)) continue;
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
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return tidyFields(value as Fields, depth + 1);
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
