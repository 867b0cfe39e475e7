import t from 'tap';
import { DIGITS_LIMIT, writeDigits } from '../../src/data/digits.ts';
import fc from '../support/fast_check.ts';

t.test('the digits of every number below the limit', async (t) => {
  const out = Buffer.alloc(12);
  const written = (value: number) => out.toString('latin1', 2, writeDigits(out, 2, value));
  for (const value of [0, 9, 10, 99, 100, 99_999_999, 100_000_000, DIGITS_LIMIT - 1])
    t.equal(written(value), String(value));
  fc.assert(fc.property(fc.nat(DIGITS_LIMIT - 1), (value) => written(value) === String(value)));
});
