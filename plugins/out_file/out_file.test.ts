import fs from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { LogEvent } from '../../src/data/event.ts';
import { decodeEvents } from '../../src/data/msgpack.ts';
import { OK, OptionError } from '../../src/plugin.ts';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import file from './index.ts';

type Pairs = readonly (readonly [string, string])[];
const signal = new AbortController().signal;

const EVENTS = [eventOf({ log: 'one', n: 1 }), eventOf({ log: 'two' }, undefined, 123_456_789)];

async function write(pairs: Pairs, events: readonly LogEvent[] = EVENTS, tag = 'app.log') {
  const { plugin, host } = await make(file, pairs);
  return { verdict: await plugin.flush(batchOf(events, tag), signal), host, plugin };
}

/** What a format writes for some events. */
async function formatted(t: Test, pairs: Pairs, events: readonly LogEvent[] = EVENTS): Promise<string> {
  const directory = t.testdir({});
  const { verdict } = await write([['Path', directory], ['File', 'f'], ...pairs], events);
  t.equal(verdict, OK);
  return fs.readFileSync(path.join(directory, 'f'), 'utf8');
}

t.test('the default format: tag, time and record, in a file with the name of the tag', async (t) => {
  const directory = t.testdir({});
  t.equal((await write([['Path', directory]])).verdict, OK);
  t.equal(
    fs.readFileSync(path.join(directory, 'app.log'), 'utf8'),
    'app.log: [1767225600.000000000, {"log":"one","n":1}]\napp.log: [1767225600.123456789, {"log":"two"}]\n',
  );
});

t.test('plain is the record alone', async (t) => {
  t.equal(await formatted(t, [['Format', 'plain']]), '{"log":"one","n":1}\n{"log":"two"}\n');
});

t.test('csv and ltsv print values as msgpack text', async (t) => {
  const events = [eventOf({ a: 'y "q"', b: 2.5, c: null }), eventOf({}), eventOf({ d: [1] })];
  t.equal(
    await formatted(t, [['Format', 'csv']], events),
    '1767225600.000000000,"y "q"",2.500000,nil\n1767225600.000000000,[1]\n',
  );
  t.equal(
    await formatted(
      t,
      [
        ['Format', 'csv'],
        ['Delimiter', 'tab'],
      ],
      [eventOf({ a: 1, b: 2 })],
    ),
    '1767225600.000000000\t1\t2\n',
  );
  t.equal(
    await formatted(
      t,
      [
        ['Format', 'ltsv'],
        ['Label_Delimiter', 'space'],
        ['Delimiter', ';'],
      ],
      events.slice(0, 1),
    ),
    '"time" 1767225600.000000\t"a" "y "q""\t"b" 2.500000\t"c" nil\n',
  );
});

t.test('csv column names stand once, at the start of the file', async (t) => {
  const directory = t.testdir({});
  const { plugin } = await write([
    ['Path', directory],
    ['File', 'f'],
    ['Format', 'csv'],
    ['csv_column_names', 'on'],
  ]);
  await plugin.flush(batchOf([eventOf({ x: 1 })]), signal);
  t.equal(
    fs.readFileSync(path.join(directory, 'f'), 'utf8'),
    'timestamp,"log","n"\n1767225600.000000000,"one",1\n1767225600.123456789,"two"\n1767225600.000000000,1\n',
  );
});

t.test('template fills braces and leaves what it does not know', async (t) => {
  const template = (text: string) =>
    formatted(
      t,
      [
        ['Format', 'template'],
        ['Template', text],
      ],
      [eventOf({ log: 'x', n: 1.5, m: { a: 1 } })],
    );
  t.equal(await template('{time} {n} [{log}] {missing} {m}'), '1767225600.000000 1.500000 [x] {missing} {"a"=>1}\n');
  t.equal(await template('{{log}} {a{log} } {log'), '{x} {ax } {log\n');
  t.equal(await formatted(t, [['Format', 'template']], [eventOf({ message: 'hi' })]), '1767225600.000000 hi\n');
});

t.test('msgpack is the content of the chunk', async (t) => {
  const directory = t.testdir({});
  await write([
    ['Path', directory],
    ['File', 'f'],
    ['Format', 'msgpack'],
  ]);
  t.same(decodeEvents(fs.readFileSync(path.join(directory, 'f'))), EVENTS);
});

t.test('bytes that are no UTF-8 come out as they came in', async (t) => {
  const directory = t.testdir({});
  await write(
    [
      ['Path', directory],
      ['File', 'f'],
      ['Format', 'template'],
      ['Template', '{log}'],
    ],
    [eventOf({ log: 'a\udcffü' })],
  );
  t.same(fs.readFileSync(path.join(directory, 'f')), Buffer.from([0x61, 0xff, 0xc3, 0xbc, 0x0a]));
});

t.test('a file that is there is appended to, and one that was moved away is made anew', async (t) => {
  const directory = t.testdir({ f: 'before\n' });
  const { plugin } = await write(
    [
      ['Path', directory],
      ['File', 'f'],
      ['Format', 'plain'],
    ],
    [eventOf({ n: 1 })],
  );
  t.equal(fs.readFileSync(path.join(directory, 'f'), 'utf8'), 'before\n{"n":1}\n');
  fs.renameSync(path.join(directory, 'f'), path.join(directory, 'f.1'));
  await plugin.flush(batchOf([eventOf({ n: 2 })]), signal);
  t.equal(fs.readFileSync(path.join(directory, 'f'), 'utf8'), '{"n":2}\n');
});

t.test('a missing directory is made with Mkdir, and a reason to try again without', async (t) => {
  const directory = path.join(t.testdir({}), 'a', 'b');
  const without = await write([
    ['Path', directory],
    ['File', 'f'],
  ]);
  t.match(without.verdict, { kind: 'retry', reason: /ENOENT/ });
  t.equal(
    (
      await write([
        ['Path', directory],
        ['File', 'f'],
        ['Mkdir', 'on'],
      ])
    ).verdict,
    OK,
  );
  t.ok(fs.existsSync(path.join(directory, 'f')));
});

t.test('batches that come at the same time are written one after another', async (t) => {
  const directory = t.testdir({});
  const { plugin } = await make(file, [
    ['Path', directory],
    ['File', 'f'],
    ['Format', 'plain'],
  ]);
  await Promise.all([1, 2, 3, 4, 5].map((n) => plugin.flush(batchOf([eventOf({ n })]), signal)));
  t.equal(fs.readFileSync(path.join(directory, 'f'), 'utf8'), '{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n{"n":5}\n');
});

t.test('options that do not fit fail at the start', async (t) => {
  const wrong: Pairs[] = [
    [['Format', 'yaml']],
    [['File', '$app.log']],
    [
      ['Path', '$app'],
      ['Fallback_File', 'x'],
    ],
    [
      ['File', '$app[x]'],
      ['Fallback_File', 'x'],
    ],
    [['On_Missing_Field', 'fallback']],
    [['On_Missing_Field', 'explode']],
    [
      ['Rotate', 'on'],
      ['Rotate_Max_Files', '0'],
    ],
    [
      ['Rotate', 'on'],
      ['Rotate_Max_Size', '0'],
    ],
  ];
  for (const pairs of wrong) await t.rejects(make(file, pairs), OptionError, JSON.stringify(pairs));
});
