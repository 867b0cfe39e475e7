/**
 * Random nested records for the tests of filters, and what every filter owes them: it never throws, never writes into
 * a body that it was given (all are frozen to their depth), and leaves every field that is not its business exactly as
 * it was: 64-bit integers, whole floats, bytes, fields called `__proto__`.
 */

import type { Test } from 'tap';
import {
  Bin,
  Ext,
  type Fields,
  Float,
  getField,
  type LogEvent,
  NO_METADATA,
  setField,
  type Value,
} from '../../src/data/event.ts';
import { encodeEvents } from '../../src/data/msgpack.ts';
import type { Filter } from '../../src/plugin.ts';
import { eventOf } from './batch.ts';
import fc from './fast_check.ts';

const ODD_KEYS = ['__proto__', 'constructor', 'toString', '', '1', '02', 'a.b', 'a b', "it's", 'é', '\udc80'];

function scalars(): fc.Arbitrary<Value> {
  return fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom<Value>('', 'error', 'true', '42', '-1', '1e3', '0x1F', '\udcff\udc80', '{"a":1}', '10.0.0.1'),
    fc.integer(),
    fc.double({ noInteger: true }),
    fc.double().map((value) => new Float(Math.trunc(value))),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    fc.boolean(),
    fc.constant(null),
    fc.constant(new Bin([1, 0xff])),
    fc.constant(new Ext(7, new Uint8Array([1, 2]))),
  );
}

function fieldsOf(keys: fc.Arbitrary<string>, value: fc.Arbitrary<Value>): fc.Arbitrary<Fields> {
  return fc.array(fc.tuple(keys, value), { maxLength: 6 }).map((pairs) => {
    const fields: Fields = {};
    for (const [key, value] of pairs) setField(fields, key, value);
    return fields;
  });
}

/** Bodies in which the keys of `known` are frequent. */
export function randomBodies(known: readonly string[]): fc.Arbitrary<Fields> {
  const keys = fc.oneof(
    { arbitrary: fc.constantFrom(...known), weight: 4 },
    { arbitrary: fc.constantFrom(...ODD_KEYS), weight: 2 },
    fc.string({ maxLength: 6 }),
  );
  const { value } = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      scalars(),
      fieldsOf(keys, tie('value')),
      fc.array(tie('value'), { maxLength: 4 }),
    ),
  }));
  return fieldsOf(keys, value);
}

/** Also what lies within; bytes cannot be frozen, and no filter writes into them. */
function freeze(value: Value): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner as Value);
}

export interface Debts {
  /** Keys that are frequent in the records: those the filter looks at. */
  readonly keys: readonly string[];
  /** Top-level fields that the filter may add, change or remove. */
  readonly touches?: (key: string) => boolean;
  readonly changesTime?: boolean;
  /** A record may become several, or go. */
  readonly changesCount?: boolean;
  /** Lists and maps may be copies of what they were. */
  readonly copies?: boolean;
  readonly runs?: number;
}

/**
 * Runs random batches through fresh filters. Lists and maps must be the same objects afterwards, unless the filter may
 * copy. A filter may make new events; where their number stays, each is that at its place.
 */
export async function leavesTheRestAlone(t: Test, make: () => Promise<Filter>, debts: Debts): Promise<void> {
  const { keys, touches = () => false, changesTime = false, changesCount = false, copies = false, runs = 150 } = debts;
  const property = fc.asyncProperty(fc.array(randomBodies(keys), { maxLength: 5 }), async (bodies) => {
    const filter = await make();
    for (const body of bodies) freeze(body);
    const events: LogEvent[] = bodies.map((body, at) => eventOf(body, 1_700_000_000 + at, at));
    const before = new Map<LogEvent, Fields>(events.map((event, at) => [event, bodies[at] as Fields]));
    const times = new Map(events.map((event) => [event, `${event.seconds}.${event.nanos}`]));
    const kept = await filter.filter([...events], 'app.log');
    if (!changesCount && kept.length !== events.length) throw new Error(`${events.length} became ${kept.length}`);
    for (const [at, event] of kept.entries()) {
      const source = before.has(event) || changesCount ? event : (events[at] as LogEvent);
      const old = before.get(source);
      if (!old) continue;
      const problem = difference(old, event.body, touches, copies ? samePacked : Object.is);
      if (problem !== undefined) throw new Error(`field '${problem}' is not what it was`);
      if (!changesTime && times.get(source) !== `${event.seconds}.${event.nanos}`) throw new Error('the time changed');
      if (event.metadata !== NO_METADATA) throw new Error('the metadata changed');
    }
    await filter.stop?.();
  });
  await fc.assert(property, { numRuns: runs });
  t.pass(`${runs} random batches`);
}

/** The first field, not to be touched, that is not the same. */
function difference(
  old: Fields,
  now: Fields,
  touches: (key: string) => boolean,
  same: (a: Value | undefined, b: Value | undefined) => boolean,
): string | undefined {
  for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
    if (touches(key)) continue;
    if (!same(getField(old, key), getField(now, key))) return key;
  }
  return undefined;
}

function samePacked(a: Value | undefined, b: Value | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(encodeEvents([eventOf({ a })]), encodeEvents([eventOf({ a: b })])) === 0;
}
