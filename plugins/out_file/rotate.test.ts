import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import t from 'tap';
import { OK } from '../../src/plugin.ts';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import file from './index.ts';

type Pairs = readonly (readonly [string, string])[];
const signal = new AbortController().signal;

t.test('rotation renames a full file, compresses it and keeps so many', async (t) => {
  const directory = t.testdir({});
  const pairs: Pairs = [
    ['Path', directory],
    ['File', 'f'],
    ['Format', 'plain'],
    ['Rotate', 'on'],
    ['Rotate_Max_Size', '10'],
    ['Rotate_Max_Files', '2'],
  ];
  const { plugin } = await make(file, pairs);
  for (const n of [1, 2, 3, 4, 5]) t.equal(await plugin.flush(batchOf([eventOf({ number: n })]), signal), OK);
  const names = fs.readdirSync(directory).filter((name) => name !== 'f');
  t.equal(names.length, 2);
  for (const name of names) {
    t.match(name, /^f\.\d{8}_\d{6}_[0-9a-f]{8}\.gz$/);
    t.match(zlib.gunzipSync(fs.readFileSync(path.join(directory, name))).toString(), /^\{"number":[34]\}\n$/);
  }
  t.equal(fs.readFileSync(path.join(directory, 'f'), 'utf8'), '{"number":5}\n');
});

t.test('files that only look like rotated ones are left alone', async (t) => {
  const directory = t.testdir({ 'f.bak': 'x', 'f.20260101_000000': 'old', other: 'x', f: '0123456789' });
  const { plugin } = await make(file, [
    ['Path', directory],
    ['File', 'f'],
    ['Rotate', 'on'],
    ['Rotate_Max_Size', '5'],
    ['Rotate_Max_Files', '1'],
    ['Rotate_Gzip', 'off'],
  ]);
  fs.utimesSync(path.join(directory, 'f.20260101_000000'), 1, 1);
  await plugin.flush(batchOf([eventOf({ log: 1 })]), signal);
  const names = fs.readdirSync(directory).sort();
  t.match(names, ['f', /^f\.\d{8}_\d{6}_[0-9a-f]{8}$/, 'f.bak', 'other']);
});
