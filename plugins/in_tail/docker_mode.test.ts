import t from 'tap';
import { type LogEvent, NO_METADATA } from '../../src/data/event.ts';
import type { Parser } from '../../src/plugin.ts';
import { TailFolder } from '../../test/support/tail_folder.ts';
import { findLog } from './docker_mode.ts';

/** Takes JSON objects as they are. */
const json: Parser = {
  name: 'docker',
  parse(text, seconds, nanos): LogEvent | undefined {
    try {
      return { seconds, nanos, metadata: NO_METADATA, body: JSON.parse(text) };
    } catch {
      return undefined;
    }
  },
};
const first: Parser = {
  name: 'first',
  parse: (text, s, n) => (/"log":"\[/.test(text) ? json.parse(text, s, n) : undefined),
};

const read = (directory: string, lines: string[], options: Record<string, string> = {}): TailFolder =>
  new TailFolder(directory, {
    options: { docker_mode: 'on', parser: 'docker', ...options },
    parsers: { docker: json, first },
  })
    .write('a.log', lines.map((line) => `${line}\n`).join(''))
    .start();

t.test('parts are joined until one ends with a line break; the rest is that of the last part', async (t) => {
  const folder = read(t.testdir(), [
    '{"log":"part one ","time":1}',
    '{"log":"part \\"two\\" ","time":2}',
    '{"log":"end\\n","time":3}',
    '{"log":"whole\\n","time":4}',
    'no json',
    '{"time":5}',
  ]);
  t.same(folder.host.bodies, [
    { log: 'part one part "two" end\n', time: 3 },
    { log: 'whole\n', time: 4 },
    { log: 'no json' },
    { time: 5 },
  ]);
});

t.test('a line that is no such object gives out what waits; so does the end, and the time', async (t) => {
  const folder = read(t.testdir(), ['{"log":"a"}', 'other', '{"log":"b"}']);
  t.same(folder.lines, ['a', 'other']);
  await folder.clock.advance(3500);
  t.same(folder.lines, ['a', 'other']);
  await folder.clock.advance(1000);
  t.same(folder.lines, ['a', 'other', 'b']);
  folder.append('a.log', '{"log":"c"}\n').poll().stop();
  t.same(folder.lines, ['a', 'other', 'b', 'c']);
});

t.test('without a parser the joined JSON line comes under log', async (t) => {
  const folder = new TailFolder(t.testdir(), { options: { docker_mode: 'on', offset_key: 'at' } });
  folder.write('a.log', '{"log":"a","s":1}\n{"log":"b\\n","s":2}\n').start();
  t.same(folder.host.bodies, [{ at: 0, log: '{"log":"ab\\n","s":2}' }]);
});

t.test('Docker_Mode_Parser joins whole lines until the next first line', async (t) => {
  const lines = ['{"log":"[1] a\\n"}', '{"log":"  b\\n"}', '{"log":"[2] c\\n"}'];
  const folder = read(t.testdir(), lines, { docker_mode_parser: 'first' });
  t.same(folder.lines, ['[1] a\n  b\n']);
  folder.stop();
  t.same(folder.lines, ['[1] a\n  b\n', '[2] c\n']);
});

t.test('the offset of a part that waits is not committed', async (t) => {
  const directory = t.testdir();
  const folder = read(directory, ['{"log":"a\\n"}', '{"log":"b"}'], { db: `${directory}/pos.db` });
  folder.settle();
  await folder.clock.advance(100);
  t.match(folder.rows('pos.db'), [{ offset: 14 }]);
  folder.kill();
  folder.append('a.log', '{"log":"c\\n"}\n').start();
  t.same(folder.lines, ['bc\n']);
});

t.test('a part is joined with the rest in the file that came after a rotation', async (t) => {
  const directory = t.testdir();
  const folder = read(directory, ['{"log":"a\\n"}', '{"log":"b"}'], { db: `${directory}/pos.db` });
  folder.rename('a.log', 'a.log.1').write('a.log', '{"log":"c"}\n').poll().settle();
  await folder.clock.advance(100);
  t.match(folder.rows('pos.db'), [
    { rotated: 1, offset: 14 },
    { rotated: 0, offset: 0 },
  ]);
  folder.append('a.log', '{"log":"d\\n"}\n').poll();
  t.same(folder.lines, ['a\n', 'bcd\n']);
  folder.settle();
  await folder.clock.advance(100);
  t.match(folder.rows('pos.db'), [
    { rotated: 1, offset: 26 },
    { rotated: 0, offset: 26 },
  ]);
});

t.test('the value of log is found at the top level only', async (t) => {
  const found = (text: string): string | undefined => {
    const value = findLog(text);
    return value && text.slice(value.start, value.end);
  };
  t.equal(found('{"a":{"log":"x"},"b":["log","y"],"c":"log", "log" : "z\\"\\\\"}'), 'z\\"\\\\');
  t.equal(found('{"log":1}'), undefined);
  t.equal(found('{"a":"log"}'), undefined);
  t.equal(found('{"log":"cut'), undefined);
  t.equal(found('["log"]'), undefined);
});
