import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { LogEvent } from '../../src/data/event.ts';
import { OK } from '../../src/plugin.ts';
import { batchOf, eventOf, NEW_YEAR } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { fileOfTag } from './destination.ts';
import file from './index.ts';

type Pairs = readonly (readonly [string, string])[];
const signal = new AbortController().signal;

async function write(pairs: Pairs, events: readonly LogEvent[]) {
  const { plugin, host } = await make(file, pairs);
  return { verdict: await plugin.flush(batchOf(events), signal), host };
}

t.test('no tag leads out of the directory', async (t) => {
  const names: [string, string][] = [
    ['../../etc/passwd', '_/_/etc/passwd'],
    ['/etc/passwd', 'etc/passwd'],
    ['a//b/./c', 'a/b/_/c'],
    ['a\\..\\b', 'a/_/b'],
    ['ns:web%x/app@#1.log', 'ns_web_x/app__1.log'],
    ['ü', '__'],
    ['a\u0000b', 'a_b'],
    ['..', '_'],
    ['', '_'],
    ['/', '_'],
    ['a..b', 'a..b'],
  ];
  for (const [tag, name] of names) t.equal(fileOfTag(tag), name, tag);
});

t.test('Path and File from the record, with a fallback', async (t) => {
  const directory = t.testdir({});
  const pairs: Pairs = [
    ['Path', `${directory}/$team`],
    ['File', '$app.log'],
    ['Mkdir', 'on'],
    ['Format', 'plain'],
    ['Fallback_Path', directory],
    ['Fallback_File', 'rest'],
    ['On_Missing_Field', 'fallback'],
  ];
  const bodies = [
    { team: 'a', app: 'web', n: 1 },
    { team: 'a', n: 2 },
    { team: 'a', app: 'web', n: 3 },
    { team: 'a', app: '../x', n: 4 },
    { team: '..', app: 'x', n: 5 },
    { team: 'a/../../b', app: 'x', n: 6 },
    { team: 'a', app: 'x\n', n: 7 },
    { team: 'a', app: ['x'], n: 8 },
    { team: 'a', app: '', n: 9 },
  ];
  t.equal(
    (
      await write(
        pairs,
        bodies.map((body) => eventOf(body)),
      )
    ).verdict,
    OK,
  );
  const numbers = (name: string) =>
    fs
      .readFileSync(path.join(directory, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).n);
  t.same(numbers('a/web.log'), [1, 3]);
  t.same(numbers('a/.log'), [9], 'an empty text is a value');
  t.same(numbers('rest'), [2, 4, 5, 6, 7, 8]);
});

t.test('a record that names no file is dropped, or ends its chunk', async (t) => {
  const events = [eventOf({ app: 'web', n: 1 }), eventOf({ n: 2 }), eventOf({ app: 'web', n: 3 })];
  const pairs = (directory: string): Pairs => [
    ['Path', directory],
    ['File', '$app'],
    ['Fallback_File', 'rest'],
    ['Format', 'plain'],
  ];
  const dropping = t.testdir({ drop: {}, error: {} });
  const dropped = await write([...pairs(path.join(dropping, 'drop')), ['On_Missing_Field', 'drop']], events);
  t.equal(dropped.verdict, OK);
  t.equal(fs.readFileSync(path.join(dropping, 'drop', 'web'), 'utf8'), '{"app":"web","n":1}\n{"app":"web","n":3}\n');
  t.same(dropped.host.counts, { dropped_records_total: 1 });
  const failed = await write(pairs(path.join(dropping, 'error')), events);
  t.match(failed.verdict, { kind: 'drop', reason: /field/ });
  t.equal(fs.readFileSync(path.join(dropping, 'error', 'web'), 'utf8'), '{"app":"web","n":1}\n');
});

t.test('Max_Dynamic_Files bounds how many files there are', async (t) => {
  const directory = t.testdir({});
  const pairs: Pairs = [
    ['Path', directory],
    ['File', '$app'],
    ['Format', 'plain'],
    ['Max_Dynamic_Files', '2'],
    ['Fallback_Path', directory],
    ['Fallback_File', 'rest'],
    ['On_Limit_Reached', 'fallback'],
  ];
  await write(
    pairs,
    ['a', 'b', 'c', 'a', 'd'].map((app) => eventOf({ app })),
  );
  t.same(fs.readdirSync(directory).sort(), ['a', 'b', 'rest']);
  t.equal(fs.readFileSync(path.join(directory, 'rest'), 'utf8'), '{"app":"c"}\n{"app":"d"}\n');
});

t.test('what went to one file is not written again when another fails', async (t) => {
  const directory = t.testdir({ blocked: {} });
  const { plugin } = await make(file, [
    ['Path', directory],
    ['File', '$app'],
    ['Format', 'plain'],
    ['Fallback_File', 'rest'],
  ]);
  const batch = batchOf([eventOf({ app: 'good' }), eventOf({ app: 'blocked' })]);
  t.match(await plugin.flush(batch, signal), { kind: 'retry', reason: /EISDIR/ });
  fs.rmdirSync(path.join(directory, 'blocked'));
  t.equal(await plugin.flush(batch, signal), OK);
  t.equal(fs.readFileSync(path.join(directory, 'good'), 'utf8'), '{"app":"good"}\n');
  t.equal(fs.readFileSync(path.join(directory, 'blocked'), 'utf8'), '{"app":"blocked"}\n');
});

t.test('strftime placeholders are filled with the time of the event in UTC', async (t) => {
  const directory = t.testdir({});
  const pairs: Pairs = [
    ['Path', `${directory}/%Y%m%d`],
    ['File', '%H.log'],
    ['Mkdir', 'on'],
    ['Format', 'plain'],
    ['Fallback_File', 'rest'],
  ];
  const events = [eventOf({ n: 1 }, NEW_YEAR - 1), eventOf({ n: 2 }, NEW_YEAR)];
  t.equal((await write([...pairs, ['enable_strftime', 'on']], events)).verdict, OK);
  t.equal(fs.readFileSync(path.join(directory, '20251231', '23.log'), 'utf8'), '{"n":1}\n');
  t.equal(fs.readFileSync(path.join(directory, '20260101', '00.log'), 'utf8'), '{"n":2}\n');
  await write(pairs, events);
  t.ok(fs.existsSync(path.join(directory, '%Y%m%d', '%H.log')), 'without the option they stay as they are');
});
