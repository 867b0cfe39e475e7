/** Which pods are read, how many at once, and what happens without room. */
import t from 'tap';
import { arrived, cluster, heard, linesOf, startLogs } from '../../test/support/fake_kube/rig.ts';

const FROM_START = { read_from: 'start' };

t.test('a pod that is deleted is read to its end, then forgotten', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'a' });
  const rig = await startLogs(t, { fake, options: FROM_START });
  pod.write('one');
  await heard(rig, /one/);
  pod.write('two');
  pod.delete();
  await heard(rig, /two/);
  await rig.clock.advance(5000);
  while (rig.input.describe()[0]?.startsWith('pods=1')) await rig.clock.advance(1000);
  t.same(linesOf(rig).slice(0, 2), ['a/app> one', 'a/app> two']);
  t.match(rig.input.describe(), ['pods=0 streams=0 waiting=0 busy=0']);
});

t.test('pods and containers are left out by name, label, annotation, and the own pod', async (t) => {
  const fake = await cluster(t);
  const say = (name: string, plan: object = {}) => fake.pod({ name, ...plan }).write(`from ${name}`);
  say('web-0');
  say('job-1');
  say('tier', { labels: { tier: 'test' } });
  say('off', { annotations: { 'fluentbit.io/exclude': 'true' } });
  say('self');
  say('exporter-1');
  say('x-1', { labels: { app: 'old-app' } });
  const two = fake.pod({
    name: 'two',
    containers: ['app', 'istio-proxy', 'chatty'],
    annotations: { 'fluentbit.io/exclude-chatty': 'on' },
  });
  for (const name of two.containerNames) two.write(`from two ${name}`, name);
  const rig = await startLogs(t, {
    fake,
    env: { HOSTNAME: 'self' },
    options: {
      ...FROM_START,
      exclude_pods: 'job-*',
      exclude_apps: 'exporter,old-app',
      exclude_labels: 'app=x,tier=prod,test',
      exclude_containers: 'istio-*',
    },
  });
  fake.pod({ name: 'last' }).write('last');
  await arrived(rig, 3);
  t.same(linesOf(rig).sort(), ['last/app> last', 'two/app> from two app', 'web-0/app> from web-0']);
});

t.test('selectors go to the API server, namespaces are watched one by one', async (t) => {
  const fake = await cluster(t);
  for (const namespace of ['a', 'b', 'c'])
    fake.pod({ name: 'web', namespace, labels: { app: 'web' } }).write(`from ${namespace}`);
  fake.pod({ name: 'db', namespace: 'a', labels: { app: 'db' } }).write('from db');
  const options = { ...FROM_START, namespaces: 'a,b', label_selector: 'app=web' };
  const rig = await startLogs(t, { fake, options, tag: '<namespace_name>' });
  fake.pod({ name: 'end', namespace: 'b', labels: { app: 'web' } }).write('end');
  await arrived(rig, 3);
  t.same(linesOf(rig).sort(), ['a> from a', 'b> end', 'b> from b']);
  t.equal(fake.count(/namespaces\/a\/pods\?limit.*labelSelector=app%3Dweb/), 1);
});

t.test('a pod that gets an annotation to be left out is left out from then on', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'a', labels: { tier: 'prod' } });
  const rig = await startLogs(t, { fake, options: { ...FROM_START, exclude_labels: 'tier=test' } });
  pod.write('one');
  await heard(rig, /one/);
  pod.label({ tier: 'test' });
  while (fake.open(/log/) > 0) await rig.clock.advance(10);
  pod.write('two');
  await rig.clock.advance(10_000);
  t.same(linesOf(rig), ['a/app> one']);
});

t.test('without room nothing is read until there is, and nothing is lost', async (t) => {
  const fake = await cluster(t);
  const pods = ['a', 'b', 'c'].map((name) => fake.pod({ name }));
  const rig = await startLogs(t, { fake, options: FROM_START });
  for (const pod of pods) pod.write('ready');
  for (let i = 0; i < 3; i++) await heard(rig, /ready/);
  rig.host.hasRoom = false;
  pods[0]?.write('full');
  await heard(rig, /full/);
  const line = 'x'.repeat(50_000);
  for (let i = 0; i < 100; i++) for (const pod of pods) pod.write(`${i} ${line}`);
  await rig.clock.advance(1000);
  await rig.clock.advance(1000);
  t.equal(linesOf(rig).length, 4);
  rig.host.hasRoom = true;
  rig.input.resume();
  for (const pod of pods) pod.write('end');
  for (let i = 0; i < 3; i++) await heard(rig, /end$/);
  t.equal(linesOf(rig).length, 3 + 1 + 300 + 3);
});

t.test('a chatty container does not starve the others', async (t) => {
  const fake = await cluster(t);
  const chatty = fake.pod({ name: 'chatty' });
  const quiet = fake.pod({ name: 'quiet' });
  const rig = await startLogs(t, { fake, options: FROM_START });
  chatty.write('ready');
  quiet.write('ready');
  for (let i = 0; i < 2; i++) await heard(rig, /ready/);
  const line = 'x'.repeat(10_000);
  for (let i = 0; i < 2000; i++) chatty.write(line);
  quiet.write('here');
  await heard(rig, /quiet\/app> here/);
  const before = linesOf(rig).filter((text) => text.startsWith('chatty')).length;
  t.ok(before < 1500, `${before} of 2000 lines came before`);
});

t.test('more logs than streams take turns, and every line comes', async (t) => {
  const fake = await cluster(t);
  const pods = Array.from({ length: 6 }, (_, i) => fake.pod({ name: `p${i}` }));
  const options = { ...FROM_START, max_streams: '2', stream_turn: '2s' };
  const rig = await startLogs(t, { fake, options });
  for (let round = 0; round < 3; round++) {
    for (const pod of pods) pod.write(`${pod.name} ${round}`);
    while (linesOf(rig).length < (round + 1) * 6) {
      await rig.clock.advance(1000);
      t.ok(fake.open(/log/) <= 4, 'two, and those that are being closed');
    }
  }
  t.equal(new Set(linesOf(rig)).size, 18);
  t.equal(linesOf(rig).length, 18);
});

t.test('logs are opened no faster than open_rate says', async (t) => {
  const fake = await cluster(t);
  for (let i = 0; i < 10; i++) fake.pod({ name: `p${i}` }).write('x');
  const rig = await startLogs(t, { fake, options: { ...FROM_START, open_rate: '4' } });
  for (let i = 0; i < 4; i++) await heard(rig, /> x/);
  await rig.clock.advance(100);
  t.equal(fake.count(/log\?/), 4);
  await rig.clock.advance(1000);
  t.equal(fake.count(/log\?/), 8);
});

t.test('the map of the pod comes by option, and follows its labels', async (t) => {
  const fake = await cluster(t);
  const pod = fake.pod({ name: 'a', labels: { v: '1' } });
  const rig = await startLogs(t, { fake, options: { ...FROM_START, kubernetes: 'on' } });
  pod.write('one');
  await heard(rig, /one/);
  pod.write('two');
  await heard(rig, /two/);
  pod.label({ v: '2' });
  pod.addEphemeral('debug');
  pod.write('mark', 'debug');
  await heard(rig, /mark/);
  pod.write('three');
  await heard(rig, /three/);
  const maps = (rig.host.bodies as { log: string; kubernetes: Record<string, unknown> }[]).map(
    (body) => body.kubernetes,
  );
  t.match(maps[0], {
    pod_name: 'a',
    namespace_name: 'default',
    labels: { v: '1' },
    container_name: 'app',
    docker_id: /^[0-9a-f]{64}$/,
  });
  t.equal(maps[0], maps[1], 'one object for all events');
  t.match(maps[3], { labels: { v: '2' } });
  t.equal(fake.count(/pods\/a$/), 0, 'without a request');
});

t.test('a log that may not be read is said once, with what to do', async (t) => {
  const fake = await cluster(t);
  fake.pod({ name: 'a' });
  fake.pod({ name: 'b' });
  fake.faults.add({ match: /log/, status: 403, message: 'pods/log is forbidden' });
  const rig = await startLogs(t, { fake, options: FROM_START });
  await heard(rig, /^warn.*read logs of pods \(pods\/log\) \(403\).*Role/);
  await heard(rig, /^debug.*403/);
  t.equal(rig.host.lines.filter(({ level }) => level === 'warn').length, 1);
});
