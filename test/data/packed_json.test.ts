import t from 'tap';
import { BodyJson, type Edits, LEAVE_OUT } from '../../src/data/body_json.ts';
import type { Fields, Value } from '../../src/data/event.ts';
import { decodeValue, encodeValue } from '../../src/data/msgpack.ts';
import { PackedJson } from '../../src/data/packed_json.ts';
import fc from '../support/fast_check.ts';
import { body } from '../support/random_bodies.ts';

const OUT = Buffer.alloc(1 << 16);

/** What `write` makes of some bytes, and where it says that they end. */
function written(packed: PackedJson, bytes: Uint8Array): string {
  const before = 5;
  const padded = Buffer.concat([Buffer.alloc(before), bytes, Buffer.from([0xc0])]);
  const end = packed.write(padded, before, OUT, 3);
  return packed.next === before + bytes.length ? OUT.toString('utf8', 3, end) : `ends at ${packed.next}`;
}

t.test('the text is that which BodyJson makes of the decoded record, of any record', async (t) => {
  for (const nested of [true, false])
    for (const escapeUnicode of [true, false]) {
      const packed = new PackedJson({ nested, escapeUnicode });
      const json = new BodyJson({ nested, escapeUnicode });
      fc.assert(
        fc.property(body, (fields) => {
          const bytes = encodeValue(fields);
          const expected = json.text(decodeValue(bytes) as Fields);
          return written(packed, bytes) === expected && written(packed, bytes) === expected;
        }),
        { numRuns: 500 },
      );
    }
  t.pass('any record');
});

t.test('the wider forms of MessagePack, which our own writer does not choose', async (t) => {
  const packed = new PackedJson({ nested: false, escapeUnicode: true });
  const same: readonly [string, string][] = [
    ['81 a161 cc05', '{"a":5}'],
    ['81 a161 cd0005', '{"a":5}'],
    ['81 a161 ce00000005', '{"a":5}'],
    ['81 a161 cf0000000000000005', '{"a":5}'],
    ['81 a161 d0fb', '{"a":-5}'],
    ['81 a161 d1fffb', '{"a":-5}'],
    ['81 a161 d2fffffffb', '{"a":-5}'],
    ['81 a161 d3fffffffffffffffb', '{"a":-5}'],
    ['81 a161 ca3fc00000', '{"a":1.5}'],
    ['81 a161 ca3dcccccd', '{"a":0.1000000014901161}'],
    ['81 a161 cb7ff8000000000000', '{"a":null}'],
    ['81 a161 d90141', '{"a":"A"}'],
    ['81 a161 da000141', '{"a":"A"}'],
    ['81 a161 db0000000141', '{"a":"A"}'],
    ['81 d90161 dc000101', '{"a":[1]}'],
    ['81 a161 dd0000000101', '{"a":[1]}'],
    ['de0001 a161 de0001 a162 01', '{"a":{"b":1}}'],
    ['df00000001 a161 df00000001 a162 90', '{"a":{"b":[]}}'],
    ['80', '{}'],
  ];
  for (const [hex, text] of same) t.equal(written(packed, Buffer.from(hex.replaceAll(' ', ''), 'hex')), text, hex);
});

t.test('keys of every kind', async (t) => {
  const packed = new PackedJson({ nested: false, escapeUnicode: true });
  const json = new BodyJson({ nested: false, escapeUnicode: true });
  const odd = [
    '82 a161 01 05 02',
    '81 c0 01',
    '81 a161 81 c3 01',
    `81 d930${'61'.repeat(48)} 01`,
    `81 d931${'61'.repeat(49)} 01`,
  ];
  for (const hex of odd) {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    t.equal(written(packed, bytes), json.text(decodeValue(bytes) as Fields), hex);
  }
  const twice = Buffer.concat([
    Buffer.from([0x83]),
    ...['b', '1', 'b'].flatMap((key) => [encodeValue(key), encodeValue(1)]),
  ]);
  t.equal(written(packed, twice), '{"b":1,"1":1,"b":1}', 'in their place, and as often as they came');
});

t.test('bytes that are no UTF-8 are printed as from a decoded record', async (t) => {
  for (const nested of [true, false])
    for (const escapeUnicode of [true, false]) {
      const packed = new PackedJson({ nested, escapeUnicode });
      const json = new BodyJson({ nested, escapeUnicode });
      const broken = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
      const cut = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.nat(20), fc.nat(20));
      const text = fc.oneof(
        broken,
        cut.map(([whole, from, length]) => Buffer.from(whole).subarray(from, from + length)),
      );
      fc.assert(
        fc.property(text, (raw) => {
          const bytes = Buffer.concat([Buffer.from([0x81, 0xa1, 0x61, 0xd9, raw.length]), raw]);
          return written(packed, bytes) === json.text(decodeValue(bytes) as Fields);
        }),
        { numRuns: 1000 },
      );
    }
  t.pass('any bytes');
});

t.test('where there is no room it says so, and writes nothing behind the end', async (t) => {
  const packed = new PackedJson({ nested: true, escapeUnicode: true });
  fc.assert(
    fc.property(body, fc.nat(600), (fields, room) => {
      const bytes = Buffer.from(encodeValue(fields));
      const out = Buffer.alloc(700, 0xaa);
      const end = packed.write(bytes, 0, out.subarray(0, room), 0);
      const length = packed.write(bytes, 0, OUT, 0);
      if (end < 0) return out.subarray(room).every((byte) => byte === 0xaa);
      return end === length && out.subarray(0, end).equals(OUT.subarray(0, length));
    }),
    { numRuns: 300 },
  );
  t.equal(packed.write(Buffer.from(encodeValue({ a: 'x'.repeat(100) })), 0, Buffer.alloc(200), 0), -1);
});

t.test('edits change or leave out the values of top-level keys', async (t) => {
  const edits: Edits = new Map<string, (value: Value) => Value | undefined>([
    ['secret', LEAVE_OUT],
    ['odd', (value) => (value === 1 ? undefined : value)],
    ['n', (number) => Number(number) + 1],
  ]);
  const packed = new PackedJson({ nested: false, escapeUnicode: true, edits });
  const read = (fields: Fields) => written(packed, encodeValue(fields));
  t.equal(read({ secret: 1, n: 2, odd: 1, map: { secret: 'inner', n: 1 } }), '{"n":3,"map":{"secret":"inner","n":1}}');
  t.equal(read({ odd: 2, secret: [1, { a: 'x' }] }), '{"odd":2}');
  t.equal(read({ secret: 1 }), '{}');
});

t.test('a map that comes again is written from memory, and one that differs is not', async (t) => {
  const packed = new PackedJson({ nested: true, escapeUnicode: true });
  const json = new BodyJson({ nested: true, escapeUnicode: true });
  const maps: Fields[] = [{ a: 'x"' }, { a: 'x"' }, { a: 'x"', b: 1 }, { a: 'x"' }, {}, { a: { b: { a: 1 } } }];
  for (let round = 0; round < 40; round++)
    for (const map of maps) {
      const fields = { kubernetes: map, other: { kubernetes: map } };
      t.equal(written(packed, encodeValue(fields)), json.text(fields));
    }
});

t.test('a long text and a deep map are written too', async (t) => {
  const packed = new PackedJson({ nested: true, escapeUnicode: true });
  let deep: Value = 'end';
  for (let i = 0; i < 150; i++) deep = { a: deep };
  const fields = { long: 'x"é'.repeat(30_000), deep };
  const out = Buffer.alloc(1 << 21);
  const end = packed.write(Buffer.from(encodeValue(fields)), 0, out, 0);
  t.ok(out.toString('utf8', 0, end) === new BodyJson({ nested: true, escapeUnicode: true }).text(fields));
});
