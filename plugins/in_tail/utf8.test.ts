import t from 'tap';
import fc from '../../test/support/fast_check.ts';
import { cutBeforeCharacter, decodeUtf8 } from './utf8.ts';

const decode = (hex: string): string => {
  const bytes = Buffer.from(hex, 'hex');
  return decodeUtf8(bytes, 0, bytes.length);
};

t.test('bytes that are no UTF-8 become lone low surrogates, one each', async (t) => {
  t.equal(decode('6c6174696e20e9'), 'latin \udce9');
  t.equal(decode('80bf'), '\udc80\udcbf', 'lone continuation bytes');
  t.equal(decode('e282'), '\udce2\udc82', 'cut by the end');
  t.equal(decode('c0af'), '\udcc0\udcaf', 'overlong');
  t.equal(decode('eda080'), '\udced\udca0\udc80', 'a surrogate');
  t.equal(decode('f4908080'), '\udcf4\udc90\udc80\udc80', 'above U+10FFFF');
  t.equal(decode('fffe'), '\udcff\udcfe');
  t.equal(decode('61c3a9ff62e282acf09f9880'), 'aé\udcffb€😀', 'what is valid around them stays');
});

t.test('no bytes are lost: encoding them back gives what was there', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (array) => {
      const bytes = Buffer.from(array);
      const back: Buffer[] = [];
      for (const char of decodeUtf8(bytes, 0, bytes.length)) {
        const code = char.codePointAt(0) ?? 0;
        back.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(char));
      }
      return Buffer.concat(back).equals(bytes);
    }),
    { numRuns: 500, seed: 7 },
  );
});

t.test('a cut never divides a character', async (t) => {
  const bytes = Buffer.from('ab€é😀');
  const cuts = Array.from({ length: bytes.length + 1 }, (_, end) => cutBeforeCharacter(bytes, 0, end));
  t.same(cuts, [0, 1, 2, 2, 2, 5, 5, 7, 7, 7, 7, 11]);
});
