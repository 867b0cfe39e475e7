/** A kubelet tells the API server of a restart later than it gives out the new run's log. */
import path from 'node:path';
import t, { type Test } from 'tap';
import { arrived, cluster, linesOf, startLogs, synced } from '../../test/support/fake_kube/rig.ts';

/** A pod whose log nobody can read so far, and what is needed to start once more. */
async function startUnread(t: Test) {
  const fake = await cluster(t);
  const options = { db: path.join(t.testdir({}), 'logs.db') };
  const rig = await startLogs(t, { fake, options });
  await synced(rig);
  fake.faults.add({ match: /\/log\?/, status: 503 });
  return { fake, options, rig, pod: fake.pod({ name: 'a' }) };
}

for (const isRead of [false, true])
  t.test(
    `a watch that is late: the next run's log was read as this one's (${isRead ? 'to an end' : 'so far'})`,
    async (t) => {
      const rig = await startLogs(t, { options: { db: path.join(t.testdir({}), 'logs.db') } });
      const { fake, clock } = rig;
      await synced(rig);
      fake.faults.add({ match: /\/log\?/, status: 503 });
      const pod = fake.pod({ name: 'a' });
      const second = Math.floor(Date.now() / 1000);
      for (let i = 0; i < 3; i++) pod.log().write(`own ${i}`, { seconds: second, nanos: i });
      while (fake.count(/\/log\?/) === 0) await clock.advance(10);
      if (isRead) pod.crash();
      pod.restartUntold();
      for (let i = 0; i < 3; i++) pod.log().write(`next ${i}`, { seconds: second + 10, nanos: i });
      fake.faults.clear();
      await arrived(rig, 3, 100);
      t.same(linesOf(rig), ['a/app> next 0', 'a/app> next 1', 'a/app> next 2'], 'nobody could know better');
      pod.tell();
      pod.log().write('next 3', { seconds: second + 11, nanos: 0 });
      await arrived(rig, 7, 100);
      for (let i = 0; i < 50; i++) await clock.advance(200);
      t.same(linesOf(rig).slice(3).sort(), ['a/app> next 3', 'a/app> own 0', 'a/app> own 1', 'a/app> own 2']);
    },
  );

t.test('a watch that is very late: none of many lines comes twice, also when they are settled meanwhile', async (t) => {
  const rig = await startLogs(t);
  const { fake, clock, host } = rig;
  await synced(rig);
  host.settlesAtOnce = false;
  fake.faults.add({ match: /\/log\?/, status: 503 });
  const pod = fake.pod({ name: 'a' });
  while (fake.count(/\/log\?/) === 0) await clock.advance(10);
  pod.restartUntold();
  const second = Math.floor(Date.now() / 1000);
  for (let i = 0; i < 100; i++) pod.log().write(`next ${i}`, { seconds: second + 10 + i, nanos: i });
  fake.faults.clear();
  await arrived(rig, 100, 100);
  const previous = fake.count(/previous=true/);
  pod.tell();
  while (fake.count(/previous=true/) === previous) await clock.advance(10);
  host.settleAll('safe');
  pod.log().write('last', { seconds: second + 200, nanos: 0 });
  await arrived(rig, 101, 100);
  for (let i = 0; i < 50; i++) await clock.advance(200);
  t.equal(linesOf(rig).length, 101);
  t.equal(linesOf(rig).at(-1), 'a/app> last');
});

t.test('a run that lived for less than a second is not read twice', async (t) => {
  const rig = await startLogs(t);
  const { fake, clock } = rig;
  await synced(rig);
  const pod = fake.pod({ name: 'a' });
  pod.write('one');
  await arrived(rig, 1);
  pod.write('two');
  pod.restart();
  pod.write('three');
  await arrived(rig, 3, 10);
  for (let i = 0; i < 50; i++) await clock.advance(200);
  t.same(linesOf(rig), ['a/app> one', 'a/app> two', 'a/app> three']);
});

t.test('killed before the own lines were read: they come after the next start, and the others not again', async (t) => {
  const { fake, options, rig, pod } = await startUnread(t);
  const second = Math.floor(Date.now() / 1000);
  pod.log().write('own', { seconds: second, nanos: 0 });
  while (fake.count(/\/log\?/) === 0) await rig.clock.advance(10);
  pod.restartUntold();
  pod.log().write('next 0', { seconds: second + 10, nanos: 0 });
  fake.faults.clear();
  await arrived(rig, 1, 100);
  fake.faults.add({ match: /previous=true/, status: 503 });
  pod.tell();
  while (fake.count(/previous=true/) === 0) await rig.clock.advance(10);
  await rig.end();
  fake.faults.clear();
  const after = await startLogs(t, { fake, options });
  pod.log().write('next 1', { seconds: second + 11, nanos: 0 });
  await arrived(after, 2, 100);
  for (let i = 0; i < 50; i++) await after.clock.advance(200);
  t.same(linesOf(after).sort(), ['a/app> next 1', 'a/app> own']);
});

t.test("the next run's log that is silent so far is not taken for the end of this one's", async (t) => {
  const rig = await startLogs(t);
  const { fake, clock } = rig;
  await synced(rig);
  fake.faults.add({ match: /\/log\?/, status: 503 });
  const pod = fake.pod({ name: 'a' });
  pod.write('own');
  while (fake.count(/\/log\?/) === 0) await clock.advance(10);
  pod.restartUntold();
  fake.faults.clear();
  while (fake.open(/\/log\?/) === 0) await clock.advance(10);
  pod.tell();
  const toldAt = clock.monotonic();
  await arrived(rig, 1, 10);
  t.ok(clock.monotonic() - toldAt < 10_000, 'long before a silent log is opened anew');
  pod.write('next');
  await arrived(rig, 2, 10);
  t.same(linesOf(rig), ['a/app> own', 'a/app> next']);
});

t.test(
  'lines that came as those of the run before stay known, also when nothing follows and it is killed',
  async (t) => {
    const { fake, options, rig, pod } = await startUnread(t);
    while (fake.count(/\/log\?/) === 0) await rig.clock.advance(10);
    pod.restartUntold();
    // Within the second of the start: nobody can tell whose they are.
    for (let i = 0; i < 3; i++) pod.log().write(`next ${i}`, { seconds: Math.floor(Date.now() / 1000), nanos: i });
    fake.faults.clear();
    await arrived(rig, 3, 100);
    pod.tell();
    await rig.clock.advance(10);
    fake.cut(/\/log\?/);
    for (let i = 0; i < 50; i++) await rig.clock.advance(200);
    await rig.end();
    const after = await startLogs(t, { fake, options });
    pod.log().write('last', { seconds: Math.floor(Date.now() / 1000) + 2, nanos: 0 });
    await arrived(after, 1, 100);
    for (let i = 0; i < 20; i++) await after.clock.advance(200);
    t.same(linesOf(after), ['a/app> last']);
  },
);

t.test('a watch that lags behind what was asked: nothing is taken back, and nothing comes twice', async (t) => {
  const fake = await cluster(t);
  const options = { db: path.join(t.testdir({}), 'logs.db'), read_from: 'start' };
  const pod = fake.pod({ name: 'a', containers: ['app', 'proxy'] });
  const rig = await startLogs(t, { fake, options });
  await synced(rig);
  pod.write('one');
  await arrived(rig, 1);
  fake.faults.add({ match: /watch=true/, status: 503 });
  fake.cut(/watch=true/);
  // The watch will tell of this state when the next one has long been known by asking.
  pod.restart('proxy');
  pod.restart('app');
  pod.write('two');
  await arrived(rig, 2, 100);
  fake.faults.clear();
  while (fake.open(/watch=true/) === 0) await rig.clock.advance(100);
  pod.write('three');
  await arrived(rig, 3, 100);
  for (let i = 0; i < 50; i++) await rig.clock.advance(200);
  t.same(linesOf(rig), ['a/app> one', 'a/app> two', 'a/app> three']);
  await rig.end();
  const after = await startLogs(t, { fake, options });
  pod.write('four');
  await arrived(after, 1, 100);
  for (let i = 0; i < 50; i++) await after.clock.advance(200);
  t.same(linesOf(after), ['a/app> four']);
});
