import dgram from 'node:dgram';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t from 'tap';
import { OptionError } from '../../src/plugin.ts';
import { makeCertificates } from '../../test/support/fake_kube/certificates.ts';
import { open } from '../../test/support/forward_input.ts';

t.test('with a shared key clients log in, and users with their passwords', async (t) => {
  const { host, connect } = await open(t, [
    ['shared_key', 'secret'],
    ['self_hostname', 'server'],
    ['security.users', 'me  my password'],
    ['security.users', 'you yours'],
  ]);
  const client = await connect();
  await client.logIn({ username: 'me', password: 'my password' });
  client.send(['a', 1, { i: 1 }]);
  await host.events(1);
  await t.rejects((await connect()).logIn({ username: 'me', password: 'yours' }), /username\/password mismatch/);
  await t.rejects((await connect()).logIn({ username: 'who', password: '' }), /username\/password mismatch/);
  await t.rejects((await connect()).logIn({ sharedKey: 'guess' }), /no PONG/);
  t.same(
    host.errors.map((line) => /: (.*?);/.exec(line)?.[1]),
    ['refused: username/password mismatch', 'refused: username/password mismatch', 'the client has another shared_key'],
  );
});

t.test('the shared key may be empty: then clients log in with an empty one', async (t) => {
  const { host, connect } = await open(t, [['empty_shared_key', 'on']]);
  const client = await connect();
  await client.logIn({ sharedKey: '' });
  client.send(['a', 1, { i: 1 }]);
  await host.events(1);
  await t.rejects((await connect()).logIn({ sharedKey: 'secret' }), /no PONG/);
});

t.test('who does not log in in time or sends something else is turned away', async (t) => {
  const { host, clock, connect } = await open(t, [['empty_shared_key', 'on']]);
  const hasty = await connect();
  hasty.send(['a', 1, { i: 1 }]);
  await hasty.closed();
  const greedy = await connect();
  greedy.socket.write(Buffer.concat([Buffer.from('96', 'hex'), Buffer.alloc(10_000, 0x91)]));
  await greedy.closed();
  const slow = await connect();
  await slow.answer();
  await clock.advance(10_001);
  await slow.closed();
  t.match(host.errors, [/no PING/, /longer than/, /no login in time/]);
  t.same(host.emitted, []);
  const known = await connect();
  await known.logIn({ sharedKey: '' });
  known.send(['a', 1, { i: 2 }]);
  await host.events(1);
});

t.test('over TLS, with a client certificate where it is asked for', async (t) => {
  const folder = t.testdir();
  const { ca, client } = makeCertificates(folder);
  const { host, connect } = await open(t, [
    ['tls', 'on'],
    ['tls.crt_file', path.join(folder, 'fake-server.crt')],
    ['tls.key_file', path.join(folder, 'fake-server.key')],
    ['tls.ca_file', path.join(folder, 'fake-ca.crt')],
    ['tls.verify_client_cert', 'on'],
  ]);
  const known = await connect(undefined as never, { ca, ...client });
  known.send(['a', 1, { i: 1 }]);
  await host.events(1);
  const stranger = await connect(undefined as never, { ca });
  stranger.send(['a', 1, { i: 2 }]);
  await stranger.closed();
  t.equal(host.bodies.length, 1);
  t.match(host.lines.at(-1), { level: 'warn', message: /TLS handshake with 127\.0\.0\.1:\d+/ });
});

t.test('at a unix socket, with its permissions; what an earlier run left is replaced', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fw-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 's');
  const first = await open(t, [['unix_path', file]]);
  await first.input.stop();
  const { host, connect } = await open(t, [
    ['unix_path', file],
    ['unix_perm', '0620'],
  ]);
  t.equal(fs.statSync(file).mode & 0o777, 0o620);
  (await connect(file)).send(['a', 1, { i: 1 }]);
  await host.events(1);
  fs.writeFileSync(path.join(folder, 'file'), 'precious');
  await t.rejects(open(t, [['unix_path', path.join(folder, 'file')]]), /EADDRINUSE/);
  t.equal(fs.readFileSync(path.join(folder, 'file'), 'utf8'), 'precious');
});

t.test('a UDP heartbeat is answered with a NUL byte', async (t) => {
  const { port } = await open(t);
  const socket = dgram.createSocket('udp4');
  t.teardown(() => socket.close());
  socket.send(Buffer.from([0]), port, '127.0.0.1');
  const [answer] = await once(socket, 'message');
  t.same(answer, Buffer.from([0]));
});

t.test('an address in use and options that do not fit are errors', async (t) => {
  const { port } = await open(t);
  await t.rejects(open(t, [['port', String(port)]]), /cannot listen: .*EADDRINUSE/);
  await t.rejects(
    open(t, [['security.users', 'me pw']]),
    new OptionError('security.users needs shared_key or empty_shared_key', 'security.users'),
  );
  await t.rejects(open(t, [['unix_perm', '9']]), /write 0660/);
  await t.rejects(open(t, [['tls', 'on']]), /tls needs tls\.crt_file/);
  await t.rejects(
    open(t, [
      ['shared_key', 'x'],
      ['security.users', 'me'],
    ]),
    /USER PASSWORD/,
  );
});
