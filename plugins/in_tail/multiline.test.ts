import t from 'tap';
import { BUILT_IN_MULTILINE, compileMultilineParser } from '../../src/parsers/multiline.ts';
import { OptionError } from '../../src/plugin.ts';
import { TailFolder } from '../../test/support/tail_folder.ts';

const read = (directory: string, text: string, options: Record<string, string> = {}): TailFolder =>
  new TailFolder(directory, {
    options: { 'multiline.parser': 'docker, cri', ...options },
    multilineParsers: Object.fromEntries(BUILT_IN_MULTILINE),
  })
    .write('a.log', text)
    .start();

const T = '2024-03-01T12:00:00.1Z';

t.test('the parts of CRI lines are joined, each stream by itself; keys of the file come after', async (t) => {
  const text = `${T} stdout P one \n${T} stderr P two \n${T} stdout F one\n${T} stderr F two\n${T} stdout F x\n`;
  const folder = read(t.testdir(), text, { path_key: 'file', offset_key: 'at' });
  const file = folder.file('a.log');
  t.match(folder.host.bodies, [
    { stream: 'stdout', log: 'one one', file, at: 0 },
    { stream: 'stderr', log: 'two two', file, at: text.indexOf('\n') + 1 },
    { stream: 'stdout', log: 'x', file, at: text.lastIndexOf(T) },
  ]);
  t.same(Object.keys(folder.host.bodies[0] as object).slice(-2), ['file', 'at']);
});

t.test('an unfinished record comes after its timeout, or at the stop', async (t) => {
  const folder = read(t.testdir(), `${T} stdout P one\n`);
  await folder.clock.advance(3500);
  t.same(folder.lines, []);
  await folder.clock.advance(1000);
  t.same(folder.lines, ['one']);
  folder.append('a.log', `${T} stdout P two\n`).poll().stop();
  t.same(folder.lines, ['one', 'two']);
});

t.test(
  'the offset of an unfinished record is not committed, though later lines of another stream are out',
  async (t) => {
    const directory = t.testdir();
    const head = `${T} stdout F whole\n`;
    const text = `${head}${T} stdout P one \n${T} stderr F two\n`;
    const folder = read(directory, text, { db: `${directory}/pos.db` }).settle();
    await folder.clock.advance(100);
    t.same(folder.lines, ['whole', 'two']);
    t.match(folder.rows('pos.db'), [{ offset: head.length }]);
    folder.kill().append('a.log', `${T} stdout F more\n`).start();
    t.same(folder.lines, ['two', 'one more'], 'at least once, and whole');
    folder.stop();
    t.match(folder.rows('pos.db'), [{ offset: text.length + head.length - 1 }]);
  },
);

t.test('a part at the end of a rotated file is joined with the rest in the new one', async (t) => {
  const directory = t.testdir();
  const folder = read(directory, `${T} stdout F whole\n${T} stdout P one \n`, { db: `${directory}/pos.db` });
  folder.rename('a.log', 'a.log.1').write('a.log', '').scan();
  folder.append('a.log', `${T} stdout P two \n`).poll();
  t.same(folder.lines, ['whole']);
  folder.kill().start();
  t.same(folder.lines, ['whole'], 'nothing was settled');
  folder.append('a.log', `${T} stdout F three\n`).poll();
  t.same(folder.lines, ['whole', 'one two three']);
});

t.test('a truncation ends what was in the making', async (t) => {
  const folder = read(t.testdir(), `${T} stdout P a part that is longer than the next line\n`);
  folder.write('a.log', `${T} stdout F new\n`).poll();
  t.same(folder.lines, ['a part that is longer than the next line', 'new']);
});

t.test('a line that no parser takes goes alone, and blank lines are nothing', async (t) => {
  const folder = read(t.testdir(), `{"log":"d\\n","stream":"stdout"}\n\nneither\n${T} stdout F c\n`);
  t.same(folder.lines, ['d\n', 'neither', 'c']);
});

t.test('an unknown parser, or a timeout below half a second, fails the start', async (t) => {
  const hasty = compileMultilineParser(
    Object.entries({ name: 'hasty', type: 'equal', match_string: 'x', flush_timeout: '499' }).map(([key, value]) => ({
      key,
      value,
    })),
    () => undefined,
  );
  for (const name of ['nosuch', 'hasty']) {
    const options = { 'multiline.parser': name };
    const folder = new TailFolder(t.testdir(), { options, multilineParsers: { hasty } });
    t.throws(() => folder.start(), OptionError, name);
  }
});
