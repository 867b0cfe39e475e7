import t from 'tap';
import { snappyCompress } from '../../src/net/snappy.ts';
import fc from '../support/fast_check.ts';

/** A reader of the whole format, written apart from the compressor. */
function decompress(packed: Uint8Array): Buffer {
  let at = 0;
  let length = 0;
  for (let shift = 1; ; shift *= 128) {
    const byte = packed[at++]!;
    length += (byte & 0x7f) * shift;
    if (byte < 0x80) break;
  }
  const plain: number[] = [];
  const littleEndian = (bytes: number) => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += packed[at++]! * 256 ** i;
    return value;
  };
  while (at < packed.length) {
    const tag = packed[at++]!;
    const high = tag >> 2;
    if ((tag & 3) === 0) {
      const size = (high < 60 ? high : littleEndian(high - 59)) + 1;
      for (let i = 0; i < size; i++) plain.push(packed[at++]!);
    } else {
      if ((tag & 3) !== 2) throw new Error('a kind of copy that the compressor does not make');
      const offset = littleEndian(2);
      if (offset === 0 || offset > plain.length) throw new Error(`offset ${offset} leads out of what is there`);
      for (let i = 0; i <= high; i++) plain.push(plain[plain.length - offset]!);
    }
  }
  if (plain.length !== length) throw new Error(`${plain.length} bytes instead of ${length}`);
  return Buffer.from(plain);
}

const same = (plain: Uint8Array) => decompress(snappyCompress(plain)).equals(Buffer.from(plain));

/** Bytes that hardly repeat, the same in every run. */
function noiseOf(length: number): Buffer {
  const noise = Buffer.alloc(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (state * 48_271) % 0x7fffffff;
    noise[i] = state & 0xff;
  }
  return noise;
}

t.test('any bytes come back as they were', async () => {
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 300 }))
      .map(([bytes, times]) => Buffer.alloc(bytes.length * times, bytes)),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (list) => same(Buffer.concat(list))),
    { numRuns: 500 },
  );
});

t.test('lengths around the limits of a block and of a literal', async (t) => {
  for (const length of [0, 1, 3, 4, 59, 60, 61, 255, 256, 257, 65_535, 65_536, 65_537, 200_000]) {
    const noise = noiseOf(length);
    t.ok(same(noise), `${length} bytes of noise`);
    t.ok(same(Buffer.alloc(length, 'ab')), `${length} bytes that repeat`);
  }
});

t.test('literals with the shortest copies between them do not outgrow the buffer', async (t) => {
  for (const literal of [60, 61, 62, 256, 257, 300]) {
    const mark = Buffer.from('mark');
    const noise = noiseOf(literal * 200);
    const pieces = Array.from({ length: 200 }, (_, i) => [noise.subarray(i * literal, (i + 1) * literal), mark]);
    t.ok(same(Buffer.concat(pieces.flat())), `${literal} bytes between`);
  }
});

t.test('log lines become much shorter', async (t) => {
  const lines = Array.from({ length: 1000 }, (_, i) =>
    JSON.stringify({ level: 'info', msg: `request ${i} done`, path: '/api' }),
  ).join('\n');
  t.ok(snappyCompress(Buffer.from(lines)).length < lines.length / 2);
});
