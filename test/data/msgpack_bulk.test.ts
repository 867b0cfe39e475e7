/** Events written all at once are the bytes that the writer makes of each value by itself. */

import t from 'tap';
import { Ext, type Fields, Float, type LogEvent, NO_METADATA, type Value } from '../../src/data/event.ts';
import { encodeEvents, encodeValue } from '../../src/data/msgpack.ts';
import { eventsAsText } from '../../src/data/msgpack_bulk.ts';
import fc from '../support/fast_check.ts';

function oneByOne(events: readonly LogEvent[]): Buffer {
  const parts = events.map(({ seconds, nanos, metadata, body }) => {
    const time = Buffer.alloc(8);
    time.writeUInt32BE(seconds);
    time.writeUInt32BE(nanos, 4);
    return encodeValue([[new Ext(0, time), metadata], body]);
  });
  return Buffer.concat(parts);
}

const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 40 }) },
  fc.integer({ min: 100, max: 70_000 }).map((length) => 'x'.repeat(length)),
);
const mostlyAscii = fc.oneof({ weight: 50, arbitrary: text }, fc.string({ unit: 'binary' }), fc.constant('\udc80'));

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    mostlyAscii,
    fc.integer(),
    fc.double(),
    fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }),
    fc.double().map((number) => new Float(number)),
    fc.constantFrom(true, false, null, -0, 127, 128),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(text, tie('value'), { maxKeys: 20 }),
  ),
})).value;

const event: fc.Arbitrary<LogEvent> = fc.record({
  seconds: fc.oneof(fc.integer({ min: 0, max: 0xbfffffff }), fc.constant(1_700_000_000)),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
  metadata: fc.oneof(fc.constant(NO_METADATA), fc.dictionary(text, value, { maxKeys: 2 })),
  body: fc.dictionary(fc.oneof(fc.constantFrom('log', 'stream', '__proto__'), text), value, { maxKeys: 20 }),
});

t.test('all at once is one by one', async () => {
  const property = fc.property(fc.array(event, { maxLength: 6 }), (events) =>
    oneByOne(events).equals(Buffer.from(encodeEvents(events))),
  );
  fc.assert(property, { numRuns: 500 });
});

t.test('a text beyond ASCII is seen wherever it stands', async (t) => {
  const writer = (given: Value) => encodeValue(given);
  const of = (body: Fields) => eventsAsText([{ seconds: 1, nanos: 0, metadata: NO_METADATA, body }], writer);
  t.type(of({ a: 'plain' }), 'string');
  for (const odd of ['é', 'ÿ', '\x80', '€', '😀', '\udcff']) {
    t.equal(of({ a: odd }), undefined, odd);
    t.equal(of({ [odd]: 'a' }), undefined);
    t.equal(of({ a: ['b', { c: `long ${'x'.repeat(300)}${odd}` }] }), undefined);
  }
});

t.test('a frozen map is written once and is right wherever it stands', async (t) => {
  const pod = Object.freeze({ name: 'web', labels: Object.freeze({ app: 'web', tier: 'front' }), n: 200 });
  const events = [0, 1, 2].map((i) => ({
    seconds: 1_700_000_000 + i,
    nanos: 0xfffff,
    metadata: NO_METADATA,
    body: { log: `line ${i}`, kubernetes: pod, again: [pod] },
  }));
  t.ok(oneByOne(events).equals(Buffer.from(encodeEvents(events))));
  t.ok(oneByOne(events).equals(Buffer.from(encodeEvents(events))), 'and again');
});
