import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { Verdict } from '../../src/plugin.ts';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { makeCertificates } from '../../test/support/fake_kube/certificates.ts';
import { ForwardServer, type ServerOptions } from '../../test/support/forward_server.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import forward from './index.ts';
import { readUpstream } from './upstream.ts';

type Pairs = readonly (readonly [string, string])[];
type Teardown = { teardown(run: () => unknown): void };

async function output(t: Teardown, pairs: Pairs) {
  const clock = new VirtualClock();
  const { plugin, host } = await make(forward, [['require_ack_response', 'on'], ...pairs], { clock });
  t.teardown(() => plugin.stop?.());
  await plugin.start?.();
  const flush = async () =>
    plugin.flush(batchOf([eventOf({ log: 'a' })]), new AbortController().signal) as Promise<Verdict>;
  return { clock, host, flush };
}

async function serve(t: Teardown, options: ServerOptions = {}): Promise<ForwardServer> {
  const server = await ForwardServer.start(options);
  t.teardown(() => server.stop());
  return server;
}

const OK = { kind: 'ok' };
const KEYS = { sharedKey: 'secret', hostname: 'server', users: new Map([['me', 'pw']]) };

t.test('both sides show that they know the shared key, once a connection', async (t) => {
  const server = await serve(t, { keys: KEYS });
  const port = ['port', String(server.port)] as const;
  const login: Pairs = [
    ['shared_key', 'secret'],
    ['username', 'me'],
    ['password', 'pw'],
  ];
  const { flush } = await output(t, [port, ...login]);
  t.same([await flush(), await flush()], [OK, OK]);
  t.equal(server.connections, 1);
  const stranger = await output(t, [port, ['shared_key', 'secret'], ['username', 'me'], ['password', 'guess']]);
  t.match(await stranger.flush(), { kind: 'retry', reason: /the server refuses: username\/password mismatch/ });
  t.equal(server.messages.length, 2);
});

t.test('the shared key may be empty', async (t) => {
  const server = await serve(t, { keys: { sharedKey: '', hostname: 'server', users: new Map() } });
  const port = ['port', String(server.port)] as const;
  const { flush } = await output(t, [port, ['empty_shared_key', 'on']]);
  t.same(await flush(), OK);
});

t.test('a server that asks for nothing although a key is set is left alone after a while', async (t) => {
  const server = await serve(t);
  const { clock, flush } = await output(t, [
    ['port', String(server.port)],
    ['shared_key', 'secret'],
  ]);
  const flushing = flush();
  while (clock.pending === 0 || server.connections === 0) await new Promise((go) => setImmediate(go));
  await clock.advance(10_001);
  t.match(await flushing, { kind: 'retry', reason: /within 10 seconds/ });
  t.same(server.messages, []);
});

t.test('over TLS the certificate of the server is checked, and the own one is shown', async (t) => {
  const folder = t.testdir();
  const { ca, server: own } = makeCertificates(folder);
  const file = (name: string) => path.join(folder, name);
  const server = await serve(t, { tls: { ...own, ca, requestCert: true, rejectUnauthorized: true } });
  const common: Pairs = [
    ['port', String(server.port)],
    ['tls', 'on'],
  ];
  const client: Pairs = [
    ['tls.crt_file', file('fake-client.crt')],
    ['tls.key_file', file('fake-client.key')],
  ];
  t.match(await (await output(t, [...common, ...client])).flush(), { kind: 'retry', reason: /certificate/ });
  const good = await output(t, [
    ...common,
    ...client,
    ['tls.ca_file', file('fake-ca.crt')],
    ['tls.verify_hostname', 'on'],
  ]);
  t.same(await good.flush(), OK);
  await t.rejects(output(t, [...common, ['tls.ca_file', file('none')]]), /cannot read/);
});

t.test('servers of an upstream take turns by their weights', async (t) => {
  const servers = [await serve(t), await serve(t)];
  const file = path.join(t.testdir(), 'upstream.conf');
  const node = (at: number, weight: number) =>
    `[NODE]\n    name n${at}\n    host 127.0.0.1\n    port ${servers[at]?.port}\n    weight ${weight}\n`;
  fs.writeFileSync(file, `[UPSTREAM]\n    name all\n\n${node(0, 3)}\n# a comment\n${node(1, 1)}`);
  const { flush } = await output(t, [['upstream', file]]);
  for (let i = 0; i < 8; i++) t.same(await flush(), OK);
  t.same(
    servers.map(({ messages }) => messages.length),
    [6, 2],
  );
});

t.test('where a server is down the others take its place, until it is up again', async (t) => {
  const servers = [await serve(t), await serve(t)];
  const file = path.join(t.testdir(), 'upstream.yaml');
  const nodes = servers.map(
    ({ port }, at) => `      - {name: n${at}, host: 127.0.0.1, port: ${port}, net_keepalive: off}`,
  );
  fs.writeFileSync(file, `upstream_servers:\n  - name: all\n    nodes:\n${nodes.join('\n')}\n`);
  const { clock, host, flush } = await output(t, [['upstream', file]]);
  const port = servers[0]?.port as number;
  await servers[0]?.stop();
  for (let i = 0; i < 4; i++) t.same(await flush(), OK, 'nothing fails meanwhile');
  t.equal(servers[1]?.messages.length, 4);
  t.match(host.lines, [{ level: 'warn', message: /n0 is down, the others take its place: .*ECONNREFUSED/ }]);
  servers[0] = await serve(t, { port });
  await flush();
  t.equal(servers[0].messages.length, 0);
  await clock.advance(5001);
  for (let i = 0; i < 2; i++) t.same(await flush(), OK);
  t.equal(servers[0].messages.length, 1);
  t.match(host.lines.at(-1), { level: 'info', message: 'n0 is up again' });
  for (const server of servers) await server.stop();
  t.match(await flush(), { kind: 'retry', reason: /ECONNREFUSED/ });
  servers[1] = await serve(t, { port });
  t.match(await flush(), OK, 'where all are down, one is tried all the same');
});

t.test('a node has its own options, and else those of the section', async (t) => {
  const [plain, secure] = [await serve(t), await serve(t, { keys: KEYS })];
  const folder = t.testdir();
  const file = path.join(folder, 'nodes.conf');
  fs.writeFileSync(
    file,
    `[UPSTREAM]
  name all
[NODE]
  name a
  host 127.0.0.1
  port ${plain.port}
  Tag  other
[NODE]
  name b
  host 127.0.0.1
  port ${secure.port}
  shared_key \${FORWARD_TEST_KEY}
  username me
  password pw
`,
  );
  process.env.FORWARD_TEST_KEY = 'secret';
  t.teardown(() => delete process.env.FORWARD_TEST_KEY);
  const { flush } = await output(t, [
    ['upstream', file],
    ['send_options', 'on'],
    ['tag', 'mine'],
  ]);
  t.same([await flush(), await flush()], [OK, OK]);
  t.equal(plain.messages[0]?.[0], 'other');
  t.equal(secure.messages[0]?.[0], 'mine');
});

t.test('an upstream file that says nothing or cannot be read is an error', async (t) => {
  const folder = t.testdir({
    'empty.conf': '[UPSTREAM]\n  name x\n',
    'odd.conf': 'name x\n',
    'host.conf': '[NODE]\n  name x\n  port 1\n',
    'broken.yaml': 'upstream_servers: [',
    'weight.conf': '[NODE]\n  name x\n  host y\n  port 1\n  weight 0\n',
  });
  for (const [file, reason] of [
    ['none.conf', /cannot read/],
    ['empty.conf', /names no node/],
    ['odd.conf', /odd\.conf:1: this is no section/],
    ['host.conf', /node 'x' has no host/],
    ['broken.yaml', /broken\.yaml: /],
    ['weight.conf', /weight of node 'x'/],
  ] as const)
    await t.rejects(readUpstream(file, folder, {}), reason);
  const bad = path.join(folder, 'bad.conf');
  fs.writeFileSync(bad, '[NODE]\n  name x\n  host y\n  port 1\n  nosuch 1\n');
  await t.rejects(output(t, [['upstream', bad]]), /node 'x': unknown option 'nosuch'/);
});
