import t from 'tap';
import { generalText } from '../../src/data/double_text.ts';
import { Bin, Ext, Float, type Value } from '../../src/data/event.ts';
import { exactNumber, parseJson, parseJsonObject, toJson } from '../../src/data/json.ts';
import fc from '../support/fast_check.ts';

const through = (text: string) => toJson(parseJson(text), true);

t.test('numbers come out as they went in', (t) => {
  for (const text of [
    '{"a":1.0}',
    '{"a":-0.0}',
    '{"a":9007199254740993}',
    '{"a":18446744073709551615}',
    '{"a":-9223372036854775808}',
    '{"a":[1,2.5,0.1]}',
    '[1.0,2]',
    '12345678901234567',
    '{"a":1e-07}',
  ])
    t.equal(through(text), text);
  t.equal(through('{"a":1e3}'), '{"a":1000.0}');
  t.equal(through('{"a":1.5e3}'), '{"a":1500.0}');
  t.equal(through('{"a": 2.00}'), '{"a":2.0}');
  t.equal(
    through('{"a":123456789012345678901234567890}'),
    '{"a":1.234567890123457e+29}',
    'past 64 bits it is a double',
  );
  t.same(parseJson('{"a":1.0}'), { a: new Float(1) });
  t.end();
});

t.test('__proto__ is a key like any other', (t) => {
  const value = parseJson('{"__proto__":{"x":1},"n":1.0}') as object;
  t.equal(Object.getPrototypeOf(value), Object.prototype);
  t.equal(toJson(value as Value, true), '{"__proto__":{"x":1},"n":1.0}');
  t.end();
});

t.test('non-ASCII is escaped unless switched off, in pairs beyond the basic plane', (t) => {
  t.equal(toJson({ ä: 'ü€😀' }, true), '{"\\u00e4":"\\u00fc\\u20ac\\ud83d\\ude00"}');
  t.equal(toJson({ ä: 'ü€😀' }, false), '{"ä":"ü€😀"}');
  t.end();
});

t.test('a byte that is no UTF-8 is printed as U+E000 plus the byte, another lone surrogate as U+FFFD', (t) => {
  t.equal(toJson('a\udcffbcdef', true), '"a\\ue0ffbcdef"');
  t.equal(toJson('a\udce9b', true), '"ab"', 'the string ends before the character would');
  t.equal(toJson({ a: 'a\udce9\n', b: '\udce9\n\u00e9' }, true), '{"a":"a\\n","b":"\\ue0e9\\n\\u00e9"}');
  t.equal(
    toJson({ a: 'cut \udce2\udc82', b: '\udce2\udc82x' }, true),
    '{"a":"cut \\ue082","b":"\\ue0e2\\ue082x"}',
    'a cut character goes',
  );
  t.equal(toJson('a\ud800b\\ud800', true), '"a\\ufffdb\\\\ud800"', 'an escaped backslash stays');
  t.equal(through('{"a":"\\ud800"}'), '{"a":"\\ufffd"}');
  t.end();
});

t.test('an overlong form is printed as its character, escaped where it must be', (t) => {
  t.equal(toJson('a\udcc0\udcaf', true), '"a/"');
  t.equal(toJson('\udcc0\udca2x', true), '"\\u0022x"');
  t.end();
});

t.test('a double is printed with 16 digits, as Fluent Bit does, but not inside text', (t) => {
  t.equal(
    through('{"a":0.30000000000000004,"b":"0.30000000000000004","c":-1.2345678901234567e-9}'),
    '{"a":0.3,"b":"0.30000000000000004","c":-1.234567890123457e-09}',
  );
  t.equal(toJson({ a: 0.9999999999999999, b: 0.1 + 0.2 }, true), '{"a":0.9999999999999999,"b":0.3}');
  t.equal(toJson(1.0000000000000002, true), '1.0');
  t.end();
});

t.test('bytes and extension values are printed as text', (t) => {
  t.equal(
    toJson({ a: Bin.from([0xe9, 0x61, 0x62]), b: new Ext(1, Uint8Array.of(1, 255)) }, true),
    '{"a":"\\ue0e9ab","b":"\\\\x01\\\\xff"}',
  );
  t.end();
});

t.test('only one object is an object', (t) => {
  t.same(parseJsonObject(' {"a":1} '), { a: 1 });
  for (const text of ['', 'x', '[1]', '1', '"a"', '{"a":1}{"b":2}', '{"a":1', 'null'])
    t.equal(parseJsonObject(text), undefined);
  t.end();
});

t.test('nesting is bounded', (t) => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  t.throws(() => parseJson(deep), SyntaxError);
  t.equal(parseJsonObject(`{"a":${deep}}`), undefined);
  t.doesNotThrow(() => toJson(parseJson('['.repeat(500) + ']'.repeat(500)), true));
  t.end();
});

t.test('any text gives a value or a SyntaxError; any JSON value comes out equal', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        parseJson(text);
      } catch (error) {
        return error instanceof SyntaxError;
      }
      return true;
    }),
  );
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (text) => {
      const rounded = (_key: string, value: unknown) =>
        typeof value === 'number' ? Number(generalText(value, 16)) : value;
      const again = JSON.parse(through(text), rounded);
      return JSON.stringify(again) === JSON.stringify(JSON.parse(text, rounded));
    }),
    { numRuns: 300 },
  );
  t.pass('for every text tried');
  t.end();
});

t.test('whole floats are found wherever they stand, and nothing else is taken for one', (t) => {
  const blank = fc.constantFrom('', '', '', ' ', '\n');
  const number = fc.constantFrom('1', '1.0', '-0.0', '1e3', '1.05', '15e-1', '1.5E1', '1e999', '1200', '0', '7.10');
  const word = fc.constantFrom(
    'a',
    'b',
    'a',
    ':',
    ':1.0',
    '12:00.01',
    'x,1.0',
    '[2e1',
    '__proto__',
    '7',
    'é',
    'say "a":1.0',
    '',
  );
  const string = fc.oneof(
    { arbitrary: word.map((text) => JSON.stringify(text)), weight: 9 },
    // The same keys, written with an escape.
    { arbitrary: fc.constantFrom('"\\u0061"', '"\\u003a"'), weight: 1 },
  );
  const { json } = fc.letrec<{ json: string; map: string; list: string }>((tie) => ({
    json: fc.oneof({ depthSize: 'small' }, number, number, string, tie('map'), tie('map'), tie('list')),
    map: fc
      .array(fc.tuple(string, blank, blank, tie('json')), { maxLength: 4 })
      .map((pairs) => `{${pairs.map(([key, before, after, value]) => `${key}${before}:${after}${value}`).join(',')}}`),
    list: fc
      .array(fc.tuple(blank, tie('json')), { maxLength: 3 })
      .map((items) => `[${items.map((item) => item.join('')).join(',')}]`),
  }));
  const exact = (_key: string, value: unknown, { source = '' }: { source?: string }) =>
    typeof value === 'number' ? exactNumber(value, source) : value;
  const reference = JSON.parse as (text: string, reviver: typeof exact) => Value;
  fc.assert(
    fc.property(json, (text) => toJson(parseJson(text), true) === toJson(reference(text, exact), true)),
    { numRuns: 5000 },
  );
  t.pass('for every text tried');
  t.end();
});

t.test('a zero keeps its sign beside numbers of many digits', async (t) => {
  t.equal(toJson({ a: new Float(-0), b: 123456789012345678n }, true), '{"a":-0.0,"b":123456789012345678}');
});
