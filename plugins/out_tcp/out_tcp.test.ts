import { EventEmitter, once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { decodeEvents } from '../../src/data/msgpack.ts';
import { OK } from '../../src/plugin.ts';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import tcp from './index.ts';

const signal = new AbortController().signal;
const EVENTS = [eventOf({ log: 'one "x"', n: 1 }), eventOf({ log: { a: 'b' } }), eventOf({ x: 1 })];

/** Keeps what comes, by connection. */
class Capture extends EventEmitter {
  readonly texts: Buffer[] = [];
  readonly sockets: Socket[] = [];
  readonly server = net.createServer((socket) => {
    const number = this.sockets.push(socket) - 1;
    this.texts.push(Buffer.alloc(0));
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      this.texts[number] = Buffer.concat([this.texts[number] as Buffer, data]);
      this.emit('data');
    });
    socket.on('close', () => this.emit('gone'));
  });

  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) await once(this, 'data');
  }
}

async function rig(t: Test, pairs: readonly (readonly [string, string])[] = []) {
  const capture = new Capture();
  capture.server.listen(0, '127.0.0.1');
  await once(capture.server, 'listening');
  const clock = new VirtualClock(0);
  const { port } = capture.server.address() as AddressInfo;
  const { plugin, host } = await make(tcp, [['Port', String(port)], ...pairs], { clock });
  await plugin.start?.();
  t.teardown(async () => {
    await plugin.stop?.();
    for (const socket of capture.sockets) socket.destroy();
    capture.server.close();
  });
  const flush = (events = EVENTS, abort = signal) => plugin.flush(batchOf(events), abort);
  return { capture, clock, plugin, host, flush };
}

async function sent(
  t: Test,
  pairs: readonly (readonly [string, string])[],
  bytes: number,
  events = EVENTS,
): Promise<Buffer> {
  const { capture, flush } = await rig(t, pairs);
  t.same(await flush(events), OK);
  await capture.until(() => (capture.texts[0]?.length ?? 0) >= bytes);
  return capture.texts[0] as Buffer;
}

t.test('msgpack by default', async (t) => {
  const size = batchOf(EVENTS).bytes().length;
  t.same(decodeEvents(await sent(t, [], size)), EVENTS);
});

t.test('lists, lines and streams of JSON', async (t) => {
  const pairs: [string, string][] = [
    ['json_date_key', 'ts'],
    ['json_date_format', 'epoch'],
  ];
  const lines =
    '{"ts":1767225600,"log":"one \\"x\\"","n":1}\n{"ts":1767225600,"log":{"a":"b"}}\n{"ts":1767225600,"x":1}\n';
  const texts = {
    json_lines: lines,
    json_stream: lines.replaceAll('\n', ''),
    json: `[${lines.trimEnd().replaceAll('\n', ',')}]`,
  };
  for (const [format, text] of Object.entries(texts))
    t.equal((await sent(t, [...pairs, ['Format', format]], text.length)).toString(), text);
});

t.test('raw_message_key sends a line a record, an empty one where the field is missing', async (t) => {
  const text = 'one "x"\n{"a":"b"}\n\n';
  t.equal((await sent(t, [['raw_message_key', '$log']], text.length)).toString(), text);
});

t.test('raw_message_key may be a text with accessors in it', async (t) => {
  const lines: [string, Fields, string][] = [
    ['at $TAG: $log', { log: 'x' }, `at ${batchOf([]).tag}: x\n`],
    ['$n', { n: 1.5 }, '1.500000\n'],
    ['a.b', { 'a.b': null }, 'null\n'],
    ['$l', { l: [1, 'x'] }, '[1,"x"]\n'],
  ];
  for (const [key, body, line] of lines)
    t.equal((await sent(t, [['raw_message_key', key]], line.length, [eventOf(body)])).toString(), line);
});

t.test('an unknown format is logged and msgpack used, an unknown date becomes double', async (t) => {
  const { host } = await rig(t, [['format', 'yaml']]);
  t.match(host.lines, [{ level: 'error', message: /yaml/ }]);
  const other = await rig(t, [
    ['format', 'json'],
    ['json_date_format', 'x'],
  ]);
  t.match(other.host.lines, [{ level: 'error', message: /json_date_format/ }]);
});

t.test('one connection serves one batch after another, until it was idle too long', async (t) => {
  const { capture, clock, flush } = await rig(t, [
    ['raw_message_key', 'n'],
    ['net.keepalive_idle_timeout', '30s'],
  ]);
  for (let i = 0; i < 3; i++) t.same(await flush([eventOf({ n: i })]), OK);
  await capture.until(() => capture.texts[0]?.toString() === '0\n1\n2\n');
  const gone = once(capture, 'gone');
  await clock.advance(30_000);
  await gone;
  t.same(await flush([eventOf({ n: 3 })]), OK);
  await capture.until(() => capture.texts[1]?.toString() === '3\n');
});

t.test('without keepalive every batch has a connection of its own', async (t) => {
  const { capture, flush } = await rig(t, [
    ['raw_message_key', 'n'],
    ['net.keepalive', 'off'],
  ]);
  for (let i = 0; i < 2; i++) {
    const gone = once(capture, 'gone');
    t.same(await flush([eventOf({ n: i })]), OK);
    await gone;
  }
  t.same(capture.texts.map(String), ['0\n', '1\n']);
});

t.test('a server that ended the connection is connected to again', async (t) => {
  const { capture, flush } = await rig(t, [['raw_message_key', 'n']]);
  t.same(await flush([eventOf({ n: 0 })]), OK);
  await capture.until(() => capture.texts[0]?.toString() === '0\n');
  const gone = once(capture, 'gone');
  capture.sockets[0]?.end();
  await gone;
  t.same(await flush([eventOf({ n: 1 })]), OK);
  await capture.until(() => capture.texts[1]?.toString() === '1\n');
});

t.test('where nobody listens it is tried again', async (t) => {
  const { capture, flush } = await rig(t);
  capture.server.close();
  t.match(await flush(), { kind: 'retry', reason: /ECONNREFUSED/ });
});

const HUGE = [eventOf({ log: 'x'.repeat(32 * 1024 * 1024) })];

t.test('a server that takes nothing: retry after net.io_timeout, or at once when the engine gives up', async (t) => {
  const { capture, clock, flush } = await rig(t, [
    ['raw_message_key', 'log'],
    ['net.io_timeout', '5s'],
    ['net.connect_timeout', '0'],
  ]);
  capture.server.on('connection', (socket) => socket.pause());
  let isOver = false;
  const late = Promise.resolve(flush(HUGE)).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise(setImmediate);
    await clock.advance(5000);
  }
  t.match(await late, { kind: 'retry', reason: /within 5 seconds/ });
  const abort = new AbortController();
  const again = once(capture.server, 'connection');
  const given = flush(HUGE, abort.signal);
  await again;
  abort.abort();
  t.match(await given, { kind: 'retry', reason: /given up/ });
  t.match(await flush(EVENTS, AbortSignal.abort()), { kind: 'retry' });
});

t.test('a connection that breaks in the middle of a batch is a retry', async (t) => {
  const { capture, flush } = await rig(t, [['raw_message_key', 'log']]);
  capture.server.on('connection', (socket) => socket.once('data', () => socket.resetAndDestroy()));
  t.match(await flush(HUGE), { kind: 'retry', reason: /ended|ECONNRESET|EPIPE/ });
});
