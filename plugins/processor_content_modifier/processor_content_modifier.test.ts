import { createHash } from 'node:crypto';
import t from 'tap';
import { type Fields, Float, NO_METADATA, type Value } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import contentModifier from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function modified(pairs: Pairs, bodies: readonly Fields[]): Promise<Fields[]> {
  const { plugin } = await make(contentModifier, pairs);
  const frozen = bodies.map((body) => eventOf(Object.freeze({ ...body })));
  return (await plugin.filter(frozen, 'tag')).map((event) => event.body);
}

const action = (name: string, key: string, more: Record<string, string> = {}): Pairs => [
  ['action', name],
  ['key', key],
  ...Object.entries(more),
];

t.test('insert appends unless the field is there', async (t) => {
  t.same(await modified(action('insert', 'a', { value: '5' }), [{ x: 1 }, { a: 1 }]), [{ x: 1, a: '5' }, { a: 1 }]);
});

t.test('upsert puts the field at the end', async (t) => {
  const [body] = await modified(action('UPSERT', 'a', { value: 'v' }), [{ a: 1, b: 2 }]);
  t.equal(JSON.stringify(body), '{"b":2,"a":"v"}');
});

t.test('delete takes the field, and a missing one is nothing', async (t) => {
  t.same(await modified(action('delete', 'a'), [{ a: 1, b: 2 }, { b: 3 }]), [{ b: 2 }, { b: 3 }]);
});

t.test('rename keeps the place; of two fields with the name the later one stays', async (t) => {
  const bodies = await modified(action('rename', 'a', { value: 'b' }), [
    { a: 1, c: 2 },
    { b: 1, a: 2 },
    { a: 1, b: 2 },
    { c: 1 },
    { b: 1, c: 3, a: 2 },
  ]);
  t.equal(JSON.stringify(bodies[0]), '{"b":1,"c":2}');
  t.same(bodies.slice(1, 4), [{ b: 2 }, { b: 2 }, { c: 1 }]);
  t.equal(JSON.stringify(bodies[4]), '{"c":3,"b":2}', 'where that one stands');
});

t.test('hash is SHA-256 of the value as a text, at its place', async (t) => {
  const sha = (text: string) => createHash('sha256').update(text).digest('hex');
  const values: [Value, string][] = [
    ['12345', sha('12345')],
    [12345, sha('12345')],
    [1.5, sha('1.5')],
    [new Float(1), sha('1')],
    [true, sha('true')],
    [null, sha('null')],
    ['', ''],
    ['é', sha('é')],
  ];
  const bodies = await modified(
    action('hash', 'v'),
    values.map(([v]) => ({ v, n: 1 })),
  );
  t.same(
    bodies,
    values.map(([, v]) => ({ v, n: 1 })),
  );
  t.same(Object.keys(bodies[0] ?? {}), ['v', 'n']);
});

t.test('what cannot be hashed, extracted or converted stays, and so does what follows', async (t) => {
  const bodies: Fields[] = [{ v: { a: 1 } }, { v: ['x'] }, {}, { v: 'x' }];
  t.same((await modified(action('hash', 'v'), bodies)).slice(0, 3), bodies.slice(0, 3));
  t.same((await modified(action('convert', 'v', { converted_type: 'int' }), bodies)).length, 4);
  t.same(await modified(action('extract', 'v', { pattern: '^(?<p>y)' }), bodies), bodies);
});

t.test('extract appends the groups; one that took no part is an empty text', async (t) => {
  const pattern = '^(?<proto>https?)://(?<host>[^/]+)(?<path>/.*)?';
  const [one, two] = await modified(action('extract', 'u', { pattern }), [
    { u: 'http://a/b', host: 'old', x: 1 },
    { u: 'https://c' },
  ]);
  t.equal(JSON.stringify(one), '{"u":"http://a/b","x":1,"proto":"http","host":"a","path":"/b"}');
  t.same(two, { u: 'https://c', proto: 'https', host: 'c', path: '' });
});

const CONVERSIONS: Record<string, [Value, Value][]> = {
  int: [
    ['42', 42],
    [1.5, 2],
    [2.4, 2],
    [-1.5, -2],
    [true, 1],
    [null, 0],
    ['-7', -7],
    ['', 0],
    ['4000000000', 4000000000],
    ['9223372036854775807', 9223372036854775807n],
    ['99999999999999999999', '99999999999999999999'],
    [0.2, 0],
    [-0.2, 0],
    [1e18, 1000000000000000000n],
    [new Float(Number.NaN), new Float(Number.NaN)],
  ],
  double: [
    ['123.4', 123.4],
    [5, new Float(5)],
    [true, new Float(1)],
    ['12abc', new Float(12)],
    ['1e3', new Float(1000)],
    [null, new Float(0)],
    ['abc', new Float(0)],
    [5n, new Float(5)],
  ],
  boolean: [
    ['true', true],
    ['False', false],
    ['yes', false],
    [0, false],
    [3, true],
    [new Float(0), false],
    [null, false],
    ['1', false],
    [true, true],
  ],
  string: [
    ['x', 'x'],
    [12345, '12345'],
    [1.5, '1.5'],
    [0.1, '0.10000000000000001'],
    [new Float(1), '1'],
    [true, 'true'],
    [null, 'null'],
    [new Float(1e21), '1e+21'],
    [1e-7, '9.9999999999999995e-08'],
    [new Float(0), '0'],
    [2n ** 63n, '9223372036854775808'],
  ],
};

for (const [type, values] of Object.entries(CONVERSIONS))
  t.test(`convert to ${type}`, async (t) => {
    const bodies = await modified(
      action('convert', 'v', { converted_type: type }),
      values.map(([v]) => ({ v })),
    );
    for (const [at, [from, to]] of values.entries()) t.same(bodies[at], { v: to }, `${String(from)}`);
  });

t.test('convert moves the field to the end', async (t) => {
  const [body] = await modified(action('convert', 'v', { converted_type: 'int' }), [{ v: '1', n: 2 }]);
  t.same(Object.keys(body ?? {}), ['n', 'v']);
});

t.test('the context attributes is the metadata', async (t) => {
  const { plugin } = await make(contentModifier, action('insert', 'a', { value: 'm', context: 'attributes' }));
  const event = eventOf({ b: 1 });
  await plugin.filter([event], 'tag');
  t.same(event, { ...event, metadata: { a: 'm' }, body: { b: 1 } });
  t.same(NO_METADATA, {}, 'what all events share is untouched');
  const { plugin: remove } = await make(contentModifier, action('delete', 'a', { context: 'metadata' }));
  await remove.filter([event], 'tag');
  t.equal(event.metadata, NO_METADATA);
});

t.test('the contexts of OpenTelemetry groups do nothing, and say so', async (t) => {
  const { plugin, host } = await make(
    contentModifier,
    action('insert', 'a', { value: 'm', context: 'otel_scope_name' }),
  );
  const events = [eventOf({ b: 1 })];
  t.equal(await plugin.filter(events, 'tag'), events);
  t.same(events[0]?.body, { b: 1 });
  t.match(host.lines, [{ level: 'warn' }]);
});

t.test('an action without what it needs fails at the start', async (t) => {
  const wrong: Pairs[] = [
    action('insert', 'a'),
    action('rename', 'a'),
    action('extract', 'a'),
    action('convert', 'a'),
    action('append', 'a', { value: 'x' }),
    [['action', 'delete']],
    [['key', 'a']],
    action('convert', 'a', { converted_type: 'long' }),
    action('insert', 'a', { value: 'x', context: 'span_name' }),
  ];
  for (const pairs of wrong) await t.rejects(modified(pairs, []), OptionError, JSON.stringify(pairs));
});

t.test('the context otel_log_attributes is a map within the metadata', async (t) => {
  const { plugin } = await make(contentModifier, action('upsert', 'a', { value: 'm', context: 'otel_log_attributes' }));
  const event = eventOf({ b: 1 }, 0, 0, Object.freeze({ x: 1, otlp: Object.freeze({ y: 2, attributes: { z: 3 } }) }));
  const bare = eventOf({ b: 1 });
  await plugin.filter([event, bare], 'tag');
  t.same(event.metadata, { x: 1, otlp: { y: 2, attributes: { z: 3, a: 'm' } } });
  t.same(bare.metadata, { otlp: { attributes: { a: 'm' } } });
  const remove = await make(contentModifier, action('delete', 'a', { context: 'otel_log_attributes' }));
  const untouched = eventOf({ b: 1 });
  await remove.plugin.filter([event, untouched], 'tag');
  t.same(event.metadata, { x: 1, otlp: { y: 2, attributes: { z: 3 } } });
  t.equal(untouched.metadata, NO_METADATA);
});

t.test('random records: nothing changes but the fields of the action', async (t) => {
  const actions: Pairs[] = [
    action('insert', 'a', { value: 'x' }),
    action('upsert', 'a', { value: 'x' }),
    action('delete', 'a'),
    action('rename', 'a', { value: 'b' }),
    action('hash', 'a'),
    action('extract', 'a', { pattern: '^(?<b>.)(?<c>.)?' }),
    ...['string', 'boolean', 'int', 'double'].map((type) => action('convert', 'a', { converted_type: type })),
  ];
  for (const pairs of actions)
    await leavesTheRestAlone(t, async () => (await make(contentModifier, pairs)).plugin, {
      keys: ['a', 'b', 'c'],
      touches: (key) => /^[abc]$/.test(key),
      runs: 50,
    });
});
