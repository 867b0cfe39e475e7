/** What is kept over a restart of the program: one suite, for SQLite, a ConfigMap and a Lease. */
import path from 'node:path';
import t, { type Test } from 'tap';
import { arrived, cluster, heard, linesOf, startLogs } from '../../test/support/fake_kube/rig.ts';
import type { FakeKube } from '../../test/support/fake_kube/server.ts';
import { Database } from './database.ts';

type Options = Record<string, string>;

const STORES: Readonly<Record<string, (t: Test) => Options>> = {
  'a database': (t) => ({ db: path.join(t.testdir({}), 'logs.db') }),
  'a ConfigMap': () => ({ cursor_object: 'configmap/logs/cursors' }),
  'a Lease': () => ({ cursor_object: 'lease/logs/cursors' }),
};

for (const [name, make] of Object.entries(STORES)) {
  const start = (t: Test, fake: FakeKube, store: Options, more: Options = {}) =>
    startLogs(t, { fake, options: { ...store, ...more } });

  t.test(`${name}: after a restart it goes on where it was`, async (t) => {
    const fake = await cluster(t);
    const store = make(t);
    const pod = fake.pod({ name: 'a' });
    const second = Math.floor(Date.now() / 1000);
    for (let i = 0; i < 30; i++) pod.log().write(`line ${i}`, { seconds: second, nanos: i });
    const first = await start(t, fake, store, { read_from: 'start' });
    await arrived(first, 30, 10);
    await first.end();
    pod.log().write('while it was away', { seconds: second, nanos: 30 });
    const next = await start(t, fake, store);
    pod.log().write('later', { seconds: second + 3, nanos: 0 });
    await arrived(next, 2, 10);
    t.same(linesOf(next), ['a/app> while it was away', 'a/app> later']);
  });

  t.test(`${name}: what is not settled comes again, what is does not`, async (t) => {
    const fake = await cluster(t);
    const store = make(t);
    const pod = fake.pod({ name: 'a' });
    const first = await start(t, fake, store, { read_from: 'start' });
    pod.write('settled');
    await arrived(first, 1, 10);
    first.host.settlesAtOnce = false;
    pod.write('under way');
    await arrived(first, 2, 10);
    await first.end();
    const next = await start(t, fake, store);
    await arrived(next, 1, 10);
    next.host.settlesAtOnce = false;
    pod.write('lost');
    await arrived(next, 2, 10);
    next.host.settleAll('lost');
    pod.write('after it');
    await arrived(next, 3, 10);
    next.host.settleAll('safe');
    await next.end();
    const last = await start(t, fake, store);
    await arrived(last, 2, 10);
    t.same(linesOf(last), ['a/app> lost', 'a/app> after it']);
  });

  t.test(`${name}: what started, ended, restarted or went while it was away`, async (t) => {
    const fake = await cluster(t);
    const store = make(t);
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((one) => fake.pod({ name: one }));
    for (const pod of [a, b, c, d]) pod?.write(`${pod.name} before`);
    const first = await start(t, fake, store, { read_from: 'start' });
    await arrived(first, 4, 10);
    await first.end();
    a?.write('a last');
    a?.restart();
    a?.write('a again');
    b?.restart();
    b?.restart();
    b?.write('b again');
    c?.write('c last');
    c?.finish();
    d?.delete();
    fake.pod({ name: 'new' }).write('new first');
    const next = await start(t, fake, store);
    await arrived(next, 6, 10);
    const of = (pod: string) => linesOf(next).filter((line) => line.startsWith(`${pod}/`));
    t.same(of('a'), ['a/app> a last', 'a/app> a again']);
    t.same(of('b'), ['b/app> b again']);
    t.ok(
      linesOf(next).some((line) => line.endsWith('GAP')),
      'a run of b is out of reach',
    );
    t.same(of('c'), ['c/app> c last']);
    t.same(of('new'), ['new/app> new first']);
    t.equal(next.host.counts.logs_gone_total, 1);
    await next.clock.advance(5000);
    await next.end();
    const last = await start(t, fake, store);
    fake.pod({ name: 'end' }).write('the end');
    await arrived(last, 1, 10);
    t.same(linesOf(last), ['end/app> the end'], 'nothing comes twice');
  });

  t.test(`${name}: a container that has written nothing yet is read from where it was found`, async (t) => {
    const fake = await cluster(t);
    const store = make(t);
    const pod = fake.pod({ name: 'a' });
    pod.log().write('old', { seconds: Math.floor(Date.now() / 1000) - 600, nanos: 0 });
    const first = await start(t, fake, store);
    while (fake.open(/log/) === 0) await first.clock.advance(10);
    await first.end();
    pod.log().write('new', { seconds: Math.floor(Date.now() / 1000) + 1, nanos: 0 });
    const next = await start(t, fake, store);
    await arrived(next, 1, 10);
    t.same(linesOf(next), ['a/app> new']);
  });
}

t.test('rows of pods that are gone leave the database', async (t) => {
  const fake = await cluster(t);
  const db = path.join(t.testdir({}), 'logs.db');
  const rig = await startLogs(t, { fake, options: { db, read_from: 'start' } });
  const rows = () => {
    const database = new Database(db, 'off');
    const { length } = database.load().rows;
    database.close();
    return length;
  };
  const pod = fake.pod({ name: 'a', containers: ['app', 'proxy'] });
  for (let i = 0; i < 3; i++) {
    pod.write(`run ${i}`, 'app');
    await arrived(rig, i + 1, 10);
    pod.restart('app');
  }
  pod.write('run 3', 'app');
  await arrived(rig, 4, 10);
  await rig.clock.advance(100);
  t.equal(rows(), 2, 'one a container');
  pod.delete();
  while (!rig.input.describe()[0]?.startsWith('pods=0')) await rig.clock.advance(1000);
  await rig.clock.advance(100);
  t.equal(rows(), 0);
});

t.test('an object of the cluster that cannot be read is waited for', async (t) => {
  const fake = await cluster(t);
  fake.pod({ name: 'a' }).write('one');
  fake.faults.add({ match: /configmaps/, status: 403, message: 'configmaps is forbidden', times: 2 });
  const options = { cursor_object: 'configmap/logs/cursors', read_from: 'start' };
  const rig = await startLogs(t, { fake, options });
  await heard(rig, /^error: cannot read the cursors.*\(403\)/);
  t.same(linesOf(rig), []);
  await rig.clock.advance(5000);
  await heard(rig, /^debug: cannot read the cursors/);
  await rig.clock.advance(5000);
  await arrived(rig, 1, 10);
});

t.test('an object of the cluster that somebody changes is read anew and written', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'a' });
  const options = { cursor_object: 'configmap/logs/cursors', read_from: 'start', cursor_interval: '1' };
  const rig = await startLogs(t, { fake, options });
  pod.write('one');
  await arrived(rig, 1, 10);
  const held = () => fake.store.get('configmaps', 'logs', 'cursors') as { data?: Record<string, string> } | undefined;
  while (!held()) await rig.clock.advance(500);
  fake.store.put('configmaps', {
    ...held(),
    metadata: { name: 'cursors', namespace: 'logs', labels: { by: 'somebody' } },
  });
  pod.write('two');
  await arrived(rig, 2, 10);
  await rig.end();
  t.match(held(), { metadata: { labels: { by: 'somebody' } } });
  const next = await startLogs(t, { fake, options });
  pod.write('three');
  await arrived(next, 1, 10);
  t.same(linesOf(next), ['a/app> three']);
});

t.test('too many cursors for the object are kept shorter', async (t) => {
  const fake = await cluster(t);
  const second = Math.floor(Date.now() / 1000);
  const pods = Array.from({ length: 650 }, (_, i) => fake.pod({ name: `pod-with-a-rather-long-name-${i}` }));
  for (const pod of pods) for (let i = 0; i < 16; i++) pod.log().write('x', { seconds: second, nanos: i });
  const options = { cursor_object: 'lease/logs/cursors', read_from: 'start', open_rate: '10000' };
  const rig = await startLogs(t, { fake, options });
  await arrived(rig, 650 * 16, 10);
  await rig.end();
  const lease = fake.store.get('leases', 'logs', 'cursors');
  t.ok((lease?.metadata?.annotations?.['sluice.cursors']?.length ?? 0) < 262_144);
  const next = await startLogs(t, { fake, options });
  for (const pod of pods.slice(0, 10)) pod.log().write('y', { seconds: second, nanos: 16 });
  await arrived(next, 10, 10);
  await next.clock.advance(100);
  t.equal(linesOf(next).length, 10);
});

t.test('a database that cannot be opened fails the start', async (t) => {
  await t.rejects(startLogs(t, { options: { db: '/nowhere/at/all.db' } }), { name: 'OptionError' });
});
