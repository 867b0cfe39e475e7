import t from 'tap';
import { NO_METADATA } from '../../src/data/event.ts';
import type { Parser } from '../../src/plugin.ts';
import { TailFolder } from '../../test/support/tail_folder.ts';

const byRegex = (name: string, regex: RegExp): Parser => ({
  name,
  parse(text, seconds, nanos) {
    const groups = regex.exec(text)?.groups;
    return groups && { seconds, nanos, metadata: NO_METADATA, body: { ...groups } };
  },
});
const parsers = {
  first: byRegex('first', /^\[(?<level>\w+)\] (?<message>.*)/),
  more: byRegex('more', /^cause=(?<cause>.*)/),
  text: byRegex('text', /^text=(?<text>.*)/),
};

const read = (directory: string, text: string, options: Record<string, string> = {}): TailFolder =>
  new TailFolder(directory, {
    options: { multiline: 'on', parser_firstline: 'first', parser_1: 'more', parser_2: 'text', ...options },
    parsers,
  })
    .write('a.log', text)
    .start();

t.test('later lines are added to the last key; lines that another parser takes add theirs', async (t) => {
  const folder = read(t.testdir(), '[E] one\n  at a\n  at b\n[E] two\ncause=x\n  why\ntext=y\n[I] three\n');
  t.same(folder.host.bodies, [
    { level: 'E', message: 'one\n  at a\n  at b' },
    { level: 'E', message: 'two', cause: 'x\n  why', text: 'y' },
  ]);
  await folder.clock.advance(5000);
  t.same(folder.host.bodies[2], { level: 'I', message: 'three' });
});

t.test('a line that belongs to no record goes alone', async (t) => {
  const folder = read(t.testdir(), 'before\n[E] one\n', { path_key: 'file', offset_key: 'at' });
  const file = folder.file('a.log');
  t.same(folder.host.bodies, [{ file, at: 0, log: 'before' }]);
  folder.stop();
  t.same(folder.host.bodies[1], { file, at: 7, level: 'E', message: 'one' });
  t.same(Object.keys(folder.host.bodies[1] as object), ['file', 'at', 'level', 'message']);
});

t.test('what waits at the stop is given out, not lost', async (t) => {
  const folder = read(t.testdir(), '[E] one\n  at a\n');
  t.same(folder.host.bodies, []);
  folder.stop();
  t.same(folder.host.bodies, [{ level: 'E', message: 'one\n  at a' }]);
});

t.test('a Parser beside it is left out, with a warning', async (t) => {
  const folder = read(t.testdir(), '[E] one\n', { parser: 'more' });
  t.ok(folder.logged("'Parser' is not allowed"));
});

t.test('the record of a rotated file goes on in its successor', async (t) => {
  const folder = read(t.testdir(), '[E] one\n');
  folder.append('a.log', '  at a\n').rename('a.log', 'a.log.1').write('a.log', '  at b\n[I] two\n').poll();
  t.same(folder.host.bodies, [{ level: 'E', message: 'one\n  at a\n  at b' }]);
});
