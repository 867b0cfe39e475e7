import t from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import grep from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function grepped(pairs: Pairs, bodies: readonly Fields[]): Promise<Fields[]> {
  const { plugin } = await make(grep, pairs);
  const events = await plugin.filter(
    bodies.map((body) => eventOf(body)),
    'tag',
  );
  return events.map((event) => event.body);
}

t.test('Regex keeps what matches and drops a record without the field', async (t) => {
  t.same(
    await grepped([['Regex', 'level ^(error|warn)$']], [{ level: 'error' }, { level: 'info' }, {}, { level: 'warn' }]),
    [{ level: 'error' }, { level: 'warn' }],
  );
});

t.test('Exclude drops what matches and keeps a record without the field', async (t) => {
  t.same(await grepped([['Exclude', 'level info']], [{ level: 'error' }, { level: 'info' }, {}]), [
    { level: 'error' },
    {},
  ]);
});

t.test('only strings match', async (t) => {
  const bodies: Fields[] = [{ v: 1 }, { v: true }, { v: null }, { v: { a: 'b' } }, { v: ['a'] }, { v: '' }];
  t.same(await grepped([['Regex', 'v .*']], bodies), [{ v: '' }]);
});

t.test('a field may be an accessor, and a plain key ends at its dot', async (t) => {
  t.same(await grepped([['Regex', "$a['b'] x"]], [{ a: { b: 'x' } }, { a: { c: 'x' } }, { a: 'x' }]), [
    { a: { b: 'x' } },
    { a: 'x' },
  ]);
  t.same(await grepped([['Regex', 'log.level error']], [{ 'log.level': 'error' }, { log: 'error' }]), [
    { log: 'error' },
  ]);
});

t.test('a pattern may hold blanks', async (t) => {
  t.same(await grepped([['Regex', 'm an error: \\d+']], [{ m: 'an error: 5' }, { m: 'an error' }]), [
    { m: 'an error: 5' },
  ]);
});

t.test('further blanks after the key are the start of the pattern, with a warning', async (t) => {
  t.same(await grepped([['Exclude', 'm  GET']], [{ m: 'GET /' }, { m: 'a GET /' }, { m: 'a  GET' }]), [{ m: 'GET /' }]);
  t.match((await make(grep, [['Exclude', 'm  GET']])).host.lines, [{ level: 'warn' }]);
  t.same((await make(grep, [['Exclude', 'm GET']])).host.lines, []);
});

t.test('an unknown Logical_Op is the legacy mode, with a warning', async (t) => {
  const pairs: Pairs = [
    ['Logical_Op', 'xor'],
    ['Exclude', 'a x'],
    ['Regex', 'b y'],
  ];
  t.same(await grepped(pairs, [{ a: 'x', b: 'y' }, { b: 'y' }, { a: 'z' }]), [{ b: 'y' }]);
  t.match((await make(grep, pairs)).host.lines, [{ level: 'warn', message: /xor/ }]);
});

t.test('in the legacy mode the first Regex decides', async (t) => {
  const bodies = [
    { level: 'error', msg: 'x' },
    { level: 'info', msg: 'fine' },
  ];
  t.same(
    await grepped(
      [
        ['Regex', 'level error'],
        ['Regex', 'msg fine'],
      ],
      bodies,
    ),
    [bodies[0]],
  );
  const more = [
    { level: 'error', msg: 'healthy' },
    { level: 'error', msg: 'x' },
    { level: 'info', msg: 'x' },
  ];
  t.same(
    await grepped(
      [
        ['Exclude', 'msg health'],
        ['Regex', 'level error'],
      ],
      more,
    ),
    [more[1]],
  );
  t.same(
    await grepped(
      [
        ['Exclude', 'msg health'],
        ['Exclude', 'level info'],
      ],
      more,
    ),
    [more[1]],
  );
});

t.test('Logical_Op joins rules of one kind', async (t) => {
  const bodies = [{ a: 'x' }, { b: 'y' }, { a: 'x', b: 'y' }, {}];
  const rules = (kind: string, op: string): Pairs => [
    ['Logical_Op', op],
    [kind, 'a x'],
    [kind, 'b y'],
  ];
  t.same(await grepped(rules('Regex', 'and'), bodies), [bodies[2]]);
  t.same(await grepped(rules('Regex', 'OR'), bodies), bodies.slice(0, 3));
  t.same(await grepped(rules('Exclude', 'AND'), bodies), [bodies[0], bodies[1], {}]);
  t.same(await grepped(rules('Exclude', 'or'), bodies), [{}]);
  await t.rejects(
    grepped(
      [
        ['Logical_Op', 'and'],
        ['Regex', 'a x'],
        ['Exclude', 'b y'],
      ],
      [],
    ),
    OptionError,
  );
});

t.test('the same array comes back where all stay', async (t) => {
  const { plugin } = await make(grep, [['Exclude', 'level info']]);
  const events = [eventOf({ level: 'error' }), eventOf({})];
  t.equal(await plugin.filter(events, 'tag'), events);
  const { plugin: none } = await make(grep);
  t.equal(await none.filter(events, 'tag'), events, 'without rules, too');
});

t.test('rules that cannot be read fail at the start', async (t) => {
  for (const rule of ['alone', '$a["b"] x', 'key ([a-z']) await t.rejects(grepped([['Regex', rule]], []), rule);
});

t.test('random records: what passes is as it was', async (t) => {
  const pairs: Pairs = [
    ['Exclude', "$a['b'] ^4"],
    ['Exclude', '$__proto__ .'],
    ['Regex', 'b .'],
  ];
  await leavesTheRestAlone(t, async () => (await make(grep, pairs)).plugin, { keys: ['a', 'b'], changesCount: true });
});
