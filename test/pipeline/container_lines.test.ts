/**
 * The lines of a node's containers, from the files of the runtime to records with their pod: what docker and CRI cut into
 * parts is one line again, a Java stack trace is one record, and neither mixes with what another container or the other
 * stream says meanwhile. The whole program, on files that grow or with the logs that the API server gives out.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { FakePod } from '../support/fake_kube/pod.ts';
import { FakeKube } from '../support/fake_kube/server.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

interface Kubernetes {
  readonly pod_name: string;
  readonly container_name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly docker_id: string;
}

interface Line {
  readonly log: string;
  /** The API server does not tell. */
  readonly stream?: string;
  readonly kubernetes?: Kubernetes;
}

/** A node: its container logs, the program that reads them, and the records it prints. */
class NodeLogs {
  readonly records: Line[] = [];
  readonly #folder: string;
  readonly #changed: (() => void)[] = [];
  #child: ReturnType<typeof spawn> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    fs.mkdirSync(path.join(folder, 'containers'));
  }

  write(pod: FakePod, container: string, ...lines: string[]): void {
    const id = pod.containerId(container).replace('containerd://', '');
    const name = `${pod.name}_${pod.namespace}_${container}-${id}.log`;
    fs.appendFileSync(path.join(this.#folder, 'containers', name), lines.map((line) => `${line}\n`).join(''));
  }

  start(t: Test, kubeUrl: string, configuration = fromFiles): void {
    const config = path.join(this.#folder, 'sluice.conf');
    fs.writeFileSync(path.join(this.#folder, 'token'), 'token');
    fs.writeFileSync(config, configuration(this.#folder, kubeUrl));
    const child = spawn(process.execPath, [...process.execArgv, MAIN, '-c', config], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    this.#child = child;
    let rest = '';
    child.stdout.on('data', (data) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.records.push(JSON.parse(line));
      for (const look of this.#changed) look();
    });
  }

  /** Until a record with this text has come. */
  seen(log: string): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.records.some((record) => record.log === log)) resolve();
      };
      this.#changed.push(look);
      look();
    });
  }

  /** The texts of a container, in the order in which they came. */
  logs(pod: string, container: string, stream = 'stdout'): string[] {
    const from = ({ kubernetes }: Line) => kubernetes?.pod_name === pod && kubernetes.container_name === container;
    return this.records.filter((one) => from(one) && (one.stream ?? 'stdout') === stream).map(({ log }) => log);
  }

  async stop(): Promise<unknown> {
    const ended = once(this.#child as ReturnType<typeof spawn>, 'close');
    this.#child?.kill('SIGTERM');
    return (await ended)[0];
  }
}

const SERVICE = `[SERVICE]
    Flush      0.1
    Grace      2
    Log_Level  error
`;

const TRACES = `[FILTER]
    Name                   multiline
    Match                  kube.*
    multiline.key_content  log
    multiline.parser       java
    flush_ms               60000
`;

const PRINT = `[OUTPUT]
    Name    stdout
    Match   *
    Format  json_lines
`;

const fromApi = (folder: string, kubeUrl: string) => `${SERVICE}
[INPUT]
    Name             kubernetes_logs
    Kube_URL         ${kubeUrl}
    Kube_Token_File  ${folder}/token
    Namespaces       shop
    Read_From        start
    Kubernetes       On

${TRACES}
${PRINT}`;

const fromFiles = (folder: string, kubeUrl: string) => `${SERVICE}
[INPUT]
    Name              tail
    Path              ${folder}/containers/*.log
    Tag_Regex         /(?<name>[^/]+)$
    Tag               kube.var.log.containers.<name>
    multiline.parser  docker, cri
    Read_from_Head    On

${TRACES}
[FILTER]
    Name             kubernetes
    Match            kube.*
    Kube_URL         ${kubeUrl}
    Kube_Token_File  ${folder}/token
    Watch            On
    Node_Name        node-1

${PRINT}`;

const TIME = '2026-01-01T00:00:00.000000001Z';
const cri = (log: string, stream = 'stdout') => `${TIME} ${stream} F ${log}`;
const criPart = (log: string, stream = 'stdout') => `${TIME} ${stream} P ${log}`;
const docker = (log: string, stream = 'stdout') => JSON.stringify({ log, stream, time: TIME });

const trace = (what: string) => [
  `Exception in thread "main" java.lang.IllegalStateException: ${what}`,
  `\tat com.example.${what}.Shop.price(Shop.java:81)`,
  '\tat com.example.Main.main(Main.java:12)',
  'Caused by: java.io.IOException: no answer',
  '\t... 2 more',
];

async function cluster(t: Test) {
  const kube = await FakeKube.start();
  t.teardown(() => kube.stop());
  const web = kube.pod({ name: 'web-0', namespace: 'shop', containers: ['app', 'proxy'], labels: { app: 'web' } });
  const job = kube.pod({ name: 'job-1', namespace: 'shop', containers: ['main'], labels: { app: 'job' } });
  const node = new NodeLogs(t.testdir({}));
  return { kube, web, job, node };
}

t.test('parts are joined and traces are one record, for each pod and container by itself', async (t) => {
  const { kube, web, job, node } = await cluster(t);
  node.write(web, 'app', cri('begin'), criPart('first half, '));
  node.write(web, 'proxy', criPart('a long '), criPart('line of '));
  node.write(job, 'main', docker('docker, '), docker('cut '));
  node.start(t, kube.url);
  await node.seen('begin');
  // Each container goes on while the others have an open line or an open trace.
  node.write(web, 'proxy', cri('the proxy'));
  await node.seen('a long line of the proxy');
  node.write(
    web,
    'app',
    cri('second half'),
    ...trace('web')
      .slice(0, 3)
      .map((line) => cri(line)),
  );
  node.write(job, 'main', docker('in three\n'), ...trace('job').map((line) => docker(`${line}\n`)));
  await node.seen('docker, cut in three\n');
  node.write(web, 'proxy', ...trace('proxy').map((line) => cri(line)), cri('proxy ends'));
  await node.seen('proxy ends');
  node.write(
    web,
    'app',
    ...trace('web')
      .slice(3)
      .map((line) => cri(line)),
    cri('app ends'),
  );
  node.write(job, 'main', docker('job ends\n'));
  await Promise.all([node.seen('app ends'), node.seen('job ends\n')]);
  const joined = (what: string) => trace(what).join('\n');
  t.strictSame(node.logs('web-0', 'app'), ['begin', 'first half, second half', joined('web'), 'app ends']);
  t.strictSame(node.logs('web-0', 'proxy'), ['a long line of the proxy', joined('proxy'), 'proxy ends']);
  t.strictSame(node.logs('job-1', 'main'), [...['docker, cut in three\n', `${joined('job')}\n`, 'job ends\n']]);
  for (const { kubernetes } of node.records) {
    const pod = kubernetes?.pod_name === 'job-1' ? job : web;
    t.equal(kubernetes?.labels.app, pod === job ? 'job' : 'web');
    t.equal(kubernetes?.docker_id, pod.containerId(kubernetes?.container_name).replace('containerd://', ''));
  }
  t.equal(await node.stop(), 0);
  t.equal(node.records.length, 10);
  t.equal(kube.count(/^GET \/api\/v1\/pods/), 2, 'one list and one watch');
  t.equal(kube.count(/namespaces/), 0, 'and no request for a pod');
});

t.test('the parts of one stream do not take the lines of the other', async (t) => {
  const { kube, web, node } = await cluster(t);
  node.write(web, 'app', criPart('out '), criPart('err ', 'stderr'), cri('whole', 'stderr'), cri('side'), cri('ends'));
  node.start(t, kube.url);
  await node.seen('ends');
  t.strictSame(node.logs('web-0', 'app'), ['out side', 'ends']);
  t.strictSame(node.logs('web-0', 'app', 'stderr'), ['err whole']);
  t.equal(await node.stop(), 0);
});

t.test('through the API server, too, also where a connection is cut within a trace or a line', async (t) => {
  const { kube, web, job, node } = await cluster(t);
  const pods = [
    { pod: web, container: 'app', name: 'web' },
    { pod: web, container: 'proxy', name: 'proxy' },
    { pod: job, container: 'main', name: 'job' },
  ];
  const writeAll = (from: number, to: number) => {
    for (const { pod, container, name } of pods)
      for (const line of trace(name).slice(from, to)) pod.write(line, container);
  };
  for (const { pod, container, name } of pods) pod.write(`${name} begins`, container);
  writeAll(0, 2);
  // The runtime's parts: the API server gives out the line when it is whole.
  web.log('proxy').write('\tat com.example.', undefined, false);
  node.start(t, kube.url, fromApi);
  await Promise.all(pods.map(({ name }) => node.seen(`${name} begins`)));
  t.ok(kube.cut(/\/log\?/) >= 1, 'the logs were open');
  web.log('proxy').write('Parts.join(Parts.java:1)');
  writeAll(2, 5);
  for (const { pod, container, name } of pods) pod.write(`${name} ends`, container);
  await Promise.all(pods.map(({ name }) => node.seen(`${name} ends`)));
  for (const { pod, container, name } of pods) {
    const lines = trace(name);
    if (name === 'proxy') lines.splice(2, 0, '\tat com.example.Parts.join(Parts.java:1)');
    t.strictSame(node.logs(pod.name, container), [`${name} begins`, lines.join('\n'), `${name} ends`]);
  }
  t.equal(await node.stop(), 0);
  t.equal(node.records.length, 9);
});
