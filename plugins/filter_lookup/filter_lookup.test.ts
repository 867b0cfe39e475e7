import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { type Fields, Float } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import lookup from './index.ts';
import { readTable } from './table.ts';

type Pairs = readonly (readonly [string, string])[];

const CSV = `host,unit
web-1,Finance
db-1,First
db-1,Second\r
 spaced ," In quotes "
"a ""b"", c",R&D,ignored
1.5,float
7,int
true,yes
null,none
no value,
,no key
`;

function csvIn(folder: string, content = CSV): string {
  const file = path.join(folder, 'units.csv');
  fs.writeFileSync(file, content);
  return file;
}

async function started(pairs: Pairs) {
  const made = await make(lookup, [['Lookup_Key', '$host'], ['Result_Key', 'unit'], ...pairs]);
  await made.plugin.start?.();
  return made;
}

async function found(pairs: Pairs, bodies: readonly Fields[]): Promise<Fields[]> {
  const { plugin } = await started(pairs);
  const events = bodies.map((body) => eventOf(Object.freeze({ ...body })));
  return (await plugin.filter(events, 'tag')).map(({ body }) => body);
}

t.test('what is found stands at the end, in place of a field of its name', async (t) => {
  const file = csvIn(t.testdir());
  const [one, two, three] = await found(
    [['File', file]],
    [{ unit: 'old', host: 'web-1', x: 1 }, { unit: 'old', host: 'nowhere' }, {}],
  );
  t.equal(JSON.stringify(one), '{"host":"web-1","x":1,"unit":"Finance"}');
  t.same([two, three], [{ unit: 'old', host: 'nowhere' }, {}]);
});

t.test(
  'texts are compared without the blanks around them; numbers, booleans and null as what they print',
  async (t) => {
    const values = ['  spaced\t', 'a "b", c', 1.5, 7, new Float(7), true, null, 'WEB-1', '', ['web-1'], { a: 'web-1' }];
    const results = await found(
      [['data_source', csvIn(t.testdir())]],
      values.map((host) => ({ host })),
    );
    t.same(
      results.map(({ unit }) => unit),
      ['In quotes', 'R&D', 'float', 'int', 'int', 'yes', 'none', undefined, undefined, undefined, undefined],
    );
  },
);

t.test('Ignore_Case, and the later of two rows', async (t) => {
  const pairs: Pairs = [
    ['file', csvIn(t.testdir())],
    ['ignore_case', 'on'],
  ];
  t.same(await found(pairs, [{ host: 'WEB-1' }, { host: 'Db-1' }]), [
    { host: 'WEB-1', unit: 'Finance' },
    { host: 'Db-1', unit: 'Second' },
  ]);
});

t.test('the first row is a header with file, and with skip_header_row', async (t) => {
  const file = csvIn(t.testdir());
  const header = async (...pairs: Pairs) => (await found(pairs, [{ host: 'host' }]))[0]?.unit;
  t.equal(await header(['file', file]), undefined);
  t.equal(await header(['data_source', file]), 'unit');
  t.equal(await header(['data_source', file], ['skip_header_row', 'on']), undefined);
  t.equal(await header(['file', file], ['skip_header_row', 'off']), 'unit');
});

t.test('a row with an open quote is left out, with a warning', async (t) => {
  const file = csvIn(t.testdir(), 'a,1\n"b,2\nc,"3\nd,4');
  const { plugin, host } = await started([['data_source', file]]);
  const events = ['a', 'b', 'c', 'd'].map((name) => eventOf({ host: name }));
  await plugin.filter(events, 'tag');
  t.same(
    events.map(({ body }) => body.unit),
    ['1', undefined, undefined, '4'],
  );
  t.match(host.lines, [
    { level: 'warn', message: /row 2/ },
    { level: 'warn', message: /row 3/ },
    { level: 'info', message: /2 entries/ },
  ]);
});

t.test('fields: quotes anywhere, doubled ones, nothing after the second', async (t) => {
  const table = readTable('x"y, z"w,"1"" "2,3\nk,"",v\n"",1\nlone', {
    skipHeader: false,
    ignoreCase: false,
    complain: () => t.fail('no row is wrong'),
  });
  t.same([...table], [['xy, zw', '1" 2']]);
});

t.test('a file that cannot be read fails at the start, and so does an option that is missing', async (t) => {
  await t.rejects(started([['file', path.join(t.testdir(), 'none.csv')]]), OptionError);
  await t.rejects(started([]), OptionError);
  await t.rejects(make(lookup, [['file', 'x']]), OptionError);
});

t.test('random records: nothing changes but the result', async (t) => {
  const file = csvIn(t.testdir(), 'a,1\nb,2\n');
  const keys = ['host', 'unit', 'a'];
  await leavesTheRestAlone(t, async () => (await started([['data_source', file]])).plugin, {
    keys,
    touches: (key) => key === 'unit',
  });
});
