import fs from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { explicitAccess, findAccess, inClusterAccess, kubeconfigAccess } from '../../src/net/kube.ts';
import { FreshFile } from '../../src/net/kube_access.ts';
import { VirtualClock } from '../support/host.ts';

/** A kubeconfig in a folder of its own. */
function write(t: Test, config: unknown, files: Record<string, string> = {}): { file: string; folder: string } {
  const folder = t.testdir(files);
  const file = path.join(folder, 'config');
  fs.writeFileSync(file, JSON.stringify(config));
  return { file, folder };
}

const config = (user: unknown, cluster: Record<string, unknown> = {}) => ({
  'current-context': 'dev',
  contexts: [
    { name: 'other', context: { cluster: 'c', user: 'u' } },
    { name: 'dev', context: { cluster: 'c', user: 'u', namespace: 'shop' } },
  ],
  clusters: [{ name: 'c', cluster: { server: 'https://10.1.2.3:6443/k8s/clusters/c-1/', ...cluster } }],
  users: [{ name: 'u', user }],
});

async function open(t: Test, user: unknown, cluster: Record<string, unknown> = {}, files: Record<string, string> = {}) {
  const clock = new VirtualClock();
  const { file, folder } = write(t, config(user, cluster), files);
  const access = await kubeconfigAccess({ env: { PATH: process.env.PATH }, file, clock });
  if (!access) throw new Error('no access');
  return { access, clock, folder };
}

t.test('a kubeconfig gives server, path, namespace and token of its current context', async (t) => {
  const { access } = await open(t, { token: 'abc' });
  t.match(access, { origin: 'https://10.1.2.3:6443', prefix: '/k8s/clusters/c-1', namespace: 'shop' });
  t.equal(await access.authorization(), 'Bearer abc');
  t.equal((await access.tls()).rejectUnauthorized, true);
});

t.test('another context may be asked for, and one that is not there is named', async (t) => {
  const clock = new VirtualClock();
  const { file } = write(t, config({}));
  t.equal((await kubeconfigAccess({ env: {}, file, context: 'other', clock }))?.namespace, undefined);
  await t.rejects(kubeconfigAccess({ env: {}, file, context: 'nope', clock }), { message: /no context 'nope'/ });
});

t.test('certificates come from data or from files beside the kubeconfig', async (t) => {
  const { access } = await open(
    t,
    { 'client-certificate': 'crt.pem', 'client-key': 'key.pem' },
    { 'certificate-authority-data': Buffer.from('CA').toString('base64'), 'tls-server-name': 'api.internal' },
    { 'crt.pem': 'CRT', 'key.pem': 'KEY' },
  );
  t.match(await access.tls(), { ca: 'CA', cert: 'CRT', key: 'KEY', servername: 'api.internal' });
  t.equal(await access.tls(), await access.tls(), 'the same object while nothing changes');
  t.equal(await access.authorization(), undefined);
});

t.test('insecure-skip-tls-verify, a user name with a password and a proxy', async (t) => {
  const insecure = { 'insecure-skip-tls-verify': true, 'proxy-url': 'http://proxy:3128' };
  const { access } = await open(t, { username: 'me', password: 'x' }, insecure);
  t.equal((await access.tls()).rejectUnauthorized, false);
  t.equal(await access.authorization(), `Basic ${Buffer.from('me:x').toString('base64')}`);
  t.equal(access.proxy, 'http://proxy:3128');
});

t.test('a token file is read again after a minute, and at once after a refusal', async (t) => {
  const { access, clock, folder } = await open(t, { tokenFile: 'token' }, {}, { token: 'one\n' });
  t.equal(await access.authorization(), 'Bearer one');
  fs.writeFileSync(path.join(folder, 'token'), 'two');
  t.equal(await access.authorization(), 'Bearer one');
  await clock.advance(60_001);
  t.equal(await access.authorization(), 'Bearer two');
  fs.writeFileSync(path.join(folder, 'token'), 'three');
  access.refused();
  t.equal(await access.authorization(), 'Bearer three');
  fs.rmSync(path.join(folder, 'token'));
  await clock.advance(60_001);
  t.equal(await access.authorization(), 'Bearer three', 'what was read stays while it cannot be read again');
});

t.test('those who ask for a file at once wait for one reading, and go on in their order', async (t) => {
  const file = new FreshFile(path.join(t.testdir({ token: 'one' }), 'token'), new VirtualClock());
  const order: number[] = [];
  const numbers = Array.from({ length: 500 }, (_, i) => i);
  await Promise.all(numbers.map((i) => file.read().then(() => order.push(i))));
  t.same(order, numbers);
  const missing = new FreshFile(path.join(t.testdirName, 'late'), new VirtualClock());
  await t.rejects(missing.read(), { message: /cannot read/ });
  fs.writeFileSync(missing.path, 'there now');
  t.equal(await missing.read(), 'there now');
});

/** Prints a credential and counts how often it ran. */
const PLUGIN = `#!/bin/sh
echo x >> "$(dirname "$0")/runs"
n=$(wc -l < "$(dirname "$0")/runs" | tr -d ' ')
echo "{\\"status\\":{\\"token\\":\\"$1-$STAGE-$n\\",\\"expirationTimestamp\\":\\"$EXPIRES\\"}}"
`;

t.test('an exec plugin is run once until its token expires', async (t) => {
  const clock = new VirtualClock();
  const expires = new Date(clock.now() + 600_000).toISOString();
  const env = [
    { name: 'STAGE', value: 'dev' },
    { name: 'EXPIRES', value: expires },
  ];
  const { file, folder } = write(t, config({ exec: { command: './plugin', args: ['eks'], env } }));
  fs.writeFileSync(path.join(folder, 'plugin'), PLUGIN, { mode: 0o755 });
  const access = await kubeconfigAccess({ env: { PATH: process.env.PATH }, file, clock });
  const both = await Promise.all([access?.authorization(), access?.authorization()]);
  t.same(both, ['Bearer eks-dev-1', 'Bearer eks-dev-1'], 'two that ask at once wait for one run');
  await clock.advance(500_000);
  t.equal(await access?.authorization(), 'Bearer eks-dev-1');
  await clock.advance(60_000);
  t.equal(await access?.authorization(), 'Bearer eks-dev-2', 'renewed a minute before it expires');
  access?.refused();
  t.equal(await access?.authorization(), 'Bearer eks-dev-3');
});

t.test('an exec plugin that fails says why, with its hint', async (t) => {
  const exec = { command: 'sh', args: ['-c', 'echo no login >&2; exit 3'], installHint: 'run login first' };
  const { access } = await open(t, { exec });
  await t.rejects(access.authorization() as Promise<string>, { message: 'sh failed: no login; run login first' });
  const { access: silent } = await open(t, { exec: { command: 'echo', args: ['{}'] } });
  await t.rejects(silent.authorization() as Promise<string>, { message: /gave no credentials/ });
});

t.test('KUBECONFIG may name several files; the first that has a thing wins', async (t) => {
  const clock = new VirtualClock();
  const folder = t.testdir({
    a: JSON.stringify({ 'current-context': 'dev', users: [{ name: 'u', user: { token: 'mine' } }] }),
    b: JSON.stringify(config({ token: 'theirs' })),
  });
  const KUBECONFIG = ['a', 'missing', 'b'].map((name) => path.join(folder, name)).join(':');
  const access = await findAccess({ env: { KUBECONFIG }, clock });
  t.equal(await access.authorization(), 'Bearer mine');
  t.equal(access.namespace, 'shop');
});

t.test('a kubeconfig that is broken says what is wrong', async (t) => {
  const clock = new VirtualClock();
  const folder = t.testdir({ broken: '{a: [', none: 'kind: Config', old: '' });
  const read = (name: string) => kubeconfigAccess({ env: {}, file: path.join(folder, name), clock });
  await t.rejects(read('broken'), { message: /is no YAML/ });
  await t.rejects(read('none'), { message: /no current-context/ });
  t.equal(await read('missing'), undefined);
  await t.rejects(open(t, { 'auth-provider': { name: 'gcp' } }), { message: /auth-provider 'gcp' is gone/ });
  await t.rejects(open(t, {}, { server: 'example.com' }), { message: /is no URL/ });
});

t.test('the service account of a pod gives everything', async (t) => {
  const clock = new VirtualClock();
  const folder = t.testdir({ token: 'abc', namespace: 'logs\n', 'ca.crt': 'CA' });
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  const access = await inClusterAccess(env, clock, folder);
  t.match(access, { origin: 'https://[fd00::1]', namespace: 'logs' });
  t.equal(await access?.authorization(), 'Bearer abc');
  t.equal((await access?.tls())?.ca, 'CA');
  fs.writeFileSync(path.join(folder, 'ca.crt'), 'NEW');
  const before = await access?.tls();
  await clock.advance(60_001);
  t.not(await access?.tls(), before);
  t.equal((await access?.tls())?.ca, 'NEW');
  t.equal(await inClusterAccess({}, clock, folder), undefined);
  t.equal(await inClusterAccess(env, clock, path.join(folder, 'nowhere')), undefined);
});

t.test('where there is no access at all, the places looked at are named', async (t) => {
  const HOME = t.testdir({});
  const clock = new VirtualClock();
  await t.rejects(findAccess({ env: { HOME }, clock }), { message: /no service account.*\.kube\/config/ });
  await t.rejects(findAccess({ env: { HOME }, clock, kubeconfig: `${HOME}/x` }), { message: /no kubeconfig/ });
});

t.test('a token command is run again after its time', async (t) => {
  const clock = new VirtualClock();
  const folder = t.testdir({ n: '1' });
  const access = explicitAccess({
    url: 'https://kube',
    tokenCommand: `cat ${folder}/n`,
    tokenTtlSeconds: 10,
    verify: true,
    clock,
  });
  t.equal(await access.authorization(), 'Bearer 1');
  fs.writeFileSync(path.join(folder, 'n'), '2');
  await clock.advance(9_000);
  t.equal(await access.authorization(), 'Bearer 1');
  await clock.advance(2_000);
  t.equal(await access.authorization(), 'Bearer 2');
});

t.test('a folder of certificates is read, and what is none is left out', async (t) => {
  const pem = '-----BEGIN CERTIFICATE-----\nx\n';
  const caPath = t.testdir({ 'a.pem': pem, readme: 'no' });
  const access = explicitAccess({ url: 'https://kube', caPath, verify: false, clock: new VirtualClock() });
  t.equal((await access.tls()).ca, `${pem}\n`);
  t.equal(await access.authorization(), undefined);
});
