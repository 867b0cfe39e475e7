import fs from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { explain, KubeClient, KubeError, type KubeStream, kubeconfigAccess } from '../../src/net/kube.ts';
import { type ExplicitAccess, explicitAccess } from '../../src/net/kube_access.ts';
import { makeCertificates } from '../support/fake_kube/certificates.ts';
import { Heard } from '../support/fake_kube/heard.ts';
import { FakeKube, type FakeKubeOptions } from '../support/fake_kube/server.ts';
import { VirtualClock } from '../support/host.ts';

async function rig(t: Test, server: FakeKubeOptions = {}, access: Partial<ExplicitAccess> = {}) {
  const fake = await FakeKube.start(server);
  const clock = new VirtualClock();
  const client = new KubeClient({ access: explicitAccess({ url: fake.url, verify: true, clock, ...access }), clock });
  t.teardown(async () => {
    await client.close();
    await fake.stop();
  });
  return { fake, client, clock };
}

/** Opens a stream and writes down what comes. */
function listen(client: KubeClient, path: string): { heard: Heard; stream: KubeStream } {
  const heard = new Heard();
  const stream = client.stream(path, {
    opened: () => heard.say('opened'),
    data: (bytes) => heard.say(bytes.toString()),
    ended: (error) => heard.say(`ended ${error ? explain(error, 'read logs') : ''}`),
  });
  return { heard, stream };
}

const LOG = '/api/v1/namespaces/default/pods/a/log?follow=true';

t.test('an object is read, and one that is not there gives the words of the server', async (t) => {
  const { fake, client } = await rig(t);
  fake.pod({ name: 'a' });
  t.match(await client.get('/api/v1/namespaces/default/pods/a'), { metadata: { name: 'a' } });
  const error = await client.get('/api/v1/namespaces/default/pods/b').catch((reason) => reason);
  t.type(error, KubeError);
  t.match(error, { status: 404, reason: 'NotFound', message: 'pods "b" not found' });
});

t.test('a 401 makes it read the token again, once', async (t) => {
  const folder = t.testdir({ token: 'old' });
  const { fake, client } = await rig(t, { tokens: ['old'] }, { tokenFile: path.join(folder, 'token') });
  await client.get('/api/v1/pods');
  fake.tokens = new Set(['new']);
  fs.writeFileSync(path.join(folder, 'token'), 'new');
  await client.get('/api/v1/pods');
  fake.tokens = new Set(['another']);
  t.match(await client.get('/api/v1/pods').catch((error) => error), { status: 401 });
  t.equal(fake.requests.length, 5);
});

t.test('an authority that is not trusted is said in words, one that is named is taken', async (t) => {
  const folder = t.testdir({});
  const certificates = makeCertificates(folder);
  const { fake, client, clock } = await rig(t, { tls: certificates.server });
  const error = await client.get('/api/v1/pods').catch((reason) => reason);
  t.match(explain(error, 'list pods'), /cannot be trusted: .*name the right CA file/);
  const caFile = path.join(folder, 'fake-ca.crt');
  const trusting = new KubeClient({ access: explicitAccess({ url: fake.url, verify: true, caFile, clock }), clock });
  t.match(await trusting.get('/api/v1/pods'), { kind: 'PodList' });
  await trusting.close();
});

t.test('a client certificate of a kubeconfig lets in', async (t) => {
  const folder = t.testdir({});
  const { ca, server } = makeCertificates(folder);
  const { fake, clock } = await rig(t, { tls: { ...server, ca }, tokens: [] });
  const file = path.join(folder, 'config');
  const config = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: fake.url, 'certificate-authority': 'fake-ca.crt' } }],
    users: [{ name: 'u', user: { 'client-certificate': 'fake-client.crt', 'client-key': 'fake-client.key' } }],
  };
  fs.writeFileSync(file, JSON.stringify(config));
  const access = await kubeconfigAccess({ env: {}, file, clock });
  if (!access) throw new Error('no access');
  const client = new KubeClient({ access, clock });
  t.match(await client.get('/api/v1/pods'), { kind: 'PodList' });
  await client.close();
});

t.test('new certificates are used for new requests, and running streams go on', async (t) => {
  const folder = t.testdir({});
  const { server } = makeCertificates(folder);
  const caFile = path.join(folder, 'fake-ca.crt');
  const { fake, client } = await rig(t, { tls: server }, { caFile });
  const pod = fake.pod({ name: 'a' });
  const { heard } = listen(client, LOG);
  await heard.until(/opened/);
  fs.appendFileSync(caFile, '\n');
  client.access.refused();
  await client.get('/api/v1/pods');
  pod.write('still here');
  await heard.until(/still here/);
  fs.writeFileSync(caFile, fs.readFileSync(path.join(folder, 'fake-client.crt')));
  client.access.refused();
  await t.rejects(client.get('/api/v1/pods'), /certificate/);
});

t.test('a stream hands over what comes, and its end', async (t) => {
  const { fake, client } = await rig(t);
  const pod = fake.pod({ name: 'a' });
  const { heard } = listen(client, LOG);
  await heard.until(/opened/);
  pod.write('one');
  await heard.until(/one\n/);
  pod.finish();
  t.same(await heard.until(/ended/), ['ended ']);
});

t.test('a stream that is refused, cut or closed ends once, and says why', async (t) => {
  const { fake, client } = await rig(t);
  fake.pod({ name: 'a' });
  const refused = listen(client, LOG.replace('/a/', '/b/'));
  t.same(await refused.heard.until(/ended/), ['ended the API server has no such thing (404): pods "b" not found']);
  const cut = listen(client, LOG);
  await cut.heard.until(/opened/);
  fake.cut();
  t.match(await cut.heard.until(/ended/), [/^ended .+/]);
  const closed = listen(client, LOG);
  await closed.heard.until(/opened/);
  closed.stream.close();
  t.same(await closed.heard.until(/ended/), ['ended ']);
  const early = listen(client, LOG);
  early.stream.close();
  t.same(await early.heard.until(/ended/), ['ended ']);
  for (const { heard } of [refused, cut, closed, early])
    t.equal(heard.all.filter((text) => text.startsWith('ended')).length, 1);
});

t.test('a paused stream is read no further, and goes on', async (t) => {
  const { fake, client } = await rig(t);
  const pod = fake.pod({ name: 'a' });
  const { heard, stream } = listen(client, LOG);
  await heard.until(/opened/);
  stream.pause();
  const line = 'x'.repeat(100_000);
  for (let i = 0; i < 200; i++) pod.write(line);
  await client.get('/api/v1/pods');
  await client.get('/api/v1/pods');
  const before = heard.all.join('').length;
  t.ok(before < 1_000_000, `${before} bytes came`);
  pod.write('the last');
  stream.resume();
  await heard.until(/the last\n/);
  t.equal(heard.all.join('').length, 'opened'.length + 200 * 100_001 + 9);
});

t.test('a server that is not there is said as it is', async (t) => {
  const { fake, client } = await rig(t);
  await fake.stop();
  const { heard } = listen(client, LOG);
  t.match(await heard.until(/ended/), [/ECONNREFUSED/]);
});

t.test('objects are made, changed and patched', async (t) => {
  const { client } = await rig(t);
  const path = '/api/v1/namespaces/default/configmaps';
  await client.send({ method: 'POST', path, body: { metadata: { name: 'x' }, data: { a: '1' } } });
  const patched = await client.send({
    method: 'PATCH',
    path: `${path}/x`,
    body: { data: { b: '2' } },
    contentType: 'application/merge-patch+json',
  });
  t.match(patched, { kind: 'ConfigMap', data: { a: '1', b: '2' } });
  const stale = { metadata: { name: 'x', resourceVersion: '1' }, data: {} };
  const error = await client.send({ method: 'PUT', path: `${path}/x`, body: stale }).catch((reason) => reason);
  t.match(error, { status: 409, reason: 'Conflict' });
});
