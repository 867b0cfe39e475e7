/**
 * `npm run fake-kube`: a fake cluster to try things out with. A few pods log, come, go and restart, until Ctrl-C; it
 * says how to point kubectl and Sluice at it.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeCertificates } from './certificates.ts';
import type { FakePod } from './pod.ts';
import { FakeKube } from './server.ts';

const TOKEN = 'let-me-in';
const PATHS = ['/', '/cart', '/checkout', '/static/app.js', '/api/orders'];

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;

function kubeconfigOf(url: string, ca: string): string {
  const cluster = { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'fake',
    clusters: [{ name: 'fake', cluster }],
    users: [{ name: 'fake', user: { token: TOKEN } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake', namespace: 'shop' } }],
  });
}

function logSome(web: readonly FakePod[], worker: FakePod): void {
  const status = pick([200, 200, 200, 200, 302, 404, 500]);
  const ms = Math.round(Math.random() * 300);
  pick(web).write(JSON.stringify({ level: status < 500 ? 'info' : 'error', path: pick(PATHS), status, ms }), 'app');
  pick(web).write(`"GET ${pick(PATHS)} HTTP/1.1" ${status}`, 'proxy');
  if (Math.random() > 0.1) return;
  worker.write('java.lang.IllegalStateException: no such order');
  worker.write('\tat shop.Orders.find(Orders.java:42)');
  worker.write('\tat shop.Worker.run(Worker.java:17)');
}

const port = Number(process.env.PORT ?? 0);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fake-kube-'));
// kubectl sends its token over TLS only.
const { ca, server } = makeCertificates(folder);
const fake = await FakeKube.start({ port, tokens: [TOKEN], tls: server });
const kubeconfig = path.join(folder, 'config');
fs.writeFileSync(kubeconfig, kubeconfigOf(fake.url, ca));

const plan = { namespace: 'shop', containers: ['app', 'proxy'], labels: { app: 'web' } };
const web = ['web-0', 'web-1', 'web-2'].map((name) => fake.pod({ ...plan, name }));
const worker = fake.pod({ name: 'worker-0', namespace: 'shop', labels: { app: 'worker' } });
let visitors = 0;
let visitor = fake.pod({ name: 'job-0', namespace: 'shop', labels: { app: 'job' } });
setInterval(() => logSome(web, worker), 300);
setInterval(() => fake.bookmark(), 10_000);
setInterval(() => worker.restart(undefined, 137), 45_000);
setInterval(() => {
  visitor.write('done');
  visitor.delete();
  visitor = fake.pod({ name: `job-${++visitors}`, namespace: 'shop', labels: { app: 'job' } });
  visitor.write('started');
}, 20_000);

console.log(`A fake Kubernetes API server listens at ${fake.url}

  export KUBECONFIG=${kubeconfig}
  kubectl get pods -w
  kubectl logs -f web-0 -c app --timestamps
  npx sluice -i kubernetes_logs -p namespaces=shop -p read_from=start -o stdout -m '*'

Ctrl-C ends it.`);

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    fs.rmSync(folder, { recursive: true });
    process.exit(0);
  });
