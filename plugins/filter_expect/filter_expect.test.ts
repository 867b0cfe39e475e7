import t from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import expect from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function matched(rules: Pairs, body: Fields): Promise<unknown> {
  const { plugin } = await make(expect, [...rules, ['Action', 'result_key']]);
  const event = eventOf(Object.freeze(body));
  await plugin.filter([event], 'tag');
  t.equal(Object.keys(event.body)[0], 'matched', 'the result stands first');
  return event.body.matched;
}

const RULES: readonly (readonly [string, string, Fields, boolean])[] = [
  ['Key_exists', 'a', { a: null }, true],
  ['Key_exists', 'a', { b: 1 }, false],
  ['Key_exists', "$a['b']", { a: { b: 0 } }, true],
  ['Key_not_exists', 'a', { b: 1 }, true],
  ['Key_not_exists', 'a', { a: 1 }, false],
  ['Key_val_is_null', 'a', { a: null }, true],
  ['Key_val_is_null', 'a', { a: '' }, false],
  ['Key_val_is_null', 'a', {}, false],
  ['Key_val_is_not_null', 'a', { a: 0 }, true],
  ['Key_val_is_not_null', 'a', { a: null }, false],
  ['Key_val_is_not_null', 'a', {}, false],
  ['Key_val_eq', 'a blue', { a: 'blue' }, true],
  ['Key_val_eq', 'a light  blue', { a: 'light  blue' }, true],
  ['Key_val_eq', 'a "light blue"', { a: 'light blue' }, false],
  ['Key_val_eq', 'a "light blue"', { a: '"light blue"' }, true],
  ['Key_val_eq', 'a', { a: 'a' }, true],
  ['Key_val_eq', 'a blue', { a: 'red' }, false],
  ['Key_val_eq', 'a 5', { a: 6 }, true],
  ['Key_val_eq', 'a 5', {}, false],
];

for (const [name, value, body, met] of RULES)
  t.test(`${name} ${value} on ${JSON.stringify(body)} is ${met}`, async (t) => {
    t.equal(await matched([[name, value]], body), met);
  });

t.test('all rules must be met, and the result may have another name', async (t) => {
  const { plugin } = await make(expect, [
    ['Key_exists', 'a'],
    ['Key_exists', 'b'],
    ['Action', 'result_key'],
    ['Result_Key', 'ok'],
  ]);
  const events = [eventOf({ a: 1, ok: 'old', b: 2 }), eventOf({ a: 1 })];
  await plugin.filter(events, 'tag');
  t.equal(JSON.stringify(events.map((event) => event.body)), '[{"ok":true,"a":1,"b":2},{"ok":false,"a":1}]');
});

t.test('warn says the first record of a batch that fails, and changes nothing', async (t) => {
  const { plugin, host } = await make(expect, [['Key_exists', 'a']]);
  const events = [eventOf({ a: 1 }), eventOf({ b: 'x' }), eventOf({ c: 1 })];
  t.equal(await plugin.filter(events, 'tag'), events);
  t.same(host.lines, [{ level: 'warn', message: 'a record does not meet key_exists a: {"b":"x"}' }]);
  t.equal(host.counts.unmet_expectations_total, 1);
  t.equal(host.exited, undefined);
});

t.test('exit ends the program with an error', async (t) => {
  const { plugin, host } = await make(expect, [
    ['Key_exists', 'a'],
    ['Action', 'EXIT'],
  ]);
  await plugin.filter([eventOf({ a: 1 })], 'tag');
  t.equal(host.exited, undefined);
  await plugin.filter([eventOf({ b: 1 })], 'tag');
  t.equal(host.exited, 255);
  t.match(host.lines, [{ level: 'error' }]);
});

t.test('what cannot be meant fails at the start; no rule is a warning', async (t) => {
  for (const pairs of [[['Action', 'shout']], [['Key_exists', "$a['b"]], [['Key', 'a']]] as Pairs[])
    await t.rejects(make(expect, pairs), OptionError, JSON.stringify(pairs));
  t.match((await make(expect, [])).host.lines, [{ level: 'warn' }]);
});

t.test('random records: nothing changes but the result', async (t) => {
  const rules: Pairs = [
    ['Key_val_eq', "$a['b'] 42"],
    ['Key_val_is_null', 'c'],
    ['Key_not_exists', '__proto__'],
  ];
  const keys = ['a', 'b', 'c', 'matched'];
  await leavesTheRestAlone(t, async () => (await make(expect, rules)).plugin, { keys });
  await leavesTheRestAlone(t, async () => (await make(expect, [...rules, ['Action', 'result_key']])).plugin, {
    keys,
    touches: (key) => key === 'matched',
  });
});
