import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import checklist from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function started(file: string, pairs: Pairs) {
  const made = await make(checklist, [['File', file], ['Lookup_Key', 'ip'], ...pairs]);
  await made.plugin.start?.();
  return made;
}

const LIST = '# bad ones\n7.7.7.7\r\n\n10.0.\nEvil.example\n100%sure\na_c\nlast';

function listIn(folder: string, content = LIST): string {
  const file = path.join(folder, 'list.txt');
  fs.writeFileSync(file, content);
  return file;
}

async function listed(file: string, pairs: Pairs, values: readonly string[]): Promise<string[]> {
  const { plugin } = await started(file, [...pairs, ['Record', 'bad true']]);
  const events = await plugin.filter(
    values.map((ip) => eventOf(Object.freeze({ ip }))),
    'tag',
  );
  return events.filter((event) => event.body.bad === true).map((event) => event.body.ip as string);
}

t.test('exact means on the list, in this case', async (t) => {
  const file = listIn(t.testdir());
  const values = ['7.7.7.7', '7.7.7.70', 'evil.example', 'Evil.example', '', '# bad ones', 'last', 'a_c', 'abc'];
  t.same(await listed(file, [], values), ['7.7.7.7', 'Evil.example', 'last', 'a_c']);
  t.same(await listed(file, [['Ignore_Case', 'on']], ['EVIL.EXAMPLE', 'A_C', 'É']), ['EVIL.EXAMPLE', 'A_C']);
});

t.test('partial means that the value begins with an entry', async (t) => {
  const file = listIn(t.testdir());
  const partial: Pairs = [['Mode', 'Partial']];
  t.same(await listed(file, partial, ['7.7.7.70', '10.0.3.4', '10.1.', '7.7', 'x7.7.7.7', 'evil.example/x']), [
    '7.7.7.70',
    '10.0.3.4',
  ]);
  t.same(await listed(file, partial, ['100 times sure', '100sure!', '100', 'abcd', 'acd']), [
    '100 times sure',
    '100sure!',
    'abcd',
  ]);
  t.same(await listed(file, [...partial, ['Ignore_Case', 'on']], ['EVIL.EXAMPLE/x', 'ABC']), ['EVIL.EXAMPLE/x', 'ABC']);
});

t.test('fields are added at the end; true, false and null are no strings', async (t) => {
  const { plugin } = await started(listIn(t.testdir()), [
    ['Record', 'ioc abc'],
    ['Record', 'url NULL'],
    ['Record', 'ok False'],
    ['Record', 'text "two words"'],
  ]);
  const event = eventOf(Object.freeze({ url: 'x', ip: '7.7.7.7', z: 1 }));
  await plugin.filter([event], 'tag');
  t.equal(JSON.stringify(event.body), '{"ip":"7.7.7.7","z":1,"ioc":"abc","url":null,"ok":false,"text":"two words"}');
});

t.test('only strings are looked up, also nested ones', async (t) => {
  const { plugin } = await make(checklist, [
    ['File', listIn(t.testdir(), '5\ntrue\nx\n')],
    ['Lookup_Key', "$a['b'][0]"],
    ['Record', 'bad yes'],
  ]);
  await plugin.start?.();
  const bodies: Fields[] = [{ a: { b: ['x'] } }, { a: { b: [5] } }, { a: { b: [true] } }, { a: { b: 'x' } }, {}];
  const events = bodies.map((body) => eventOf(body));
  t.equal(await plugin.filter(events, 'tag'), events);
  t.same(
    events.map((event) => event.body.bad),
    ['yes', undefined, undefined, undefined, undefined],
  );
});

t.test('a file that is not there is an error in the log, and no record is on the list', async (t) => {
  const { plugin, host } = await started(path.join(t.testdir(), 'none'), [['Record', 'bad true']]);
  t.match(host.lines, [{ level: 'error', message: /ENOENT/ }]);
  const event = eventOf({ ip: '7.7.7.7' });
  await plugin.filter([event], 'tag');
  t.same(event.body, { ip: '7.7.7.7' });
});

t.test('Print_Query_Time logs what was found', async (t) => {
  const { plugin, host } = await started(listIn(t.testdir()), [
    ['Print_Query_Time', 'on'],
    ['Record', 'a b'],
  ]);
  await plugin.filter([eventOf({ ip: '7.7.7.7' }), eventOf({ ip: 'x' })], 'tag');
  t.equal(host.lines.length, 1);
  t.match(host.lines[0]?.message, /^found within \d+ ns: '7.7.7.7'$/);
});

t.test('what is missing fails at the start; no record to add is a warning', async (t) => {
  const file = listIn(t.testdir());
  await t.rejects(make(checklist, [['File', file]]), OptionError);
  await t.rejects(make(checklist, [['Lookup_Key', 'a']]), OptionError);
  await t.rejects(started(file, [['Record', 'lonely']]), OptionError);
  t.match((await started(file, [])).host.lines, [{ level: 'warn' }]);
});

t.test('random records: nothing changes but what is added', async (t) => {
  const file = listIn(t.testdir(), 'error\n42\n%a');
  const make = async () =>
    (
      await started(file, [
        ['Record', 'added yes'],
        ['Mode', 'partial'],
      ])
    ).plugin;
  await leavesTheRestAlone(t, make, { keys: ['ip', 'added'], touches: (key) => key === 'added' });
});
