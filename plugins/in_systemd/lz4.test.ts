import t from 'tap';
import fc from '../../test/support/fast_check.ts';
import { packLz4 } from '../../test/support/lz4_pack.ts';
import { unpackLz4 } from './lz4.ts';

t.test('a block that was written by hand', async (t) => {
  // 5 literals "abcde", then 9 bytes from 5 before; then the literal "!".
  const block = Buffer.from('55616263646505001021', 'hex');
  t.equal(unpackLz4(block, 15)?.toString(), 'abcdeabcdeabcd!');
  t.equal(unpackLz4(block, 14), undefined, 'more than its maker noted');
  t.equal(unpackLz4(block, 16), undefined, 'less');
  t.equal(unpackLz4(block.subarray(0, 7), 15), undefined);
  t.same(unpackLz4(Buffer.from([0]), 0), Buffer.alloc(0));
});

t.test('what was packed is unpacked', async () => {
  const words = fc.array(fc.constantFrom('a', 'ab', 'abcabcabd', 'x'.repeat(300), 'the quick brown fox', '\0\xff'));
  fc.assert(
    fc.property(words, (parts) => {
      const bytes = Buffer.from(parts.join(''), 'latin1');
      return unpackLz4(packLz4(bytes), bytes.length)?.equals(bytes) === true;
    }),
  );
});

t.test('random bytes do no harm', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 2000 }), (bytes, length) => {
      const out = unpackLz4(Buffer.from(bytes), length);
      return out === undefined || out.length === length;
    }),
  );
});
