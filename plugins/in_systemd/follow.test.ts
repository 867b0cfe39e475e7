import fs from 'node:fs';
import t from 'tap';
import { JournalFolder } from '../../test/support/journal_folder.ts';
import { ARCHIVED, JournalWriter } from '../../test/support/journal_writer.ts';

t.test('new entries are read at the next look', async (t) => {
  const writer = new JournalWriter().messages('1', '2');
  const folder = await new JournalFolder(t).save('system.journal', writer).start();
  t.same(folder.messages, ['1', '2']);
  for (let i = 3; i < 40; i++) {
    folder.save('system.journal', writer.messages(String(i)));
    await folder.poll();
  }
  t.same(
    folder.messages,
    Array.from({ length: 39 }, (_, i) => String(i + 1)),
  );
});

t.test('new entries and new files are noticed without a look', async (t) => {
  const writer = new JournalWriter().messages('1');
  const folder = await new JournalFolder(t).save('system.journal', writer).start();
  const seen = async (count: number): Promise<void> => {
    while (folder.events.length < count) await folder.emitted();
  };
  folder.save('system.journal', writer.messages('2'));
  await seen(2);
  folder.save('user-1000.journal', new JournalWriter({ seqnumId: writer.seqnumId, seqnum: 3 }).messages('3'));
  await seen(3);
  t.same(folder.messages, ['1', '2', '3']);
});

t.test('a folder that is made later is read', async (t) => {
  const folder = await new JournalFolder(t).start();
  const id = 'd'.repeat(32);
  await folder.save(`${id}/system.journal`, new JournalWriter().messages('1')).poll();
  t.same(folder.messages, ['1']);
  fs.rmSync(folder.file(id), { recursive: true });
  await folder.poll();
  await folder.save(`${id}/system.journal`, new JournalWriter().messages('2')).poll();
  t.same(folder.messages, ['1', '2']);
});

t.test('a rotation loses and repeats nothing', async (t) => {
  let writer = new JournalWriter();
  const folder = await new JournalFolder(t).save('system.journal', writer).start();
  let next = 0;
  for (let rotation = 0; rotation < 5; rotation++) {
    folder.save('system.journal', writer.messages(`${next++}`, `${next++}`));
    if (rotation % 2 === 0) await folder.poll();
    // What comes last before a rotation is often not seen before it.
    folder.save('system.journal', writer.messages(`${next++}`));
    const archived = `system@${writer.seqnumId}-${rotation}.journal`;
    fs.renameSync(folder.file('system.journal'), folder.file(archived));
    if (rotation === 1) await folder.poll();
    writer.state = ARCHIVED;
    folder.save(archived, writer);
    writer = new JournalWriter({ seqnumId: writer.seqnumId, seqnum: writer.seqnum, realtime: writer.realtime });
    folder.save('system.journal', writer.messages(`${next++}`));
    if (rotation % 2 === 1) await folder.poll();
  }
  await folder.poll();
  t.same(
    folder.messages,
    Array.from({ length: next }, (_, i) => `${i}`),
  );
  t.match(folder.input?.describe?.(), [/files: 6, open: 1, unread entries: 0/]);
});

t.test('an archived file that is replaced by its copy is the same file', async (t) => {
  let room = false;
  const writer = new JournalWriter().messages(...Array.from({ length: 2000 }, (_, i) => `${i}`));
  writer.state = ARCHIVED;
  const folder = await new JournalFolder(t).save('system@1.journal', writer).start({}, { room: () => room });
  const before = folder.messages.length;
  t.ok(before > 0 && before < 2000, 'it is being read');
  writer.save(folder.file('copy'));
  fs.renameSync(folder.file('copy'), folder.file('system@1.journal'));
  room = true;
  folder.input?.resume?.();
  await folder.poll();
  t.same(folder.messages.length, 2000);
});

t.test('a copy of a file beside it is not read a second time', async (t) => {
  const writer = new JournalWriter().messages('1');
  const folder = await new JournalFolder(t).save('a.journal', writer).save('b.journal', writer).start();
  t.same(folder.messages, ['1']);
  folder.save('a.journal', writer.messages('2')).save('b.journal', writer);
  await folder.poll();
  t.same(folder.messages, ['1', '2']);
});

t.test('a deleted file is read to its end, then forgotten', async (t) => {
  let room = false;
  const writer = new JournalWriter().messages(...Array.from({ length: 1500 }, (_, i) => `${i}`));
  const folder = await new JournalFolder(t).save('system.journal', writer).start({}, { room: () => room });
  fs.rmSync(folder.file('system.journal'));
  await folder.poll();
  t.ok(folder.messages.length < 1500);
  room = true;
  folder.input?.resume?.();
  await folder.poll();
  t.equal(folder.messages.length, 1500);
  await folder.poll();
  t.match(folder.input?.describe?.(), [/files: 0, open: 0/]);
});

t.test('files of one writer are read in the order of their numbers, whatever the clock says', async (t) => {
  const seqnumId = 'e'.repeat(32);
  const system = new JournalWriter({ seqnumId });
  const user = new JournalWriter({ seqnumId });
  for (let seqnum = 1; seqnum <= 40; seqnum++) {
    const realtime = 1_767_225_600_000_000 + (seqnum % 7) * 1_000_000;
    const entry = { seqnum, realtime, fields: [['MESSAGE', `${seqnum}`]] } as const;
    (seqnum % 3 === 0 ? user : system).append(entry);
  }
  const folder = await new JournalFolder(t).save('system.journal', system).save('user-1.journal', user).start();
  t.same(
    folder.messages,
    Array.from({ length: 40 }, (_, i) => `${i + 1}`),
  );
});

t.test('files of several writers are ordered by the clock of a boot, then by the wall clock', async (t) => {
  const folder = new JournalFolder(t);
  const other = { bootId: 'f'.repeat(32) };
  const start = 1_767_225_600_000_000;
  const entry = (message: string, monotonic: number, realtime: number) => ({
    monotonic,
    realtime: start + realtime,
    fields: [['MESSAGE', message]] as const,
  });
  // The same boot: the wall clock was set back in between.
  folder.save('a.journal', new JournalWriter().append(entry('1', 10, 500)).append(entry('3', 30, 100)));
  folder.save('b.journal', new JournalWriter().append(entry('2', 20, 600)).append(entry('4', 40, 90)));
  await folder.start();
  t.same(folder.messages, ['1', '2', '3', '4']);
  // Other boots: only the wall clock tells.
  const late = new JournalWriter(other).append(entry('5', 1, 95)).append(entry('6', 2, 99_000));
  const early = new JournalWriter({ bootId: '9'.repeat(32) }).append(entry('0', 7, 1)).append(entry('end', 8, 900_000));
  await folder.save('c.journal', late).save('d.journal', early).start();
  t.same(folder.messages, ['0', '5', '1', '2', '3', '4', '6', 'end']);
});

t.test('an entry that lies in two files comes once', async (t) => {
  const seqnumId = 'a1'.repeat(16);
  const both = ['1', '2', '3', '4', '5'];
  const folder = new JournalFolder(t);
  folder.save('a.journal', new JournalWriter({ seqnumId }).messages(...both));
  folder.save('b.journal', new JournalWriter({ seqnumId }).messages(...both, '6'));
  folder.save('c.journal', new JournalWriter({ seqnumId }).messages(...both.slice(0, 2)));
  await folder.start();
  t.same(folder.messages, ['1', '2', '3', '4', '5', '6']);
});

t.test('when there is no room nothing is read until there is', async (t) => {
  let room = false;
  const writer = new JournalWriter().messages(...Array.from({ length: 3000 }, (_, i) => `${i}`));
  const folder = await new JournalFolder(t).save('system.journal', writer).start({}, { room: () => room });
  t.equal(folder.messages.length, 512, 'one round');
  await folder.poll();
  t.equal(folder.messages.length, 512);
  folder.input?.resume?.();
  await folder.idle();
  t.equal(folder.messages.length, 1024);
  room = true;
  folder.input?.resume?.();
  await folder.idle();
  t.equal(folder.messages.length, 3000);
});

t.test('Max_Entries ends a round', async (t) => {
  const writer = new JournalWriter().messages('1', '2', '3', '4', '5');
  const folder = await new JournalFolder(t).save('system.journal', writer).start({ max_entries: '2' });
  t.same(
    folder.host.emitted.map(({ events }) => events.length),
    [2, 2, 1],
  );
});

t.test('a file that is just being made is read when it is whole; what is no journal is told once', async (t) => {
  const folder = new JournalFolder(t);
  const writer = new JournalWriter().messages('1');
  fs.writeFileSync(folder.file('system.journal'), '');
  fs.writeFileSync(folder.file('text.journal'), 'no journal at all'.repeat(100));
  await folder.start();
  t.same(
    folder.host.lines.filter(({ level }) => level === 'warn'),
    [],
  );
  folder.save('system.journal', writer);
  for (let polls = 0; polls < 5; polls++) await folder.poll();
  t.same(folder.messages, ['1']);
  t.equal(folder.host.lines.filter(({ message }) => message.includes('text.journal')).length, 1);
});

t.test('a file with features that nobody knows yet is left alone', async (t) => {
  const folder = new JournalFolder(t);
  const bytes = new JournalWriter().messages('1').bytes();
  bytes.writeUInt32LE(1 << 7, 12);
  fs.writeFileSync(folder.file('new.journal'), bytes);
  await folder.save('system.journal', new JournalWriter().messages('2')).start();
  await folder.poll();
  t.same(folder.messages, ['2']);
  t.equal(folder.host.lines.filter(({ message }) => /new.journal.*not known here/.test(message)).length, 1);
});
