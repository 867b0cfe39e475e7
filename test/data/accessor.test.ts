import t from 'tap';
import { compileAccessor, valueToText } from '../../src/data/accessor.ts';
import { Ext, type Fields, Float, type Value } from '../../src/data/event.ts';
import { OptionError } from '../../src/options.ts';

const get = (text: string, body: Fields) => compileAccessor(text).get(body);

t.test('a plain key is taken as it stands, with dots and signs', async (t) => {
  t.equal(get('log.level', { 'log.level': 1, log: 2 }), 1);
  t.equal(get('@timestamp', { '@timestamp': 1 }), 1);
});

t.test('a name after the dollar ends at a dot, and other signs are left out of it', async (t) => {
  t.equal(get('$log.level', { 'log.level': 1, log: 2 }), 2);
  t.equal(get('$@timestamp', { timestamp: 3 }), 3);
  t.equal(get('$a-b_c/d', { 'a-b_c/d': 4 }), 4);
});

t.test('brackets reach into maps and lists', async (t) => {
  const body: Fields = { a: { b: { c: 'deep' }, 'x.y': 1, "it's": 2 }, list: ['zero', { k: 'v' }] };
  t.equal(get("$a['b']['c']", body), 'deep');
  t.equal(get("$a['x.y']", body), 1);
  t.equal(get("$a['it''s']", body), 2);
  t.equal(get('$list[0]', body), 'zero');
  t.equal(get("$list[1]['k']", body), 'v');
  t.same(get('$a', body), body.a);
});

t.test('a path that does not lead anywhere gives undefined', async (t) => {
  const body: Fields = { a: { b: 'text' }, list: ['x'] };
  for (const text of ['$z', "$a['z']", "$a['b']['c']", '$a[0]', '$list[1]', "$list['0']", "$a['toString']"])
    t.equal(get(text, body), undefined, text);
});

t.test('what is neither map nor list answers for what would be inside it', async (t) => {
  t.equal(get("$a['b']['c']", { a: 'text' }), 'text');
  t.equal(get("$a['b']", { a: 5 }), 5);
  t.equal(get("$a['b']", { a: null }), null);
});

t.test('keys of every object are no fields', async (t) => {
  for (const key of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) t.equal(get(key, {}), undefined, key);
  const body: Fields = JSON.parse('{"__proto__":{"x":1},"constructor":"mine"}');
  t.equal(get('constructor', body), 'mine');
  t.equal(get("$__proto__['x']", body), 1);
});

t.test('what is no accessor fails', async (t) => {
  for (const text of ['$', '$a["b"]', "$a[ 'b']", '$a[b]', "$a['b'", "$['a']", '$a[]', "$a'b'", '$5a'])
    t.throws(() => compileAccessor(text), OptionError, text);
});

t.test('values as text', async (t) => {
  const texts: [Value, string][] = [
    ['as it is', 'as it is'],
    [5, '5'],
    [-5, '-5'],
    [1.5, '1.500000'],
    [2, '2'],
    [new Float(2), '2.000000'],
    [1e300, BigInt(1e300).toString() + '.000000'],
    [2n ** 63n, '9223372036854775808'],
    [true, 'true'],
    [null, 'null'],
    [{ a: 1 }, '{"a":1}'],
    [['x'], ''],
    [new Uint8Array([65, 10, 255]), '410aff'],
    [new Ext(1, new Uint8Array()), ''],
  ];
  for (const [value, text] of texts) t.equal(valueToText(value), text);
});
