/** The loki output against a server that checks what Loki checks. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Fields, LogEvent } from '../../src/data/event.ts';
import { OK, OptionError } from '../../src/plugin.ts';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { LOKI_NOW, type Pairs, lokiRig as rig } from '../../test/support/fake_loki/rig.ts';
import { outputSuite } from '../../test/support/output_suite.ts';
import { make } from '../../test/support/plugin.ts';
import loki from './index.ts';

const signal = new AbortController().signal;

for (const own of [[], [['max_batch_bytes', '1']]] as const)
  outputSuite({
    definition: loki,
    section: (port) => [['Host', '127.0.0.1'], ['Port', String(port)], ['http.response_timeout', '1s'], ...own],
  });

const at = (seconds: number, body: Fields, nanos = 0): LogEvent => ({ ...eventOf(body), seconds, nanos });
const START = LOKI_NOW / 1000 - 60;

const LABELS: Pairs = [
  ['Labels', "job=web, $kubernetes['namespace'], app=$app"],
  ['Structured_Metadata', 'trace=$trace'],
];
const RECORDS = [
  at(START, { log: 'one "quoted" é', app: 'a', kubernetes: { namespace: 'x', pod: 'p' }, trace: 't1' }),
  at(START, { log: 'two', app: 'b', kubernetes: { namespace: 'x', pod: 'q' } }, 5),
  at(START + 1, { log: 'three', app: 'a', kubernetes: { namespace: 'x', pod: 'p' }, n: 1.5 }),
];

t.test('JSON, gzip and protobuf bring the same lines to Loki', async (t) => {
  const forms: Pairs[] = [[], [['compress', 'gzip']], [['format', 'protobuf']]];
  const [json, gzip, protobuf] = await Promise.all(
    forms.map(async (form) => {
      const { server, plugin } = await rig(t, [...LABELS, ...form]);
      t.equal(await plugin.flush(batchOf(RECORDS), signal), OK);
      return { lines: server.lines(), metadata: server.entries().map(({ metadata, ns }) => [String(ns), metadata]) };
    }),
  );
  t.same(json?.lines, {
    '{app="a", job="web", kubernetes_namespace="x"}': [
      '{"log":"one \\"quoted\\" \\u00e9","kubernetes":{"pod":"p"}}',
      '{"log":"three","kubernetes":{"pod":"p"},"n":1.5}',
    ],
    '{app="b", job="web", kubernetes_namespace="x"}': ['{"log":"two","kubernetes":{"pod":"q"}}'],
  });
  t.same(gzip, json);
  t.same(protobuf, json);
  t.same(json?.metadata[0], [`${START}000000000`, { trace: 't1' }]);
});

t.test('entries that Loki names in a 400 are given up, the others are delivered', async (t) => {
  const { server, plugin, host } = await rig(t, [['Labels', 'job=web']], { maxLineBytes: 100 });
  const events = [
    at(START, { log: 'good' }),
    at(START - 30 * 86_400, { log: 'old' }),
    at(START + 7200, { log: 'new' }),
    at(START, { log: 'x'.repeat(200) }),
    at(START + 1, { log: 'good too' }),
  ];
  t.equal(await plugin.flush(batchOf(events), signal), OK);
  t.same(server.lines(), { '{job="web"}': ['{"log":"good"}', '{"log":"good too"}'] });
  const given = host.discarded.map(({ events: gone, reason }) => [
    gone.map(({ body }) => String(body.log).slice(0, 3)),
    reason,
  ]);
  t.same(given.sort(), [
    [['new'], 'too new for Loki'],
    [['old'], 'too old for Loki'],
    [['xxx'], 'longer than Loki takes'],
  ]);
});

t.test('a 400 that names nothing drops the batch, with what Loki said', async (t) => {
  const { server, plugin } = await rig(t, [['Labels', 'job=web']]);
  server.fault = () => ({ status: 400, text: 'no' });
  t.same(await plugin.flush(batchOf(RECORDS), signal), { kind: 'drop', reason: 'HTTP status 400: no' });
});

t.test('429 waits as long as Loki says', async (t) => {
  const { server, plugin } = await rig(t, [['Labels', 'job=web']]);
  const faults = [{ status: 429, text: 'Ingestion rate limit exceeded', headers: { 'retry-after': '7' } }];
  server.fault = () => faults.shift();
  const batch = batchOf(RECORDS);
  t.match(await plugin.flush(batch, signal), { kind: 'retry', afterMs: 7000, reason: /429/ });
  t.equal(await plugin.flush(batch, signal), OK);
  t.equal(server.entries().length, 3);
});

t.test('where one of several tenants fails it is given up, or all are tried again', async (t) => {
  for (const [handling, first, requests] of [
    ['partial_success', { kind: 'ok' }, 2],
    ['partial_error', { kind: 'retry', reason: /500/ }, 4],
  ] as const) {
    const { server, plugin, host } = await rig(t, [
      ['Labels', 'job=web'],
      ['tenant_id_key', '$app'],
      ['tenant_id_key_error_handling', handling],
    ]);
    const faults = [undefined, { status: 500 }];
    server.fault = () => faults.shift();
    const batch = batchOf(RECORDS);
    t.match(await plugin.flush(batch, signal), first);
    if (first.kind === 'retry') t.equal(await plugin.flush(batch, signal), OK);
    t.equal(server.requests, requests);
    t.same(
      host.discarded.map(({ events }) => events.map(({ body }) => body.log)),
      first.kind === 'ok' ? [['two']] : [],
    );
  }
});

t.test(
  'too many label sets are told, then records of new ones get the fixed labels and keep all in their lines',
  async (t) => {
    const { server, plugin, host } = await rig(t, [
      ['Labels', 'job=web, user=$user'],
      ['max_streams', '4'],
    ]);
    const events = Array.from({ length: 6 }, (_, i) => at(START + i, { log: 'x', user: `u${i}` }));
    t.equal(await plugin.flush(batchOf(events), signal), OK);
    t.same(Object.keys(server.lines()).length, 5);
    t.same(server.lines()['{job="web"}'], ['{"log":"x","user":"u4"}', '{"log":"x","user":"u5"}']);
    const warnings = host.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
    t.match(warnings, [/half of max_streams.*label user has/, /more than 4 label sets are in use/]);
    t.equal(warnings.length, 2);
  },
);

t.test('options that cannot work fail at the start', async (t) => {
  for (const pair of [
    ['labels', 'job'],
    ['label_keys', 'app'],
    ['line_format', 'xml'],
    ['drop_single_key', 'maybe'],
    ['header', '(no) name'],
  ] as const)
    await t.rejects(make(loki, [pair]), OptionError, pair.join(' '));
});

t.test('while Loki is away, the fallback prints records, and they count as delivered', async (t) => {
  const folder = t.testdir({
    'a.conf': `[SERVICE]
    Flush 0.1
    Log_Level info
[INPUT]
    Name dummy
    Dummy {"log":"hello"}
    Samples 2
    Rate 100
[OUTPUT]
    Name loki
    Match *
    Host 127.0.0.1
    Port 1
    Fallback stdout
`,
  });
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, main, '-c', path.join(folder, 'a.conf')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  for await (const data of child.stdout) {
    stdout += data;
    if (stdout.split('\n').length > 2) child.kill('SIGTERM');
  }
  if (child.exitCode === null) await once(child, 'close');
  t.same(stdout.trim().split('\n'), ['{"log":"hello"}', '{"log":"hello"}']);
  t.match(stderr, /\[ warn\] \[output:loki:loki\.0\] Loki cannot be reached: records are printed to stdout instead/);
  t.match(stderr, /loki\.0: 2 records delivered, 0 dropped/);
});

t.test('a label map that cannot be read is told, and the output goes on', async (t) => {
  const folder = t.testdir({
    'map.json': '{"kubernetes": {"namespace": "ns"}, "app": "application"}',
    'bad.json': '[1]',
  });
  const { server, plugin } = await rig(t, [['label_map_path', path.join(folder, 'map.json')]]);
  t.equal(await plugin.flush(batchOf([RECORDS[0] as LogEvent]), signal), OK);
  t.same(Object.keys(server.lines()), ['{application="a", ns="x"}']);
  for (const name of ['bad.json', 'none.json']) {
    const { host } = await make(loki, [['label_map_path', path.join(folder, name)]]);
    t.match(host.lines, [{ level: 'error', message: /cannot be used/ }]);
  }
  t.ok(fs.existsSync(folder));
});
