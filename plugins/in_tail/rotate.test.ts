import fs from 'node:fs';
import t from 'tap';
import { TailFolder } from '../../test/support/tail_folder.ts';

t.test('rename and create: the rest of the old file, then the new one, both under the old name', async (t) => {
  const folder = new TailFolder(t.testdir(), { tag: 't.*', options: { path_key: 'file' } });
  folder.write('app.log', 'one\n').start();
  folder.rename('app.log', 'app.log.1').append('app.log.1', 'two\n').poll();
  folder.append('app.log.1', 'three\n').write('app.log', 'four\n').poll().append('app.log', 'five\n').poll();
  t.same(folder.lines, ['one', 'two', 'three', 'four', 'five']);
  t.same(new Set(folder.host.bodies.map((body) => (body as { file: string }).file)), new Set([folder.file('app.log')]));
  t.equal(new Set(folder.host.emitted.map(({ tag }) => tag)).size, 1);
  t.ok(folder.logged(`handle rotation(): ${folder.file('app.log')} => ${folder.file('app.log.1')}`));
});

t.test('two rotations between two looks lose nothing of the files that were open', async (t) => {
  const folder = new TailFolder(t.testdir()).write('app.log', 'a1\n').start();
  folder.append('app.log', 'a2\n').rename('app.log', 'app.log.1');
  folder.write('app.log', 'b1\n').poll().append('app.log', 'b2\n');
  folder.rename('app.log.1', 'app.log.2').rename('app.log', 'app.log.1').write('app.log', 'c1\n').poll();
  t.same(folder.lines, ['a1', 'a2', 'b1', 'b2', 'c1']);
});

t.test('Rotate_Wait counts from the last new byte; then the file is forgotten, its last line included', async (t) => {
  const folder = new TailFolder(t.testdir(), { options: { rotate_wait: '2' } }).write('app.log', 'one\n').start();
  folder.rename('app.log', 'app.log.1').poll();
  await folder.clock.advance(1500);
  folder.append('app.log.1', 'two\n').poll();
  await folder.clock.advance(1500);
  folder.append('app.log.1', 'thr').poll();
  t.same(folder.lines, ['one', 'two']);
  await folder.clock.advance(2500);
  t.same(folder.lines, ['one', 'two', 'thr'], 'nobody can end that line any more');
  folder.append('app.log.1', 'too late\n').poll();
  t.same(folder.lines, ['one', 'two', 'thr']);
  t.equal(folder.host.counts.files_closed_total, 1);
});

t.test('a rotated file with unread bytes is not forgotten, however long there is no room', async (t) => {
  let room = true;
  const folder = new TailFolder(t.testdir(), { options: { rotate_wait: '1' }, room: () => room });
  folder.write('app.log', 'one\n').start();
  room = false;
  folder.append('app.log', 'two\n').poll();
  folder.append('app.log', 'three\n').rename('app.log', 'app.log.1').poll();
  await folder.clock.advance(10_000);
  t.same(folder.lines, ['one', 'two']);
  room = true;
  folder.tail?.resume();
  folder.poll();
  t.same(folder.lines, ['one', 'two', 'three']);
});

t.test('a deleted file is read to its end', async (t) => {
  const folder = new TailFolder(t.testdir()).write('app.log', 'one\n').start();
  folder.append('app.log', 'two\n').remove('app.log').poll();
  folder.write('app.log', 'new\n').scan();
  t.same(folder.lines, ['one', 'two', 'new']);
});

t.test('copy and truncate: reading goes on at the head, also where the file is longer again', async (t) => {
  const folder = new TailFolder(t.testdir(), { options: { offset_key: 'at' } }).write('app.log', 'one\ntwo\n').start();
  fs.truncateSync(folder.file('app.log'));
  folder.append('app.log', 'three\n').poll();
  fs.truncateSync(folder.file('app.log'));
  folder.append('app.log', 'a line that is longer than what was there\n').poll();
  t.same(folder.host.bodies.slice(2), [
    { at: 0, log: 'three' },
    { at: 0, log: 'a line that is longer than what was there' },
  ]);
  t.equal(folder.host.counts.files_truncated_total, 2);
});

t.test('an unfinished line is forgotten with the truncation', async (t) => {
  const folder = new TailFolder(t.testdir()).write('app.log', 'one\npart').start();
  folder.write('app.log', 'new\n').poll();
  t.same(folder.lines, ['one', 'new']);
});

t.test('a link to another file: the rest of the old target, then the new one from its head', async (t) => {
  const dir = t.testdir({ links: {}, pods: { '0.log': 'one\n' } });
  const folder = new TailFolder(dir, { tag: 't.*', options: { path: `${dir}/links/*.log`, path_key: 'file' } });
  fs.symlinkSync('../pods/0.log', folder.file('links/c.log'));
  folder.start();
  folder.append('pods/0.log', 'two\n').poll().write('pods/1.log', 'three\n').append('pods/0.log', 'late\n');
  fs.unlinkSync(folder.file('links/c.log'));
  fs.symlinkSync('../pods/1.log', folder.file('links/c.log'));
  folder.poll().append('pods/0.log', 'later\n').poll().append('pods/1.log', 'four\n').poll();
  t.same(folder.lines, ['one', 'two', 'late', 'three', 'later', 'four']);
  const file = folder.file('links/c.log');
  t.ok(folder.host.bodies.every((body) => (body as { file: string }).file === file));
});

t.test('the file behind a link is renamed and made anew, as kubelet does', async (t) => {
  const dir = t.testdir({ links: {}, pods: { '0.log': 'one\n' } });
  const folder = new TailFolder(dir, { options: { path: `${dir}/links/*.log` } });
  fs.symlinkSync('../pods/0.log', folder.file('links/c.log'));
  folder
    .start()
    .rename('pods/0.log', 'pods/0.log.20260101-000000')
    .append('pods/0.log.20260101-000000', 'two\n')
    .poll();
  folder.write('pods/0.log', 'three\n').scan();
  t.same(folder.lines, ['one', 'two', 'three']);
});

t.test('two names of one file: it is read once, under the first', async (t) => {
  const folder = new TailFolder(t.testdir(), { tag: 't.*' }).write('real.txt', 'one\n');
  fs.symlinkSync('real.txt', folder.file('b.log'));
  folder.start();
  fs.symlinkSync('real.txt', folder.file('a.log'));
  folder.scan().append('real.txt', 'two\n').poll();
  t.same(folder.lines, ['one', 'two']);
  t.ok(folder.host.emitted.every(({ tag }) => tag.endsWith('b.log')));
});

t.test('renamed away and back, a file is simply followed', async (t) => {
  const folder = new TailFolder(t.testdir()).write('app.log', 'one\n').start();
  folder.rename('app.log', 'x').poll().rename('x', 'app.log').scan().append('app.log', 'two\n').poll();
  await folder.clock.advance(60_000);
  folder.append('app.log', 'three\n').poll();
  t.same(folder.lines, ['one', 'two', 'three']);
});

t.test('a renamed file that matches Path is taken for a new one after Rotate_Wait, as in Fluent Bit', async (t) => {
  const dir = t.testdir();
  const folder = new TailFolder(dir, { tag: 't.*', options: { path: `${dir}/*`, rotate_wait: '1' } });
  folder.write('app.log', 'one\n').start().rename('app.log', 'app.log.1').append('app.log.1', 'two\n').scan();
  t.same(folder.lines, ['one', 'two']);
  await folder.clock.advance(2000);
  folder.scan();
  t.same(folder.lines, ['one', 'two', 'one', 'two']);
  t.ok(folder.host.emitted.at(-1)?.tag.endsWith('app.log.1'));
});

t.test('with few descriptors every file is read, also one that is rotated while it is closed', async (t) => {
  const folder = new TailFolder(t.testdir(), { options: { max_open_files: '16' } });
  const names = Array.from({ length: 60 }, (_, i) => `f${i}.log`);
  for (const name of names) folder.write(name, `${name} 1\n`);
  folder.start();
  t.match(folder.tail?.describe()[0], /files=60 open=1[0-6] /);
  for (const name of names) folder.append(name, `${name} 2\n`);
  folder.rename('f0.log', 'f0.log.1').write('f0.log', 'f0.log 3\n').poll();
  t.same([...folder.lines].sort(), [...names.flatMap((name) => [`${name} 1`, `${name} 2`]), 'f0.log 3'].sort());
  t.match(folder.tail?.describe()[0], /files=61 open=1[0-6] /);
});

t.test('files are read by turns, one buffer each', async (t) => {
  const folder = new TailFolder(t.testdir(), { tag: 't.*' });
  const big = `${'x'.repeat(999)}\n`.repeat(300);
  folder.write('a.log', big).write('b.log', 'b\n').start();
  const order = folder.host.emitted.map(({ tag }) => (tag.endsWith('b.log') ? 'b' : 'a'));
  t.equal(order.indexOf('b'), 1, 'the small file does not wait for the end of the big one');
  t.equal(folder.lines.length, 301);
});
