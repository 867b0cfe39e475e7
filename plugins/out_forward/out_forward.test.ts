import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import t from 'tap';
import { Ext, type Fields, Float, type LogEvent, type Value } from '../../src/data/event.ts';
import { decodeEvents } from '../../src/data/msgpack.ts';
import type { Batch, Verdict } from '../../src/plugin.ts';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { ForwardServer, type Reply, type ServerOptions } from '../../test/support/forward_server.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import forward from './index.ts';

type Pairs = readonly (readonly [string, string])[];
type Teardown = { teardown(run: () => unknown): void };

/** An output towards a server; `flush` sends a batch. */
async function open(t: Teardown, pairs: Pairs = [], options: ServerOptions = {}, ...replies: Reply[]) {
  const server = await ForwardServer.start(options, ...replies);
  const clock = new VirtualClock();
  const port: Pairs = options.path === undefined ? [['port', String(server.port)]] : [];
  const { plugin, host } = await make(forward, [...port, ...pairs], { clock });
  await plugin.start?.();
  const flush = async (batch: Batch = batchOf([eventOf({ log: 'a' })]), signal = new AbortController().signal) =>
    plugin.flush(batch, signal) as Promise<Verdict>;
  t.teardown(async () => {
    await plugin.stop?.();
    await server.stop();
  });
  return { server, clock, plugin, host, flush };
}

const OK = { kind: 'ok' };
const ACK: Pairs = [['require_ack_response', 'on']];
const time = (seconds: number, nanos = 0): Ext => {
  const data = Buffer.alloc(8);
  data.writeUInt32BE(seconds, 0);
  data.writeUInt32BE(nanos, 4);
  return new Ext(0, Uint8Array.from(data));
};

t.test('events are sent with time and metadata, without metadata, or with whole seconds', async (t) => {
  const batch = batchOf([eventOf({ i: 1 }, 1_700_000_000, 5, { m: 1 }), eventOf({ i: 2 }, 1_700_000_001)], 'app');
  const first = time(1_700_000_000, 5);
  const second = time(1_700_000_001);
  for (const [pairs, entries] of [
    [
      [],
      [
        [[first, { m: 1 }], { i: 1 }],
        [[second, {}], { i: 2 }],
      ],
    ],
    [
      [['retain_metadata_in_forward_mode', 'off']],
      [
        [first, { i: 1 }],
        [second, { i: 2 }],
      ],
    ],
    [
      [['time_as_integer', 'on']],
      [
        [1_700_000_000, { i: 1 }],
        [1_700_000_001, { i: 2 }],
      ],
    ],
  ] as const) {
    const { server, flush } = await open(t, pairs);
    t.same(await flush(batch), OK);
    t.same(await server.message(1), ['app', entries]);
  }
});

t.test('options are sent where they are asked for', async (t) => {
  const chunk = /^[A-Za-z0-9+/]{22}==$/;
  for (const [pairs, options] of [
    [[['send_options', 'on']], { size: 1, fluent_signal: 0 }],
    [ACK, { chunk, size: 1, fluent_signal: 0 }],
    [
      [
        ['add_option', 'site  far north'],
        ['add_option', 'rack 7'],
      ],
      { size: 1, fluent_signal: 0, site: 'far north', rack: '7' },
    ],
  ] as const) {
    const { server, flush } = await open(t, pairs);
    t.same(await flush(), OK);
    const [, , got] = await server.message(1);
    t.match(got, options);
    t.same(Object.keys(got as Fields), Object.keys(options));
  }
});

t.test('gzip and zstd send one compressed bin', async (t) => {
  for (const [kind, unpack] of [
    ['gzip', zlib.gunzipSync],
    ['zstd', zlib.zstdDecompressSync],
  ] as const) {
    const { server, flush } = await open(t, [['compress', kind]]);
    t.same(await flush(batchOf([eventOf({ i: 1 }), eventOf({ i: 2 })])), OK);
    const [tag, bytes, options] = (await server.message(1)) as [string, Buffer, Fields];
    t.same([tag, options], ['app.log', { size: 2, compressed: kind, fluent_signal: 0 }]);
    t.same(
      decodeEvents(unpack(bytes)).map(({ body }) => body),
      [{ i: 1 }, { i: 2 }],
    );
  }
});

t.test('a tag may be a text, parts of the tag, or fields of the record, which makes a message an event', async (t) => {
  const fixed = await open(t, [['tag', 'pre.$TAG[1]']]);
  await fixed.flush();
  t.equal((await fixed.server.message(1))[0], 'pre.log');
  const { server, flush } = await open(t, [['tag', 'app.$ns'], ...ACK]);
  const events = [eventOf({ ns: 'a' }, 1, 2, { m: 1 }), eventOf({}, 3), eventOf({}, 3)];
  t.same(await flush(batchOf(events)), OK);
  t.match(server.messages, [
    ['app.a', time(1, 2), { ns: 'a' }, { fluent_signal: 0, metadata: { m: 1 } }],
    ['app.', time(3), {}, { fluent_signal: 0 }],
    ['app.', time(3), {}, { fluent_signal: 0 }],
  ]);
  t.equal(new Set(server.messages.map((message) => (message[3] as Fields).chunk)).size, 3);
});

t.test('events that came as msgpack go on as they came, values that JavaScript does not know included', async (t) => {
  const entry = (head: string, body: string) => Buffer.from(head + body, 'hex');
  const body = '8201ca3f800000a1780f';
  const bytes = Buffer.concat([entry('9292d7006553f10000000005', `80${body}`), entry('9292ce6553f100', `80${body}`)]);
  const batch = { ...batchOf([], 'app'), count: 2, pieces: () => [bytes] };
  const { server, flush } = await open(t);
  t.same(await flush(batch), OK);
  await server.message(1);
  t.same(server.messages[0]?.[1], [
    [[time(0x6553f100, 5), {}], { '\udd01': new Float(1), x: 15 }],
    [[0x6553f100, {}], { '\udd01': new Float(1), x: 15 }],
  ]);
});

t.test('a batch too long for one message is sent in several, and what was acknowledged not again', async (t) => {
  const { server, clock, flush } = await open(t, ACK, {}, 'ack', 'silence', 'silence', 'ack');
  const events: LogEvent[] = [];
  for (let i = 0; i < 5; i++) events.push(eventOf({ i, text: 'x'.repeat(1_900_000) }));
  const batch = batchOf(events);
  const flushing = flush(batch);
  await server.message(3);
  await clock.advance(191_000);
  t.match(await flushing, { kind: 'retry' });
  const numbers = (message: Value[]) => (message[1] as [unknown, Fields][]).map(([, fields]) => fields.i);
  t.same(server.messages.map(numbers), [[0, 1], [2, 3], [4]]);
  server.messages.length = 0;
  t.same(await flush(batch), OK);
  t.same(server.messages.map(numbers), [[2, 3], [4]]);
});

t.test('without its acknowledgement a batch is tried again', async (t) => {
  for (const [reply, reason] of [
    ['drop', /closed/],
    ['other', /something else/],
  ] as const) {
    const { flush, server } = await open(t, ACK, {}, reply, 'ack');
    t.match(await flush(), { kind: 'retry', reason });
    t.same(await flush(), OK);
    const chunks = server.messages.map((message) => (message[2] as Fields).chunk);
    t.equal(chunks[0], chunks[1]);
  }
});

t.test(
  'an acknowledgement that does not come is waited for as long as ack_timeout or net.io_timeout says',
  async (t) => {
    for (const [pairs, seconds] of [
      [[], 190],
      [[['ack_timeout', '5']], 5],
      [[['net.io_timeout', '2s']], 2],
    ] as [Pairs, number][]) {
      const { server, clock, flush } = await open(t, [...ACK, ...pairs], {}, 'silence');
      let verdict: Verdict | undefined;
      const flushing = flush().then((value) => {
        verdict = value;
      });
      await server.message(1);
      await clock.advance(seconds * 1000 - 100);
      t.equal(verdict, undefined);
      await clock.advance(200);
      await flushing;
      t.match(verdict, { kind: 'retry', reason: new RegExp(`no acknowledgement within ${seconds} seconds`) });
    }
  },
);

t.test('when the engine gives up, the flush ends at once, also one that begins only then', async (t) => {
  const { server, flush } = await open(t, ACK, {}, 'silence');
  const abort = new AbortController();
  const flushing = flush(undefined, abort.signal);
  await server.message(1);
  abort.abort();
  t.match(await flushing, { kind: 'retry', reason: /given up/ });
  t.match(await flush(undefined, AbortSignal.abort()), { kind: 'retry', reason: /given up/ });
});

t.test('where nobody listens, or connecting takes too long, it is tried again', async (t) => {
  const { server, flush } = await open(t);
  await server.stop();
  t.match(await flush(), { kind: 'retry', reason: /127\.0\.0\.1:\d+: .*ECONNREFUSED/ });
});

t.test('one connection serves one batch after another, as often as net.keepalive_max_recycle says', async (t) => {
  const { server, flush } = await open(t, [...ACK, ['net.keepalive_max_recycle', '2']]);
  for (let i = 0; i < 4; i++) t.same(await flush(), OK);
  t.equal(server.connections, 2);
  const single = await open(t, [...ACK, ['net.keepalive', 'off']]);
  for (let i = 0; i < 2; i++) t.same(await single.flush(), OK);
  t.equal(single.server.connections, 2);
});

t.test('a connection that is not used for net.keepalive_idle_timeout is closed', async (t) => {
  const { server, clock, flush } = await open(t, [...ACK, ['net.keepalive_idle_timeout', '30']]);
  await flush();
  await clock.advance(29_000);
  await flush();
  t.equal(server.connections, 1);
  await clock.advance(31_000);
  await flush();
  t.equal(server.connections, 2);
  t.equal(clock.pending, 1);
});

t.test('a kept connection that the server has closed is replaced at once', async (t) => {
  const { server, flush } = await open(t, ACK);
  t.same(await flush(), OK);
  await server.hangUp();
  t.same(await flush(), OK);
  t.equal(server.connections, 2);
  server.replies = ['drop', 'ack'];
  t.same(await flush(), OK, 'also where it breaks only when it is used');
  t.equal(server.messages.length, 4);
});

t.test('no more connections are open than net.max_worker_connections, whatever becomes of them', async (t) => {
  const { server, flush } = await open(t, [...ACK, ['net.max_worker_connections', '1']], {}, 'drop', 'ack');
  t.same(
    (await Promise.all([flush(), flush(), flush()])).map(({ kind }) => kind),
    ['retry', 'ok', 'ok'],
  );
  t.equal(server.connections, 2, 'one that broke, and one for the others');
  server.replies = ['silence'];
  const abort = new AbortController();
  const flushes = [flush(undefined, abort.signal), flush(undefined, abort.signal)];
  await once(server, 'message');
  abort.abort();
  for (const verdict of await Promise.all(flushes)) t.match(verdict, { kind: 'retry', reason: /given up/ });
  server.replies = ['ack'];
  t.same(await flush(), OK);
});

t.test('at a unix socket', async (t) => {
  const file = path.join(fs.mkdtempSync('/tmp/fw-'), 's');
  t.teardown(() => fs.rmSync(path.dirname(file), { recursive: true }));
  const { server, flush } = await open(t, [['unix_path', file]], { path: file });
  t.same(await flush(), OK);
  await server.message(1);
});

t.test('options that do not fit together are errors', async (t) => {
  for (const [pairs, reason] of [
    [[['compress', 'snappy']], /no compression; write gzip or zstd/],
    [
      [
        ['compress', 'gzip'],
        ['time_as_integer', 'on'],
      ],
      /does not go with time_as_integer/,
    ],
    [
      [
        ['compress', 'gzip'],
        ['tag', '$x'],
      ],
      /does not go with a tag out of the record/,
    ],
    [[['username', 'me']], /needs shared_key/],
    [[['add_option', 'x']], /NAME VALUE/],
  ] as [Pairs, RegExp][])
    await t.rejects(make(forward, pairs), reason);
});
