import t from 'tap';
import { arrived, cluster, heard, linesOf, startLogs, synced } from '../../test/support/fake_kube/rig.ts';
import { make } from '../../test/support/plugin.ts';
import definition from './index.ts';

const FROM_START = { read_from: 'start' };

t.test('lines come with their time, under the tag that tail gives the same container', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'web-0', namespace: 'shop', containers: ['app'] });
  pod.log().write('hello', { seconds: 1_800_000_000, nanos: 123_456_789 });
  const rig = await startLogs(t, { fake, options: FROM_START });
  await heard(rig, /hello/);
  const id = pod.containerId().replace('containerd://', '');
  t.match(rig.host.emitted, [
    {
      tag: `kube.var.log.containers.web-0_shop_app-${id}.log`,
      events: [{ seconds: 1_800_000_000, nanos: 123_456_789, body: { log: 'hello' } }],
    },
  ]);
});

t.test('a tag may be made of the names', async (t) => {
  const fake = await cluster(t);
  fake.pod({ name: 'web-0', namespace: 'shop' }).write('hello');
  const rig = await startLogs(t, {
    fake,
    options: FROM_START,
    tag: 'k.<namespace_name>.<pod_name>.<container_name>',
  });
  await heard(rig, /^k\.shop\.web-0\.app> hello/);
});

t.test('every kind of container is followed, and those that come later', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'a', containers: ['app', 'proxy'], initContainers: ['init'], waiting: true });
  const rig = await startLogs(t, { fake });
  await synced(rig);
  pod.start();
  for (const name of ['init', 'app', 'proxy']) pod.write(`from ${name}`, name);
  pod.addEphemeral('debug');
  pod.write('from debug', 'debug');
  await heard(rig, /from debug/);
  const late = fake.pod({ name: 'b' });
  late.write('from b');
  await heard(rig, /from b/);
  t.same(
    new Set(linesOf(rig)),
    new Set(['a/init> from init', 'a/app> from app', 'a/proxy> from proxy', 'a/debug> from debug', 'b/app> from b']),
  );
});

t.test('by default it starts from now in what runs already, and from the start in what comes', async (t) => {
  const fake = await cluster(t);
  const old = fake.pod({ name: 'old' });
  old.write('before');
  const rig = await startLogs(t, { fake });
  await synced(rig);
  fake.pod({ name: 'new' }).write('first');
  await heard(rig, /new\/app> first/);
  while (fake.open(/old\/log/) === 0) await rig.clock.advance(0);
  old.write('after');
  await heard(rig, /after/);
  t.same(linesOf(rig).sort(), ['new/app> first', 'old/app> after']);
});

t.test('it may start some time ago', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'a' });
  const now = Math.floor(Date.now() / 1000);
  pod.log().write('old', { seconds: now - 100, nanos: 0 });
  pod.log().write('young', { seconds: now - 10, nanos: 0 });
  const rig = await startLogs(t, { fake, options: { read_from: '1m' } });
  await heard(rig, /young/);
  t.same(linesOf(rig), ['a/app> young']);
});

t.test('a cut connection loses and repeats nothing, also within one second', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'a' });
  const rig = await startLogs(t, { fake, options: FROM_START });
  const second = Math.floor(Date.now() / 1000);
  let nanos = 0;
  const write = (text: string) => pod.log().write(text, { seconds: second, nanos: nanos++ });
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 20; i++) write(`line ${round}.${i}`);
    await heard(rig, new RegExp(`line ${round}.19`));
    t.equal(fake.cut(/log/), 1);
    await heard(rig, /cannot read the log/);
    write('same text');
    write('same text');
    await rig.clock.advance(2000);
  }
  write('the end');
  await heard(rig, /the end/);
  const all = linesOf(rig);
  t.equal(all.length, 111);
  t.equal(new Set(all).size, 102, 'the same text is kept as often as it was written');
  t.equal(rig.host.counts.gaps_total, undefined);
});

t.test('lines of one nanosecond with the same text are told apart by how often they came', async (t) => {
  const fake = await cluster(t);
  const log = fake.pod({ name: 'a' }).log();
  const rig = await startLogs(t, { fake, options: FROM_START });
  const at = { seconds: Math.floor(Date.now() / 1000), nanos: 5 };
  for (let i = 0; i < 3; i++) log.write('same', at);
  log.write('mark', at);
  await heard(rig, /mark/);
  fake.cut(/log/);
  await heard(rig, /cannot read the log/);
  log.write('same', at);
  log.write('end', at);
  await rig.clock.advance(2000);
  await heard(rig, /end/);
  t.equal(linesOf(rig).filter((line) => line.endsWith('same')).length, 4);
});

t.test('a restart of the container: the rest of the old run, then the new one', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'a' });
  pod.write('one');
  const rig = await startLogs(t, { fake, options: FROM_START });
  await heard(rig, /one/);
  pod.write('two');
  pod.restart();
  pod.write('three');
  await rig.clock.advance(2000);
  await heard(rig, /three/);
  t.same(linesOf(rig), ['a/app> one', 'a/app> two', 'a/app> three']);
  t.not(rig.host.emitted.at(0)?.tag, rig.host.emitted.at(-1)?.tag, 'each run has its own tag');
});

t.test('a run that ended while nobody could read is read as the previous one', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'a' });
  pod.write('one');
  const rig = await startLogs(t, { fake, options: FROM_START });
  await heard(rig, /one/);
  fake.faults.add({ match: /log/, status: 503, times: 2 });
  fake.cut(/log/);
  await heard(rig, /cannot read the log/);
  pod.write('two');
  pod.restart();
  pod.write('three');
  await rig.clock.advance(60_000);
  await rig.clock.advance(60_000);
  await heard(rig, /three/);
  t.same(linesOf(rig), ['a/app> one', 'a/app> two', 'a/app> three']);
  t.ok(fake.count(/previous=true/) >= 1);
});

t.test('a run that is out of reach is told as a gap', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'a' });
  pod.write('one');
  const rig = await startLogs(t, { fake, options: FROM_START });
  await heard(rig, /one/);
  fake.faults.add({ match: /log/, status: 503 });
  fake.cut(/log/);
  await heard(rig, /cannot read the log/);
  pod.restart();
  pod.restart();
  pod.write('three');
  fake.faults.clear();
  await rig.clock.advance(60_000);
  await heard(rig, /three/);
  t.same(linesOf(rig), ['a/app> one', 'a/app> GAP', 'a/app> three']);
  t.equal(rig.host.counts.logs_cut_short_total, 1);
});

t.test('a container in CrashLoopBackOff is read once, and again when it starts', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'a' });
  const rig = await startLogs(t, { fake, options: FROM_START });
  pod.write('one');
  pod.crash();
  await rig.clock.advance(2000);
  await heard(rig, /one/);
  await rig.clock.advance(100_000);
  pod.restart();
  pod.write('two');
  await heard(rig, /two/);
  t.same(linesOf(rig), ['a/app> one', 'a/app> two']);
});

t.test('a follow that ends or goes silent at a rotation is opened anew', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'a' });
  const rig = await startLogs(t, { fake, options: { ...FROM_START, idle_reopen: '10s' } });
  pod.write('one');
  await heard(rig, /one/);
  pod.log().rotate('end');
  pod.write('two');
  await arrived(rig, 2, 100);
  pod.log().rotate('silent');
  pod.write('three');
  await arrived(rig, 4, 100);
  t.same(
    linesOf(rig).filter((line) => !line.endsWith('GAP')),
    ['a/app> one', 'a/app> two', 'a/app> three'],
  );
});

t.test('a rotation while nobody followed is told as a gap, and counted', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'a' });
  const rig = await startLogs(t, { fake, options: FROM_START });
  const now = Math.floor(Date.now() / 1000);
  pod.log().write('one', { seconds: now, nanos: 1 });
  await heard(rig, /one/);
  fake.cut(/log/);
  pod.log().write('lost', { seconds: now, nanos: 2 });
  pod.log().rotate();
  pod.log().write('three', { seconds: now + 5, nanos: 3 });
  await arrived(rig, 3, 100);
  t.same(linesOf(rig), ['a/app> one', 'a/app> GAP', 'a/app> three']);
  t.equal(rig.host.counts.gaps_total, 1);
  t.match(rig.host.emitted.at(-1)?.events[0]?.body, {
    log: /lines may be missing/,
    gap: { reason: /rotated/, from: /\.000000001Z$/, to: /\.000000003Z$/ },
  });
});

t.test('a long line comes in parts, and a cut within it repeats none', async (t) => {
  const fake = await cluster(t);
  const log = fake.pod({ name: 'a' }).log();
  const rig = await startLogs(t, { fake, options: { ...FROM_START, max_line_size: '2048' } });
  const text = Array.from({ length: 500 }, (_, i) => `${i} äöü`).join(',');
  log.write(text.slice(0, 3000), undefined, false);
  await heard(rig, /> 0 ä/);
  fake.cut(/log/);
  await heard(rig, /cannot read the log/);
  log.write(text.slice(3000));
  log.write('short');
  await rig.clock.advance(2000);
  await heard(rig, /short/);
  const bodies = rig.host.bodies as { log: string; logtag?: string }[];
  t.equal(
    bodies
      .slice(0, -1)
      .map(({ log: part }) => part)
      .join(''),
    text,
  );
  t.same(
    bodies.map(({ logtag }) => logtag),
    [...bodies.slice(2).map(() => 'P'), 'F', undefined],
  );
});

t.test('options that cannot work fail at the start', async (t) => {
  const fails = (...pairs: [string, string][]) => t.rejects(make(definition, pairs), { name: 'OptionError' });
  await fails(['read_from', 'yesterday']);
  await fails(['kube_url', 'kubernetes:443']);
  await fails(['kube_token_file', '/token']);
  await fails(['cursor_object', 'secret/x']);
  await fails(['cursor_object', 'configmap/x'], ['db', '/tmp/x']);
});
