import t, { type Test } from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { type Enricher, enricher, tagOf, until } from '../../test/support/fake_kube/enricher.ts';
import { FakeKube } from '../../test/support/fake_kube/server.ts';
import { make } from '../../test/support/plugin.ts';
import kubernetes from './index.ts';

const WATCH = { watch: 'on', node_name: 'node-1' };

async function cluster(t: Test): Promise<FakeKube> {
  const fake = await FakeKube.start();
  t.teardown(() => fake.stop());
  return fake;
}

const mapOf = (body: Fields | undefined): Fields => body?.kubernetes as Fields;

async function one({ run }: Enricher, tag: string): Promise<Fields> {
  return mapOf((await run(tag, { log: 'x' }))[0]);
}

/** A change reaches the filter in its own time. */
async function becomes(rig: Enricher, tag: string, fits: (map: Fields) => boolean): Promise<Fields> {
  let map = await one(rig, tag);
  await until(async () => {
    map = await one(rig, tag);
    return fits(map);
  });
  return map;
}

const watching = ({ fake }: Enricher) => until(() => fake.open(/watch=true/) === 1);

t.test('1,000 pods, 50 of them with logs here: one list and one watch', async (t) => {
  const fake = await cluster(t);
  for (let i = 0; i < 1000; i++) fake.pod({ name: `p-${i}`, node: i % 20 === 0 ? 'node-1' : 'node-2' });
  const rig = await enricher(t, { fake, options: WATCH });
  for (let i = 0; i < 1000; i += 20) t.equal((await one(rig, tagOf(`p-${i}`))).pod_name, `p-${i}`);
  for (let i = 0; i < 1000; i += 20) {
    const again = rig.call(tagOf(`p-${i}`), { log: 'y' });
    t.notOk(again instanceof Promise);
  }
  await watching(rig);
  t.equal(fake.requests.length, 2);
  t.match(fake.requests[0], /^GET \/api\/v1\/pods\?.*fieldSelector=spec\.nodeName%3Dnode-1/);
  t.match(
    fake.requests[1],
    /watch=true.*fieldSelector=spec\.nodeName%3Dnode-1|fieldSelector=spec\.nodeName%3Dnode-1.*watch=true/,
  );
});

t.test('a label that changes on a running pod is seen', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'web-0', labels: { v: '1' } });
  const rig = await enricher(t, { fake, options: WATCH });
  t.same((await one(rig, tagOf('web-0'))).labels, { v: '1' });
  await watching(rig);
  pod.label({ v: '2' });
  await becomes(rig, tagOf('web-0'), ({ labels }) => (labels as Fields).v === '2');
});

t.test('the map stays the same object while nothing in it changes', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'web-0', containers: ['app', 'side'], labels: { v: '1' } });
  const other = fake.pod({ name: 'web-1', labels: { v: '1' } });
  const rig = await enricher(t, { fake, options: WATCH });
  const before = await one(rig, tagOf('web-0'));
  await watching(rig);
  // A status that no record shows.
  pod.crash('side');
  other.label({ v: '2' });
  await becomes(rig, tagOf('web-1'), ({ labels }) => (labels as Fields).v === '2');
  t.equal(await one(rig, tagOf('web-0')), before);
});

t.test('each run of a container has its own id', async (t) => {
  const fake = await cluster(t);
  fake.pod({ name: 'web-0' });
  const rig = await enricher(t, { fake, options: WATCH });
  for (const id of ['a', 'b'].map((letter) => letter.repeat(64)))
    t.equal((await one(rig, tagOf('web-0', 'app', 'default', id))).docker_id, id);
});

t.test('a pod that is gone is still known for its last lines, and then forgotten', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'job', labels: { app: 'job' } });
  const rig = await enricher(t, { fake, options: { ...WATCH, keep_gone_pods: '5m' } });
  await one(rig, tagOf('job'));
  await watching(rig);
  pod.delete();
  // What comes after the deletion in the same watch was seen after it.
  fake.pod({ name: 'next' });
  await becomes(rig, tagOf('next'), (map) => map !== undefined);
  await rig.clock.advance(4 * 60_000);
  t.same((await one(rig, tagOf('job'))).labels, { app: 'job' });
  t.equal(fake.count(/pods\/job/), 0);
  await rig.clock.advance(2 * 60_000);
  fake.pod({ name: 'last' });
  await becomes(rig, tagOf('last'), (map) => map !== undefined);
  t.equal(await one(rig, tagOf('job')), undefined);
  t.equal(fake.count(/pods\/job/), 1, 'it was asked for, as nobody knew it any longer');
});

t.test('a pod that comes back under its name is the new one', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'db-0' });
  const rig = await enricher(t, { fake, options: WATCH });
  t.equal((await one(rig, tagOf('db-0'))).pod_id, pod.uid);
  await watching(rig);
  pod.delete();
  const next = fake.pod({ name: 'db-0' });
  await becomes(rig, tagOf('db-0'), ({ pod_id: uid }) => uid === next.uid);
});

t.test('where a pod has the name of one that went, each container is that of its own pod', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'db-0' });
  const tagFor = (one: typeof pod) => tagOf('db-0', 'app', 'default', one.containerId().replace('containerd://', ''));
  const before = tagFor(pod);
  const rig = await enricher(t, { fake, options: WATCH });
  await one(rig, before);
  await watching(rig);
  pod.delete();
  const next = fake.pod({ name: 'db-0' });
  await becomes(rig, tagFor(next), ({ pod_id: uid }) => uid === next.uid);
  t.equal((await one(rig, before)).pod_id, pod.uid);
  t.equal((await one(rig, tagOf('db-0', 'app', 'default', 'f'.repeat(64)))).pod_id, next.uid);
  await rig.clock.advance(6 * 60_000);
  fake.pod({ name: 'last' });
  await becomes(rig, tagOf('last'), (map) => map !== undefined);
  t.equal((await one(rig, before)).pod_id, next.uid, 'in the end the old one is forgotten');
});

t.test('a pod that the watch does not know is asked for once, for all its containers', async (t) => {
  const fake = await cluster(t);
  fake.pod({ name: 'far', node: 'node-2', containers: ['app', 'side'] });
  fake.pod({ name: 'near' });
  const rig = await enricher(t, { fake, options: WATCH });
  await one(rig, tagOf('near'));
  const waiting = ['app', 'side', 'app'].map((container) => rig.run(tagOf('far', container), { log: 'x' }));
  const names = (await Promise.all(waiting)).map(([body]) => mapOf(body).container_name);
  t.same(names, ['app', 'side', 'app']);
  await one(rig, tagOf('far'));
  t.equal(fake.count(/pods\/far/), 1);
});

t.test('records wait for the first list, but only once while it does not come', async (t) => {
  const fake = await cluster(t);
  fake.pod({ name: 'web-0', labels: { app: 'web' } });
  fake.faults.add({ match: /./, status: 503 });
  const rig = await enricher(t, { fake, options: { ...WATCH, metadata_wait: '2s' } });
  let isOver = false;
  const first = rig.run(tagOf('web-0'), { log: 'x' }).then((bodies) => {
    isOver = true;
    return bodies;
  });
  await until(() => fake.requests.length === 1);
  while (!isOver) await rig.clock.advance(100);
  t.same(await first, [{ log: 'x' }]);
  t.notOk(rig.call(tagOf('web-0'), { log: 'y' }) instanceof Promise);
  t.equal(fake.count(/pods\//), 0, 'no request for the single pod');
  fake.faults.clear();
  let map: Fields | undefined;
  while (!map) {
    await rig.clock.advance(1000);
    map = await one(rig, tagOf('web-0'));
  }
  t.same(map.labels, { app: 'web' });
});

t.test('where the list is forbidden, each pod is asked for by itself, until it is allowed', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'web-0', labels: { v: '1' } });
  fake.pod({ name: 'web-1', labels: { v: '1' } });
  const list = /pods\?/;
  fake.faults.add({ match: list, status: 403, message: 'pods is forbidden' });
  const rig = await enricher(t, { fake, options: WATCH });
  t.same((await one(rig, tagOf('web-0'))).labels, { v: '1' });
  t.same((await one(rig, tagOf('web-1'))).labels, { v: '1' });
  t.notOk(rig.call(tagOf('web-0'), { log: 'y' }) instanceof Promise, 'the answers are kept');
  t.equal(fake.count(/pods\/web-/), 2);
  const warnings = rig.host.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  t.equal(warnings.length, 2);
  t.match(warnings.join('\n'), /list and watch pods of node node-1 \(403\).*\n?.*each pod is asked for by itself/s);
  fake.faults.clear();
  while (fake.count(/watch=true/) === 0) await rig.clock.advance(1000);
  pod.label({ v: '2' });
  await becomes(rig, tagOf('web-0'), ({ labels }) => (labels as Fields).v === '2');
});

t.test('annotations are obeyed with Watch, also where they are not shown', async (t) => {
  const fake = await cluster(t);
  fake.pod({ name: 'a', annotations: { 'fluentbit.io/exclude': 'true' } });
  const rig = await enricher(t, { fake, options: { ...WATCH, annotations: 'off', 'k8s-logging.exclude': 'on' } });
  t.same(await rig.run(tagOf('a'), { log: 'x', stream: 'stdout' }), []);
});

t.test('Buffer_Size is no limit for Watch', async (t) => {
  const fake = await cluster(t);
  fake.pod({ name: 'big', annotations: { text: 'x'.repeat(100_000) } });
  const rig = await enricher(t, { fake, options: WATCH });
  t.equal(((await one(rig, tagOf('big'))).annotations as Fields).text?.toString().length, 100_000);
});

t.test('a node without pods is a warning, since it may be no node', async (t) => {
  const fake = await cluster(t);
  const rig = await enricher(t, { fake, options: { watch: 'on', node_name: 'sluice-x7k2p' } });
  await watching(rig);
  t.match(rig.host.lines, [
    { level: 'warn', message: 'no pod runs on node sluice-x7k2p; is Node_Name the name of a node?' },
  ]);
});

t.test('the node comes from the environment; without one, Watch is refused', async (t) => {
  const names = ['NODE_NAME', 'K8S_NODE_NAME', 'HOSTNAME'];
  const before = names.map((name) => process.env[name]);
  t.teardown(() => {
    names.forEach((name, i) => {
      if (before[i] === undefined) delete process.env[name];
      else process.env[name] = before[i];
    });
  });
  for (const name of names) delete process.env[name];
  const error = await make(kubernetes, [['watch', 'on']]).catch((error: unknown) => error);
  t.ok(error instanceof OptionError);
  process.env.HOSTNAME = 'c';
  process.env.K8S_NODE_NAME = 'b';
  const fake = await cluster(t);
  await watching(await enricher(t, { fake, options: { watch: 'on' } }));
  t.match(fake.requests[0], /nodeName%3Db/);
});
