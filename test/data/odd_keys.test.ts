import t from 'tap';
import { BodyBytes } from '../../src/data/body_bytes.ts';
import { BodyJson } from '../../src/data/body_json.ts';
import type { Fields, LogEvent } from '../../src/data/event.ts';
import { toJson } from '../../src/data/json.ts';
import { decodeEvents, decodeValue, encodeEvents, encodeValue } from '../../src/data/msgpack.ts';
import { msgpackText } from '../../src/data/msgpack_text.ts';
import { keyText, oddKeyValue } from '../../src/data/odd_key_text.ts';
import { PackedJson } from '../../src/data/packed_json.ts';
import fc from '../support/fast_check.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
/** {1: "o", true: "t", nil: "n", "1": "s", bin "ab": 1, 1.5: 2, [1]: 3} */
const MAP = bytes('87 01a16f c3a174 c0a16e a131a173 c4026162 01 cb3ff8000000000000 02 9101 03');

t.test('keys that are no text come out as they came in, beside texts of the same look', async (t) => {
  const map = decodeValue(MAP) as Fields;
  t.same(Object.keys(map).map(keyText), ['1', '1', 'true', 'null', 'ab', '1.5', '[]']);
  t.same(Object.keys(map).map(oddKeyValue), [undefined, 1, true, null, Buffer.from('ab'), 1.5, [1]]);
  t.same(encodeValue(map), bytes('87 a131a173 01a16f c3a174 c0a16e c4026162 01 cb3ff8000000000000 02 9101 03'));
  t.same(encodeValue({ inner: [map] }).subarray(-MAP.length), encodeValue(map));
});

t.test('any key comes back, also with an event', async () => {
  const key = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.double({ noNaN: true }), fc.string());
  fc.assert(
    fc.property(fc.uniqueArray(key, { minLength: 1, maxLength: 5 }), (keys) => {
      const parts = keys.flatMap((one) => [encodeValue(one), bytes('05')]);
      const map = Buffer.concat([Buffer.of(0x80 | keys.length), ...parts]);
      const fields = decodeValue(map) as Fields;
      const again = decodeValue(encodeValue(fields)) as Fields;
      const event: LogEvent = { seconds: 1, nanos: 2, metadata: { m: 1 }, body: { fields } };
      const [back] = decodeEvents(encodeEvents([event]));
      if (Object.keys(fields).join() !== Object.keys(again).join()) throw new Error('other keys');
      if (JSON.stringify(back) !== JSON.stringify(event)) throw new Error('another event');
      if (encodeValue(fields).length !== map.length) throw new Error('another length');
    }),
  );
});

t.test('JSON has them in quotes, or as Fluent Bit writes them; msgpack text as they are', async (t) => {
  const map = decodeValue(bytes('85 01a16f c3a174 c0a16e a16ba176 c4028081 01')) as Fields;
  t.equal(toJson(map, true, true), '{1:"o",true:"t",null:"n","k":"v","\\ue080\\ue081":1}');
  const json = '{"1":"o","true":"t","null":"n","k":"v","\\ue080\\ue081":1}';
  t.equal(toJson(map, true), json);
  t.equal(toJson({ a: [map] }, true), `{"a":[${json}]}`);
  t.equal(msgpackText(map), '{1=>"o", true=>"t", nil=>"n", "k"=>"v", "\\x80\\x81"=>1}');
  t.equal(new BodyJson({ nested: false, escapeUnicode: true }).text(map), json);
  const out = Buffer.alloc(1000);
  const written = new BodyBytes({ nested: false, escapeUnicode: true }).write(map, out, 0);
  t.equal(out.toString('utf8', 0, written), json);
  for (const body of [map, { inner: map }]) {
    const end = new PackedJson({ nested: true, escapeUnicode: true }).write(Buffer.from(encodeValue(body)), 0, out, 0);
    t.equal(out.toString('utf8', 0, end), new BodyJson({ nested: true, escapeUnicode: true }).text(body));
  }
});

t.test('what only looks like such a key is a text', async (t) => {
  // Half of an integer, a text, two values, a value with more behind it.
  for (const key of ['\uddcd\udd01', '\udda1\udd61', '\udd01\udd01', '\udd01a', '"\udd01']) {
    t.equal(keyText(key), key);
    const json = toJson({ [key]: '\udd01' }, false);
    t.same(Object.keys(JSON.parse(json)), [key.replace(/[\udd00-\uddff]/g, '\ufffd')]);
    t.same(Object.keys(decodeValue(encodeValue({ [key]: 1 })) as Fields), [key.replace(/[\udd00-\uddff]/g, '\ufffd')]);
  }
});
