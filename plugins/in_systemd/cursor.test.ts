import fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { JournalFolder } from '../../test/support/journal_folder.ts';
import { BOOT, JournalWriter } from '../../test/support/journal_writer.ts';
import { readHeader } from './format.ts';
import { formatCursor, parseCursor } from './location.ts';

/** A folder with one file, and the database beside it. */
function prepare(t: Test, writer = new JournalWriter()) {
  const dir = t.testdir({ journal: {} });
  const folder = new JournalFolder(t, `${dir}/journal`).save('system.journal', writer);
  const db = `${dir}/cursor.db`;
  const query = (sql: string): unknown[] => {
    const database = new DatabaseSync(db);
    const rows = database.prepare(sql).all();
    database.close();
    return rows.map((row) => Object.values(row)[0]);
  };
  return { folder, writer, db, query };
}

const cursors = 'SELECT cursor FROM in_systemd_cursor';
const SET = 'UPDATE in_systemd_cursor SET cursor =';

t.test('a restart goes on after the last delivered entry', async (t) => {
  const { folder, writer, db } = prepare(t);
  folder.save('system.journal', writer.messages('1', '2'));
  await folder.start({ db });
  folder.settle();
  folder.save('system.journal', writer.messages('3'));
  await folder.start({ db });
  t.same(folder.messages, ['3']);
  await folder.start({ db });
  t.same(folder.messages, ['3'], 'it was not delivered');
  folder.settle();
  await folder.start({ db });
  t.same(folder.messages, []);
});

t.test('the table is the one of Fluent Bit, and holds the cursor as sd_journal writes it', async (t) => {
  const { folder, db, query } = prepare(t, new JournalWriter({ realtime: 0x6474846204089 }).messages('1'));
  await folder.start({ db });
  t.same(query(cursors), ['(null)'], 'as Fluent Bit, where nothing was read yet');
  folder.settle();
  await folder.stop();
  const { seqnumId } = new JournalWriter();
  t.match(
    query(cursors)[0],
    new RegExp(`^s=[0-9a-f]{${seqnumId.length}};i=1;b=${BOOT};m=f4240;t=6474846204089;x=f4243$`),
  );
  t.same(query("SELECT sql FROM sqlite_schema WHERE name = 'in_systemd_cursor'"), [
    'CREATE TABLE in_systemd_cursor (  cursor  TEXT NOT NULL,  updated INTEGER)',
  ]);
  t.same(query('SELECT updated FROM in_systemd_cursor'), [folder.clock.now() / 1000]);
});

t.test('a cursor of Fluent Bit is taken over, also in files of other writers, and kept', async (t) => {
  const { folder, writer, db, query } = prepare(t);
  const foreign = new JournalWriter().messages('f1', 'f2', 'f3');
  writer.messages('1', '2', '3');
  folder.save('system.journal', writer).save('user-1.journal', foreign);
  const cursor = (i: number): string =>
    `s=${writer.seqnumId};i=${i};b=${BOOT};m=f4628;t=${(1_767_225_600_000_000 + (i - 1) * 1000).toString(16)};x=1e848a`;
  const database = new DatabaseSync(db);
  database.exec('CREATE TABLE in_systemd_cursor (cursor TEXT NOT NULL, updated INTEGER)');
  database.exec(`INSERT INTO in_systemd_cursor VALUES ('old', 1), ('${cursor(2)}', 2)`);
  database.close();
  await folder.start({ db });
  t.same(folder.messages.sort(), ['3', 'f3']);
  await folder.stop();
  t.same(query(cursors), [cursor(2)], 'of two rows the last one is kept, as in Fluent Bit');
  await folder.start({ db });
  t.same(folder.messages.sort(), ['3', 'f3'], 'nothing was delivered');
  folder.settle();
  await folder.stop();
  query(`${SET} '${cursor(1)}'`);
  await folder.start({ db });
  t.same(folder.messages.sort(), ['2', '3', 'f2', 'f3'], 'Fluent Bit was there in between');
});

t.test('the entry of the cursor may be gone: nothing after it is left out', async (t) => {
  const { folder, db, query } = prepare(t, new JournalWriter({ seqnum: 10 }).messages('10', '11'));
  await folder.start({ db });
  await folder.stop();
  for (const i of ['5', '9', 'a'])
    for (const id of ['system', 'other']) {
      const seqnumId = id === 'system' ? parseSeqnumId(folder) : 'f'.repeat(32);
      query(`${SET} 's=${seqnumId};i=${i};b=${BOOT};m=1;t=6474846203f00;x=1'`);
      await folder.start({ db });
      t.same(folder.messages, id === 'system' && i === 'a' ? ['11'] : ['10', '11'], `${id} ${i}`);
      await folder.stop();
      query('DELETE FROM sluice_systemd_files');
    }
});

/** The id of the writer of the file, from its header. */
function parseSeqnumId(folder: JournalFolder): string {
  return readHeader(fs.readFileSync(folder.file('system.journal'))).seqnumId;
}

t.test('machines whose clocks differ lose nothing over a restart', async (t) => {
  const { folder, db } = prepare(t, new JournalWriter());
  const hour = 3_600_000_000;
  const [behind, ahead] = [0, hour].map((by) => new JournalWriter({ realtime: 1_767_225_600_000_000 + by }));
  const save = (): unknown =>
    folder.save('a.journal', behind as JournalWriter).save('b.journal', ahead as JournalWriter);
  behind?.messages('b1');
  ahead?.messages('a1');
  save();
  await folder.start({ db });
  t.same(folder.messages, ['b1', 'a1']);
  folder.settle();
  await folder.stop();
  behind?.messages('b2');
  save();
  folder.save('new.journal', new JournalWriter({ realtime: 1 }).messages('in a new file'));
  await folder.start({ db });
  t.same(folder.messages, ['in a new file', 'b2'], 'though the cursor is an hour ahead');
});

t.test('Read_From_Tail counts at the first start only', async (t) => {
  const { folder, writer, db } = prepare(t, new JournalWriter().messages('old'));
  await folder.start({ db, read_from_tail: 'on' });
  t.same(folder.messages, []);
  await folder.stop();
  folder.save('system.journal', writer.messages('while it was down'));
  await folder.start({ db, read_from_tail: 'on' });
  t.same(folder.messages, ['while it was down']);
});

t.test('the cursor waits for all tags, in reading order, and stays before what is lost', async (t) => {
  const { folder, writer, db, query } = prepare(t);
  const entry = (unit: string, message: string) => ({
    fields: [
      ['_SYSTEMD_UNIT', unit],
      ['MESSAGE', message],
    ] as const,
  });
  for (let i = 1; i <= 6; i++) writer.append(entry(i % 2 === 0 ? 'b' : 'a', `${i}`));
  folder.save('system.journal', writer);
  await folder.start({ db, max_entries: '2' }, { tag: 'j.*' });
  const settles = folder.host.emitted.map(({ settle }) => settle);
  t.equal(settles.length, 6);
  const committed = async (): Promise<number> => {
    await folder.clock.advance(300);
    return parseCursor(String(query(cursors)[0]))?.seqnum ?? 0;
  };
  settles[0]?.('safe');
  settles[2]?.('safe');
  settles[3]?.('safe');
  t.equal(await committed(), 0, 'the second tag of the first round is missing');
  settles[1]?.('safe');
  t.equal(await committed(), 4);
  settles[4]?.('lost');
  settles[5]?.('safe');
  t.equal(await committed(), 4);
  await folder.start({ db });
  t.same(folder.messages, ['5', '6']);
});

t.test('entries that the filter leaves out count as read', async (t) => {
  const { folder, writer, db } = prepare(t);
  folder.save('system.journal', writer.messages('1', '2', '3'));
  await folder.start({ db, systemd_filter: 'MESSAGE=2' });
  t.same(folder.messages, ['2']);
  folder.settle();
  await folder.start({ db });
  t.same(folder.messages, []);
});

t.test('a database that cannot be opened is told, and nothing is kept', async (t) => {
  const { folder, writer } = prepare(t);
  folder.save('system.journal', writer.messages('1'));
  await folder.start({ db: `${folder.dir}/nowhere/x.db` });
  t.same(folder.messages, ['1']);
  t.ok(folder.host.lines.some(({ level, message }) => level === 'error' && message.includes('no cursor is kept')));
});

t.test('a cursor that is none is told, and counts as none', async (t) => {
  const { folder, writer, db, query } = prepare(t);
  folder.save('system.journal', writer.messages('1'));
  await folder.start({ db });
  await folder.stop();
  query(`${SET} 's=xyz'`);
  await folder.start({ db });
  t.same(folder.messages, ['1']);
  t.ok(folder.logged('cannot be read: s=xyz'));
});

t.test('a write that fails is told once and made again', async (t) => {
  const { folder, writer, db, query } = prepare(t);
  folder.save('system.journal', writer.messages('1'));
  await folder.start({ db });
  const lock = new DatabaseSync(db);
  lock.exec('BEGIN EXCLUSIVE');
  folder.settle();
  await folder.clock.advance(600);
  t.equal(folder.host.lines.filter(({ message }) => message.startsWith('db: cannot write')).length, 1);
  lock.exec('COMMIT');
  lock.close();
  await folder.clock.advance(300);
  t.equal(parseCursor(String(query(cursors)[0]))?.seqnum, 1);
});

t.test('a cursor reads back as it was written', async (t) => {
  const text = `s=${'0a'.repeat(16)};i=1f;b=${BOOT};m=0;t=6474846204089;x=8000000000000001`;
  const location = parseCursor(text);
  t.equal(location && formatCursor(location), text);
  for (const wrong of ['', 's=1;i=1', text.replace('i=1f', 'i=zz'), text.replace(';t=6474846204089', '')])
    t.equal(parseCursor(wrong), undefined, wrong);
});
