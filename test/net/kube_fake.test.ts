/** The fake API server, seen by those who know the real one: kubectl and @kubernetes/client-node. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { CoreV1Api, KubeConfig, Log, type V1Pod, Watch } from '@kubernetes/client-node';
import t, { type Test } from 'tap';
import { makeCertificates } from '../support/fake_kube/certificates.ts';
import { stampOf } from '../support/fake_kube/container_log.ts';
import { FakeKube } from '../support/fake_kube/server.ts';

const run = promisify(execFile);

interface Rig {
  fake: FakeKube;
  kubeconfig: string;
  kubectl(...args: string[]): Promise<string>;
}

async function rig(t: Test): Promise<Rig> {
  // kubectl sends its token over TLS only.
  const folder = t.testdir({});
  const { ca, server } = makeCertificates(folder);
  const fake = await FakeKube.start({ tokens: ['secret'], tls: server });
  const kubeconfig = path.join(folder, 'config');
  fs.writeFileSync(kubeconfig, JSON.stringify(configOf(fake.url, ca)));
  t.teardown(() => fake.stop());
  const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: folder };
  return { fake, kubeconfig, kubectl: async (...args) => (await run('kubectl', args, { env })).stdout };
}

function configOf(server: string, ca: string): unknown {
  const authority = { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'fake',
    clusters: [{ name: 'fake', cluster: { server, ...authority } }],
    users: [{ name: 'fake', user: { token: 'secret' } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake', namespace: 'shop' } }],
  };
}

/** A kubectl that goes on; its lines as they come. */
function follow(t: Test, kubeconfig: string, ...args: string[]): { next(): Promise<string>; child: ChildProcess } {
  const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: path.dirname(kubeconfig) };
  const child = spawn('kubectl', args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(async () => {
    if (child.exitCode !== null) return;
    const closed = once(child, 'close');
    child.kill();
    await closed;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, next: async () => ((await lines.next()).value ?? 'THE END') as string };
}

/** Where there is no kubectl, @kubernetes/client-node alone keeps the fake honest; CI has both. */
const hasKubectl = (process.env.PATH ?? '').split(path.delimiter).some((folder) => fs.existsSync(`${folder}/kubectl`));
const kubectlTest: typeof t.test = hasKubectl
  ? t.test.bind(t)
  : (((name: string) => t.comment(`no kubectl here: ${name}`)) as unknown as typeof t.test);

kubectlTest('kubectl gets pods, by name and by label, and is told what is not there', async (t) => {
  const { fake, kubectl } = await rig(t);
  fake.pod({ name: 'web-0', namespace: 'shop', labels: { app: 'web' } });
  fake.pod({ name: 'db-0', namespace: 'shop', labels: { app: 'db' } });
  t.match(await kubectl('get', 'pods', '-o', 'name'), 'pod/db-0\npod/web-0\n');
  t.equal(await kubectl('get', 'pods', '-l', 'app in (web)', '-o', 'name'), 'pod/web-0\n');
  t.equal(await kubectl('get', 'pod', 'web-0', '-o', 'jsonpath={.status.phase}'), 'Running');
  t.equal(await kubectl('get', 'pods', '--chunk-size=1', '-o', 'name'), 'pod/db-0\npod/web-0\n', 'in pages');
  await t.rejects(kubectl('get', 'pod', 'nope'), { message: /pods "nope" not found/ });
});

kubectlTest('kubectl get pods -w sees pods come, change and go', async (t) => {
  const { fake, kubeconfig } = await rig(t);
  fake.pod({ name: 'web-0', namespace: 'shop' });
  const jsonpath = '{.metadata.name} {.status.phase}{"\\n"}';
  const watch = follow(t, kubeconfig, 'get', 'pods', '-w', '-o', `jsonpath=${jsonpath}`);
  t.equal(await watch.next(), 'web-0 Running');
  const job = fake.pod({ name: 'job-0', namespace: 'shop', waiting: true });
  t.equal(await watch.next(), 'job-0 Pending');
  job.start();
  t.equal(await watch.next(), 'job-0 Running');
  job.finish();
  t.equal(await watch.next(), 'job-0 Succeeded');
});

kubectlTest('kubectl logs -f follows until the container ends', async (t) => {
  const { fake, kubeconfig } = await rig(t);
  const pod = fake.pod({ name: 'web-0', namespace: 'shop' });
  pod.write('one');
  const log = follow(t, kubeconfig, 'logs', '-f', 'web-0');
  t.equal(await log.next(), 'one');
  pod.write('two');
  t.equal(await log.next(), 'two');
  pod.log().rotate();
  pod.write('three');
  t.equal(await log.next(), 'three', 'over a rotation');
  pod.finish();
  t.equal(await log.next(), 'THE END');
});

kubectlTest('kubectl logs --since-time, --tail, --limit-bytes and --timestamps', async (t) => {
  const { fake, kubectl, kubeconfig } = await rig(t);
  const pod = fake.pod({ name: 'web-0', namespace: 'shop' });
  const start = 1_800_000_000;
  for (let i = 0; i < 4; i++) pod.log().write(`line ${i}`, { seconds: start + i, nanos: 900_000_001 });
  const since = stampOf(start + 2, 999_999_999).replace(/\.\d+/, '');
  t.equal(await kubectl('logs', 'web-0', `--since-time=${since}`), 'line 2\nline 3\n');
  t.equal(await kubectl('logs', 'web-0', '--tail=1', '--timestamps'), `${stampOf(start + 3, 900_000_001)} line 3\n`);
  t.equal(await kubectl('logs', 'web-0', '--limit-bytes=9'), 'line 0\nli');
  const log = follow(t, kubeconfig, 'logs', '-f', 'web-0', `--since-time=${since}`);
  t.equal(await log.next(), 'line 2');
});

kubectlTest('kubectl logs -p reads the run before, and says where there is none', async (t) => {
  const { fake, kubectl } = await rig(t);
  const pod = fake.pod({ name: 'web-0', namespace: 'shop' });
  await t.rejects(kubectl('logs', '-p', 'web-0'), { message: /previous terminated container "app" in pod "web-0"/ });
  pod.write('first run');
  pod.restart();
  pod.write('second run');
  t.equal(await kubectl('logs', '-p', 'web-0'), 'first run\n');
  t.equal(await kubectl('logs', 'web-0'), 'second run\n');
  pod.crash();
  t.equal(await kubectl('logs', 'web-0'), 'second run\n', 'until the next run starts, the last one is served');
  const waiting = fake.pod({ name: 'new-0', namespace: 'shop', waiting: true });
  await t.rejects(kubectl('logs', 'new-0'), { message: /is waiting to start: ContainerCreating/ });
  waiting.start();
  t.equal(await kubectl('logs', 'new-0'), '');
});

t.test('lines that the runtime cut into parts come out whole, with the time of the first part', async (t) => {
  const { fake, kubectl } = await rig(t);
  const log = fake.pod({ name: 'web-0', namespace: 'shop' }).log();
  log.write('be', { seconds: 1_800_000_000, nanos: 1 }, false);
  log.write('gun', { seconds: 1_800_000_000, nanos: 2 });
  t.equal(await kubectl('logs', 'web-0', '--timestamps'), '2027-01-15T08:00:00.000000001Z begun\n');
});

t.test('@kubernetes/client-node lists in pages, watches and follows', async (t) => {
  const { fake, kubeconfig } = await rig(t);
  for (let i = 0; i < 3; i++) fake.pod({ name: `web-${i}`, namespace: 'shop' });
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  const first = await api.listNamespacedPod({ namespace: 'shop', limit: 2 });
  t.equal(first.items.length, 2);
  const rest = await api.listNamespacedPod({ namespace: 'shop', limit: 2, _continue: first.metadata?._continue ?? '' });
  t.same(
    rest.items.map((pod) => pod.metadata?.name),
    ['web-2'],
  );
  const seen: string[] = [];
  const { promise: deleted, resolve } = Promise.withResolvers<void>();
  const query = { resourceVersion: rest.metadata?.resourceVersion };
  const done = Promise.withResolvers<void>();
  const request = await new Watch(config).watch(
    '/api/v1/namespaces/shop/pods',
    query,
    (type: string, pod: V1Pod) => {
      seen.push(`${type} ${pod.metadata?.name}`);
      if (type === 'DELETED') resolve();
    },
    () => done.resolve(),
  );
  fake.pod({ name: 'web-3', namespace: 'shop' }).delete();
  await deleted;
  request.abort();
  await done.promise;
  t.same(seen, ['ADDED web-3', 'MODIFIED web-3', 'DELETED web-3']);
});

t.test('@kubernetes/client-node follows a log', async (t) => {
  const { fake, kubeconfig } = await rig(t);
  const pod = fake.pod({ name: 'web-0', namespace: 'shop' });
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const got = Promise.withResolvers<string>();
  const sink = new Writable({
    write(bytes: Buffer, _encoding, next) {
      got.resolve(bytes.toString());
      next();
    },
  });
  await new Log(config).log('shop', 'web-0', 'app', sink, { follow: true });
  pod.write('hello');
  t.equal(await got.promise, 'hello\n');
  const ended = once(sink, 'finish');
  pod.finish();
  await ended;
});

kubectlTest('a wrong token is refused in words that kubectl understands', async (t) => {
  const { fake, kubectl } = await rig(t);
  fake.tokens = new Set(['another']);
  await t.rejects(kubectl('get', 'pods'), { message: /Unauthorized|logged in/ });
});
