/**
 * The types of scripts, for who writes one in TypeScript (the package's `./script`):
 *
 *     import type { Script } from 'sluice/script';
 *     const script: Script = (event, tag) => { ... };
 *     export default script;
 *
 * Nothing else is imported here, so that these types stand on their own.
 */

/** A value of a record. A whole number that was written as a float (1.0) is a `FloatValue`; `Number(value)` reads it. */
export type RecordValue =
  | string
  | number
  | boolean
  | null
  | bigint
  | FloatValue
  | Uint8Array
  | RecordValue[]
  | { [key: string]: RecordValue };

export interface FloatValue {
  readonly value: number;
}

/** A record, which a script may change as it likes: it is a copy. Only maps that many records share are frozen. */
export interface Body {
  // biome-ignore lint/suspicious/noExplicitAny: a script knows its own records
  [key: string]: RecordValue | any;
}

/** What a script is called with. */
export interface Event {
  body: Body;
  metadata: { [key: string]: RecordValue };
  /** Another tag sends the event through the filters again under that tag. */
  tag: string;
  /** Unix seconds, and what is left in nanoseconds. */
  seconds: number;
  nanos: number;
  /** The same in milliseconds, with a fraction; may be set. */
  time: number;
  /** An event of its own, for splitting; `body` instead of a copy of this one's, where it is given. */
  copy(body?: Body): Event;
}

/**
 * - nothing, `true` or the event: it goes on, with what was changed
 * - `null` or `false`: it is dropped
 * - a record: it goes on with this body
 * - a list of events or records: they go on in its place
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a script may return nothing at all
export type Result = void | undefined | boolean | null | Event | Body | readonly (Event | Body)[];

/** The default export of a script; `tag` is that of the event. Not asynchronous. */
export type Script = (event: Event, tag: string) => Result;
