import t from 'tap';
import { type Fields, Float, type Value } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import typeConverter from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function converted(pairs: Pairs, bodies: readonly Fields[]): Promise<Fields[]> {
  const { plugin } = await make(typeConverter, pairs);
  const events = bodies.map((body) => eventOf(Object.freeze(body)));
  return (await plugin.filter(events, 'tag')).map((event) => event.body);
}

const U64 = 1n << 64n;

const CASTS: readonly (readonly [string, string, Value, Value | undefined])[] = [
  ['Str_key', 'int', '42abc', 42],
  ['Str_key', 'int', ' -7.9', -7],
  ['Str_key', 'int', '0', undefined],
  ['Str_key', 'int', 'abc', undefined],
  ['Str_key', 'int', '9223372036854775808', U64 / 2n - 1n],
  ['Str_key', 'uint', '18446744073709551615', U64 - 1n],
  ['Str_key', 'uint', '-1', U64 - 1n],
  ['Str_key', 'hex', 'ff', 255],
  ['Str_key', 'hex', '0x1F', 31],
  ['Str_key', 'float', '1e3', new Float(1000)],
  ['Str_key', 'float', 'abc', new Float(0)],
  ['Str_key', 'float', '2.5x', 2.5],
  ['Str_key', 'bool', 'TRUE story', true],
  ['Str_key', 'bool', 'false', false],
  ['Str_key', 'bool', 'yes', undefined],
  ['Str_key', 'string', 'a', undefined],
  ['Str_key', 'int', 5, undefined],
  ['Int_key', 'string', -5, '-5'],
  ['Int_key', 'str', 1n << 60n, String(1n << 60n)],
  ['Int_key', 'float', 2, new Float(2)],
  ['Int_key', 'uint', -1, U64 - 1n],
  ['Int_key', 'hex', 1, undefined],
  ['Int_key', 'string', new Float(1), undefined],
  ['Int_key', 'string', '1', undefined],
  ['Uint_key', 'string', -1, String(U64 - 1n)],
  ['Uint_key', 'int', U64 - 1n, -1],
  ['Uint_key', 'float', 7, new Float(7)],
  ['Float_key', 'string', new Float(1), '1.0'],
  ['Float_key', 'string', new Float(1e21), '1e+21'],
  ['Float_key', 'string', 0.1, '0.1'],
  ['Float_key', 'int', -2.9, -2],
  ['Float_key', 'uint', -2.9, U64 - 2n],
  ['Float_key', 'string', 1, undefined],
  ['Float_key', 'bool', 1.5, undefined],
];

for (const [option, type, from, to] of CASTS)
  t.test(`${option} to ${type}: ${typeof from} ${String(from)}`, async (t) => {
    const rules: Pairs = [
      [option, `v w ${type}`],
      ['Str_key', 'ok n int'],
    ];
    const [body] = await converted(rules, [{ v: from, ok: '1' }]);
    t.same(body, { v: from, ok: '1', w: to ?? from, n: 1 });
  });

t.test('new fields are appended: of strings first, then int, uint and float, whatever the order', async (t) => {
  const rules: Pairs = [
    ['Float_key', 'f f_str string'],
    ['Uint_key', 'u u_str string'],
    ['Int_key', 'i i_str string'],
    ['Str_key', 's s_int int'],
  ];
  const [body] = await converted(rules, [{ s: '1', f: 1.5, u: 2, i: 3 }]);
  t.equal(JSON.stringify(body), '{"s":"1","f":1.5,"u":2,"i":3,"s_int":1,"i_str":"3","u_str":"2","f_str":"1.5"}');
});

t.test('a field of the new name moves to the end; the source may be nested', async (t) => {
  const rules: Pairs = [
    ['Str_key', "$a['b'] ab int"],
    ['Str_key', 's s int'],
  ];
  const [body] = await converted(rules, [{ ab: 'old', s: '5', a: { b: '17' } }]);
  t.equal(JSON.stringify(body), '{"a":{"b":"17"},"ab":17,"s":5}');
});

t.test('where nothing in the batch could be converted all stays as it was; it is counted, and said once', async (t) => {
  const { plugin, host } = await make(typeConverter, [['Str_key', 's s_int int']]);
  const events = [eventOf({ s: 'abc' }), eventOf({ x: 1 }), eventOf({ s: '0' })];
  t.equal(await plugin.filter(events, 'tag'), events);
  t.same(
    events.map((event) => event.body),
    [{ s: 'abc' }, { x: 1 }, { s: '0' }],
  );
  t.equal(host.counts.failed_conversions_total, 2);
  t.equal(host.lines.length, 1);
  const mixed = [eventOf({ s: 'abc' }), eventOf({ s: '6' })];
  await plugin.filter(mixed, 'tag');
  t.same(
    mixed.map((event) => event.body),
    [
      { s: 'abc', s_int: 'abc' },
      { s: '6', s_int: 6 },
    ],
  );
});

t.test('a type is not converted to itself, which counts as a failure', async (t) => {
  for (const [rule, value] of [
    ['Int_key', 7],
    ['Uint_key', 7],
    ['Float_key', 1.5],
    ['Str_key', 'x'],
  ] as const) {
    const type = rule.slice(0, -4).toLowerCase();
    t.same(await converted([[rule, `v w ${type}`]], [{ v: value }]), [{ v: value }], rule);
  }
});

t.test('what is no rule fails at the start; one that is too long is left out', async (t) => {
  for (const pairs of [[], [['Str_key', 'a b']], [['Str_key', 'a b long']], [['Str_key', 'a b c d']]] as Pairs[])
    await t.rejects(converted(pairs, []), OptionError, JSON.stringify(pairs));
  const { host } = await make(typeConverter, [
    ['Str_key', 'a b int more'],
    ['Str_key', 'a c int'],
  ]);
  t.match(host.lines, [{ level: 'error' }]);
});

t.test('an item of a list is no field: the rule finds nothing, and says so', async (t) => {
  const { plugin, host } = await make(typeConverter, [['Int_key', '$l[0] n string']]);
  const event = eventOf({ l: [1] });
  await plugin.filter([event], 'tag');
  t.same(event.body, { l: [1] });
  t.match(host.lines, [{ level: 'warn' }]);
});

t.test('random records: nothing but the new fields changes', async (t) => {
  const rules: Pairs = [
    ['Str_key', 'a x int'],
    ['Int_key', 'a y string'],
    ['Uint_key', '$b x float'],
    ['Float_key', "$a['b'] y uint"],
    ['Str_key', '$__proto__ x hex'],
  ];
  await leavesTheRestAlone(t, async () => (await make(typeConverter, rules)).plugin, {
    keys: ['a', 'b', 'x'],
    touches: (key) => key === 'x' || key === 'y',
  });
});
