import t from 'tap';
import { decodeText, encodeText } from '../../src/data/bytes.ts';
import fc from '../support/fast_check.ts';

t.test('any bytes come back as they were', async () => {
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
    // The beginning of a character without its end.
    fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => Buffer.from(text).subarray(0, -1)),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (list) => {
      const bytes = Buffer.concat(list);
      return encodeText(decodeText(bytes)).equals(bytes);
    }),
    { numRuns: 2000 },
  );
});

t.test('good characters around bad bytes stay readable', async (t) => {
  t.equal(decodeText(Buffer.from([0x61, 0xff, 0xc3, 0xa9, 0xc3])), 'a\udcffé\udcc3');
  t.equal(decodeText(Buffer.from([0xed, 0xa0, 0x80])), '\udced\udca0\udc80', 'an encoded surrogate is no UTF-8');
  t.equal(decodeText(Buffer.from([0xc0, 0x80, 0xf5, 0x80])), '\udcc0\udc80\udcf5\udc80');
});

t.test('a character of two surrogates is none of ours', async (t) => {
  t.same(encodeText('\u{1f480}\udc80'), Buffer.from([0xf0, 0x9f, 0x92, 0x80, 0x80]));
  t.same(encodeText('\ud800'), Buffer.from('\ufffd'));
});
