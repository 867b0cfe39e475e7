import t from 'tap';
import { type Fields, Float } from '../../src/data/event.ts';
import { Metrics } from '../../src/metrics.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import logToMetrics from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function counted(pairs: Pairs, bodies: readonly Fields[]) {
  const { plugin, host } = await make(logToMetrics, [['Tag', 'm'], ['Metric_Description', 'what'], ...pairs]);
  const events = bodies.map((body) => eventOf(Object.freeze(body)));
  const kept = await plugin.filter(events, 'tag');
  const [family] = host.families;
  const samples = [...(family?.samples() ?? [])].map(
    ({ suffix, labels, value }) => `${suffix}{${labels.map(([name, text]) => `${name}=${text}`).join()}} ${value}`,
  );
  return { host, family, samples, kept, events };
}

t.test('a counter counts records, and they pass untouched', async (t) => {
  const { family, samples, kept, events } = await counted([['Metric_Name', 'all']], [{ a: 1 }, {}]);
  t.match(family, { name: 'log_metric_counter_all', help: 'what', type: 'counter' });
  t.same(samples, ['{} 2']);
  t.equal(kept, events);
});

t.test('labels come from fields; those of Kubernetes stand first', async (t) => {
  const kubernetes = { pod_name: 'p', namespace_name: 'n', labels: { app: 'x' } };
  const { samples } = await counted(
    [
      ['Add_Label', "app $kubernetes['labels']['app']"],
      ['Label_Field', 'status'],
      ['Kubernetes_Mode', 'on'],
      ['Label_Field', "$http['method']"],
    ],
    [
      { kubernetes, status: 200, http: { method: 'GET' } },
      { kubernetes, status: new Float(200) },
      { status: true },
      { kubernetes, status: 200, http: { method: 'GET' } },
    ],
  );
  const none = 'namespace_name=,pod_name=,container_name=,docker_id=,pod_id=,app=,status=,_http__method__=';
  const pod = 'namespace_name=n,pod_name=p,container_name=,docker_id=,pod_id=,app=x';
  t.same(samples, [
    `{${pod},status=200,_http__method__=GET} 2`,
    `{${pod},status=200.000000,_http__method__=} 1`,
    `{${none}} 1`,
  ]);
});

t.test('a gauge keeps the last value; what is no number is left out, counted, and said once', async (t) => {
  const gauge: Pairs = [
    ['Metric_Mode', 'gauge'],
    ['Value_Field', '$d'],
    ['Metric_Subsystem', 'sub'],
    ['Metric_Namespace', 'my.app'],
  ];
  const { samples, host, family } = await counted(gauge, [
    { d: 5 },
    { d: '7.5ms' },
    { d: 'abc' },
    {},
    { d: [1] },
    { d: true },
  ]);
  t.equal(family?.name, 'my_app_sub_a');
  t.same(samples, ['{} 7.5']);
  t.equal(host.counts.values_without_number_total, 4);
  t.equal(host.lines.length, 1);
  t.same((await counted(gauge, [{ d: new Float(2) }])).samples, ['{} 2']);
  t.same((await counted(gauge, [{ d: 2n ** 60n }])).samples, [`{} ${2 ** 60}`]);
});

t.test('a histogram counts values in buckets that hold the smaller ones', async (t) => {
  const histogram: Pairs = [
    ['Metric_Mode', 'histogram'],
    ['Value_Field', 'd'],
    ['Label_Field', 'k'],
  ];
  const bodies = [0.5, 1, 1.5, 99].map((d) => ({ d, k: 'v' }));
  const own: Pairs = [
    ['Bucket', '10'],
    ['Bucket', '1'],
    ['Bucket', '0.5'],
  ];
  const { samples } = await counted([...histogram, ...own], bodies);
  t.same(samples, [
    '_bucket{le=0.5,k=v} 1',
    '_bucket{le=1.0,k=v} 2',
    '_bucket{le=10.0,k=v} 3',
    '_bucket{le=+Inf,k=v} 4',
    '_sum{k=v} 102',
    '_count{k=v} 4',
  ]);
  const usual = await counted(histogram, bodies);
  t.equal(usual.samples.length, 14);
  t.match(usual.host.lines, [{ level: 'warn' }]);
});

t.test('rules choose the records, as those of grep', async (t) => {
  const bodies = [{ m: 'GET /a' }, { m: 'GET /b' }, { m: 'POST /a' }, { m: 5 }, {}];
  t.same((await counted([['Regex', 'm ^GET']], bodies)).samples, ['{} 2']);
  t.same((await counted([['Exclude', 'm /a$']], bodies)).samples, ['{} 3']);
  const both: Pairs = [
    ['Exclude', 'm /a$'],
    ['Regex', 'm ^GET'],
  ];
  t.same((await counted(both, bodies)).samples, ['{} 1']);
});

t.test('Discard_Logs drops all records, also those that were not counted', async (t) => {
  const { kept, samples } = await counted(
    [
      ['Discard_Logs', 'on'],
      ['Regex', 'a x'],
    ],
    [{ a: 'x' }, {}],
  );
  t.same(kept, []);
  t.same(samples, ['{} 1']);
});

t.test('combinations of labels above the limit are not counted, with a warning', async (t) => {
  const limit: Pairs = [
    ['Max_Series', '2'],
    ['Label_Field', 'a'],
  ];
  const { samples, host } = await counted(limit, [{ a: '1' }, { a: '2' }, { a: '3' }, { a: '4' }, { a: '1' }]);
  t.same(samples, ['{a=1} 2', '{a=2} 1']);
  t.equal(host.counts.series_over_limit_total, 2);
  t.match(host.lines, [{ level: 'warn' }]);
});

t.test('what is missing or wrong fails at the start', async (t) => {
  const wrong: Pairs[] = [
    [['Metric_Mode', 'gauge']],
    [['Metric_Mode', 'summary']],
    [['Bucket', 'wide']],
    [['Regex', 'alone']],
    [['Add_Label', 'alone']],
  ];
  for (const pairs of wrong) await t.rejects(counted(pairs, []), OptionError, JSON.stringify(pairs));
  await t.rejects(make(logToMetrics, [['Tag', 'm']]), OptionError);
  await t.rejects(make(logToMetrics, [['Metric_Description', 'm']]), OptionError);
});

t.test('the metrics of all instances are read in one place', async (t) => {
  const { family } = await counted([], [{}]);
  const metrics = new Metrics();
  if (family) metrics.counters('filter', 'log_to_metrics.0').families.push(family);
  t.same(metrics.families(), [family]);
});

t.test('random records pass untouched', async (t) => {
  const pairs: Pairs = [
    ['Tag', 'm'],
    ['Metric_Description', 'd'],
    ['Metric_Mode', 'histogram'],
    ['Value_Field', 'a'],
    ['Label_Field', 'b'],
    ['Regex', 'c .'],
  ];
  await leavesTheRestAlone(t, async () => (await make(logToMetrics, pairs)).plugin, { keys: ['a', 'b', 'c'] });
});
