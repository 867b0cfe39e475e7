import t from 'tap';
import { type Fields, Float } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import nest from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function changed(pairs: Pairs, body: Fields): Promise<string> {
  const { plugin } = await make(nest, pairs);
  const event = eventOf(Object.freeze(body));
  await plugin.filter([event], 'tag');
  return JSON.stringify(event.body);
}

const NEST: Pairs = [
  ['Operation', 'nest'],
  ['Nest_under', 'm'],
];
const LIFT: Pairs = [
  ['Operation', 'lift'],
  ['Nested_under', 'm'],
];

t.test('nest moves fields by name or start into a map at the end', async (t) => {
  const rules: Pairs = [...NEST, ['Wildcard', 'a*'], ['Wildcard', 'c']];
  t.equal(
    await changed(rules, { a1: 1, b: new Float(2), ab: 'x', c: null, cc: 1 }),
    '{"b":2.0,"cc":1,"m":{"a1":1,"ab":"x","c":null}}',
  );
  t.equal(await changed(rules, { b: 1 }), '{"b":1}', 'without a match the record stays');
  t.equal(await changed(rules, { m: 'old', a: 1 }), '{"m":{"a":1}}', 'the map takes the place of a field of its name');
  t.equal(await changed([...NEST, ['Wildcard', '*']], { a: 1, b: 2 }), '{"m":{"a":1,"b":2}}');
});

t.test('what wildcard_exclude names stays outside', async (t) => {
  const rules: Pairs = [...NEST, ['Wildcard', '*'], ['Wildcard_exclude', 'b*'], ['Wildcard_Exclude', 'c']];
  t.equal(await changed(rules, { a: 1, b: 2, bc: 3, c: 4, cc: 5 }), '{"b":2,"bc":3,"c":4,"m":{"a":1,"cc":5}}');
  t.equal(await changed(rules, { b: 1, c: 2 }), '{"b":1,"c":2}', 'without a match the record stays');
});

t.test('prefixes are put before the names that move, or taken off', async (t) => {
  t.equal(
    await changed([...NEST, ['Wildcard', 'a*'], ['Remove_prefix', 'ab']], { ab1: 1, a: 2 }),
    '{"m":{"1":1,"a":2}}',
  );
  t.equal(await changed([...NEST, ['Wildcard', 'a'], ['Prefix_with', 'x_']], { a: 2 }), '{"m":{"x_a":2}}');
  t.equal(await changed([...LIFT, ['Add_prefix', 'k.']], { m: { a: 1, b: [2] }, z: 0 }), '{"z":0,"k.a":1,"k.b":[2]}');
  t.equal(
    await changed([...LIFT, ['Remove_prefix', 'a']], { m: { ab: 1, b: 2 } }),
    '{"b":2}',
    'the last of a name stays',
  );
});

t.test('lift takes the fields of a map out, to the end', async (t) => {
  t.equal(await changed(LIFT, { a: 1, m: { b: 2, a: 3 }, c: 4 }), '{"c":4,"b":2,"a":3}');
  t.equal(await changed(LIFT, { a: 1, m: {} }), '{"a":1}');
  t.equal(await changed(LIFT, { m: { m: { a: 1 } } }), '{"m":{"a":1}}', 'one level');
  for (const value of ['text', 5, null, [1], new Float(1)])
    t.equal(await changed(LIFT, { m: value }), JSON.stringify({ m: value }));
});

t.test('that a field is no map is said once', async (t) => {
  const { plugin, host } = await make(nest, LIFT);
  await plugin.filter([eventOf({ m: 1 }), eventOf({ m: 2 })], 'tag');
  t.same(host.lines, [{ level: 'info', message: "'m' is no map in some records, which stay as they are" }]);
});

t.test('without a name the map is called nothing, with a warning, as Fluent Bit has it', async (t) => {
  const { plugin, host } = await make(nest, [
    ['operation', 'nest'],
    ['wildcard', 'a'],
  ]);
  const event = eventOf({ a: 1 });
  await plugin.filter([event], 'tag');
  t.same(event.body, { '': { a: 1 } });
  t.match(host.lines, [{ level: 'warn' }]);
});

t.test('what cannot be meant fails at the start', async (t) => {
  const wrong: Pairs[] = [
    [['operation', 'fold']],
    [['nest_under', 'm']],
    [...LIFT, ['add_prefix', 'a'], ['remove_prefix', 'b']],
    [...NEST, ['wildcards', 'a']],
  ];
  for (const pairs of wrong) await t.rejects(make(nest, pairs), OptionError, JSON.stringify(pairs));
});

t.test('random records: nothing but the moved fields changes, and lift undoes nest', async (t) => {
  await leavesTheRestAlone(t, async () => (await make(nest, [...NEST, ['wildcard', 'a*']])).plugin, {
    keys: ['a', 'ab', 'b', 'm'],
    touches: (key) => key === 'm' || key.startsWith('a'),
  });
  // A name that no random record has: what it holds of its own would be lifted, too.
  const under = 'moved fields';
  await leavesTheRestAlone(
    t,
    async () => {
      const nesting: Pairs = [
        ['Operation', 'nest'],
        ['Nest_under', under],
        ['Wildcard', 'a*'],
      ];
      const lifting: Pairs = [
        ['Operation', 'lift'],
        ['Nested_under', under],
      ];
      const first = (await make(nest, nesting)).plugin;
      const second = (await make(nest, lifting)).plugin;
      return { filter: async (events, tag) => second.filter(await first.filter(events, tag), tag) };
    },
    { keys: ['a', 'ab', 'b'] },
  );
});
