import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import t, { type Test } from 'tap';
import { HttpClient } from '../../src/net/http_client.ts';
import { HTTP_OPTIONS, NET_OPTIONS, TLS_OPTIONS } from '../../src/net/options.ts';
import { OptionError, readOptions } from '../../src/options.ts';
import { sectionOf } from '../support/batch.ts';
import { VirtualClock } from '../support/host.ts';
import { HttpCapture } from '../support/output_suite.ts';

type Pairs = readonly (readonly [string, string])[];

function clientFor(port: number, pairs: Pairs = [], more: { host?: string; env?: Record<string, string> } = {}) {
  const options = readOptions({ ...NET_OPTIONS, ...TLS_OPTIONS, ...HTTP_OPTIONS }, sectionOf(pairs));
  const clock = new VirtualClock();
  const client = new HttpClient({ host: more.host ?? '127.0.0.1', port, options, clock, env: more.env ?? {} });
  return { client, clock };
}

const POST = { method: 'POST', path: '/in?a=b', headers: ['X-A', '1', 'X-A', '2'], body: 'text' } as const;

t.test('a request arrives as it was made, and its answer comes back', async (t) => {
  const server = await HttpCapture.start({ status: 201, headers: { 'x-b': '3' }, body: 'said' });
  const { client } = clientFor(server.port);
  t.match(await client.request(POST), { status: 201, headers: { 'x-b': '3' }, text: 'said' });
  const [received] = server.received;
  t.same([received?.method, received?.url, received?.body.toString()], ['POST', '/in?a=b', 'text']);
  t.equal(received?.headers['x-a'], '1, 2');
  await client.close();
  await server.stop();
});

t.test('of a long answer the beginning is kept', async (t) => {
  const server = await HttpCapture.start({ status: 400, body: 'x'.repeat(200_000) });
  const { client } = clientFor(server.port);
  t.equal((await client.request(POST)).text.length, 16 * 1024);
  await client.close();
  await server.stop();
});

t.test('a host by its name, whichever kind of address is preferred', async (t) => {
  const server = await HttpCapture.start({ status: 200 });
  for (const option of ['net.dns.prefer_ipv4', 'net.dns.prefer_ipv6']) {
    const { client } = clientFor(server.port, [[option, 'on']], { host: 'localhost' });
    t.equal((await client.request(POST)).status, 200, option);
    await client.close();
  }
  await server.stop();
});

t.test('no timer is left behind', async (t) => {
  const server = await HttpCapture.start({ status: 200 });
  const { client, clock } = clientFor(server.port);
  await client.request(POST);
  t.equal(clock.pending, 0);
  await client.close();
  await server.stop();
});

t.test('without keepalive every request has a connection of its own', async (t) => {
  const server = await HttpCapture.start({ status: 200 });
  const { client } = clientFor(server.port, [['net.keepalive', 'off']]);
  await client.request(POST);
  await client.request(POST);
  t.same(
    server.received.map(({ headers }) => headers.connection),
    ['close', 'close'],
  );
  await client.close();
  await server.stop();
});

t.test('the proxy of the environment is used, but for what NO_PROXY names', async (t) => {
  const proxy = await HttpCapture.start({ status: 200 });
  const env = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '127.0.0.1' };
  const far = clientFor(80, [], { host: 'logs.example', env });
  t.equal((await far.client.request(POST)).status, 200);
  t.equal(proxy.received[0]?.url, 'http://logs.example/in?a=b');
  const server = await HttpCapture.start({ status: 204 });
  const near = clientFor(server.port, [], { env });
  t.equal((await near.client.request(POST)).status, 204);
  const ignoring = clientFor(server.port, [['net.proxy_env_ignore', 'on']], {
    env: { HTTP_PROXY: 'http://127.0.0.1:1' },
  });
  t.equal((await ignoring.client.request(POST)).status, 204);
  for (const { client } of [far, near, ignoring]) await client.close();
  await proxy.stop();
  await server.stop();
});

/** A server with a certificate for `logs.example`, made for this run. */
async function secure(t: Test, ask = false) {
  const folder = t.testdir({});
  const file = (name: string) => path.join(folder, name);
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=logs.example', '-addext', 'subjectAltName=DNS:logs.example'];
  execFileSync('openssl', [...args, '-keyout', file('key.pem'), '-out', file('cert.pem'), ...names], {
    stdio: 'ignore',
  });
  const key = fs.readFileSync(file('key.pem'));
  const cert = fs.readFileSync(file('cert.pem'));
  const tls = ask ? { requestCert: true, ca: cert } : {};
  const asked: unknown[] = [];
  const server = https.createServer({ key, cert, ...tls }, (request, response) => {
    asked.push((request.socket as import('node:tls').TLSSocket & { servername?: string }).servername);
    response.end('secret');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { file, asked, port: (server.address() as AddressInfo).port };
}

async function outcome(port: number, pairs: Pairs): Promise<string> {
  const { client } = clientFor(port, [['tls', 'on'], ...pairs]);
  try {
    await client.open();
    return (await client.request(POST)).text;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await client.close();
  }
}

t.test('a certificate that nobody vouches for is refused, unless that is not asked', async (t) => {
  const { port } = await secure(t);
  t.match(await outcome(port, []), /self-signed certificate/);
  t.equal(await outcome(port, [['tls.verify', 'off']]), 'secret');
});

t.test("an authority of one's own, from a file or a folder", async (t) => {
  const { port, file } = await secure(t);
  t.equal(await outcome(port, [['tls.ca_file', file('cert.pem')]]), 'secret');
  t.equal(await outcome(port, [['tls.ca_path', path.dirname(file('cert.pem'))]]), 'secret');
});

t.test('the name in a certificate is checked where that is asked for', async (t) => {
  const { port, file, asked } = await secure(t);
  const verified: Pairs = [
    ['tls.ca_file', file('cert.pem')],
    ['tls.verify_hostname', 'on'],
  ];
  t.match(await outcome(port, verified), /does not match certificate/);
  t.equal(await outcome(port, [...verified, ['tls.vhost', 'logs.example']]), 'secret');
  t.same(asked, ['logs.example'], 'and the server is asked for that name');
});

t.test('the own certificate is shown', async (t) => {
  const { port, file } = await secure(t, true);
  const own: Pairs = [
    ['tls.ca_file', file('cert.pem')],
    ['tls.crt_file', file('cert.pem')],
    ['tls.key_file', file('key.pem')],
  ];
  t.equal(await outcome(port, own), 'secret');
  t.not(await outcome(port, own.slice(0, 1)), 'secret');
});

t.test('versions of TLS', async (t) => {
  const { port } = await secure(t);
  const pairs: Pairs = [
    ['tls.verify', 'off'],
    ['tls.min_version', 'TLSv1.2'],
    ['tls.max_version', 'tlsv1.2'],
  ];
  t.equal(await outcome(port, pairs), 'secret');
  await t.rejects(
    clientFor(port, [
      ['tls', 'on'],
      ['tls.min_version', 'SSLv3'],
    ]).client.open(),
    OptionError,
  );
});

t.test('a file that cannot be read fails at the start', async (t) => {
  for (const option of ['tls.ca_file', 'tls.crt_file', 'tls.key_file', 'tls.ca_path']) {
    const { client } = clientFor(1, [
      ['tls', 'on'],
      [option, '/nowhere/x.pem'],
    ]);
    const failure: unknown = await client.open().catch((error: unknown) => error);
    t.ok(failure instanceof OptionError && failure.option === option, option);
  }
});
