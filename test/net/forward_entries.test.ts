import t from 'tap';
import { type LogEvent, NO_METADATA, type Value } from '../../src/data/event.ts';
import { decodeEvents, decodeValue, encodeEvents, encodeValue } from '../../src/data/msgpack.ts';
import { inForm, splitEntries } from '../../src/net/forward_entries.ts';
import fc from '../support/fast_check.ts';

const event: fc.Arbitrary<LogEvent> = fc.record({
  seconds: fc.integer({ min: -0x40000000, max: 0xbfffffff }),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
  metadata: fc.constantFrom(NO_METADATA, { m: 1 }),
  body: fc.dictionary(fc.string({ maxLength: 4 }), fc.constantFrom<Value>(1, 'text', null, [1, { a: 2 }]), {
    maxKeys: 20,
  }),
});

/** How senders write an event. */
const sent = fc.tuple(event, fc.constantFrom('pair', 'plain', 'seconds', 'float', 'long')).map(([one, how]) => {
  const { seconds, body } = one;
  if (how === 'pair') return { bytes: encodeEvents([one]), one };
  const plain = { ...one, metadata: NO_METADATA };
  if (how === 'plain') return { bytes: inForm('plain', encodeEvents([plain]), 1), one: plain };
  const whole = { ...plain, nanos: 0 };
  if (how === 'seconds') return { bytes: encodeValue([seconds, body]), one: whole };
  if (how === 'long')
    return {
      bytes: Buffer.concat([Buffer.from('dd00000002', 'hex'), encodeValue(seconds), encodeValue(body)]),
      one: whole,
    };
  const float = Buffer.alloc(9, 0xcb);
  float.writeDoubleBE(seconds + 0.5, 1);
  return {
    bytes: Buffer.concat([Buffer.from([0x92]), float, encodeValue(body)]),
    one: { ...plain, nanos: 500_000_000 },
  };
});

t.test('whatever form events come in, they are the same in the form that is asked for', async () => {
  const property = fc.property(fc.array(sent, { maxLength: 6 }), (all) => {
    const bytes = Buffer.concat(all.map((one) => one.bytes));
    const events = all.map(({ one }) => one);
    const pairs = inForm('pair', bytes, all.length);
    const plain = inForm('plain', bytes, all.length);
    const seconds = inForm('seconds', bytes, all.length);
    const same = (given: Uint8Array, expected: LogEvent[]) =>
      JSON.stringify(decodeEvents(given)) === JSON.stringify(expected);
    return (
      same(pairs, events) &&
      same(
        plain,
        events.map((one) => ({ ...one, metadata: NO_METADATA })),
      ) &&
      same(
        seconds,
        events.map((one) => ({ ...one, nanos: 0, metadata: NO_METADATA })),
      )
    );
  });
  fc.assert(property, { numRuns: 300 });
});

t.test('bytes that are in the form already are not copied', async (t) => {
  const bytes = encodeEvents([{ seconds: 1, nanos: 2, metadata: NO_METADATA, body: { a: 1 } }]);
  t.equal(inForm('pair', bytes, 1), bytes);
  const plain = inForm('plain', bytes, 1);
  t.equal(inForm('plain', plain, 1), plain);
  t.same(decodeValue(inForm('seconds', plain, 1)), [1, { a: 1 }]);
});

t.test('messages are as long as they may be, and hold all events in their order', async () => {
  const batches = fc.array(fc.array(event, { minLength: 1 }), { minLength: 1, maxLength: 4 });
  const property = fc.property(batches, fc.integer({ min: 1, max: 300 }), (given, limit) => {
    const events = given.flat();
    const pieces = given.map((one) => encodeEvents(one));
    const messages = splitEntries(pieces, events.length, limit).map((one) => ({
      ...one,
      bytes: Buffer.concat(one.pieces),
    }));
    const counts = messages.every(({ bytes, count }) => decodeEvents(bytes).length === count && count > 0);
    const fits = messages.every(({ bytes, count }) => bytes.length <= limit || count === 1);
    const all = Buffer.concat(messages.map(({ bytes }) => bytes));
    return counts && fits && all.equals(encodeEvents(events));
  });
  fc.assert(property, { numRuns: 200 });
});
