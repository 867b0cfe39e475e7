/** What the walk says of some bytes is what the decoder says, for good bytes and for broken ones. */

import t from 'tap';
import { Ext, Float, type LogEvent, NO_METADATA, type Value } from '../../src/data/event.ts';
import { decodeEvents, decodeValue, encodeEvents, encodeValue, MAX_DEPTH } from '../../src/data/msgpack.ts';
import { INCOMPLETE, INVALID, scanEvents, skipValue } from '../../src/data/msgpack_scan.ts';
import fc from '../support/fast_check.ts';

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.integer(),
    fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }),
    fc.double().map((number) => new Float(number)),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 40 }).map((data) => new Ext(5, data)),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string({ maxLength: 40 }), tie('value'), { maxKeys: 20 }),
  ),
})).value;

const event: fc.Arbitrary<LogEvent> = fc.record({
  seconds: fc.integer({ min: -0x40000000, max: 0xbfffffff }),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
  metadata: fc.constant(NO_METADATA),
  body: fc.dictionary(fc.string({ maxLength: 10 }), value, { maxKeys: 5 }),
});

t.test('a value ends where the writer ended it, and a piece of it is incomplete', async () => {
  const property = fc.property(value, fc.nat(), (given, cut) => {
    const bytes = encodeValue(given);
    if (skipValue(bytes, 0) !== bytes.length) return false;
    return skipValue(bytes.subarray(0, cut % bytes.length), 0) === INCOMPLETE;
  });
  fc.assert(property, { numRuns: 500 });
});

t.test('events are counted, and those before a torn one are whole', async () => {
  const property = fc.property(fc.array(event, { maxLength: 8 }), fc.nat(), (events, cut) => {
    const bytes = encodeEvents(events);
    const whole = scanEvents(bytes);
    if (whole.count !== events.length || whole.end !== bytes.length || whole.stop !== 'end') return false;
    const torn = bytes.subarray(0, cut % (bytes.length + 1));
    const { count, end, stop } = scanEvents(torn);
    return decodeEvents(torn.subarray(0, end)).length === count && (stop === 'end' || end < torn.length);
  });
  fc.assert(property, { numRuns: 300 });
});

t.test('broken bytes never make it throw, and what it takes for events the decoder takes, too', async () => {
  const broken = fc.tuple(fc.array(event, { minLength: 1, maxLength: 4 }), fc.array(fc.tuple(fc.nat(), fc.nat(255))));
  const property = fc.property(broken, ([events, flips]) => {
    const bytes = Buffer.from(encodeEvents(events));
    for (const [at, byte] of flips) bytes[at % bytes.length] = byte;
    const { count, end } = scanEvents(bytes);
    return end <= bytes.length && decodeEvents(bytes.subarray(0, end)).length === count;
  });
  fc.assert(property, { numRuns: 500 });
});

t.test('counts that lie, deep nesting and the byte that means nothing', async (t) => {
  t.equal(skipValue(Buffer.from('ddffffffff', 'hex'), 0), INCOMPLETE, 'an array of four billion values');
  t.equal(skipValue(Buffer.from('dfffffffff', 'hex'), 0), INCOMPLETE);
  t.equal(skipValue(Buffer.from('dbffffffff61', 'hex'), 0), INCOMPLETE);
  t.equal(skipValue(Buffer.from('c1', 'hex'), 0), INVALID);
  t.equal(skipValue(Buffer.alloc(100_000, 0x91), 0), INVALID, 'a hundred thousand lists in each other');
  const nested = (depth: number) => Buffer.concat([Buffer.alloc(depth, 0x91), Buffer.from([0xc0])]);
  t.equal(skipValue(nested(MAX_DEPTH), 0), MAX_DEPTH + 1);
  t.equal(skipValue(nested(MAX_DEPTH + 1), 0), INVALID);
  const last = scanEvents(Buffer.from('9201809201a1619201', 'hex'));
  t.same(last, { count: 1, end: 3, arePairs: false, stop: 'invalid' }, 'a record that is no map');
  t.same(decodeValue(Buffer.from('80', 'hex')), {});
});
