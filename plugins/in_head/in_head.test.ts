import fs from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import head from './index.ts';

async function open(t: Test, text: string, given: Record<string, string> = {}, room = () => true) {
  const file = path.join(t.testdir({}), 'in.txt');
  fs.writeFileSync(file, text);
  const made = await make(head, [['file', file], ...Object.entries(given)], { name: 'head.0', room });
  await made.plugin.start();
  t.teardown(() => made.plugin.stop());
  const look = (): Promise<void> => (made.host.clock as VirtualClock).advance(1000);
  return { ...made, file, look };
}

t.test('every second the first bytes of the file, as they are then', async (t) => {
  const { host, file, look } = await open(t, 'one\ntwo\n', { add_path: 'on', key: 'text', buf_size: '5' });
  t.same(host.bodies, [], 'not before an interval is over');
  await look();
  fs.writeFileSync(file, 'x');
  await look();
  t.same(host.bodies, [
    { text: 'one\nt', path: file },
    { text: 'x', path: file },
  ]);
  t.equal(host.emitted[0]?.tag, 'head.0');
});

t.test('Lines reads so many whole lines', async (t) => {
  const long = 'x'.repeat(1000);
  const { host, look } = await open(t, `${long}\ntwo\nthree\n`, { lines: '2' });
  await look();
  t.same(host.bodies, [{ head: `${long}\ntwo\n` }]);
});

t.test('Split_Line makes a field of each line; those that are missing are empty', async (t) => {
  const { host, file, look } = await open(t, 'one\n\nlast', { split_line: 'on', lines: '4', add_path: 'on' });
  await look();
  t.same(host.bodies, [{ path: file, line0: 'one', line1: '', line2: 'last', line3: '' }]);
  const ten = await open(t, '1\n'.repeat(20), { split_line: 'on' });
  await ten.look();
  t.equal(Object.keys(ten.host.bodies[0] as object).length, 10);
});

t.test('Split_Line divides a line longer than Buf_Size', async (t) => {
  const { host, look } = await open(t, 'abcdefgh\n', { split_line: 'on', lines: '3', buf_size: '5' });
  await look();
  t.same(host.bodies, [{ line0: 'abcd', line1: 'efgh', line2: '' }]);
});

t.test('a file that cannot be read is told once, until it was read again', async (t) => {
  const { host, file, look } = await open(t, 'x');
  fs.rmSync(file);
  await look();
  await look();
  t.equal(host.lines.filter(({ level }) => level === 'error').length, 1);
  fs.writeFileSync(file, 'back');
  await look();
  fs.rmSync(file);
  await look();
  t.same(host.bodies, [{ head: 'back' }]);
  t.equal(host.lines.filter(({ level }) => level === 'error').length, 2);
});

t.test('files of the kernel are read, though they have no size', async (t) => {
  const { plugin, host } = await make(head, [
    ['file', '/proc/version'],
    ['interval_sec', '0'],
    ['interval_nsec', '500000000'],
  ]);
  plugin.start();
  await (host.clock as VirtualClock).advance(500);
  t.match((host.bodies[0] as { head: string }).head, /^Linux version/);
  plugin.stop();
});

t.test('while there is no room nothing is read', async (t) => {
  let room = false;
  const { plugin, host, look } = await open(t, 'x', {}, () => room);
  await look();
  await look();
  t.equal(host.bodies.length, 1);
  room = true;
  plugin.resume?.();
  await look();
  t.equal(host.bodies.length, 2);
});
