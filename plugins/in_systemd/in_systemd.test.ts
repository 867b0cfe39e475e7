import fs from 'node:fs';
import t from 'tap';
import { OptionError } from '../../src/plugin.ts';
import { JournalFolder } from '../../test/support/journal_folder.ts';
import { JournalWriter } from '../../test/support/journal_writer.ts';
import { make } from '../../test/support/plugin.ts';
import definition from './index.ts';

const unit = (name: string, message: string) => ({ fields: [...UNIT(name), ['MESSAGE', message]] as const });
const UNIT = (name: string) => [['_SYSTEMD_UNIT', name]] as const;

t.test('an entry is a record with its fields as they are and its time to the microsecond', async (t) => {
  const writer = new JournalWriter().append({
    realtime: 1_767_225_600_123_456,
    fields: [
      ['_PID', '1'],
      ['MESSAGE', 'a=b\nü'],
      ['EMPTY', ''],
      ['BYTES', Buffer.from([0, 0xff, 0x41])],
    ],
  });
  const folder = await new JournalFolder(t).save('system.journal', writer).start();
  t.same(folder.events, [
    {
      seconds: 1_767_225_600,
      nanos: 123_456_000,
      metadata: {},
      body: { _PID: '1', MESSAGE: 'a=b\nü', EMPTY: '', BYTES: '\0\udcffA' },
    },
  ]);
  t.equal(folder.host.emitted[0]?.tag, 'systemd.0', 'the tag is the name of the instance');
});

t.test('a field that comes again becomes an array, in the place of its second value', async (t) => {
  const writer = new JournalWriter().append({
    fields: [
      ['A', '1'],
      ['B', '1'],
      ['C', '1'],
      ['A', '2'],
      ['D', '1'],
      ['A', '3'],
    ],
  });
  writer.append({ fields: [['A', '1']] });
  const folder = await new JournalFolder(t).save('system.journal', writer).start();
  t.equal(JSON.stringify(folder.events[0]?.body), '{"B":"1","C":"1","A":["1","2","3"],"D":"1"}');
  t.equal(JSON.stringify(folder.events[1]?.body), '{"A":"1"}');
});

t.test('Lowercase and Strip_Underscores change the names; those that become the same are joined', async (t) => {
  const fields = [
    ['_PID', '1'],
    ['PID', '2'],
    ['__X', '3'],
    ['MESSAGE', 'Text'],
    ['CONSTRUCTOR', '4'],
    ['___PROTO__', '5'],
  ] as const;
  const folder = new JournalFolder(t).save('system.journal', new JournalWriter().append({ fields }));
  await folder.start({ lowercase: 'on', strip_underscores: 'on' });
  t.equal(
    JSON.stringify(folder.events[0]?.body),
    '{"pid":["1","2"],"_x":"3","message":"Text","constructor":"4","__proto__":"5"}',
  );
  await folder.start({ strip_underscores: 'on' });
  t.equal(
    JSON.stringify(folder.events[0]?.body),
    '{"PID":["1","2"],"_X":"3","MESSAGE":"Text","CONSTRUCTOR":"4","__PROTO__":"5"}',
  );
});

t.test('Max_Fields takes the first fields only, and the tag still knows the unit', async (t) => {
  const writer = new JournalWriter().append({ fields: [['A', '1'], ['B', '2'], ['B', '3'], ['C', '4'], ...UNIT('u')] });
  const folder = new JournalFolder(t).save('system.journal', writer);
  await folder.start({ max_fields: '3' }, { tag: 'j.*' });
  t.same(folder.events[0]?.body, { A: '1', B: ['2', '3'] });
  t.equal(folder.host.emitted[0]?.tag, 'j.u');
});

t.test('the star of the Tag becomes the unit, or unknown', async (t) => {
  const writer = new JournalWriter();
  writer.append(unit('a.service', '1')).messages('2').append(unit('b*', '3')).append(unit('a.service', '4'));
  const folder = new JournalFolder(t).save('system.journal', writer);
  await folder.start({ lowercase: 'on', strip_underscores: 'on' }, { tag: 'host.*.x.*' });
  t.same(
    folder.host.emitted.map(({ tag, events }) => [tag, events.map(({ body }) => body.message)]),
    [
      ['host.a.service.x.*', ['1', '4']],
      ['host.unknown.x.*', ['2']],
      ['host.b*.x.*', ['3']],
    ],
  );
});

t.test('with or, one filter is enough, with and, all are needed', async (t) => {
  const writer = new JournalWriter();
  for (const [name, priority] of ['a3', 'a4', 'b3', 'b4', 'a3'].entries())
    writer.append({
      fields: [...UNIT(priority.slice(0, 1)), ['PRIORITY', priority.slice(1)], ['MESSAGE', String(name)]],
    });
  const folder = new JournalFolder(t).save('system.journal', writer);
  const filter = (...texts: string[]) => ({ systemd_filter: texts });
  await folder.start(filter('_SYSTEMD_UNIT=a', 'PRIORITY=4', 'PRIORITY=9'));
  t.same(folder.messages, ['0', '1', '3', '4']);
  await folder.start({ ...filter('_SYSTEMD_UNIT=a', 'PRIORITY=3', 'PRIORITY=3'), systemd_filter_type: 'And' });
  t.same(folder.messages, ['0', '4']);
  await folder.start({ ...filter('PRIORITY=3', 'PRIORITY=4'), systemd_filter_type: 'and' });
  t.same(folder.messages, [], 'one field cannot be both');
  await folder.start(filter('_SYSTEMD_UNIT=A'));
  t.same(folder.messages, [], 'values are compared as they are');
});

t.test('two values of one field fit two filters of it', async (t) => {
  const writer = new JournalWriter();
  const many = [
    ['TAGS', 'one'],
    ['TAGS', 'two'],
  ] as const;
  writer.append({ fields: [...many, ['MESSAGE', 'both']] }).append({ fields: [many[0], many[0], ['MESSAGE', 'one']] });
  const folder = new JournalFolder(t).save('system.journal', writer);
  await folder.start({ systemd_filter: ['TAGS=one', 'TAGS=two'], systemd_filter_type: 'and' });
  t.same(folder.messages, ['both']);
});

t.test('what is no filter, no type of filter and no folder is refused', async (t) => {
  for (const filter of ['kubelet.service', '_unit=x', '=x', '__CURSOR=1'])
    await t.rejects(make(definition, [['systemd_filter', filter]]), OptionError, filter);
  await t.rejects(make(definition, [['systemd_filter_type', 'xor']]), OptionError);
  const missing = await make(definition, [['path', `${t.testdirName}/nowhere`]]);
  t.throws(() => missing.plugin.start(), /nowhere is no folder/);
  const file = await make(definition, [['path', import.meta.filename]]);
  t.throws(() => file.plugin.start(), OptionError);
});

t.test('Read_From_Tail and Read_Since_Minutes_Ago leave out what is older', async (t) => {
  const folder = new JournalFolder(t);
  const now = folder.clock.now() * 1000;
  const minute = 60_000_000;
  const writer = new JournalWriter({ realtime: now - 10 * minute }).messages('old', 'older');
  writer.realtime = now - 2 * minute;
  writer.messages('young');
  folder.save('system.journal', writer);
  await folder.start({ read_since_minutes_ago: '5' });
  t.same(folder.messages, ['young']);
  await folder.start({ read_since_minutes_ago: '5', read_from_tail: 'on' });
  t.same(folder.messages, []);
  folder.save('system.journal', writer.messages('new'));
  folder.save('user-1000.journal', new JournalWriter().messages('in a new file'));
  await folder.poll();
  t.same(new Set(folder.messages), new Set(['new', 'in a new file']));
});

t.test('fields are read however they are packed; XZ is told once', async (t) => {
  const long = 'abc'.repeat(100);
  for (const compact of [true, false])
    for (const packing of ['plain', 'zstd', 'lz4', 'xz'] as const) {
      const writer = new JournalWriter({ packing, compact }).messages('short', long, `${long}2`, 'end');
      const folder = await new JournalFolder(t, t.testdir({})).save('system.journal', writer).start();
      const fitted = packing === 'xz' ? ['short', undefined, undefined, 'end'] : ['short', long, `${long}2`, 'end'];
      t.same(folder.messages, fitted, `${packing}, compact: ${compact}`);
      if (packing !== 'xz') continue;
      t.equal(folder.host.lines.filter(({ message }) => message.includes('with XZ')).length, 1);
      t.same(folder.host.counts, { unreadable_fields_total: 2 });
    }
});

t.test('folders named by a machine are read, others and namespaces are not', async (t) => {
  const folder = new JournalFolder(t);
  const message = (text: string) => new JournalWriter().messages(text);
  const [a, b] = ['a'.repeat(32), '12345678-1234-1234-1234-123456789abc'];
  folder.save('top.journal', message('top')).save('left.journal~', message('tilde'));
  folder.save(`${a}/system.journal`, message('a')).save(`${b}/system.journal`, message('b'));
  folder.save(`${a}.space/system.journal`, message('namespace')).save('remote/system.journal', message('remote'));
  folder.save(`${a}/system.journal.bak`, message('backup'));
  fs.symlinkSync(folder.file(a), folder.file('c'.repeat(32)));
  await folder.start();
  t.same([...folder.messages].sort(), ['a', 'b', 'tilde', 'top'], 'each file once');
});

t.test('a long field and one of more than a window are read whole', async (t) => {
  for (const compact of [true, false]) {
    const long = 'x'.repeat(20_000);
    const huge = 'y'.repeat(700_000);
    const writer = new JournalWriter({ compact }).messages('a', long, huge, 'b', `${huge}2`, long, 'c');
    const folder = await new JournalFolder(t, t.testdir({})).save('system.journal', writer).start();
    t.same(folder.messages, ['a', long, huge, 'b', `${huge}2`, long, 'c']);
  }
});

t.test('an entry may have very many fields', async (t) => {
  const fields = Array.from({ length: 3000 }, (_, i) => [`F${i}`, String(i)] as const);
  const writer = new JournalWriter({ compact: false }).append({ fields }).messages('next');
  const folder = await new JournalFolder(t).save('system.journal', writer).start();
  t.equal(Object.keys(folder.events[0]?.body ?? {}).length, 3000);
  t.equal(folder.events[0]?.body.F2999, '2999');
  t.equal(folder.messages[1], 'next');
});
