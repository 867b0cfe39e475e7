import t from 'tap';
import {
  doubleValue,
  integerValue,
  leadingDouble,
  leadingInt64,
  leadingUint64,
  truncateToInt64,
} from '../../src/data/c_number.ts';
import { Float } from '../../src/data/event.ts';

t.test('a text becomes the integer it begins with, within 64 bits', async (t) => {
  t.equal(leadingInt64(' \t-12abc'), -12n);
  t.equal(leadingInt64('-3.75e2'), -3n);
  t.equal(leadingInt64('x1'), 0n);
  t.equal(leadingInt64('99999999999999999999'), (1n << 63n) - 1n);
  t.equal(leadingInt64('-99999999999999999999'), -(1n << 63n));
  t.equal(leadingUint64('18446744073709551615', 10), (1n << 64n) - 1n);
  t.equal(leadingUint64('18446744073709551616', 10), (1n << 64n) - 1n);
  t.equal(leadingUint64('-1', 10), (1n << 64n) - 1n);
  t.equal(leadingUint64('0x1Fz', 16), 31n);
  t.equal(leadingUint64('ff', 16), 255n);
  t.equal(leadingUint64('0x', 16), 0n, 'the nought before the x');
  t.equal(leadingUint64('g', 16), 0n);
});

t.test('a text becomes the double it begins with', async (t) => {
  const texts: [string, number][] = [
    ['-3.75e2', -375],
    ['12abc', 12],
    ['', 0],
    ['abc', 0],
    ['0x1F', 31],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['nan', Number.NaN],
    ['.5', 0.5],
    ['1e', 1],
  ];
  for (const [text, value] of texts) t.ok(Object.is(leadingDouble(text), value), text);
});

t.test('values keep 64 bits, and doubles stay doubles', async (t) => {
  t.equal(integerValue(5n), 5);
  t.equal(integerValue(1n << 60n), 1n << 60n);
  t.same(doubleValue(2), new Float(2));
  t.equal(doubleValue(2.5), 2.5);
  t.ok(doubleValue(Number.NaN) instanceof Float);
  t.equal(truncateToInt64(-2.9), -2n);
  t.equal(truncateToInt64(1e19), -(1n << 63n));
  t.equal(truncateToInt64(Number.NaN), -(1n << 63n));
  t.equal(truncateToInt64(2 ** 62), 1n << 62n);
});
