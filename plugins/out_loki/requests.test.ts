/** Which records go into which request, and in which order: max_batch_bytes, entry_order, and what is too large. */
import t from 'tap';
import type { Fields, LogEvent } from '../../src/data/event.ts';
import { OK } from '../../src/plugin.ts';
import { batchOf, eventOf, packedBatchOf } from '../../test/support/batch.ts';
import { LOKI_NOW, lokiRig as rig } from '../../test/support/fake_loki/rig.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { HttpCapture } from '../../test/support/output_suite.ts';
import { make } from '../../test/support/plugin.ts';
import loki from './index.ts';

const signal = new AbortController().signal;
const at = (seconds: number, body: Fields, nanos = 0): LogEvent => ({ ...eventOf(body), seconds, nanos });
const START = LOKI_NOW / 1000 - 60;

t.test('chunks are put together up to max_batch_bytes, and what is larger is split', async (t) => {
  const { server, plugin, host } = await rig(t, [
    ['Labels', 'tag=$TAG'],
    ['max_batch_bytes', '2k'],
    ['batch_wait', '5s'],
  ]);
  const small = (tag: string) => plugin.flush(batchOf([at(START, { log: 'x'.repeat(100) })], tag), signal);
  const waiting = [small('one'), small('two')];
  await (host.clock as VirtualClock).advance(4000);
  t.equal(server.requests, 0);
  await (host.clock as VirtualClock).advance(1000);
  t.same(await Promise.all(waiting), [OK, OK]);
  t.equal(server.requests, 1);
  t.same(Object.keys(server.lines()).sort(), ['{tag="one"}', '{tag="two"}']);
  const large = Array.from({ length: 100 }, (_, i) => at(START + i, { log: 'y'.repeat(100) }));
  t.equal(await plugin.flush(batchOf(large, 'big'), signal), OK);
  t.equal(server.lines()['{tag="big"}']?.length, 100);
  t.ok(server.requests > 5 && server.requests < 12, `${server.requests} requests`);
});

t.test('in one request for two chunks, each gets its own answer', async (t) => {
  const { plugin } = await rig(t, [
    ['Labels', 'job=web'],
    ['max_batch_bytes', '300'],
  ]);
  const old = plugin.flush(batchOf([at(START - 30 * 86_400, { log: 'old'.repeat(50) })], 'a'), signal);
  const good = plugin.flush(batchOf([at(START, { log: 'x'.repeat(300) })], 'b'), signal);
  t.same(await Promise.all([old, good]), [{ kind: 'drop', reason: 'too old for Loki' }, OK]);
});

t.test('entry_order increasing keeps equal lines of one time', async (t) => {
  const { server, plugin } = await rig(t, [
    ['Labels', 'job=web'],
    ['entry_order', 'increasing'],
  ]);
  const events = [at(START + 1, { n: 3 }), at(START, { n: 1 }, 999_999_999), at(START, { n: 2 }, 999_999_999)];
  t.equal(await plugin.flush(batchOf(events), signal), OK);
  t.same(
    server.entries().map(({ ns, line }) => [String(ns), line]),
    [
      [`${START}999999999`, '{"n":1}'],
      [`${START + 1}000000000`, '{"n":2}'],
      [`${START + 1}000000001`, '{"n":3}'],
    ],
  );
});

t.test('as many chunks as an output may have in hand go without waiting for more', async (t) => {
  const { server, plugin } = await rig(t, [
    ['Labels', 'tag=$TAG'],
    ['max_batch_bytes', '1m'],
    ['batch_wait', '1h'],
  ]);
  const tags = Array.from({ length: loki.concurrencyOf?.({ max_batch_bytes: 1 } as never) ?? 0 }, (_, i) => `t${i}`);
  const verdicts = await Promise.all(tags.map((tag) => plugin.flush(batchOf([at(START, { tag })], tag), signal)));
  t.equal(verdicts.length, 16);
  t.ok(verdicts.every((verdict) => verdict === OK));
  t.equal(server.requests, 1);
});

t.test('what waits for other chunks is answered when the engine gives up', async (t) => {
  const stop = new AbortController();
  const section = [
    ['Port', '1'],
    ['max_batch_bytes', '1m'],
  ] as const;
  const { plugin } = await make(loki, section, { clock: new VirtualClock(LOKI_NOW) });
  await plugin.start?.();
  const waiting = plugin.flush(batchOf([at(START, { n: 1 })]), stop.signal);
  stop.abort();
  t.match(await waiting, { kind: 'retry' });
  await plugin.stop?.();
});

t.test('entry_order increasing holds from chunk to chunk, and a retry sends the same times', async (t) => {
  const { server, plugin } = await rig(t, [
    ['Labels', 'job=web'],
    ['entry_order', 'increasing'],
  ]);
  const times = () => server.entries().map(({ ns, line }) => [Number(ns - BigInt(START) * 1_000_000_000n), line]);
  server.fault = () => ({ cut: 'after' });
  const first = batchOf([at(START, { n: 1 }, 7), at(START, { n: 2 }, 7)]);
  t.match(await plugin.flush(first, signal), { kind: 'retry' });
  server.fault = () => undefined;
  t.equal(
    await plugin.flush(batchOf([at(START, { n: 2 }, 7), at(START - 1, { n: 0 }), at(START, { n: 3 }, 50)]), signal),
    OK,
  );
  t.equal(await plugin.flush(first, signal), OK);
  t.same(times(), [
    [7, '{"n":1}'],
    [8, '{"n":2}'],
    [9, '{"n":0}'],
    [10, '{"n":2}'],
    [50, '{"n":3}'],
    [7, '{"n":1}'],
    [8, '{"n":2}'],
  ]);
});

t.test('with entry_order increasing, one request is under way at a time', async (t) => {
  t.equal(loki.concurrencyOf?.({ max_batch_bytes: 0, entry_order: 'increasing' } as never), 1);
  const { server, plugin } = await rig(t, [
    ['Labels', 'job=web'],
    ['entry_order', 'increasing'],
    ['max_batch_bytes', '1'],
  ]);
  let open = 0;
  const pushes: number[] = [];
  server.fault = () => {
    pushes.push(++open);
    return undefined;
  };
  const flushes = [1, 2, 3].map(async (n) => {
    t.equal(await plugin.flush(batchOf([at(START + n, { n })]), signal), OK);
    open--;
  });
  await Promise.all(flushes);
  t.same(pushes, [1, 1, 2], 'the second began when the first was answered');
  t.same(server.lines(), { '{job="web"}': ['{"n":1}', '{"n":2}', '{"n":3}'] });
});

t.test('what is too large for Loki is tried once more as it is, and then in halves', async (t) => {
  for (const batchFrom of [batchOf, packedBatchOf]) {
    const { server, plugin, host } = await rig(t, [['Labels', 'app=$app']], { requestBytes: 400 });
    const events = Array.from({ length: 9 }, (_, i) =>
      at(START + i, { app: `a${i % 2}`, log: 'x'.repeat(i === 4 ? 500 : 50) }),
    );
    const batch = batchFrom(events);
    t.match(await plugin.flush(batch, signal), { kind: 'retry', reason: /413/ });
    t.equal(server.requests, 1);
    t.equal(await plugin.flush(batch, signal), OK);
    t.equal(server.entries().length, 8);
    t.same(
      host.discarded.map((one) => [one.events.length, one.reason]),
      [[1, 'too large for Loki: HTTP status 413']],
    );
  }
});

t.test(
  'headers come in the order of Fluent Bit, so that an own Content-Type or tenant is the first of two',
  async (t) => {
    const server = await HttpCapture.start({ status: 204 });
    t.teardown(() => server.stop());
    const { plugin } = await make(loki, [
      ['Host', '127.0.0.1'],
      ['Port', String(server.port)],
      ['Header', 'Content-Type application/x'],
      ['Header', 'X-Scope-OrgID own'],
      ['http_user', 'me'],
      ['compress', 'gzip'],
      ['tenant_id', 'team'],
    ]);
    t.teardown(() => plugin.stop?.());
    t.equal(await plugin.flush(batchOf([at(START, { a: 1 })]), signal), OK);
    const names = server.received[0]?.rawHeaders.filter((_, number) => number % 2 === 0) ?? [];
    t.same(names.slice(names.indexOf('User-Agent'), -1), [
      'User-Agent',
      'Authorization',
      'Content-Type',
      'X-Scope-OrgID',
      'Content-Type',
      'Content-Encoding',
      'X-Scope-OrgID',
    ]);
    t.equal(server.received[0]?.headers['content-type'], 'application/x');
  },
);
