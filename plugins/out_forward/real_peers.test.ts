import path from 'node:path';
import { FluentServer, type FluentServerOptions } from '@fluent-org/logger';
import t from 'tap';
import type { Fields } from '../../src/data/event.ts';
import type { Verdict } from '../../src/plugin.ts';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { makeCertificates } from '../../test/support/fake_kube/certificates.ts';
import { open } from '../../test/support/forward_input.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import forward from './index.ts';

type Pairs = readonly (readonly [string, string])[];
type Teardown = { teardown(run: () => unknown): void };

async function output(t: Teardown, pairs: Pairs) {
  const { plugin } = await make(forward, [['require_ack_response', 'on'], ...pairs], { clock: new VirtualClock() });
  t.teardown(() => plugin.stop?.());
  await plugin.start?.();
  const flush = async (...bodies: Fields[]) =>
    plugin.flush(batchOf(bodies.map((body) => eventOf(body))), new AbortController().signal) as Promise<Verdict>;
  return { flush };
}

async function serve(t: Teardown, options: FluentServerOptions = {}) {
  const server = new FluentServer({ ...options, listenOptions: { port: 0, host: '127.0.0.1' } });
  const entries: unknown[] = [];
  server.on('entry', (tag, _time, record) => entries.push([tag, record]));
  await server.listen();
  t.teardown(() => server.close());
  return { entries, port: ['port', String(server.port)] as const };
}

const OK = { kind: 'ok' };

t.test('the server of @fluent-org/logger takes and acknowledges what is sent', async (t) => {
  const plain: Pairs = [['retain_metadata_in_forward_mode', 'off']];
  for (const pairs of [plain, [...plain, ['compress', 'gzip']], [['tag', 'app.$kind']]] as Pairs[]) {
    const { entries, port } = await serve(t);
    const { flush } = await output(t, [port, ...pairs]);
    t.same(await flush({ kind: 'log', i: 1 }, { kind: 'log', i: 2 }), OK);
    t.same(
      entries,
      [1, 2].map((i) => ['app.log', { kind: 'log', i }]),
    );
  }
});

t.test('it knows us by shared key, user and password', async (t) => {
  const security = { serverHostname: 'server', sharedKey: 'secret', authorize: true, userDict: { me: 'pw' } };
  const { entries, port } = await serve(t, { security });
  const login: Pairs = [
    ['shared_key', 'secret'],
    ['username', 'me'],
    ['self_hostname', 'client'],
  ];
  const { flush } = await output(t, [port, ...login, ['password', 'pw'], ['time_as_integer', 'on']]);
  t.same(await flush({ i: 1 }), OK);
  t.equal(entries.length, 1);
  const stranger = await output(t, [port, ...login, ['password', 'guess']]);
  t.match(await stranger.flush({ i: 2 }), { kind: 'retry', reason: /refuses|closed/ });
  t.equal(entries.length, 1);
});

t.test(
  'Sluice to Sluice: over TLS with certificates on both sides, shared key, compression and acknowledgements',
  async (t) => {
    const folder = t.testdir();
    makeCertificates(folder);
    const file = (name: string) => path.join(folder, name);
    const pair = (name: string): Pairs => [
      ['tls', 'on'],
      ['tls.ca_file', file('fake-ca.crt')],
      ['tls.crt_file', file(`${name}.crt`)],
      ['tls.key_file', file(`${name}.key`)],
      ['shared_key', 'secret'],
    ];
    const { host, port } = await open(t, [
      ...pair('fake-server'),
      ['tls.verify_client_cert', 'on'],
      ['security.users', 'me pw'],
    ]);
    for (const kind of ['text', 'gzip', 'zstd']) {
      const before = host.emitted.length;
      const own: Pairs = [
        ['port', String(port)],
        ['tls.verify_hostname', 'on'],
        ['username', 'me'],
        ['password', 'pw'],
      ];
      const { flush } = await output(t, [...pair('fake-client'), ...own, ['compress', kind]]);
      let verdict: Verdict | undefined;
      const flushing = flush({ kind, i: 1 }, { kind, i: 2 }).then((value) => {
        verdict = value;
      });
      await host.until(() => host.emitted.length > before);
      t.equal(verdict, undefined, 'not before it is safe');
      host.emitted[before]?.settle?.('safe');
      await flushing;
      t.same(verdict, OK);
      t.same(
        host.emitted[before]?.events.map(({ body }) => body),
        [
          { kind, i: 1 },
          { kind, i: 2 },
        ],
      );
    }
  },
);
