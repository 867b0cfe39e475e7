import fs from 'node:fs';
import zlib from 'node:zlib';
import t from 'tap';
import { TailFolder } from '../../test/support/tail_folder.ts';

/** zlib works on other threads: polls until it is so. */
async function until(folder: TailFolder, isSo: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!isSo() && Date.now() < end) {
    await new Promise((go) => setImmediate(go));
    folder.poll();
  }
}

async function read(folder: TailFolder, count: number): Promise<string[]> {
  await until(folder, () => folder.lines.length >= count);
  return folder.lines;
}

const start = (directory: string, files: Record<string, Buffer>, options: Record<string, string> = {}): TailFolder => {
  const folder = new TailFolder(directory, { options: { path: `${directory}/*.gz,${directory}/*.GZ`, ...options } });
  for (const [name, bytes] of Object.entries(files)) folder.write(name, bytes);
  return folder.start();
};

t.test('a .gz file is unpacked, whatever the case of its name; offsets are those of unpacked bytes', async (t) => {
  const named = Buffer.concat([
    Buffer.from('1f8b08080000000000037800', 'hex'),
    zlib.gzipSync('one\ntwo\n').subarray(10),
  ]);
  const folder = start(t.testdir(), { 'a.GZ': named }, { offset_key: 'at' });
  await read(folder, 2);
  t.same(folder.host.bodies, [
    { at: 0, log: 'one' },
    { at: 4, log: 'two' },
  ]);
});

t.test('members follow one another, a line may lie across two; appended ones are read, too', async (t) => {
  const folder = start(t.testdir(), { 'a.gz': Buffer.concat([zlib.gzipSync('one\ntw'), zlib.gzipSync('o\n')]) });
  t.same(await read(folder, 2), ['one', 'two']);
  const more = zlib.gzipSync('three\n');
  fs.appendFileSync(folder.file('a.gz'), more.subarray(0, 12));
  folder.poll();
  fs.appendFileSync(folder.file('a.gz'), more.subarray(12));
  t.same(await read(folder, 3), ['one', 'two', 'three']);
});

t.test('a .gz file that is none is given up, with an error', async (t) => {
  const folder = start(t.testdir(), { 'a.gz': Buffer.from('not packed at all\n'), 'b.gz': zlib.gzipSync('b\n') });
  t.same(await read(folder, 1), ['b']);
  t.ok(folder.logged(`decompression failed for ${folder.file('a.gz')}`));
  const broken = start(t.testdir(), {
    'a.gz': Buffer.concat([zlib.gzipSync('a\n').subarray(0, 10), Buffer.alloc(30, 255)]),
  });
  await until(broken, () => broken.logged('decompression failed'));
  t.ok(broken.logged('decompression failed'));
  t.same(broken.lines, []);
});

t.test('much is unpacked from little in small steps, in order', async (t) => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `line ${i} ${'y'.repeat(i % 70)}`);
  const folder = start(t.testdir(), { 'a.gz': zlib.gzipSync(`${lines.join('\n')}\n`) });
  t.strictSame(await read(folder, lines.length), lines);
});

t.test('a restart goes on within a member: every line once, the unfinished one whole', async (t) => {
  const directory = t.testdir();
  const packed = zlib.gzipSync('one\ntwo\nthree\n');
  const first = Buffer.concat([zlib.gzipSync('zero\n'), packed.subarray(0, 10)]);
  const folder = start(directory, { 'a.gz': first }, { db: `${directory}/pos.db` });
  await read(folder, 1);
  folder.stop();
  fs.appendFileSync(folder.file('a.gz'), packed.subarray(10));
  folder.start();
  t.same(await read(folder, 3), ['one', 'two', 'three']);
  const { size } = fs.statSync(folder.file('a.gz'));
  folder.settle();
  await until(folder, () => folder.tail?.describe()[1]?.includes('done') === true);
  folder.stop();
  t.match(folder.rows('pos.db'), [{ offset: size }], 'the packed size, as Fluent Bit');
});

t.test('lines of a member that were not delivered come again, the others do not', async (t) => {
  const directory = t.testdir();
  const lines = Array.from({ length: 30_000 }, (_, i) => `line ${i}`);
  const folder = start(directory, { 'a.gz': zlib.gzipSync(`${lines.join('\n')}\n`) }, { db: `${directory}/pos.db` });
  await read(folder, lines.length);
  const [first] = folder.host.emitted;
  first?.settle?.('safe');
  await folder.clock.advance(100);
  folder.kill().start();
  t.strictSame(await read(folder, lines.length - (first?.events.length ?? 0)), lines.slice(first?.events.length));
});
