/** What the options about keys mean: which of a record's fields become labels and metadata, under which names, and what leaves the line. */
import path from 'node:path';
import t from 'tap';
import { Ext, type Fields, Float } from '../../src/data/event.ts';
import { OK, OptionError } from '../../src/plugin.ts';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { LOKI_NOW, lokiRig, type Pairs } from '../../test/support/fake_loki/rig.ts';
import { make } from '../../test/support/plugin.ts';
import loki from './index.ts';

const signal = new AbortController().signal;

/** What Loki has of one record. */
async function stored(t: { teardown(run: () => Promise<void>): void }, pairs: Pairs, body: Fields) {
  const { server, plugin } = await lokiRig(t, pairs);
  const event = { ...eventOf(body), seconds: LOKI_NOW / 1000 - 60 };
  if ((await plugin.flush(batchOf([event]), signal)) !== OK) throw new Error('Loki did not take it');
  const [[labels = '', lines = []] = []] = Object.entries(server.lines());
  return { labels, line: lines[0], metadata: server.entries()[0]?.metadata };
}

t.test('a value that does not begin with a dollar sign is a text, whatever is in it', async (t) => {
  const { labels, line } = await stored(t, [['labels', 'a=pre-$app, c=x=y']], { app: 'web', env: 'e' });
  t.equal(labels, '{a="pre-$app", c="x=y"}');
  t.equal(line, '{"app":"web","env":"e"}', 'what no label was made of stays');
});

t.test('groups of a match have no value, and so are no labels', async (t) => {
  const { labels } = await stored(t, [['labels', 'job=x, v=$1abc']], { a: 1 });
  t.equal(labels, '{job="x"}');
});

t.test('a name is made of all parts of its accessor', async (t) => {
  const body = { k: 'v', list: ['a', { n: 'b' }], o: 'w' };
  const { labels, line } = await stored(t, [['labels', "$k.x-y, $list[1]['n'], $o.$k"]], body);
  t.equal(labels, '{k__x_y="v.x-y", list_1_n="b", o___k="w.v"}');
  t.equal(line, '{"list":[]}', 'a path into a list empties it');
});

t.test('the tag and its parts can be labels, and take nothing out of the line', async (t) => {
  const { labels, line } = await stored(t, [['labels', 'all=$TAG, both=$TAG.$a, none=$TAG[7]']], {
    a: 'A',
    TAG: 'own',
  });
  t.match(labels, /^\{all="(.+)", both="\1\.A"\}$/);
  t.equal(line, '{"a":"A","TAG":"own"}');
});

t.test('a label without a value, or without an accessor where one is needed, fails the start', async (t) => {
  for (const pair of [
    ['labels', 'job='],
    ['labels', 'job'],
    ['structured_metadata', 'a='],
    ['label_keys', 'level'],
    ['structured_metadata_map_keys', 'meta'],
    ['labels', '$k[x]'],
    ['labels', '$1abc'],
    ['remove_keys', "k['a"],
  ] as const)
    await t.rejects(make(loki, [pair]), OptionError, pair.join(' '));
});

t.test('what is to be removed is an accessor, with a dollar sign or without', async (t) => {
  const pairs: Pairs = [['remove_keys', "kubernetes['labels'], secret, 1abc, $TAG, $"]];
  const body = { kubernetes: { labels: { a: 1 }, pod: 'p' }, secret: 's', '1abc': 1, TAG: 't' };
  t.equal((await stored(t, pairs, body)).line, '{"kubernetes":{"pod":"p"},"1abc":1,"TAG":"t"}');
});

t.test(
  'entries of maps become metadata, empty texts too; a named pair stands in for an entry, at its own place',
  async (t) => {
    const pairs: Pairs = [
      ['structured_metadata_map_keys', '$m, $n, $no, $text'],
      ['structured_metadata', 'a=own, gone=$gone'],
    ];
    const body = { m: { a: '1', e: '', 'x.y': null }, n: { e: 'last', l: [1] }, text: 't' };
    const { metadata } = await stored(t, pairs, body);
    t.same(Object.entries(metadata ?? {}), [
      ['e', 'last'],
      ['x_y', 'null'],
      ['l', '[1]'],
      ['a', 'own'],
    ]);
  },
);

t.test('a label map counts up to where it cannot be read', async (t) => {
  const folder = t.testdir({ 'map.json': '{"log": "message", "n": 5, "later": "later"}' });
  const { server, plugin, host } = await lokiRig(t, [['label_map_path', path.join(folder, 'map.json')]]);
  const event = { ...eventOf({ log: 'l', later: 'x' }), seconds: LOKI_NOW / 1000 - 60 };
  t.equal(await plugin.flush(batchOf([event]), signal), OK);
  t.same(server.lines(), { '{message="l"}': ['{"later":"x"}'] });
  t.match(host.lines, [{ level: 'error', message: /cannot be used to its end: the name of a label is missing at n/ }]);
});

t.test('a tenant_id_key that is no accessor is said, and the fixed tenant is used', async (t) => {
  const { server, plugin, host } = await lokiRig(t, [
    ['tenant_id_key', '$a[b'],
    ['tenant_id', 'fixed'],
  ]);
  t.equal(await plugin.flush(batchOf([{ ...eventOf({ a: 1 }), seconds: LOKI_NOW / 1000 - 60 }]), signal), OK);
  t.same(Object.keys(server.lines('fixed')), ['{job="fluent-bit"}']);
  t.match(host.lines, [{ level: 'error', message: /tenant_id_key is not used/ }]);
});

t.test('key_value writes numbers as C does, bytes and extension values not at all', async (t) => {
  const numbers = { a: new Float(1e18), b: new Float(1e19), c: 1e-7, d: 0.1 + 0.2, e: new Float(-0), f: 2n ** 63n };
  const body = { ...numbers, g: new Uint8Array([1]), h: new Ext(3, new Uint8Array([1])), i: [new Float(2)] };
  t.equal(
    (await stored(t, [['line_format', 'key_value']], body)).line,
    'a=1000000000000000000.0 b=1e+19 c=1e-07 d=0.3 e=-0.0 f=9223372036854775808 g= h= i="[2.0]"',
  );
});
