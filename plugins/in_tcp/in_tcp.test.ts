import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import t from 'tap';
import { makeCertificates } from '../../test/support/fake_kube/certificates.ts';
import { openInput } from '../../test/support/net_input.ts';
import tcp from './index.ts';

t.test('documents of several connections, with the address of their sender', async (t) => {
  const { host, connect } = await openInput(t, tcp, { source_address_key: 'from' }, { tag: 'n' });
  const [one, two] = [await connect(), await connect()];
  const from = (socket: net.Socket) => `tcp://127.0.0.1:${socket.localPort}`;
  one.write('{"a":1}\n{"b":');
  await host.events(1);
  two.write('{"c":3}\n');
  await host.events(2);
  one.write('2}\n');
  t.same(await host.events(3), [
    { a: 1, from: from(one) },
    { c: 3, from: from(two) },
    { b: 2, from: from(one) },
  ]);
  t.equal(host.emitted[0]?.tag, 'n');
  t.equal(host.emitted[0]?.events[0]?.seconds, 1_700_000_000);
});

t.test('a text without its separator is left out when its connection ends', async (t) => {
  const { host, connect } = await openInput(t, tcp, { format: 'none' });
  const socket = await connect();
  socket.end('one\ntwo');
  await host.until(() => host.counts.unfinished_texts_total === 1);
  t.same(host.bodies, [{ log: 'one' }]);
  t.equal(host.emitted[0]?.tag, 'tcp.0');
});

t.test('a connection that sends too long a text is closed; others go on', async (t) => {
  const { host, connect } = await openInput(t, tcp, { format: 'none', chunk_size: '1' });
  const [long, other] = [await connect(), await connect()];
  const closed = once(long, 'close');
  long.write('x'.repeat(1022));
  await other.write('1\n');
  await host.events(1);
  long.write('x\n2\n');
  t.same(await host.events(3), [{ log: '1' }, { log: 'x'.repeat(1023) }, { log: '2' }]);
  long.write('x'.repeat(1023));
  await closed;
  other.write('3\n');
  t.same((await host.events(4)).at(-1), { log: '3' });
  t.equal(host.counts.refused_connections_total, 1);
});

t.test('text that is no JSON is counted, and told once', async (t) => {
  const { host, connect } = await openInput(t, tcp);
  const socket = await connect();
  socket.write('no json\nnor this\n{"a":1}\n');
  t.same(await host.events(1), [{ a: 1 }]);
  t.equal(host.counts.invalid_texts_total, 2);
  t.equal(host.lines.filter(({ level }) => level === 'warn').length, 1);
});

t.test('while there is no room no connection is read', async (t) => {
  let room = false;
  const { host, input, connect } = await openInput(t, tcp, { format: 'none' }, { room: () => room });
  const socket = await connect();
  socket.write('1\n');
  await host.events(1);
  const line = `${'x'.repeat(1000)}\n`;
  // More than the buffers of both ends take: the writer has to wait.
  let waits = false;
  for (let i = 0; i < 20_000 && !waits; i++) waits = !socket.write(line) && socket.writableLength > 4_000_000;
  const late = await connect();
  late.write('late\n');
  await host.until(() => host.counts.connections_total === 2);
  t.ok(waits);
  t.equal(host.bodies.length, 1);
  room = true;
  input.resume?.();
  await host.until(() => host.bodies.some((body) => (body as { log: string }).log === 'late'));
});

t.test('a stop ends the connections', async (t) => {
  const { host, input, connect, port } = await openInput(t, tcp);
  const socket = await connect();
  await host.until(() => host.counts.connections_total === 1);
  t.same(input.describe?.(), ['1 connections']);
  const closed = once(socket, 'close');
  await input.stop();
  await closed;
  const again = net.connect(port, '127.0.0.1');
  await t.rejects(once(again, 'connect'));
});

t.test('a silent connection is closed after net.io_timeout', async (t) => {
  const { connect } = await openInput(t, tcp, { 'net.io_timeout': '0.05' });
  const socket = await connect();
  await once(socket, 'close');
});

t.test('a port that is taken is an error that names it', async (t) => {
  const { port } = await openInput(t, tcp);
  await t.rejects(openInput(t, tcp, { port: String(port) }), new RegExp(`cannot listen: .*${port}`));
});

t.test('over TLS; a client that does not speak it is told of in the log', async (t) => {
  const folder = t.testdir({});
  const { ca } = makeCertificates(folder);
  const file = (name: string): string => path.join(folder, name);
  const given = { tls: 'on', 'tls.crt_file': file('fake-server.crt'), 'tls.key_file': file('fake-server.key') };
  const { host, port, connect } = await openInput(t, tcp, given);
  const socket = tls.connect({ port, host: '127.0.0.1', ca });
  await once(socket, 'secureConnect');
  socket.write('{"a":1}\n');
  t.same(await host.events(1), [{ a: 1 }]);
  socket.destroy();
  (await connect()).write('{"a":2}\n');
  await host.until(() => host.lines.some(({ message }) => message.includes('TLS handshake')));
  t.equal(host.bodies.length, 1);
});
