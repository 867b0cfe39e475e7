import t from 'tap';
import { type Fields, Float } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import modify from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function modified(pairs: Pairs, body: Fields): Promise<Fields> {
  const { plugin } = await make(modify, pairs);
  const event = eventOf(body);
  await plugin.filter([event], 'tag');
  return event.body;
}

/** Fields in their order. */
const ordered = (body: Fields) => JSON.stringify(body);

const BODY: Fields = { total: 10, used: 8, name: 'host', ok: true, m: { a: 'b' }, none: null };

const CASES: readonly [string, Pairs, string][] = [
  [
    'Add appends unless the field is there',
    [
      ['Add', 'name x'],
      ['Add', 'new v'],
    ],
    '{"total":10,"used":8,"name":"host","ok":true,"m":{"a":"b"},"none":null,"new":"v"}',
  ],
  [
    'Add_if_not_present is Add',
    [['Add_if_not_present', 'new v']],
    '{"total":10,"used":8,"name":"host","ok":true,"m":{"a":"b"},"none":null,"new":"v"}',
  ],
  [
    'Set moves a field to the end, and its value is a string',
    [['Set', 'name 5']],
    '{"total":10,"used":8,"ok":true,"m":{"a":"b"},"none":null,"name":"5"}',
  ],
  [
    'Remove takes the exact field',
    [
      ['Remove', 'none'],
      ['Remove', 'na'],
    ],
    '{"total":10,"used":8,"name":"host","ok":true,"m":{"a":"b"}}',
  ],
  [
    'Remove_wildcard takes a start, stars as they stand',
    [
      ['Remove_wildcard', 'n'],
      ['Remove_wildcard', 't*'],
    ],
    '{"total":10,"used":8,"ok":true,"m":{"a":"b"}}',
  ],
  ['Remove_regex takes a pattern', [['Remove_regex', 'e']], '{"total":10,"ok":true,"m":{"a":"b"}}'],
  [
    'Rename keeps the place, unless the name is taken',
    [
      ['Rename', 'used free'],
      ['Rename', 'total name'],
      ['Rename', 'missing x'],
    ],
    '{"total":10,"free":8,"name":"host","ok":true,"m":{"a":"b"},"none":null}',
  ],
  [
    'Hard_rename removes what had the name',
    [['Hard_rename', 'used name']],
    '{"total":10,"name":8,"ok":true,"m":{"a":"b"},"none":null}',
  ],
  [
    'Hard_rename onto itself removes the field',
    [
      ['Hard_rename', 'ok ok'],
      ['Rename', 'name name'],
    ],
    '{"total":10,"used":8,"name":"host","m":{"a":"b"},"none":null}',
  ],
  [
    'Copy stands after its source, unless the name is taken',
    [
      ['Copy', 'name host'],
      ['Copy', 'ok used'],
    ],
    '{"total":10,"used":8,"name":"host","host":"host","ok":true,"m":{"a":"b"},"none":null}',
  ],
  [
    'Hard_copy replaces what had the name',
    [['Hard_copy', 'name total']],
    '{"used":8,"name":"host","total":"host","ok":true,"m":{"a":"b"},"none":null}',
  ],
  [
    'Move_to_start and Move_to_end take all with that start',
    [
      ['Move_to_start', 'n'],
      ['Move_to_end', 'to'],
    ],
    '{"name":"host","none":null,"used":8,"ok":true,"m":{"a":"b"},"total":10}',
  ],
  [
    'quotes keep blanks in a value',
    [
      ['Set', 'm "two words"'],
      ['Add', "'odd key' v"],
    ],
    '{"total":10,"used":8,"name":"host","ok":true,"none":null,"m":"two words","odd key":"v"}',
  ],
  [
    'within quotes a backslash keeps that quote and itself, and nothing else',
    [
      ['Set', String.raw`m "say \"a\\b\" isn\'t \d"`],
      ['Set', String.raw`none 'it\'s \"x\"'`],
    ],
    String.raw`{"total":10,"used":8,"name":"host","ok":true,"m":"say \"a\\b\" isn\\'t \\d","none":"it's \\\"x\\\""}`,
  ],
  [
    'three words make any rule a Rename',
    [['Add', 'ok b c']],
    '{"total":10,"used":8,"name":"host","c":true,"m":{"a":"b"},"none":null}',
  ],
  [
    'rules of different kinds work in their order',
    [
      ['Rename', 'name x'],
      ['Add', 'name again'],
      ['Remove', 'x'],
    ],
    '{"total":10,"used":8,"ok":true,"m":{"a":"b"},"none":null,"name":"again"}',
  ],
];

for (const [name, pairs, expected] of CASES)
  t.test(name, async (t) => t.equal(ordered(await modified(pairs, { ...BODY })), expected));

t.test('a body that others share is never written into', async (t) => {
  for (const [name, pairs] of CASES) {
    const body = Object.freeze({ ...BODY });
    await modified(pairs, body);
    t.equal(ordered(body), ordered(BODY), name);
  }
});

t.test('a body that no rule changes stays the same object', async (t) => {
  const pairs: Pairs = [
    ['Add', 'name x'],
    ['Remove', 'no'],
    ['Rename', 'no x'],
    ['Copy', 'no x'],
    ['Remove_regex', '^zz'],
    ['Hard_copy', 'no x'],
  ];
  t.equal(await modified(pairs, BODY), BODY);
});

t.test('__proto__ is a field like any other', async (t) => {
  const body = await modified(
    [
      ['Add', '__proto__ x'],
      ['Rename', 'a b'],
    ],
    { a: 1 },
  );
  t.same(Object.getOwnPropertyDescriptor(body, '__proto__')?.value, 'x');
  t.equal(body.b, 1);
  t.equal(Object.getPrototypeOf(body), Object.prototype);
});

const RECORDS: Fields[] = [
  { n: 1, level: 'error', 'svc.name': 'a', 'svc.env': 'prod', m: { k: 'v' }, ok: true },
  { n: 2, level: 'info', 'svc.name': 'b', 'svc.env': 'dev' },
  { n: 3, other: 'x' },
  { n: 4, level: 5, 'svc.x': new Float(9), m: 'v' },
];

const CONDITIONS: readonly [string, number[]][] = [
  ['Key_exists level', [1, 2, 4]],
  ['Key_does_not_exist level', [3]],
  ['A_key_matches ^svc\\.e', [1, 2]],
  ['No_key_matches ^svc\\.', [3]],
  ['Key_value_equals level error', [1]],
  ["Key_value_equals $m['k'] v", [1, 4]],
  ['Key_value_does_not_equal level error', [2, 4]],
  ['Key_value_matches level ^e', [1]],
  ['Key_value_matches ok ^tr', [1]],
  ['Key_value_does_not_match level ^e', [2, 4]],
  ['Matching_keys_have_matching_values ^svc\\. ^(a|prod|b)$', [1, 3]],
  ['Matching_keys_do_not_have_matching_values ^svc\\. ^(a|prod|b)$', [2, 4]],
];

for (const [condition, expected] of CONDITIONS)
  t.test(`condition ${condition}`, async (t) => {
    const { plugin } = await make(modify, [
      ['Condition', condition],
      ['Set', 'met yes'],
    ]);
    const events = RECORDS.map((body) => eventOf(body));
    t.equal(await plugin.filter(events, 'tag'), events);
    t.same(
      events.filter((event) => event.body.met === 'yes').map((event) => event.body.n),
      expected,
    );
  });

t.test('all conditions must be met', async (t) => {
  const pairs: Pairs = [
    ['Condition', 'Key_exists n'],
    ['Condition', 'Key_exists nowhere'],
    ['Set', 'met yes'],
  ];
  t.equal((await modified(pairs, RECORDS[0]!)).met, undefined);
});

t.test('what is no rule and no condition fails at the start', async (t) => {
  const wrong: Pairs = [
    ['Add', 'a b c d'],
    ['Add', 'alone'],
    ['Remove', 'a b'],
    ['Condition', 'Key_is a'],
    ['Condition', 'Key_exists'],
    ['Condition', 'Key_value_matches level'],
    ['Replace', 'a b'],
  ];
  for (const [key, value] of wrong) await t.rejects(modified([[key, value]], {}), OptionError, `${key} ${value}`);
  await t.rejects(modified([['Remove_regex', '(']], {}));
});

t.test('random records: nothing changes but what the rules name', async (t) => {
  const rules: Pairs = [
    ['Condition', "Key_value_does_not_match $a['b'] ^4"],
    ['Condition', 'Matching_keys_have_matching_values ^x .'],
    ['Add', 'a x'],
    ['Set', 'b y'],
    ['Rename', 'c d'],
    ['Hard_rename', 'd e'],
    ['Copy', 'a f'],
    ['Hard_copy', 'b c'],
    ['Remove_regex', '^g'],
    ['Remove_wildcard', 'h'],
    ['Move_to_end', 'a'],
    ['Move_to_start', '_'],
  ];
  const isNamed = (key: string) => /^[a-f]$|^[gh]/.test(key);
  for (const pairs of [rules, rules.slice(2)])
    await leavesTheRestAlone(t, async () => (await make(modify, pairs)).plugin, {
      keys: ['a', 'b', 'c', 'd', 'g1', 'x'],
      touches: isNamed,
    });
});
