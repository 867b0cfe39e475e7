/**
 * Lines to events: a raw line under Key, a parsed one with its own keys; Path_Key and Offset_Key before the one and
 * after the other, as Fluent Bit orders them.
 */
import { type Fields, type LogEvent, NO_METADATA, setField } from '../../src/data/event.ts';

export interface ShapeSettings {
  readonly key: string;
  readonly pathKey: string | undefined;
  readonly offsetKey: string | undefined;
}

export class Shaper {
  readonly #key: string;
  readonly #pathKey: string | undefined;
  readonly #offsetKey: string | undefined;
  /** True where events carry nothing of the file. */
  readonly bare: boolean;

  constructor(settings: ShapeSettings) {
    this.#key = settings.key;
    this.#pathKey = settings.pathKey;
    this.#offsetKey = settings.offsetKey;
    this.bare = this.#pathKey === undefined && this.#offsetKey === undefined;
  }

  raw(text: string, name: string, offset: number, seconds: number, nanos: number): LogEvent {
    return { seconds, nanos, metadata: NO_METADATA, body: this.#body(text, name, offset) };
  }

  /** Adds the keys to an event that a parser made. */
  after(event: LogEvent, name: string, offset: number): LogEvent {
    if (this.#pathKey !== undefined) setField(event.body, this.#pathKey, name);
    if (this.#offsetKey !== undefined) setField(event.body, this.#offsetKey, offset);
    return event;
  }

  /** The same, before the record's own keys. */
  before(event: LogEvent, name: string, offset: number): LogEvent {
    if (this.bare) return event;
    const body = event.body;
    event.body = {};
    this.after(event, name, offset);
    for (const key of Object.keys(body)) setField(event.body, key, body[key] as Fields[string]);
    return event;
  }

  #body(text: string, name: string, offset: number): Fields {
    if (this.bare && this.#key === 'log') return { log: text };
    const body: Fields = {};
    if (this.#pathKey !== undefined) setField(body, this.#pathKey, name);
    if (this.#offsetKey !== undefined) setField(body, this.#offsetKey, offset);
    setField(body, this.#key, text);
    return body;
  }
}
