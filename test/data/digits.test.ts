import t from 'tap';
import { DIGITS_LIMIT, writeDigits, writeThousandths } from '../../src/data/digits.ts';
import fc from '../support/fast_check.ts';

t.test('the digits of every number below the limit', async (t) => {
  const out = Buffer.alloc(12);
  const written = (value: number) => out.toString('latin1', 2, writeDigits(out, 2, value));
  for (const value of [0, 9, 10, 99, 100, 99_999_999, 100_000_000, DIGITS_LIMIT - 1])
    t.equal(written(value), String(value));
  fc.assert(fc.property(fc.nat(DIGITS_LIMIT - 1), (value) => written(value) === String(value)));
});

t.test('fractions of up to three digits read as String has them, and no others are written', async (t) => {
  const out = Buffer.alloc(14);
  const written = (value: number) => {
    const end = writeThousandths(out, 2, value);
    return end < 0 ? undefined : out.toString('latin1', 2, end);
  };
  for (const value of [0.001, 0.5, 8.7, 148.25, 999_999.999, 0.072, 10.01, 100.1])
    t.equal(written(value), String(value));
  for (const value of [0, -0, -1.5, 0.0005, 0.1234, 1_000_000.5, 1e21, 0.1 + 0.2, 8.7 + 2 ** -49])
    t.equal(written(value), undefined);
  t.equal(written(Number.NaN), undefined);
  t.equal(written(Number.POSITIVE_INFINITY), undefined);
  const fraction = fc.nat(999_999_999).filter((thousandths) => thousandths % 1000 !== 0);
  fc.assert(
    fc.property(fraction, (thousandths) => written(thousandths / 1000) === String(thousandths / 1000)),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.double(), (value) => Number.isInteger(value) || [undefined, String(value)].includes(written(value))),
    { numRuns: 2000 },
  );
});
