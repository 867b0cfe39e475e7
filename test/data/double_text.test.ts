import t from 'tap';
import { doubleText, fixedText, fractionText, generalText } from '../../src/data/double_text.ts';
import { Float, type Value } from '../../src/data/event.ts';
import { toJson } from '../../src/data/json.ts';

t.test('generalText is %.16g and %.17g', async (t) => {
  const texts: [number, number, string][] = [
    [0.1, 16, '0.1'],
    [0.1, 17, '0.10000000000000001'],
    [123456789.125, 16, '123456789.125'],
    [-2.5e-7, 16, '-2.5e-07'],
    [1e21, 16, '1e+21'],
    [1e16, 16, '1e+16'],
    [1e15, 16, '1000000000000000'],
    [0.0001, 16, '0.0001'],
    [0.00001, 16, '1e-05'],
    [0, 17, '0'],
    [-0, 17, '-0'],
    [1e300, 17, '1.0000000000000001e+300'],
    [616131658847142.25, 16, '616131658847142.2'],
    [616131658847142.75, 16, '616131658847142.8'],
    [-1234567890123456.5, 16, '-1234567890123456'],
    [1234567890123457.5, 16, '1234567890123458'],
    [0.5, 1, '0.5'],
    [0.00025, 1, '0.0003'],
    [100, 3, '100'],
    [Number.POSITIVE_INFINITY, 16, 'inf'],
    [Number.NEGATIVE_INFINITY, 16, '-inf'],
    [Number.NaN, 16, 'nan'],
  ];
  for (const [value, digits, text] of texts) t.equal(generalText(value, digits), text);
});

t.test(
  'doubles are written as Fluent Bit does: whole ones within 64 bits with all digits, others with 16',
  async (t) => {
    const texts: [number, string][] = [
      [1, '1.0'],
      [-0, '-0.0'],
      [2 ** 60, '1152921504606846976.0'],
      [1e19, '1e+19'],
      [1e300, '1e+300'],
      [0.1 + 0.2, '0.3'],
      [1e-7, '1e-07'],
      [-0.00012, '-0.00012'],
      [0.00001, '1e-05'],
    ];
    for (const [value, text] of texts) {
      t.equal(doubleText(value), text);
      t.equal(toJson([new Float(value)], false), `[${text}]`);
    }
  },
);

t.test('a fraction of up to 16 digits is printed with those in JSON, whatever stands beside it', async (t) => {
  const texts: [number, string][] = [
    [8.7, '8.7'],
    [-8480.48279914529, '-8480.48279914529'],
    [0.072, '0.072'],
    [5e-324, '4.940656458412465e-324'],
    [-1e-7, '-1e-07'],
    [0.1 + 0.2, '0.3'],
    [1234567890123456.5, '1234567890123456.0'],
  ];
  for (const [value, text] of texts) {
    t.equal(fractionText(value), text);
    t.equal(toJson([value, 100000000000000000n], false), `[${text},100000000000000000]`);
  }
  t.equal(generalText(8.7, 16), '8.699999999999999', 'as C has it');
});

t.test('JSON has small fractions as C writes them, and leaves strings alone', async (t) => {
  const value: Value = {
    'a 1e-7': '0.00001 and 1e-7',
    s: 0.00001,
    t: 1e-7,
    u: [-1.5e-10, 0.1 + 0.2, 5, 1.5],
    w: new Float(3),
  };
  const text = '{"a 1e-7":"0.00001 and 1e-7","s":1e-05,"t":1e-07,"u":[-1.5e-10,0.3,5,1.5],"w":3.0}';
  t.equal(toJson(value, true), text);
  t.equal(toJson(0.0001, true), '0.0001');
});

t.test('fixedText is %f', async (t) => {
  const texts: [number, string][] = [
    [1.5, '1.500000'],
    [-0, '-0.000000'],
    [0.0078125, '0.007812'],
    [-1767225600.0234375, '-1767225600.023438'],
    [1e-7, '0.000000'],
    [1e22, '10000000000000000000000.000000'],
    [Number.NEGATIVE_INFINITY, '-inf'],
  ];
  for (const [value, text] of texts) t.equal(fixedText(value), text);
});
