import fs from 'node:fs';
import zlib from 'node:zlib';
import t, { type Test } from 'tap';
import fc from '../../test/support/fast_check.ts';
import { JournalFolder } from '../../test/support/journal_folder.ts';
import { ARCHIVED, JournalWriter, type WriterOptions } from '../../test/support/journal_writer.ts';

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `message ${i}`);

/** Reads a file of these bytes once. */
async function read(t: Test, bytes: Buffer, name = 'system.journal'): Promise<JournalFolder> {
  const folder = new JournalFolder(t, t.testdir({}));
  fs.writeFileSync(folder.file(name), bytes);
  return folder.start();
}

t.test('a damaged entry is left out and counted, the others are read', async (t) => {
  const writer = new JournalWriter().messages(...numbers(20));
  const bytes = writer.bytes();
  bytes[writer.entryOffsets[3] as number] = 9;
  bytes.writeUInt32LE(1, (writer.entryOffsets[4] as number) + 8);
  bytes.writeUInt32LE(0xffffffff, (writer.entryOffsets[5] as number) + 28);
  const folder = await read(t, bytes);
  t.same(folder.messages, [...numbers(3), ...numbers(20).slice(6)]);
  t.same(folder.host.counts, { damaged_entries_total: 3 });
  t.ok(folder.logged('3 damaged entries'));
});

t.test('entries at the end of a file that is being written are read once they are whole', async (t) => {
  const writer = new JournalWriter().messages(...numbers(10));
  const whole = writer.bytes();
  const torn = Buffer.from(whole);
  torn.fill(0, writer.entryOffsets[8]);
  const folder = await read(t, torn);
  t.same(folder.messages, numbers(8));
  await folder.poll();
  const fd = fs.openSync(folder.file('system.journal'), 'r+');
  fs.writeSync(fd, whole);
  fs.closeSync(fd);
  await folder.poll();
  t.same(folder.messages, numbers(10));
  t.same(folder.host.counts, {});
});

t.test('in an archived file a torn end is the end', async (t) => {
  for (const name of ['system@1.journal', 'system@1.journal~']) {
    const writer = new JournalWriter().messages(...numbers(10));
    if (name.endsWith('l')) writer.state = ARCHIVED;
    const bytes = writer.bytes().subarray(0, writer.entryOffsets[8]);
    const folder = await read(t, bytes, name);
    t.same(folder.messages, numbers(8));
    t.same(folder.host.counts, { damaged_entries_total: 2 });
    t.match(folder.input?.describe?.(), [/open: 0/]);
  }
});

t.test('a damaged field is left out, the others of its entry are read', async (t) => {
  const writer = new JournalWriter().append({
    fields: [
      ['A', '1'],
      ['B', '2'],
      ['NOEQUALS', '3'],
      ['C', '4'],
    ],
  });
  const bytes = writer.bytes();
  const [, b = 0, noEquals = 0] = writer.dataOffsets;
  bytes[b] = 2;
  bytes[noEquals + 72 + 8] = 65;
  const folder = await read(t, bytes);
  t.same(folder.events[0]?.body, { A: '1', C: '4' });
  t.same(folder.host.counts, { unreadable_fields_total: 2 });
});

t.test('a chain of arrays that goes back, or claims the world, ends', async (t) => {
  const writer = new JournalWriter().messages(...numbers(10));
  const first = writer.bytes().readUInt32LE(176);
  const cases: ((bytes: Buffer) => void)[] = [
    (bytes) => bytes.writeBigUInt64LE(BigInt(first), first + 16),
    (bytes) => bytes.writeBigUInt64LE(8n, first + 16),
    (bytes) => bytes.writeBigUInt64LE(2n ** 63n, first + 16),
    (bytes) => bytes.writeBigUInt64LE(0n, first + 16),
  ];
  for (const [index, damage] of cases.entries())
    for (const state of [1, ARCHIVED]) {
      const bytes = writer.bytes();
      bytes[16] = state;
      damage(bytes);
      const folder = await read(t, bytes);
      t.same(folder.messages, numbers(4), `case ${index}`);
      await folder.poll();
      t.same(folder.host.counts, state === ARCHIVED ? { damaged_entries_total: 6 } : {});
    }
  const endless = writer.bytes();
  endless.writeBigUInt64LE(2n ** 50n, 152);
  endless.writeBigUInt64LE(2n ** 50n, first + 8);
  t.same((await read(t, endless)).messages.slice(0, 4), numbers(4));
});

t.test('a field that unpacks to more than 16 MiB is left out', async (t) => {
  for (const packing of ['zstd', 'lz4'] as const) {
    const writer = new JournalWriter({ packing }).append({
      fields: [
        ['MESSAGE', 'small'],
        ['HUGE', 'x'.repeat(17 * 1024 * 1024)],
      ],
    });
    const folder = await read(t, writer.bytes());
    t.same(folder.events[0]?.body, { MESSAGE: 'small' }, packing);
    t.same(folder.host.counts, { unreadable_fields_total: 1 });
  }
});

t.test('an entry gives no more than 32 MiB', async (t) => {
  const huge = 'x'.repeat(11 * 1024 * 1024);
  const fields = Array.from({ length: 4 }, (_, i) => [`F${i}`, huge + i] as const);
  const writer = new JournalWriter({ packing: 'zstd' }).append({ fields: [...fields, ['MESSAGE', 'small']] });
  const folder = await read(t, writer.bytes());
  t.same(Object.keys(folder.events[0]?.body ?? {}), ['F0', 'F1', 'MESSAGE']);
  t.same(folder.host.counts, { unreadable_fields_total: 2 });
});

/** A journal with everything in it, to be damaged. */
function sample(options: WriterOptions): Buffer {
  const writer = new JournalWriter(options);
  for (let i = 0; i < 40; i++)
    writer.append({
      fields: [
        ['_SYSTEMD_UNIT', `u${i % 3}.service`],
        ['MESSAGE', `message ${i} `.repeat(i)],
        ['MESSAGE', 'again'],
      ],
    });
  return writer.bytes();
}

const SAMPLES = (['plain', 'zstd', 'lz4', 'xz'] as const).flatMap((packing) =>
  [true, false].map((compact) => sample({ packing, compact })),
);

t.test('whatever is damaged, reading ends, and gives no more entries than the file can name', async (t) => {
  t.setTimeout(60_000);
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 20 });
  const places = fc.constantFrom(272, 2000, Number.POSITIVE_INFINITY);
  const property = fc.asyncProperty(
    fc.nat({ max: SAMPLES.length - 1 }),
    damage,
    places,
    fc.boolean(),
    async (which, flips, below, filtered) => {
      const bytes = Buffer.from(SAMPLES[which] as Buffer);
      for (const [at, value] of flips) bytes[at % Math.min(below, bytes.length)] = value;
      const folder = new JournalFolder(t, t.testdir({}));
      fs.writeFileSync(folder.file('system.journal'), bytes);
      await folder.start(filtered ? { systemd_filter: '_SYSTEMD_UNIT=u1.service' } : {});
      await folder.poll();
      const count = folder.events.length;
      await folder.stop();
      return count <= bytes.length / 4;
    },
  );
  await fc.assert(property, { numRuns: 400 });
});

t.test('whatever number is wrong, reading ends', async (t) => {
  t.setTimeout(60_000);
  const values = [0n, 1n, 8n, 64n, 272n, 4096n, 2n ** 31n, 2n ** 32n - 8n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
  const wrong = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...values)), { minLength: 1, maxLength: 4 });
  const property = fc.asyncProperty(
    fc.nat({ max: SAMPLES.length - 1 }),
    wrong,
    fc.boolean(),
    async (which, numbers, inHeader) => {
      const bytes = Buffer.from(SAMPLES[which] as Buffer);
      for (const [at, value] of numbers)
        bytes.writeBigUInt64LE(value, ((at * 8) % (inHeader ? 272 : bytes.length - 8)) & ~7);
      const folder = await read(t, bytes);
      await folder.poll();
      const count = folder.events.length;
      await folder.stop();
      return count <= bytes.length / 4;
    },
  );
  await fc.assert(property, { numRuns: 400 });
});

t.test('a file that is cut anywhere gives the entries before the cut', async (t) => {
  for (const sound of SAMPLES) {
    let last = 0;
    for (let length = 0; length < sound.length; length += 997) {
      const folder = await read(t, sound.subarray(0, length));
      t.ok(folder.events.length >= last, `${length} bytes: ${folder.events.length} entries`);
      last = folder.events.length;
      await folder.stop();
    }
  }
});

t.test('what lies about its packing is left out', async (t) => {
  for (const [flag, payload] of [
    [4, Buffer.from('no zstd frame at all')],
    [2, Buffer.from('\x10\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff', 'latin1')],
    [2, Buffer.from('\xff\xff\xff\x7f\x00\x00\x00\x00abcdef', 'latin1')],
    [2, Buffer.from('abc')],
    [6, zlib.zstdCompressSync(Buffer.from('MESSAGE=x'))],
  ] as const) {
    const writer = new JournalWriter().append({
      fields: [
        ['A', payload],
        ['MESSAGE', 'x'],
      ],
    });
    const bytes = writer.bytes();
    const at = writer.dataOffsets[0] as number;
    bytes[at + 1] = flag;
    // The name of the field makes room for the payload.
    payload.copy(bytes, at + 72);
    bytes.writeUInt32LE(72 + payload.length, at + 8);
    const folder = await read(t, bytes);
    t.same(folder.events[0]?.body, { MESSAGE: 'x' });
    t.same(folder.host.counts, { unreadable_fields_total: 1 });
  }
});
