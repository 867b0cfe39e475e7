import t from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import recordModifier from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function modified(pairs: Pairs, bodies: readonly Fields[]): Promise<Fields[]> {
  const { plugin } = await make(recordModifier, pairs);
  const events = await plugin.filter(
    bodies.map((body) => eventOf(body)),
    'tag',
  );
  return events.map((event) => event.body);
}

t.test('Record appends a text, and moves a field that is there to the end', async (t) => {
  const [one, two] = await modified(
    [
      ['Record', 'host node-7'],
      ['Record', 'a replaced'],
    ],
    [{ a: 1, b: 2 }, {}],
  );
  t.equal(JSON.stringify(one), '{"b":2,"host":"node-7","a":"replaced"}');
  t.equal(JSON.stringify(two), '{"host":"node-7","a":"replaced"}');
});

t.test('Record takes two words, quoted where there are blanks; others are ignored', async (t) => {
  const { plugin, host } = await make(recordModifier, [
    ['Record', 'ignored several words'],
    ['Record', 'note "two words"'],
  ]);
  const event = eventOf({ x: 1 });
  await plugin.filter([event], 'tag');
  t.same(event.body, { x: 1, note: 'two words' });
  t.match(host.lines, [{ level: 'error', message: /ignored several words/ }]);
});

t.test('only double quotes hold a value together: single ones are part of it', async (t) => {
  const pairs: Pairs = [
    ['Record', "owner 'team'"],
    ['Record', "note 'two words'"],
    ['Record', String.raw`path "C:\\x \"y\""`],
    ['Record', 'open "to the end'],
  ];
  const { plugin, host } = await make(recordModifier, pairs);
  const event = eventOf({});
  await plugin.filter([event], 'tag');
  t.same(event.body, { owner: "'team'", path: String.raw`C:\\x "y"`, open: 'to the end' });
  t.match(host.lines, [{ level: 'error', message: /two words/ }]);
});

t.test('a chunk without any change stays, with its empty records', async (t) => {
  const bodies = [{}, { a: 1 }];
  t.same(await modified([['Remove_key', 'b']], bodies), bodies);
  t.same(await modified([['Remove_key', 'a']], [{}, { a: 1 }, { a: 1, c: 2 }]), [{ c: 2 }]);
});

t.test('Remove_key compares in any case, with a star for the rest', async (t) => {
  t.same(
    await modified(
      [
        ['Remove_key', 'STREAM'],
        ['Remove_key', 'ti*'],
      ],
      [{ stream: 1, time: 2, t: 3, xstream: 4 }],
    ),
    [{ t: 3, xstream: 4 }],
  );
});

t.test('Allowlist_key keeps only those; its old name works', async (t) => {
  const bodies = [{ log: 'a', num: 1, other: 2 }];
  t.same(
    await modified(
      [
        ['Allowlist_key', 'LOG'],
        ['Whitelist_key', 'n*'],
      ],
      bodies,
    ),
    [{ log: 'a', num: 1 }],
  );
});

t.test('a record of which nothing is left is dropped, unless all would be', async (t) => {
  t.same(await modified([['Allowlist_key', 'log']], [{ log: 'a' }, { b: 1 }]), [{ log: 'a' }]);
  const bodies = [{ a: 1 }, { b: 2 }];
  t.same(await modified([['Allowlist_key', 'log']], bodies), bodies);
});

t.test('Uuid_key adds another UUID to every record, at the end', async (t) => {
  const [one, two] = await modified(
    [
      ['Uuid_key', 'id'],
      ['Record', 'after no'],
    ],
    [{ a: 1 }, { a: 1 }],
  );
  t.match(one?.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.not(one?.id, two?.id);
  t.same(Object.keys(one ?? {}), ['a', 'after', 'id']);
});

t.test('nothing is written into a body that others share, and what is not changed stays the same', async (t) => {
  const body: Fields = Object.freeze({ a: 1, stream: 2 });
  await modified(
    [
      ['Record', 'a 5'],
      ['Remove_key', 'stream'],
    ],
    [body],
  );
  t.same(body, { a: 1, stream: 2 });
  const { plugin } = await make(recordModifier, [['Remove_key', 'zzz']]);
  const event = eventOf(body);
  const events = [event];
  t.equal(await plugin.filter(events, 'tag'), events);
  t.equal(event.body, body);
});

t.test('Remove_key and Allowlist_key together fail at the start', async (t) => {
  await t.rejects(
    modified(
      [
        ['Remove_key', 'a'],
        ['Allowlist_key', 'b'],
      ],
      [],
    ),
    OptionError,
  );
});

t.test('random records: nothing changes but what is named', async (t) => {
  const removing: Pairs = [
    ['Record', 'a x'],
    ['Remove_key', 'B*'],
    ['Uuid_key', 'c'],
  ];
  await leavesTheRestAlone(t, async () => (await make(recordModifier, removing)).plugin, {
    keys: ['a', 'b', 'bb', 'c', 'd'],
    touches: (key) => /^[abcB]/.test(key),
  });
});
