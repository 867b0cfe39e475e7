import t, { type Test } from 'tap';
import { explicitAccess, KubeClient, type Pod, Reflector, type ReflectorSettings } from '../../src/net/kube.ts';
import { Heard } from '../support/fake_kube/heard.ts';
import { FakeKube } from '../support/fake_kube/server.ts';
import { VirtualClock } from '../support/host.ts';

type Settings = Partial<ReflectorSettings<Pod, string>>;

async function rig(t: Test, settings: Settings = {}) {
  const fake = await FakeKube.start();
  const clock = new VirtualClock();
  const access = explicitAccess({ url: fake.url, verify: true, clock });
  const client = new KubeClient({ access, clock });
  const heard = new Heard();
  const reflector = new Reflector<Pod, string>({
    client,
    path: '/api/v1/pods',
    what: 'list and watch pods',
    log: (level, message) => heard.say(`${level}: ${message}`),
    transform: (pod) => `${pod.metadata?.name} ${pod.metadata?.labels?.v ?? ''}`.trim(),
    added: (item) => heard.say(`+ ${item}`),
    changed: (item, before) => heard.say(`${before} > ${item}`),
    deleted: (item) => heard.say(`- ${item}`),
    synced: () => heard.say('synced'),
    ...settings,
  });
  t.teardown(async () => {
    reflector.stop();
    await client.close();
    await fake.stop();
  });
  const pod = (name: string, labels: Record<string, string> = {}) => fake.pod({ name, labels });
  return { fake, clock, heard, reflector, pod };
}

/** The watch is open as soon as it has brought something. */
async function opened({ fake, heard }: { fake: FakeKube; heard: Heard }): Promise<void> {
  fake.pod({ name: 'probe', labels: {} }).delete();
  await heard.until(/- probe/);
}

t.test('it lists, then hears of what comes, changes and goes', async (t) => {
  const { heard, reflector, pod } = await rig(t);
  pod('a', { v: '1' });
  reflector.start();
  t.same(await heard.until(/synced/), ['+ a 1', 'synced']);
  t.equal(reflector.isSynced, true);
  const b = pod('b');
  b.label({ v: '2' });
  b.delete();
  const said = await heard.until(/- b/);
  t.same(new Set(said), new Set(['+ b', 'b > b 2', 'b 2 > b 2', '- b 2']));
  t.same([...reflector], ['a 1']);
});

t.test('a long list comes in pages', async (t) => {
  const { fake, heard, reflector, pod } = await rig(t, { pageSize: 2 });
  for (const name of ['a', 'b', 'c', 'd', 'e']) pod(name);
  reflector.start();
  t.same(await heard.until(/synced/), ['+ a', '+ b', '+ c', '+ d', '+ e', 'synced']);
  t.equal(fake.count(/limit=2/), 3);
});

t.test('a list whose pages are too old to go on is begun anew', async (t) => {
  const { fake, clock, heard, reflector, pod } = await rig(t, { pageSize: 2 });
  for (const name of ['a', 'b', 'c']) pod(name);
  fake.faults.add({ match: /continue=/, status: 410, times: 1 });
  reflector.start();
  await heard.until(/^warn: cannot list/);
  await clock.advance(1000);
  t.match(await heard.until(/synced/), ['+ c', 'info: can list and watch pods again', 'synced']);
});

t.test('from the cache it is one list, and after a 410 one that is fresh', async (t) => {
  const { fake, clock, heard, reflector, pod } = await rig(t, { fromCache: true, pageSize: 1 });
  pod('a');
  pod('b');
  reflector.start();
  await heard.until(/synced/);
  t.equal(fake.count(/resourceVersion=0$/), 1);
  await opened({ fake, heard });
  fake.expire();
  await heard.until(/too old/);
  await clock.advance(1000);
  await opened({ fake, heard });
  t.equal(fake.count(/limit=1/), 2);
});

t.test('a watch that is cut goes on where it was, and nothing is missed', async (t) => {
  const { fake, clock, heard, reflector, pod } = await rig(t);
  const a = pod('a');
  reflector.start();
  await heard.until(/synced/);
  await opened({ fake, heard });
  fake.cut(/watch=true/);
  await heard.until(/debug: the watch was cut off/);
  pod('b');
  a.delete();
  await clock.advance(1000);
  t.same(new Set(await heard.until(/- a/)), new Set(['+ b', 'a > a', '- a']));
  t.equal(fake.count(/limit=/), 1, 'listed once');
});

t.test('410 Gone: it lists anew and tells the difference only', async (t) => {
  const { fake, clock, heard, reflector, pod } = await rig(t);
  pod('a');
  const b = pod('b');
  const c = pod('c');
  reflector.start();
  await heard.until(/synced/);
  await opened({ fake, heard });
  fake.cut(/watch=true/);
  await heard.until(/cut off/);
  b.delete();
  c.label({ v: '1' });
  pod('d');
  // A pod of the same name that is not the same pod.
  fake.store.compact();
  await clock.advance(1000);
  await heard.until(/listing anew/);
  await clock.advance(1000);
  t.same(await heard.until(/- /), ['c > c 1', '+ d', '- b']);
  t.same([...reflector], ['a', 'c 1', 'd']);
});

t.test('a pod that was made again under its name is another one', async (t) => {
  const { fake, clock, heard, reflector, pod } = await rig(t);
  const a = pod('a', { v: 'old' });
  reflector.start();
  await heard.until(/synced/);
  await opened({ fake, heard });
  fake.cut(/watch=true/);
  await heard.until(/cut off/);
  a.delete();
  pod('a', { v: 'new' });
  fake.store.compact();
  await clock.advance(1000);
  await heard.until(/listing anew/);
  await clock.advance(1000);
  t.same(await heard.until(/- /), ['+ a new', '- a old']);
});

t.test('a bookmark moves the place from which the next watch starts', async (t) => {
  const { fake, clock, heard, reflector, pod } = await rig(t, { fieldSelector: 'spec.nodeName=node-1' });
  pod('a');
  reflector.start();
  await heard.until(/synced/);
  await opened({ fake, heard });
  fake.pod({ name: 'far', node: 'node-2' });
  fake.bookmark();
  pod('near');
  await heard.until(/\+ near/);
  fake.store.compact();
  fake.bookmark();
  pod('b');
  await heard.until(/\+ b/);
  fake.cut(/watch=true/);
  await heard.until(/cut off/);
  await clock.advance(1000);
  await opened({ fake, heard });
  t.notMatch(heard.all, [/listing anew/]);
  t.notOk(heard.all.includes('+ far'));
});

t.test('labels select, and an object that ceases to fit is gone', async (t) => {
  const { heard, reflector, pod } = await rig(t, { labelSelector: 'v in (1,2)' });
  const a = pod('a', { v: '1' });
  pod('b', { v: '3' });
  reflector.start();
  t.same(await heard.until(/synced/), ['+ a 1', 'synced']);
  a.label({ v: '4' });
  const said = await heard.until(/^- /);
  t.ok(said.at(-1)?.startsWith('- a'));
  t.equal(reflector.size, 0);
});

t.test('what is forbidden is said once, with what to do, and tried again', async (t) => {
  const { fake, clock, heard, reflector, pod } = await rig(t);
  pod('a');
  fake.faults.add({ match: /./, status: 403, message: 'pods is forbidden', times: 3 });
  reflector.start();
  t.match(await heard.until(/^warn/), [/does not allow us to list and watch pods \(403\): pods is forbidden.*Role/]);
  await clock.advance(60_000);
  await heard.until(/^debug/);
  await clock.advance(60_000);
  await heard.until(/^debug/);
  await clock.advance(60_000);
  t.match(await heard.until(/synced/), ['+ a', /^info: can/, 'synced']);
});

t.test('429 waits as long as the server asks', async (t) => {
  const { fake, clock, heard, reflector } = await rig(t);
  fake.faults.add({ match: /./, status: 429, retryAfterSeconds: 20, times: 1 });
  reflector.start();
  await heard.until(/^warn.*429/);
  await clock.advance(19_000);
  t.equal(fake.requests.length, 1);
  await clock.advance(2_000);
  await heard.until(/synced/);
});

t.test('while the server cannot be reached the mirror stays as it is', async (t) => {
  const { fake, clock, heard, reflector, pod } = await rig(t);
  pod('a');
  reflector.start();
  await heard.until(/synced/);
  await opened({ fake, heard });
  fake.faults.add({ match: /./, times: 4 });
  fake.cut(/watch=true/);
  await heard.until(/cut off/);
  await clock.advance(1000);
  await heard.until(/^warn: cannot list and watch pods/);
  for (let i = 0; i < 3; i++) {
    await clock.advance(20_000);
    await heard.until(/^debug: cannot/);
  }
  t.same([...reflector], ['a']);
  await clock.advance(40_000);
  await heard.until(/^info: can/);
  t.equal(fake.count(/limit=/), 1);
});

t.test('what transform does not want is as if it were not there', async (t) => {
  const { heard, reflector, pod } = await rig(t, {
    transform: (one) => (one.metadata?.labels?.v === 'no' ? undefined : one.metadata?.name),
  });
  const a = pod('a');
  pod('b', { v: 'no' });
  reflector.start();
  t.same(await heard.until(/synced/), ['+ a', 'synced']);
  a.label({ v: 'no' });
  t.same((await heard.until(/- a/)).at(-1), '- a');
});

t.test('after a stop nothing is heard any more', async (t) => {
  const { fake, clock, heard, reflector, pod } = await rig(t);
  reflector.start();
  await heard.until(/synced/);
  await opened({ fake, heard });
  reflector.stop();
  pod('a');
  await clock.advance(100_000);
  t.notOk(heard.all.includes('+ a'));
  t.equal(clock.pending, 0);
});
