/**
 * The types of scripts, for who writes one in TypeScript (the package's `./script`):
 *
 *     import type { Event } from 'sluice/script';
 *     export default (event: Event<{ level?: string }>, tag: string) => { ... };
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

/** A record as a script sees it, where it does not say more about its own. */
export interface Body {
  [key: string]: RecordValue | undefined;
}

/** What a script is called with: a copy, which it may change as it likes. Only maps that many records share are frozen. */
export interface Event<B extends object = Body> {
  body: B;
  metadata: { [key: string]: RecordValue };
  /** Another tag sends the event through the filters again under that tag. */
  tag: string;
  /** Unix seconds, and what is left in nanoseconds. */
  seconds: number;
  nanos: number;
  /** The same in milliseconds, with a fraction; may be set. */
  time: number;
  /** An event of its own, for splitting; with `body` instead of a copy of this one's, where it is given. */
  copy(body?: object): Event<B>;
}

/**
 * - nothing, `true` or the event: it goes on, with what was changed
 * - `null` or `false`: it is dropped
 * - a record: it goes on with this body
 * - a list of events or records: they go on in its place
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a script may return nothing at all
export type Result = void | undefined | boolean | null | object | readonly object[];

/** The default export of a script; `tag` is that of the event. Not asynchronous. */
export type Script<B extends object = Body> = (event: Event<B>, tag: string) => Result;
