import t from 'tap';
import { BodyJson } from '../../src/data/body_json.ts';
import { Bin, Ext, type Fields, Float, setField } from '../../src/data/event.ts';
import { toJson } from '../../src/data/json.ts';

const strange: Fields = {
  plain: 'abc ~',
  quoted: 'say "hi" \\ \n\u0001\u007f',
  unicode: 'naïve 日本語 😀',
  bytes: 'x\udcff\udc80',
  'key "é"': 'v',
  empty: '',
  n: -5,
  big: 12345678901234567890n,
  f: 0.30000000000000004,
  whole: new Float(1),
  yes: true,
  nothing: null,
  list: [1, 'two', { three: 3.5 }],
  map: { a: { b: 'c "d"' } },
  bin: new Bin([104, 105]),
  ext: new Ext(5, new Uint8Array([1, 2])),
};
setField(strange, '__proto__', 'own');

t.test('the text is that of toJson, escaped once more where it is nested', async (t) => {
  for (const escapeUnicode of [true, false]) {
    const json = toJson(strange, escapeUnicode);
    const nested = new BodyJson({ nested: true, escapeUnicode });
    const once = new BodyJson({ nested: false, escapeUnicode });
    for (let round = 0; round < 2; round++) {
      t.equal(JSON.parse(`"${nested.text(strange)}"`), json);
      t.equal(once.text(strange), json);
      t.equal(nested.text({}), '{}');
    }
  }
});

t.test('a frozen map is turned into text once, another one every time', async (t) => {
  let asked = 0;
  const counting = (): Fields =>
    ({
      name: {
        toJSON() {
          asked++;
          return 'pod';
        },
      },
    }) as unknown as Fields;
  const json = new BodyJson({ nested: true, escapeUnicode: true });
  const shared = Object.freeze(counting());
  const text = '{\\"n\\":1,\\"kubernetes\\":{\\"name\\":\\"pod\\"}}';
  for (let i = 0; i < 3; i++) t.equal(json.text({ n: 1, kubernetes: shared }), text);
  t.equal(asked, 1);
  for (let i = 0; i < 3; i++) t.equal(json.text({ n: 1, kubernetes: counting() }), text);
  t.equal(asked, 4);
});

t.test('an endless number of keys is no harm', async (t) => {
  const json = new BodyJson({ nested: false, escapeUnicode: true });
  for (let i = 0; i < 10_000; i++) if (json.text({ [`k${i}`]: 1 }) !== `{"k${i}":1}`) t.fail(`key ${i}`);
  t.equal(json.text({ k1: 'x' }), '{"k1":"x"}');
});
