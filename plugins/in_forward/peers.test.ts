import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { FluentClient, type FluentClientOptions } from '@fluent-org/logger';
import fluentLogger from 'fluent-logger';
import t from 'tap';
import { makeCertificates } from '../../test/support/fake_kube/certificates.ts';
import { open } from '../../test/support/forward_input.ts';

/** Loggers of others, as their users call them; what they send is safe as soon as it is there. */
type Test = Parameters<typeof open>[0];
type Pairs = Parameters<typeof open>[1];

async function listen(t: Test, pairs: Pairs = []) {
  const rig = await open(t, pairs);
  let settled = 0;
  rig.host.told.on('change', () => {
    for (; settled < rig.host.emitted.length; settled++) rig.host.emitted[settled]?.settle?.('safe');
  });
  const seen = () =>
    rig.host.emitted.flatMap(({ tag, events }) => events.map(({ seconds, body }) => [tag, seconds, body]));
  return { ...rig, seen };
}

const LOGIN = { clientHostname: 'client', sharedKey: 'secret', username: 'me', password: 'pw' };
const SECURE: Pairs = [
  ['shared_key', 'secret'],
  ['security.users', 'me pw'],
];

async function nodeClient(t: Test, port: number, options: FluentClientOptions): Promise<FluentClient> {
  const client = new FluentClient('app', { ...options, socket: { host: '127.0.0.1', port, ...options.socket } });
  t.teardown(() => client.disconnect());
  return client;
}

t.test('@fluent-org/logger: every mode, with acknowledgements', async (t) => {
  const { port, host, seen } = await listen(t);
  for (const eventMode of ['Message', 'Forward', 'PackedForward', 'CompressedPackedForward'] as const) {
    const before = seen().length;
    const client = await nodeClient(t, port, { eventMode, ack: { ackTimeout: 20_000 } });
    // Each of these resolves when its acknowledgement is there.
    await Promise.all([1, 2].map((i) => client.emit('log', { mode: eventMode, i }, new Date(1_700_000_000_000))));
    t.same(
      seen().slice(before),
      [1, 2].map((i) => ['app.log', 1_700_000_000, { mode: eventMode, i }]),
    );
  }
  t.same(host.errors, []);
});

t.test('@fluent-org/logger: shared key, user and TLS', async (t) => {
  const folder = t.testdir();
  const { ca } = makeCertificates(folder);
  const tls: Pairs = [
    ['tls', 'on'],
    ['tls.crt_file', `${folder}/fake-server.crt`],
    ['tls.key_file', `${folder}/fake-server.key`],
  ];
  const { port, seen } = await listen(t, [...SECURE, ...tls]);
  const socket = { tls: { ca, servername: 'localhost' } };
  const client = await nodeClient(t, port, { security: LOGIN, socket, ack: { ackTimeout: 20_000 } });
  await client.emit('secure', { i: 1 }, new Date(1_700_000_000_000));
  t.same(seen(), [['app.secure', 1_700_000_000, { i: 1 }]]);
});

t.test('fluent-logger: single and packed events, with acknowledgements and a login', async (t) => {
  const { port, host, seen } = await listen(t, SECURE);
  for (const eventMode of ['Message', 'PackedForward', 'CompressedPackedForward']) {
    const before = seen().length;
    const sender = fluentLogger.createFluentSender('app', {
      host: '127.0.0.1',
      port,
      eventMode,
      requireAckResponse: true,
      flushInterval: 10,
      security: LOGIN,
      internalLogger: { info: () => undefined, error: () => undefined },
    });
    const emit = (i: number) =>
      new Promise<void>((resolve, reject) => {
        sender.emit('log', { i, mode: eventMode }, new Date(1_700_000_000_000), (error) =>
          error ? reject(error) : resolve(),
        );
      });
    await Promise.all([emit(1), emit(2)]);
    await new Promise<void>((resolve) => sender.end(null as never, null as never, () => resolve()));
    t.same(
      seen().slice(before),
      [1, 2].map((i) => ['app.log', 1_700_000_000, { i, mode: eventMode }]),
    );
  }
  t.same(host.errors, []);
});

/** Debian's python3-fluent-logger, where it is installed; .ci/run installs it where it can. */
function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import fluent.sender'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const SCRIPT = `
import sys
from fluent import sender
logger = sender.FluentSender('app', host='127.0.0.1', port=int(sys.argv[1]), nanosecond_precision=sys.argv[2] == 'ns')
for i in range(100):
    if not logger.emit_with_time('log', 1700000000 if sys.argv[2] == 's' else sender.EventTime(1700000000.5), {'i': i, 'text': 'gr\\u00fc\\u00df'}):
        sys.exit(str(logger.last_error))
logger.close()
`;

if (hasPython())
  t.test('python3-fluent-logger: whole seconds and nanoseconds', async (t) => {
    const { port, host } = await listen(t);
    for (const unit of ['s', 'ns']) await promisify(execFile)('python3', ['-c', SCRIPT, String(port), unit]);
    await host.events(200);
    const expected = [...Array(100).keys()].map((i) => ({ i, text: 'grüß' }));
    t.same(host.bodies, [...expected, ...expected]);
    const times = host.emitted.flatMap(({ events }) => events.map(({ seconds, nanos }) => seconds + nanos / 1e9));
    t.same([...new Set(times)], [1_700_000_000, 1_700_000_000.5]);
    t.same(host.errors, []);
  });
