import t from 'tap';
import { BUILT_IN_MULTILINE, compileMultilineParser } from '../../src/parsers/multiline.ts';
import { OptionError } from '../../src/plugin.ts';
import { TailFolder } from '../../test/support/tail_folder.ts';

const own = (timeout: string) =>
  compileMultilineParser(
    [
      { key: 'name', value: 'own' },
      { key: 'type', value: 'regex' },
      { key: 'flush_timeout', value: timeout },
      { key: 'rule', value: '"start_state" "/^[A-Z]/" "cont"' },
      { key: 'rule', value: '"cont" "/^ /" "cont"' },
    ],
    () => undefined,
  );

const multilineParsers = { ...Object.fromEntries(BUILT_IN_MULTILINE), own: own('4000'), hasty: own('499') };

const folderWith = (directory: string, text: string, options: Record<string, string> = {}): TailFolder =>
  new TailFolder(directory, { options: { 'multiline.parser': 'own', ...options }, multilineParsers }).write(
    'a.log',
    text,
  );

t.test('lines are joined, and what waits comes out after the timeout', async (t) => {
  const folder = folderWith(t.testdir(), 'One\n a\nTwo\n b\n').start();
  t.same(folder.host.bodies, [{ log: 'One\n a\n' }]);
  await folder.clock.advance(5000);
  t.same(folder.host.bodies[1], { log: 'Two\n b\n' });
  folder.stop();
});

t.test('what waits at the stop is given out, not lost', async (t) => {
  const folder = folderWith(t.testdir(), 'One\n a\n').start();
  t.same(folder.host.bodies, []);
  folder.stop();
  t.same(folder.host.bodies, [{ log: 'One\n a\n' }]);
});

t.test('Path_Key and Offset_Key stand before the keys, with the offset of the first line', async (t) => {
  const folder = folderWith(t.testdir(), 'One\n a\nTwo\n b\nThree\n', { path_key: 'file', offset_key: 'at' }).start();
  folder.stop();
  const file = folder.file('a.log');
  t.same(folder.host.bodies, [
    { file, at: 0, log: 'One\n a\n' },
    { file, at: 7, log: 'Two\n b\n' },
    { file, at: 14, log: 'Three\n' },
  ]);
  t.same(Object.keys(folder.host.bodies[0] as object), ['file', 'at', 'log']);
});

t.test('the record of a rotated file goes on in its successor', async (t) => {
  const folder = folderWith(t.testdir(), 'One\n').start();
  folder.append('a.log', ' a\n').rename('a.log', 'a.log.1').write('a.log', ' b\nTwo\n').poll();
  folder.scan().poll();
  folder.stop();
  t.same(folder.host.bodies, [{ log: 'One\n a\n b\n' }, { log: 'Two\n' }]);
});

t.test('a list of parsers takes the lines of each', async (t) => {
  const lines = ['{"log":"d\\n","stream":"stdout"}', '2024-03-01T12:00:01.1Z stdout F c', 'neither'];
  const folder = folderWith(t.testdir(), `${lines.join('\n')}\n`, { 'multiline.parser': 'docker, cri' }).start();
  folder.stop();
  t.same(folder.host.bodies, [
    { log: 'd\n', stream: 'stdout' },
    { time: '2024-03-01T12:00:01.1Z', stream: 'stdout', _p: 'F', log: 'c' },
    { log: 'neither' },
  ]);
});

t.test('an unknown parser, or a timeout below half a second, fails the start', async (t) => {
  for (const name of ['nosuch', 'hasty'])
    t.throws(() => folderWith(t.testdir(), '', { 'multiline.parser': name }).start(), OptionError, name);
});
