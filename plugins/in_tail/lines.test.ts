import t from 'tap';
import { type LogEvent, NO_METADATA } from '../../src/data/event.ts';
import type { Parser } from '../../src/plugin.ts';
import { TailFolder } from '../../test/support/tail_folder.ts';

const read = (directory: string, text: string | Buffer, options: Record<string, string> = {}): TailFolder =>
  new TailFolder(directory, { options }).write('a.log', text).start();

t.test('a line is a record with the time of reading; a last line without a break waits', async (t) => {
  const folder = read(t.testdir(), 'one\ntwo\nthr');
  t.same(folder.lines, ['one', 'two']);
  const event = folder.host.emitted[0]?.events[0] as LogEvent;
  t.equal(event.seconds * 1000 + Math.floor(event.nanos / 1e6), folder.clock.now());
  t.equal(event.metadata, NO_METADATA);
  folder.append('a.log', 'e').poll();
  t.same(folder.lines, ['one', 'two']);
  folder.append('a.log', 'e\n').poll();
  t.same(folder.lines, ['one', 'two', 'three']);
  folder.stop();
});

t.test('one carriage return before the break goes; a line of nothing else keeps it', async (t) => {
  t.same(read(t.testdir(), 'a\r\nb\rc\nd\r\r\n\r\n\ne\n').lines, ['a', 'b\rc', 'd\r', '\r', '', 'e']);
});

t.test('Skip_Empty_Lines leaves out empty lines, with their bytes counted, but no lines of blanks', async (t) => {
  const folder = read(t.testdir(), '\na\n\r\n\n \n\nb\n', { skip_empty_lines: 'on', offset_key: 'at' });
  t.same(folder.host.bodies, [
    { at: 1, log: 'a' },
    { at: 6, log: ' ' },
    { at: 9, log: 'b' },
  ]);
});

t.test('NUL bytes are skipped at the head of what is read and stay within', async (t) => {
  const folder = read(t.testdir(), '\0\0\0one\nt\0wo\n\0three\n', { offset_key: 'at' });
  t.same(folder.host.bodies, [
    { at: 3, log: 'one' },
    { at: 7, log: 't\0wo' },
    { at: 12, log: '\0three' },
  ]);
});

t.test('offsets are those of bytes, whatever the text', async (t) => {
  const text = Buffer.concat([Buffer.from('über\n€uro\n'), Buffer.from([0xff, 0x0a]), Buffer.from('end\n')]);
  const folder = read(t.testdir(), text, { offset_key: 'at', path_key: 'file', key: 'message' });
  const file = folder.file('a.log');
  t.strictSame(folder.host.bodies, [
    { file, at: 0, message: 'über' },
    { file, at: 6, message: '€uro' },
    { file, at: 13, message: '\udcff' },
    { file, at: 15, message: 'end' },
  ]);
  t.same(Object.keys(folder.host.bodies[0] as object), ['file', 'at', 'message'], 'in this order');
  folder.append('a.log', 'more\n').poll();
  t.match(folder.host.bodies.at(-1), { at: 19 });
});

t.test('a __proto__ key is a key', async (t) => {
  const folder = read(t.testdir(), 'x\n', { key: '__proto__' });
  t.equal(JSON.stringify(folder.host.bodies[0]), '{"__proto__":"x"}');
});

const parser: Parser = {
  name: 'p',
  parse: (text, seconds, nanos) =>
    text.startsWith('=') ? { seconds, nanos, metadata: NO_METADATA, body: { m: text.slice(1) } } : undefined,
};

t.test('a parser gets the line; keys of the file come after its own; a line it refuses keeps its \\r', async (t) => {
  const options = { parser: 'p', path_key: 'file', offset_key: 'at' };
  const folder = new TailFolder(t.testdir(), { options, parsers: { p: parser } })
    .write('a.log', '=1\r\nraw\r\n')
    .start();
  const file = folder.file('a.log');
  t.strictSame(folder.host.bodies, [
    { m: '1', file, at: 0 },
    { file, at: 4, log: 'raw\r' },
  ]);
  t.same(Object.keys(folder.host.bodies[0] as object), ['m', 'file', 'at']);
});

t.test('a parser that does not exist is an error in the log, and lines come as they are', async (t) => {
  const folder = read(t.testdir(), '{"a":1}\n', { parser: 'nosuch' });
  t.same(folder.lines, ['{"a":1}']);
  t.ok(folder.logged("parser 'nosuch' is not registered"));
});

const x = (count: number): string => 'x'.repeat(count);

t.test('a line with its break fits into Buffer_Max_Size - 1 bytes', async (t) => {
  const options = { skip_long_lines: 'on' };
  const folder = read(t.testdir(), `${x(32766)}\nshort\n${x(32767)}\nend\n`, options);
  t.same(
    folder.lines.map((line) => line.length),
    [32766, 5, 3],
  );
  t.equal(folder.host.counts.long_lines_skipped_total, 1);
});

t.test('a line in the making that is already too long is skipped to its end, over many writes', async (t) => {
  const options = { skip_long_lines: 'on', buffer_chunk_size: '2k', buffer_max_size: '2k', offset_key: 'at' };
  const folder = read(t.testdir(), 'before\n', options);
  for (const part of [x(1500), x(1500), `${x(10)}\nafter\n`]) folder.append('a.log', part).poll();
  t.same(folder.lines, ['before', 'after']);
  t.match(folder.host.bodies.at(-1), { at: 7 + 3011 - 1999 }, 'lower by what was thrown away, as Fluent Bit');
  folder.append('a.log', 'more\n').poll();
  t.same(folder.lines, ['before', 'after', 'more']);
});

t.test('Truncate_Long_Lines keeps the beginning and never divides a character', async (t) => {
  const options = { truncate_long_lines: 'on', buffer_chunk_size: '100', buffer_max_size: '100' };
  const folder = read(t.testdir(), `${x(98)}\n${x(99)}yz\n${x(98)}éz\nafter\n`, options);
  t.same(folder.lines, [x(98), x(99), x(98), 'after']);
  folder.append('a.log', x(150)).poll();
  folder.append('a.log', 'rest\nlast\n').poll();
  t.same(folder.lines.slice(4), [x(99), 'last']);
});

t.test('without either, a too long line comes in parts: nothing is lost, and the file is read on', async (t) => {
  const folder = read(t.testdir(), `before\n${x(40000)}\nafter\n`);
  t.same(
    folder.lines.map((line) => line.length),
    [6, 32767, 7233, 5],
  );
  t.ok(folder.logged('requires a larger buffer size, lines are too long'));
  const small = new TailFolder(t.testdir(), { options: { buffer_chunk_size: '50', buffer_max_size: '50' } });
  small.write('a.log', x(120)).start();
  for (const part of [x(9), 'y\r\n', `${x(49)}`, '\nend\n']) small.append('a.log', part).poll();
  t.same(small.lines, [x(49), x(49), `${x(31)}y`, x(49), 'end'], 'also while it is written, with no empty rest');
});

t.test('a line of megabytes comes whole where Buffer_Max_Size allows it, and is read once', async (t) => {
  const folder = read(t.testdir(), 'before\n', { buffer_max_size: '4M' });
  for (let i = 0; i < 25; i++) folder.append('a.log', x(100_000)).poll();
  t.same(folder.lines, ['before']);
  folder.append('a.log', '\nafter\n').poll();
  t.same(
    folder.lines.map((line) => line.length),
    [6, 2_500_000, 5],
  );
});

t.test('other encodings become text, also where a write divides a character', async (t) => {
  const win = Buffer.from([0x80, 0x20, 0xe9, 0x20, 0x93, 0x78, 0x94, 0x0a, 0x70, 0x0a]);
  const folder = read(t.testdir(), win, { 'generic.encoding': 'Win1252', offset_key: 'at' });
  t.same(folder.host.bodies, [
    { at: 0, log: '€ é “x”' },
    { at: 15, log: 'p' },
  ]);
  const sjis = read(t.testdir(), Buffer.from('93fa967b8cea206f6b0ab6c50a', 'hex'), { 'generic.encoding': 'ShiftJIS' });
  t.same(sjis.lines, ['日本語 ok', 'ｶﾅ']);
  const utf16 = Buffer.from('one\ncafé 日本 😀\n\u0a00x\nlast\n', 'utf16le');
  const wide = read(t.testdir(), utf16.subarray(0, 21), { 'unicode.encoding': 'UTF-16LE' });
  wide.append('a.log', '');
  wide.write('a.log', utf16).poll();
  t.same(wide.lines, ['one', 'café 日本 😀', '\u0a00x', 'last']);
  const big = Buffer.from('\ufeffbig\n', 'utf16le').swap16();
  t.same(read(t.testdir(), big, { 'unicode.encoding': 'UTF-16BE' }).lines, ['big']);
});

t.test('Unicode.Encoding auto looks at the byte order mark of each file', async (t) => {
  const folder = new TailFolder(t.testdir(), { options: { 'unicode.encoding': 'auto' } });
  folder.write('a.log', Buffer.from('\ufeffone\nzwei\n', 'utf16le')).write('b.log', 'plain é\n');
  folder.write('c.log', '\ufeffwith mark\nnext\n').start();
  t.same(folder.lines, ['one', 'zwei', 'plain é', 'with mark', 'next']);
});

t.test('an encoding that nobody knows fails the start', async (t) => {
  t.throws(() => read(t.testdir(), 'x\n', { 'generic.encoding': 'nosuch' }), { option: 'generic.encoding' } as never);
});
