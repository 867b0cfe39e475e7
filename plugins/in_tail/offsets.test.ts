import fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { TailFolder } from '../../test/support/tail_folder.ts';
import { xxh3 } from './xxh3.ts';

const withDb = (directory: string, options: Record<string, string> = {}): TailFolder =>
  new TailFolder(directory, { tag: 't.*', options: { db: `${directory}/pos.db`, ...options } });

/** The table and a row as Fluent Bit 5.1 writes them. */
function writeRow(folder: TailFolder, name: string, offset: number, marker: bigint, markerSize: number): void {
  const db = new DatabaseSync(folder.file('pos.db'));
  db.exec(
    'CREATE TABLE in_tail_files (id INTEGER PRIMARY KEY, name TEXT NOT NULL, offset INTEGER, inode INTEGER,' +
      ' created INTEGER, rotated INTEGER DEFAULT 0, offset_marker INTEGER DEFAULT 0, offset_marker_size INTEGER DEFAULT 0)',
  );
  const { ino } = fs.statSync(folder.file(name));
  db.prepare(
    'INSERT INTO in_tail_files (name, offset, inode, created, offset_marker, offset_marker_size) VALUES (?, ?, ?, 1, ?, ?)',
  ).run(folder.file(name), offset, ino, marker, markerSize);
  db.close();
}

t.test('the row of a file is as Fluent Bit writes it', async (t) => {
  const folder = withDb(t.testdir()).write('a.log', 'one\ntwo\npart').start().stop();
  const [row, ...others] = folder.rows('pos.db');
  t.same(others, []);
  t.match(row, {
    id: 1,
    name: folder.file('a.log'),
    offset: 8,
    inode: fs.statSync(folder.file('a.log')).ino,
    created: Math.floor(folder.clock.now() / 1000),
    rotated: 0,
    offset_marker: String(xxh3(Buffer.from('one\ntwo\n'))),
    offset_marker_size: 8,
  });
  const db = new DatabaseSync(folder.file('pos.db'));
  t.equal(db.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal');
  db.close();
});

t.test('the marker covers at most 32 bytes', async (t) => {
  const folder = withDb(t.testdir())
    .write('a.log', `${'x'.repeat(50)}\n`)
    .start()
    .stop();
  t.match(folder.rows('pos.db'), [{ offset: 51, offset_marker_size: 32 }]);
});

t.test('after a stop every line comes exactly once, an unfinished one whole', async (t) => {
  const folder = withDb(t.testdir()).write('a.log', 'one\ntw').start().stop();
  t.same(folder.lines, ['one']);
  folder.append('a.log', 'o\nthree\n').start();
  t.same(folder.lines, ['two', 'three']);
});

t.test('a row that Fluent Bit wrote is gone on from', async (t) => {
  const folder = withDb(t.testdir()).write('a.log', 'one\ntwo\nthree\n');
  writeRow(folder, 'a.log', 8, xxh3(Buffer.from('one\ntwo\n')), 8);
  folder.start();
  t.same(folder.lines, ['three']);
});

t.test('a row without a marker counts; one with another marker, or past the end, means from the head', async (t) => {
  for (const [offset, marker, size, lines] of [
    [4, 0n, 0, ['two']],
    [4, 123n, 4, ['one', 'two']],
    [9, 0n, 0, ['one', 'two']],
  ] as const) {
    const folder = withDb(t.testdir()).write('a.log', 'one\ntwo\n');
    writeRow(folder, 'a.log', offset, marker, size);
    t.same(folder.start().lines, lines, `offset ${offset}, marker ${marker}`);
    folder.stop();
  }
});

t.test('a database of Fluent Bit without the marker columns gets them', async (t) => {
  const folder = withDb(t.testdir()).write('a.log', 'one\ntwo\n');
  const db = new DatabaseSync(folder.file('pos.db'));
  db.exec(
    'CREATE TABLE in_tail_files (id INTEGER PRIMARY KEY, name TEXT NOT NULL, offset INTEGER, inode INTEGER,' +
      ' created INTEGER, rotated INTEGER DEFAULT 0)',
  );
  const { ino } = fs.statSync(folder.file('a.log'));
  db.prepare('INSERT INTO in_tail_files (name, offset, inode) VALUES (?, 4, ?)').run('a.log', ino);
  db.close();
  t.same(folder.start().lines, ['two']);
  folder.stop();
  t.match(folder.rows('pos.db'), [{ offset: 8, offset_marker_size: 8 }]);
});

t.test('what was not delivered is read again', async (t) => {
  const folder = withDb(t.testdir()).write('a.log', 'one\ntwo\n').start();
  folder.settle();
  await folder.clock.advance(100);
  folder.append('a.log', 'three\n').poll().append('a.log', 'four\n').poll();
  folder.kill();
  t.same(folder.start().lines, ['three', 'four']);
});

t.test('offsets are committed in reading order and never past something lost', async (t) => {
  const folder = withDb(t.testdir()).write('a.log', 'one\n').start();
  folder.append('a.log', 'two\n').poll().append('a.log', 'three\n').poll();
  const [first, second, third] = folder.host.emitted;
  first?.settle?.('safe');
  second?.settle?.('lost');
  third?.settle?.('safe');
  await folder.clock.advance(100);
  folder.kill();
  t.same(folder.start().lines, ['two', 'three']);
});

t.test('settles that come after the stop still count, then the database is closed', async (t) => {
  const folder = withDb(t.testdir()).write('a.log', 'one\n').start();
  folder.tail?.stop();
  t.match(folder.rows('pos.db'), [{ offset: 0 }]);
  folder.settle();
  t.match(folder.rows('pos.db'), [{ offset: 4 }]);
});

t.test('a file written anew while down is read from its head, also where it is longer', async (t) => {
  const folder = withDb(t.testdir()).write('a.log', 'one\ntwo\n').start().stop();
  folder.write('a.log', 'quite another text\nof two lines\n').start();
  t.same(folder.lines, ['quite another text', 'of two lines']);
  folder.stop().write('a.log', 'new\n').start();
  t.same(folder.lines, ['new']);
});

t.test('truncated while it runs: the offset goes to 0 at once, and settles from before say nothing', async (t) => {
  const folder = withDb(t.testdir()).write('a.log', 'one\ntwo\n').start();
  fs.truncateSync(folder.file('a.log'));
  folder.poll().settle();
  await folder.clock.advance(100);
  t.match(folder.rows('pos.db'), [{ offset: 0, offset_marker_size: 0 }]);
  folder.append('a.log', 'three\n').poll().stop();
  t.match(folder.rows('pos.db'), [{ offset: 6 }]);
});

t.test('renamed: the row gets the new name; it goes after Rotate_Wait, once all is delivered', async (t) => {
  const folder = withDb(t.testdir(), { rotate_wait: '1' }).write('a.log', 'one\n').start();
  await folder.clock.advance(100);
  folder.rename('a.log', 'a.log.1').write('a.log', 'two\n').poll();
  await folder.clock.advance(100);
  t.match(folder.rows('pos.db'), [
    { name: folder.file('a.log.1'), rotated: 1, offset: 0 },
    { name: folder.file('a.log'), rotated: 0 },
  ]);
  await folder.clock.advance(3000);
  t.equal(folder.rows('pos.db').length, 2, 'not delivered yet');
  folder.settle();
  await folder.clock.advance(100);
  t.match(folder.rows('pos.db'), [{ name: folder.file('a.log'), rotated: 0, offset: 4 }]);
});

t.test('rotated while down: the rest of the old file is read under its old tag, then the row goes', async (t) => {
  const folder = withDb(t.testdir(), { rotate_wait: '1' }).write('a.log', 'one\n').start().stop();
  folder.append('a.log', 'two\n').rename('a.log', 'a.log.1').write('a.log', 'three\n').start();
  t.same(folder.lines, ['two', 'three']);
  t.equal(new Set(folder.host.emitted.map(({ tag }) => tag)).size, 1);
  folder.settle();
  await folder.clock.advance(3000);
  t.same(
    folder.rows('pos.db').map(({ name }) => name),
    [folder.file('a.log')],
  );
  folder.stop();
});

t.test('killed between the rotation and the delivery: the renamed file is found again, tag and all', async (t) => {
  const folder = withDb(t.testdir()).write('a.log', 'one\n').start();
  await folder.clock.advance(100);
  folder.rename('a.log', 'a.log.1').poll().kill();
  folder.start();
  t.same(
    folder.tagged.map((line) => line.replace(/.*\.(\w+\.log)/, '$1')),
    ['a.log: one'],
  );
});

t.test('the rows of files that are nowhere are deleted at the start', async (t) => {
  const folder = withDb(t.testdir()).write('a.log', 'one\n').write('b.log', 'two\n').start().stop();
  folder.remove('a.log').start().stop();
  t.same(
    folder.rows('pos.db').map(({ name }) => name),
    [folder.file('b.log')],
  );
});

t.test('DB.Compare_Filename: the same inode under another name is a new file', async (t) => {
  const folder = withDb(t.testdir(), { 'db.compare_filename': 'on' }).write('a.log', 'one\n').start().stop();
  folder.rename('a.log', 'b.log').append('b.log', 'two\n').start();
  t.same(folder.lines, ['one', 'two']);
  folder.stop();
  const plain = withDb(t.testdir()).write('a.log', 'one\n').start().stop();
  t.same(plain.rename('a.log', 'b.log').append('b.log', 'two\n').start().lines, ['two']);
});

t.test('with Read_from_Head off the first start takes the end, later ones the kept offset', async (t) => {
  const folder = withDb(t.testdir(), { read_from_head: 'off' }).write('a.log', 'old\n').write('b.log', '').start();
  folder.append('a.log', 'one\n').poll().stop();
  folder.append('a.log', 'two\n').append('b.log', 'written to an empty file while down\n').start();
  t.same(folder.lines, ['two', 'written to an empty file while down']);
});

t.test('a database in a folder that does not exist fails the start', async (t) => {
  const folder = withDb(t.testdir(), { db: '/nonexistent/folder/pos.db' });
  t.throws(() => folder.start(), { option: 'db' } as never);
});

t.test('without a database nothing is kept, and nothing waits for a settle', async (t) => {
  const folder = new TailFolder(t.testdir()).write('a.log', 'one\n').start();
  t.equal(folder.host.emitted[0]?.settle, undefined);
  folder.stop();
  t.same(folder.start().lines, ['one']);
});
