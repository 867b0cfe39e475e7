import { inspect, isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { decodeText, encodeText } from '../../src/data/bytes.ts';
import {
  Bin,
  Ext,
  type Fields,
  Float,
  type LogEvent,
  NO_METADATA,
  setField,
  type Value,
} from '../../src/data/event.ts';
import {
  decodeEvents,
  decodeValue,
  encodeEvents,
  encodeValue,
  eventOf,
  MAX_DEPTH,
  MsgpackError,
  Reader,
  timeOf,
} from '../../src/data/msgpack.ts';
import fc from '../support/fast_check.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

t.test('an event has the frame of Fluent Bit', async (t) => {
  const event = { seconds: 0x6955b901, nanos: 0x075bcd15, metadata: NO_METADATA, body: { log: 'two' } };
  t.equal(hex(encodeEvents([event])), ['92', '92', 'd700', '6955b901075bcd15', '80', '81a36c6f67a374776f'].join(''));
});

t.test('values take their shortest form', async (t) => {
  const forms: [Value, string][] = [
    [0, '00'],
    [127, '7f'],
    [128, 'cc80'],
    [256, 'cd0100'],
    [65536, 'ce00010000'],
    [2 ** 32, 'cf0000000100000000'],
    [2 ** 53 - 1, 'cf001fffffffffffff'],
    [-1, 'ff'],
    [-32, 'e0'],
    [-33, 'd0df'],
    [-129, 'd1ff7f'],
    [-32769, 'd2ffff7fff'],
    [-(2 ** 31) - 1, 'd3ffffffff7fffffff'],
    [18446744073709551615n, 'cfffffffffffffffff'],
    [-9223372036854775808n, 'd38000000000000000'],
    [1.5, 'cb3ff8000000000000'],
    [new Float(1), 'cb3ff0000000000000'],
    [true, 'c3'],
    [false, 'c2'],
    [null, 'c0'],
    ['', 'a0'],
    ['é', 'a2c3a9'],
    ['\udcff', 'a1ff'],
    [new Uint8Array([1]), 'c40101'],
    [new Ext(5, new Uint8Array([1, 2])), 'd5050102'],
    [new Ext(-1, new Uint8Array(3)), 'c703ff000000'],
    [[1, 'a'], '9201a161'],
    [{ a: {} }, '81a16180'],
  ];
  for (const [value, form] of forms) t.equal(hex(encodeValue(value)), form, form);
});

t.test('counts past fifteen get a long header', async (t) => {
  for (const count of [15, 16, 17, 0xffff, 0x10000]) {
    const map: Fields = {};
    for (let i = 0; i < count; i++) map[`k${i}`] = i;
    t.same(decodeValue(encodeValue(map)), map, `map of ${count}`);
    t.equal((decodeValue(encodeValue(new Array(count).fill(1))) as Value[]).length, count, `list of ${count}`);
  }
  for (const length of [23, 24, 31, 32, 255, 256, 65535, 65536, 200_000]) {
    t.equal(decodeValue(encodeValue('x'.repeat(length))), 'x'.repeat(length), `text of ${length}`);
    t.equal(decodeValue(encodeValue('ü'.repeat(length))), 'ü'.repeat(length), `UTF-8 text of ${length}`);
  }
});

const text = fc
  .oneof(
    fc.string(),
    fc.string({ unit: 'grapheme' }),
    // Bytes that are no UTF-8, between text.
    fc
      .array(fc.oneof(fc.integer({ min: 0xdc80, max: 0xdcff }), fc.integer({ min: 0x20, max: 0x7e })), {
        maxLength: 40,
      })
      .map((codes) => String.fromCharCode(...codes)),
  )
  .filter((value) => !formsUtf8(value));

/** Escaped bytes side by side that would be good UTF-8 come back as that text: such a string does not come from bytes. */
function formsUtf8(value: string): boolean {
  return !/[\udc80-\udcff]/.test(value) ? false : decodeText(encodeText(value)) !== value;
}

const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
);
const float = fc
  .double()
  .map((value): Value => (Number.isInteger(value) || !Number.isFinite(value) ? new Float(value) : value));
const leaf: fc.Arbitrary<Value> = fc.oneof(
  text,
  integer,
  float,
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Bin.from(bytes)),
  fc
    .tuple(fc.integer({ min: -128, max: 127 }), fc.uint8Array({ maxLength: 40 }))
    .map(([type, data]) => new Ext(type, data)),
);
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('value'), { maxLength: 5 }), fields(tie('value'))),
}));

function fields(inner: fc.Arbitrary<Value>): fc.Arbitrary<Fields> {
  const key = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '1', 'log'));
  return fc.array(fc.tuple(key, inner), { maxLength: 20 }).map((entries) => {
    const map: Fields = {};
    for (const [name, item] of entries) setField(map, name, item);
    return map;
  });
}

t.test('any value comes back as it was', async () => {
  fc.assert(
    fc.property(value, (before) => {
      const after = decodeValue(encodeValue(before));
      if (!same(before, after)) throw new Error(`${inspect(before)} became ${inspect(after)}`);
    }),
    { numRuns: 2000 },
  );
});

function same(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return isDeepStrictEqual(a, b);
}

t.test('any event comes back as it was', async () => {
  const event = fc.record(
    {
      seconds: fc.integer({ min: -0x40000000, max: 0xbfffffff }),
      nanos: fc.integer({ min: 0, max: 999_999_999 }),
      metadata: fc.oneof(
        fc.constant(NO_METADATA),
        fields(leaf).filter((map) => Object.keys(map).length > 0),
      ),
      body: fields(value),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 5 }), (events) => {
      const after = decodeEvents(encodeEvents(events));
      if (!isDeepStrictEqual(after, events)) throw new Error(`${inspect(events)} became ${inspect(after)}`);
    }),
  );
});

t.test('no metadata comes back as the one empty map', async (t) => {
  const [event] = decodeEvents(encodeEvents([{ seconds: 1, nanos: 2, metadata: {}, body: {} }]));
  t.equal(event?.metadata, NO_METADATA);
});

t.test('a time beyond 32 bits stays within a microsecond', async (t) => {
  for (const seconds of [-62_135_596_800, 253_402_300_799]) {
    const [event] = decodeEvents(encodeEvents([{ seconds, nanos: 500_000_000, metadata: NO_METADATA, body: {} }]));
    t.same([event?.seconds, event?.nanos], [seconds, 500_000_000]);
  }
});

t.test('older and foreign forms of events are read', async (t) => {
  const forms: [string, LogEvent][] = [
    ['92 ce 65000000 80', { seconds: 0x65000000, nanos: 0, metadata: NO_METADATA, body: {} }],
    ['92 d7 00 6500000000000005 80', { seconds: 0x65000000, nanos: 5, metadata: NO_METADATA, body: {} }],
    ['92 c7 08 00 6500000000000005 80', { seconds: 0x65000000, nanos: 5, metadata: NO_METADATA, body: {} }],
    ['92 92 c7 08 00 6500000000000005 81a16101 80', { seconds: 0x65000000, nanos: 5, metadata: { a: 1 }, body: {} }],
    ['92 cb 41d9400000200000 80', { seconds: 0x65000000, nanos: 500_000_000, metadata: NO_METADATA, body: {} }],
    ['92 92 05 80 80', { seconds: 5, nanos: 0, metadata: NO_METADATA, body: {} }],
  ];
  for (const [form, event] of forms) t.same(decodeEvents(bytes(form)), [event], form);
});

t.test('what is no event is an error', async (t) => {
  for (const form of [
    '91 05',
    '92 a161 80',
    '92 05 01',
    '05',
    '92 d7 01 6500000000000005 80',
    '92 92 d7 00 6500000000000005 80 05',
  ])
    t.throws(() => decodeEvents(bytes(form)), MsgpackError, form);
  t.throws(() => decodeValue(bytes('c1')), /c1 is no type/);
  t.throws(() => decodeValue(bytes('0101')), /bytes after/);
  t.throws(() => eventOf('x'), MsgpackError);
  t.throws(() => timeOf(new Float(Number.NaN)), MsgpackError);
});

t.test('a time as a float has the nanoseconds that are in the double', async (t) => {
  t.same(timeOf(1_700_000_000.123456), { seconds: 1_700_000_000, nanos: 123_456_001 });
  t.same(timeOf(new Float(5)), { seconds: 5, nanos: 0 });
  t.same(timeOf(-0.25), { seconds: -1, nanos: 750_000_000 });
});

t.test('bytes that are cut off anywhere ask for more, and the place stays', async (t) => {
  const whole = encodeEvents([
    { seconds: 5, nanos: 6, metadata: { m: 1 }, body: { text: 'x'.repeat(40), list: [1, 2.5, 'é'], big: 2n ** 60n } },
  ]);
  for (let length = 0; length < whole.length; length++) {
    const reader = new Reader(whole.subarray(0, length));
    const failure = attempt(() => reader.event());
    t.ok(failure instanceof MsgpackError && failure.incomplete && reader.at === 0, `cut at ${length}`);
  }
});

function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

t.test('a header that promises more than there is costs nothing', async (t) => {
  for (const form of ['dfffffffff', 'ddffffffff', 'dbffffffff', 'c6ffffffff', 'c9ffffffff05']) {
    const failure = attempt(() => decodeValue(bytes(form)));
    t.ok(failure instanceof MsgpackError && failure.incomplete, form);
  }
});

t.test('nesting is bounded in both directions', async (t) => {
  let deep: Value = 'bottom';
  for (let i = 0; i < 100_000; i++) deep = [deep];
  let levels = 0;
  for (let at = decodeValue(encodeValue(deep)); Array.isArray(at); at = at[0] as Value) levels++;
  t.equal(levels, MAX_DEPTH);
  t.throws(() => decodeValue(Buffer.alloc(100_000, 0x91)), /nested deeper/);
});

t.test('keys of the same hash are told apart', async (t) => {
  const keys = Array.from({ length: 3000 }, (_, i) => `key-${i % 7}-${i}`);
  const map: Fields = Object.fromEntries(keys.map((key, i) => [key, i]));
  t.same(decodeValue(encodeValue(map)), map);
  t.same(decodeValue(encodeValue(map)), map, 'again, with what the cache holds now');
});

t.test('what was returned does not change with the next call', async (t) => {
  const first = encodeValue('first');
  encodeValue('other');
  t.equal(decodeValue(first), 'first');
});
