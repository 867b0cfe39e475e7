import t from 'tap';
import { fixedText } from '../../src/data/double_text.ts';
import { Ext, Float, type Value } from '../../src/data/event.ts';
import { eventText, msgpackText } from '../../src/data/msgpack_text.ts';

t.test('every kind of value', async (t) => {
  const texts: [Value, string][] = [
    ['text "q" \\ /', '"text "q" \\ /"'],
    [42, '42'],
    [-7, '-7'],
    [18446744073709551615n, '18446744073709551615'],
    [1.5, '1.500000'],
    [new Float(2), '2.000000'],
    [true, 'true'],
    [false, 'false'],
    [null, 'nil'],
    [[1, 'x', [2.25, null]], '[1, "x", [2.250000, nil]]'],
    [{ a: { b: [] }, c: {} }, '{"a"=>{"b"=>[]}, "c"=>{}}'],
    [new Uint8Array([0x61, 0x00, 0xff, 0x22]), '"a\\x00\\xff\\""'],
    [new Ext(5, new Uint8Array([1])), '(ext: 5)"\\x01"'],
  ];
  for (const [value, text] of texts) t.equal(msgpackText(value), text, text);
});

t.test('floats have six digits, however large they are', async (t) => {
  t.equal(fixedText(0.1), '0.100000');
  t.equal(fixedText(-0), '-0.000000');
  t.equal(fixedText(1e300), `${BigInt(1e300)}.000000`);
  t.equal(fixedText(Number.NaN), 'nan');
  t.equal(fixedText(Number.NEGATIVE_INFINITY), '-inf');
});

t.test('an event with its number, tag, time and metadata', async (t) => {
  const event = { seconds: 1_700_000_000, nanos: 500, metadata: { n: 1 }, body: { a: 1 } };
  t.equal(eventText(3, 'd', event), '[3] d: [[1700000000.000000500, {"n"=>1}], {"a"=>1}]\n');
});

t.test('a value nested deeper than the stack is cut, not a crash', async (t) => {
  let deep: Value = [];
  for (let i = 0; i < 100_000; i++) deep = [deep];
  t.match(msgpackText(deep), /^\[+\.\.\.\]+$/);
});
