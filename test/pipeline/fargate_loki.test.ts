/** conf/fargate-loki.conf as it is, with the environment variables of a Deployment, against a fake cluster and a Loki. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { Heard } from '../support/fake_kube/heard.ts';
import { FakeKube } from '../support/fake_kube/server.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

t.setTimeout(60_000);

interface Push {
  readonly streams: readonly {
    readonly stream: Record<string, string>;
    readonly values: readonly [string, string][];
  }[];
}

/** Says every line that is pushed: its labels, and the line. */
async function loki(t: Test): Promise<{ url: string; heard: Heard }> {
  const heard = new Heard();
  const server = http.createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { streams } = JSON.parse(gunzipSync(Buffer.concat(pieces)).toString()) as Push;
    for (const { stream, values } of streams)
      for (const [, line] of values)
        heard.say(`${stream.cluster} ${stream.namespace} ${stream.app} ${stream.pod} ${stream.container}: ${line}`);
    response.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

function start(t: Test, env: Record<string, string>): () => Promise<void> {
  const child = spawn(process.execPath, ['src/main.ts', '-c', 'conf/fargate-loki.conf'], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  const closed = once(child, 'close');
  t.teardown(() => child.kill('SIGKILL'));
  return async () => {
    child.kill('SIGTERM');
    await closed;
  };
}

t.test('lines reach Loki with their labels, and after a restart go on where they were', async (t) => {
  const fake = await FakeKube.start();
  t.teardown(() => fake.stop());
  const { url: LOKI_URL, heard } = await loki(t);
  const KUBECONFIG = path.join(t.testdir({}), 'config');
  const context = { cluster: 'fake', namespace: 'logs' };
  const kubeconfig = {
    clusters: [{ name: 'fake', cluster: { server: fake.url } }],
    contexts: [{ name: 'fake', context }],
  };
  fs.writeFileSync(KUBECONFIG, JSON.stringify({ 'current-context': 'fake', ...kubeconfig }));
  const env = {
    KUBECONFIG,
    LOKI_URL,
    NAMESPACE: 'shop,billing',
    CLUSTER_NAME: 'test',
    IGNORE_APPS: 'cron',
    IGNORE_CONTAINERS: 'proxy',
  };
  const stop = start(t, { ...env, BATCH_SIZE: '100', BATCH_TIMEOUT: '0.1' });
  while (fake.open(/watch=true/) < 2) await new Promise((go) => setTimeout(go, 20));
  const web = fake.pod({ name: 'web-0', namespace: 'shop', containers: ['app', 'proxy'], labels: { app: 'web' } });
  web.write('not this', 'proxy');
  fake.pod({ name: 'cron-1', namespace: 'shop', labels: { app: 'cron' } }).write('nor this');
  fake.pod({ name: 'pay-0', namespace: 'billing', labels: { app: 'pay' } }).write('paid');
  web.write('hello "Loki"', 'app');
  await heard.until(/paid/);
  if (!heard.all.some((line) => line.includes('hello'))) await heard.until(/hello/);
  await stop();
  web.write('while it was away', 'app');
  const stopAgain = start(t, env);
  await heard.until(/away/);
  await stopAgain();
  t.same(heard.all.slice().sort(), [
    'test billing pay pay-0 app: paid',
    'test shop web web-0 app: hello "Loki"',
    'test shop web web-0 app: while it was away',
  ]);
});
