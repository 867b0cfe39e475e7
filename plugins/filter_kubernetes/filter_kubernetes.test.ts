import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { compileParser } from '../../src/parsers/parser.ts';
import { OptionError, type Parser } from '../../src/plugin.ts';
import { enricher, tagOf, until } from '../../test/support/fake_kube/enricher.ts';
import { FakeKube } from '../../test/support/fake_kube/server.ts';
import { make } from '../../test/support/plugin.ts';
import kubernetes from './index.ts';

const mapOf = (body: Fields | undefined): Fields => body?.kubernetes as Fields;

t.test('a pod is asked for once, and its map is one frozen object for all its events', async (t) => {
  const { fake, run, call } = await enricher(t);
  fake.pod({ name: 'web-0', labels: { app: 'web' } });
  const [first, second] = await run(tagOf('web-0'), { log: 'a' }, { log: 'b' });
  t.match(first, { log: 'a', kubernetes: { pod_name: 'web-0', labels: { app: 'web' }, host: 'node-1' } });
  const later = call(tagOf('web-0'), { log: 'c' });
  t.notOk(later instanceof Promise, 'what is known is there at once');
  const [third] = await later;
  for (const body of [second, third?.body]) t.equal(mapOf(body), mapOf(first));
  t.ok(Object.isFrozen(mapOf(first)));
  t.strictSame(fake.requests, ['GET /api/v1/namespaces/default/pods/web-0']);
});

t.test('bodies are not written into', async (t) => {
  const { fake, run } = await enricher(t, { options: { namespace_labels: 'on' } });
  fake.pod({ name: 'web-0' });
  const body = Object.freeze({ log: 'a', kubernetes: 'old' });
  const [out] = await run(tagOf('web-0'), body);
  t.same(Object.keys(out ?? {}), ['log', 'kubernetes', 'kubernetes_namespace']);
  t.equal(mapOf(out).pod_name, 'web-0');
});

t.test('a pod that is not found: the record goes on, and is asked for less and less often', async (t) => {
  const { fake, clock, host, run } = await enricher(t);
  const asked = () => fake.count(/pods\/gone/);
  t.same(await run(tagOf('gone'), { log: 'a' }), [{ log: 'a' }]);
  await run(tagOf('gone'), { log: 'b' });
  t.equal(asked(), 1, 'not asked again at once');
  for (const [ms, count] of [
    [10, 2],
    [39, 2],
    [1, 3],
    [160, 4],
    [60_000, 5],
    [60_000, 6],
  ] as const) {
    await clock.advance(ms);
    await run(tagOf('gone'), { log: 'c' });
    t.equal(asked(), count, `after ${ms} ms more`);
  }
  fake.pod({ name: 'gone' });
  await clock.advance(60_000);
  t.equal(mapOf((await run(tagOf('gone'), { log: 'd' }))[0]).pod_name, 'gone', 'it may come back');
  t.match(host.lines, [{ level: 'warn', message: /no metadata of default\/gone: .*not found/ }]);
  t.equal(host.counts.records_without_metadata_total, 8);
});

/** A server that takes requests and answers them when told. */
async function slowServer(t: Test): Promise<{ url: string; asked: string[]; answer(): void }> {
  const waiting: http.ServerResponse[] = [];
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    waiting.push(response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const answer = () => {
    for (const response of waiting.splice(0)) response.end('{"metadata":{"uid":"u-1"}}');
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, answer };
}

t.test('a server that hangs holds records up once, and what it says late is used', async (t) => {
  const { url, asked, answer } = await slowServer(t);
  const { clock, host, call, run } = await enricher(t, { url, options: { metadata_wait: '5s' } });
  let isOver = false;
  const first = Promise.resolve(call(tagOf('a'), { log: '1' })).then((events) => {
    isOver = true;
    return events;
  });
  await until(() => asked.length === 1);
  await clock.advance(4999);
  t.equal(isOver, false);
  await clock.advance(1);
  t.same((await first)[0]?.body, { log: '1' });
  t.same(await run(tagOf('a'), { log: '2' }), [{ log: '2' }]);
  const other = call(tagOf('b'), { log: '3' });
  t.notOk(other instanceof Promise, 'another pod does not wait while the server hangs');
  await until(() => asked.length === 2);
  answer();
  await until(async () => mapOf((await run(tagOf('b'), { log: '4' }))[0])?.pod_id === 'u-1');
  t.equal(mapOf((await run(tagOf('a'), { log: '5' }))[0])?.pod_id, 'u-1');
  t.equal(asked.length, 2);
  t.match(host.lines, [{ level: 'warn', message: /no answer for default\/a after 5 s/ }]);
});

t.test('a connection that is cut is a failure like any other', async (t) => {
  const { fake, clock, run } = await enricher(t);
  fake.pod({ name: 'web-0' });
  fake.faults.add({ match: /./ });
  t.same(await run(tagOf('web-0'), { log: 'a' }), [{ log: 'a' }]);
  fake.faults.clear();
  await clock.advance(10);
  t.equal(mapOf((await run(tagOf('web-0'), { log: 'b' }))[0]).pod_name, 'web-0');
});

t.test('several who wait for the same pod wait for one request', async (t) => {
  const { url, asked, answer } = await slowServer(t);
  const { call } = await enricher(t, { url });
  const all = [call(tagOf('a'), { log: '1' }), call(tagOf('a'), { log: '2' }), call(tagOf('a'), { log: '3' })];
  await until(() => asked.length > 0);
  answer();
  for (const events of await Promise.all(all)) t.equal(mapOf(events[0]?.body)?.pod_id, 'u-1');
  t.equal(asked.length, 1);
});

t.test('after Kube_Meta_Cache_TTL it is asked again; the old metadata stays where that fails', async (t) => {
  const { fake, clock, run } = await enricher(t, { options: { kube_meta_cache_ttl: '60s' } });
  const pod = fake.pod({ name: 'web-0', labels: { v: '1' } });
  const version = async () => (mapOf((await run(tagOf('web-0'), { log: 'x' }))[0]).labels as Fields).v;
  t.equal(await version(), '1');
  pod.label({ v: '2' });
  t.equal(await version(), '1');
  await clock.advance(60_000);
  t.equal(await version(), '2');
  pod.label({ v: '3' });
  fake.faults.add({ match: /./, status: 500 });
  await clock.advance(60_000);
  t.equal(await version(), '2');
  fake.faults.clear();
  await clock.advance(60_000);
  t.equal(await version(), '3');
});

t.test('a namespace is asked for once for all its pods, and again after its TTL', async (t) => {
  const { fake, clock, run } = await enricher(t, { options: { namespace_labels: 'on', namespace_annotations: 'on' } });
  fake.namespace('shop', { team: 'a' }, { note: 'b' });
  for (const name of ['x', 'y']) fake.pod({ name, namespace: 'shop' });
  for (const name of ['x', 'y']) {
    const [body] = await run(tagOf(name, 'app', 'shop'), { log: '1' });
    t.match(body, { kubernetes_namespace: { name: 'shop', labels: { team: 'a' }, annotations: { note: 'b' } } });
  }
  const asked = () => fake.requests.filter((request) => request.endsWith('/namespaces/shop')).length;
  t.equal(asked(), 1);
  fake.namespace('shop', { team: 'c' });
  await clock.advance(15 * 60_000);
  t.match(await run(tagOf('x', 'app', 'shop'), { log: '1' }), [{ kubernetes_namespace: { labels: { team: 'c' } } }]);
  t.equal(asked(), 2);
});

t.test('without a token nothing is asked for', async (t) => {
  const { fake, folder, run } = await enricher(t);
  fs.rmSync(path.join(folder, 'token'));
  fake.pod({ name: 'web-0' });
  t.same(await run(tagOf('web-0'), { log: 'a' }), [{ log: 'a' }]);
  fs.writeFileSync(path.join(folder, 'token'), '');
  t.same(await run(tagOf('web-0'), { log: 'a' }), [{ log: 'a' }]);
  t.same(fake.requests, []);
});

t.test('a pod over Buffer_Size says what to do', async (t) => {
  const { fake, host, run } = await enricher(t, { options: { buffer_size: '200' } });
  fake.pod({ name: 'web-0' });
  t.same(await run(tagOf('web-0'), { log: 'a' }), [{ log: 'a' }]);
  t.match(host.lines, [{ level: 'warn', message: /longer than 200 bytes; set Buffer_Size to 0/ }]);
});

t.test('a folder of metadata is read instead of requests, a list in it too', async (t) => {
  const folder = t.testdir({
    'default_a.meta': '{"metadata":{"uid":"u-a"}}',
    'default_b.meta': JSON.stringify({
      items: [
        { metadata: { name: 'b1', namespace: 'default', uid: 'u-b1' } },
        { metadata: { name: 'b', namespace: 'other', uid: 'u-other' } },
        { metadata: { name: 'b', namespace: 'default', uid: 'u-b' } },
      ],
    }),
    'default_c.meta': '{"items":[null,3]}',
  });
  const { fake, run } = await enricher(t, { options: { kube_meta_preload_cache_dir: folder } });
  t.equal(mapOf((await run(tagOf('a'), {}))[0]).pod_id, 'u-a');
  t.equal(mapOf((await run(tagOf('b'), {}))[0]).pod_id, 'u-b');
  t.same(mapOf((await run(tagOf('c'), {}))[0]).pod_id, undefined);
  t.same(fake.requests, []);
});

t.test('a tag that names no container leaves its records alone', async (t) => {
  const { fake, host, run } = await enricher(t, { options: { merge_log: 'on' } });
  for (const tag of ['kube', 'kube.var.log.containers.', 'kube.var.log.containers.other.log'])
    t.same(await run(tag, { log: '{"a":1}' }), [{ log: '{"a":1}' }], tag);
  t.same(fake.requests, []);
  t.equal(host.lines.filter(({ level }) => level === 'warn').length, 1, 'said once');
});

const WORD: Parser = {
  name: 'word',
  parse: (text, seconds, nanos) => ({ seconds, nanos, metadata: {}, body: { word: text } }),
};

t.test('annotations suggest parsers and exclude, by stream and container', async (t) => {
  const options = { merge_log: 'on', keep_log: 'off', 'k8s-logging.parser': 'on', 'k8s-logging.exclude': 'on' };
  const { fake, host, run } = await enricher(t, { options, parsers: { word: WORD } });
  const annotations = {
    'fluentbit.io/parser_stdout': 'word',
    'fluentbit.io/parser-raw': 'nowhere',
    'fluentbit.io/exclude_stderr': 'on',
    'fluentbit.io/exclude-quiet': 'TRUE',
    'fluentbit.io/exclude_stderr-raw': 'false',
    'fluentbit.io/colour': 'red',
  };
  fake.pod({ name: 'a', containers: ['app', 'raw', 'quiet', 'quieter'], annotations });
  const texts = async (container: string, ...bodies: Fields[]) =>
    (await run(tagOf('a', container), ...bodies)).map(({ kubernetes: _, ...rest }) => rest);
  const out = { log: 'x', stream: 'stdout' };
  const err = { log: 'x', stream: 'stderr' };
  t.same(await texts('app', out, err, { log: '{"j":1}' }), [{ word: 'x', stream: 'stdout' }, { j: 1 }]);
  t.same(await texts('raw', out, err), [{ word: 'x', stream: 'stdout' }, err]);
  t.same(await texts('quiet', out, err, { log: 'x' }), []);
  t.same(await texts('quieter', out), [{ word: 'x', stream: 'stdout' }], 'the name of the container counts as a whole');
  t.ok(host.lines.some(({ message }) => /no parser 'nowhere' is defined/.test(message)));
  t.ok(host.lines.some(({ message }) => /unknown annotation 'fluentbit.io\/colour'/.test(message)));
});

t.test('of annotations for all containers the first one counts, of those for one the last', async (t) => {
  const { fake, run } = await enricher(t, { options: { 'k8s-logging.exclude': 'on' } });
  const annotations = {
    'fluentbit.io/exclude': 'true',
    'fluentbit.io/exclude_stderr': 'false',
    'fluentbit.io/exclude-loud': 'false',
    'fluentbit.io/exclude_stdout-loud': 'true',
  };
  fake.pod({ name: 'a', containers: ['app', 'loud'], annotations });
  const streams = async (container: string) =>
    (await run(tagOf('a', container), { stream: 'stdout' }, { stream: 'stderr' })).map(({ stream }) => stream);
  t.same(await streams('app'), []);
  t.same(await streams('loud'), ['stderr']);
});

t.test('annotations that are not allowed do nothing', async (t) => {
  const { fake, run } = await enricher(t, { options: { merge_log: 'on' }, parsers: { word: WORD } });
  fake.pod({ name: 'a', annotations: { 'fluentbit.io/exclude': 'true', 'fluentbit.io/parser': 'word' } });
  t.match(await run(tagOf('a'), { log: 'x', stream: 'stdout' }), [{ log: 'x', word: undefined }]);
});

t.test('Namespace_Exclude: a namespace excludes, a pod of it may say otherwise', async (t) => {
  const options = { 'k8s-logging.exclude': 'on', namespace_exclude: 'on' };
  const { fake, run } = await enricher(t, { options });
  fake.namespace('quiet', {}, { 'fluentbit.io/exclude': 'true' });
  fake.pod({ name: 'a', namespace: 'quiet' });
  fake.pod({ name: 'b', namespace: 'quiet', annotations: { 'fluentbit.io/exclude': 'false' } });
  t.same(await run(tagOf('a', 'app', 'quiet'), { log: 'x', stream: 'stdout' }), []);
  const [b] = await run(tagOf('b', 'app', 'quiet'), { log: 'x', stream: 'stdout' });
  t.same(Object.keys(b ?? {}), ['log', 'stream', 'kubernetes'], 'the namespace itself was not asked for');
});

t.test('the journal: each record by its CONTAINER_NAME', async (t) => {
  const { fake, host, run } = await enricher(t, { options: { use_journal: 'on' } });
  fake.pod({ name: 'web-0', containers: ['app'] });
  fake.pod({ name: 'job-1', containers: ['main'] });
  const web = { CONTAINER_NAME: 'k8s_app.h4sh_web-0_default_u_0', n: 1 };
  const job = { CONTAINER_NAME: 'k8s_main_job-1_default_u_3', n: 2 };
  const foreign = { CONTAINER_NAME: 'portainer', n: 3 };
  const bodies = await run('host.docker', web, foreign, { n: 4 }, job, web);
  t.same(
    bodies.map(({ n, kubernetes: map }) => [n, (map as Fields | undefined)?.pod_name]),
    [
      [1, 'web-0'],
      [3, undefined],
      [2, 'job-1'],
      [1, 'web-0'],
    ],
  );
  t.equal(mapOf(bodies[0]).container_hash, 'h4sh');
  t.equal(mapOf(bodies[0]), mapOf(bodies[3]));
  t.equal(host.counts.records_without_container_name_total, 1);
  t.equal(fake.requests.length, 2);
});

t.test('Use_Tag_For_Meta and Dummy_Meta ask nobody', async (t) => {
  const tagged = await enricher(t, { options: { use_tag_for_meta: 'on' } });
  t.match(await tagged.run(tagOf('web-0'), {}), [
    { kubernetes: { pod_name: 'web-0', namespace_name: 'default', container_name: 'app' } },
  ]);
  const dummy = await enricher(t, { options: { dummy_meta: 'on' } });
  t.match(await dummy.run('any', {}), [{ kubernetes: { dummy: /^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/ } }]);
  t.same([...tagged.fake.requests, ...dummy.fake.requests], []);
});

t.test('the own pod is asked for at the start, and records wait for that', async (t) => {
  const fake = await FakeKube.start();
  t.teardown(() => fake.stop());
  const folder = t.testdir({ namespace: 'logging\n' });
  fake.pod({ name: 'web-0' });
  const { HOSTNAME } = process.env;
  process.env.HOSTNAME = 'sluice-x';
  t.teardown(() => {
    if (HOSTNAME === undefined) delete process.env.HOSTNAME;
    else process.env.HOSTNAME = HOSTNAME;
  });
  const { run } = await enricher(t, { fake, options: { kube_namespace_file: path.join(folder, 'namespace') } });
  t.equal(mapOf((await run(tagOf('web-0'), {}))[0]).pod_name, 'web-0');
  t.same(fake.requests, ['GET /api/v1/namespaces/logging/pods/sluice-x', 'GET /api/v1/namespaces/default/pods/web-0']);
});

t.test('Regex_Parser reads the names from the rest of the tag', async (t) => {
  const regex = '^(?<namespace_name>[^.]+)\\.(?<pod_name>[^.]+)\\.(?<container_name>[^.]+)$';
  const names = compileParser([
    { key: 'name', value: 'names' },
    { key: 'format', value: 'regex' },
    { key: 'regex', value: regex },
  ]);
  const options = { regex_parser: 'names', kube_tag_prefix: 'k8s.' };
  const { fake, run } = await enricher(t, { options, parsers: { names } });
  fake.pod({ name: 'web-0', namespace: 'shop' });
  const [body] = await run('k8s.shop.web-0.app', { log: 'x' });
  t.match(body?.kubernetes, { pod_name: 'web-0', namespace_name: 'shop', container_name: 'app', host: 'node-1' });
});

t.test('without a pod or a namespace in its tag a record gets no metadata, and nobody is asked', async (t) => {
  const names = compileParser([
    { key: 'name', value: 'names' },
    { key: 'format', value: 'regex' },
    { key: 'regex', value: '^(?<pod_name>[^.]+)\\.(?<container_name>[^.]+)$' },
  ]);
  const options = { regex_parser: 'names', kube_tag_prefix: 'k8s.', merge_log: 'on' };
  const { fake, run } = await enricher(t, { options, parsers: { names } });
  t.same(await run('k8s.web-0.app', { log: '{"a":1}' }), [{ log: '{"a":1}', a: 1 }]);
  t.same(fake.requests, []);
});

t.test('values that cannot work are refused with their option', async (t) => {
  const json = compileParser([
    { key: 'name', value: 'json' },
    { key: 'format', value: 'json' },
  ]);
  const refused = async (pairs: [string, string][]) => {
    const error = await make(kubernetes, pairs, { parsers: { json } }).catch((error: unknown) => error);
    return error instanceof OptionError ? error.option : error;
  };
  t.equal(await refused([['kube_url', 'kubernetes:443']]), 'kube_url');
  t.equal(await refused([['kube_url', 'https://']]), 'kube_url');
  t.equal(await refused([['regex_parser', 'nowhere']]), 'regex_parser');
  t.equal(await refused([['regex_parser', 'json']]), 'regex_parser', 'no parser of Format regex');
  t.equal(await refused([['kubelet_port', '0']]), 'kubelet_port');
});
