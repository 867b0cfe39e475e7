import zlib from 'node:zlib';
import t from 'tap';
import { Ext, Float, type Value } from '../../src/data/event.ts';
import { encodeValue } from '../../src/data/msgpack.ts';
import { open } from '../../test/support/forward_input.ts';
import type { TestHost } from '../../test/support/host.ts';

const event = (i: Value, seconds = 1): Value => [seconds, { i }];
const packed = (...events: Value[]): Buffer => Buffer.concat(events.map((one) => encodeValue(one)));
const bin = (bytes: Uint8Array): Uint8Array => bytes;
const time = (seconds: number, nanos: number): Ext => {
  const data = Buffer.alloc(8);
  data.writeUInt32BE(seconds, 0);
  data.writeUInt32BE(nanos, 4);
  return new Ext(0, data);
};
const shown = (host: TestHost): unknown[] =>
  host.emitted.flatMap(({ tag, events }) => events.map((one) => [tag, one.seconds, one.nanos, one.metadata, one.body]));

t.test('every mode gives its events, with the times as they were sent', async (t) => {
  const { host, connect } = await open(t);
  const client = await connect();
  const two = packed(event(4, 4), event(5, 5));
  client.send(
    ['message', 1, { i: 1 }],
    ['message', time(2, 7), { i: 2 }, { metadata: { m: 1 } }],
    [
      'forward',
      [
        [new Float(2.5), { i: 3 }],
        [[time(3, 9), { m: 2 }], { i: 4 }],
      ],
    ],
    ['packed', bin(two)],
    ['gzip', bin(zlib.gzipSync(two)), { compressed: 'gzip' }],
    ['zstd', bin(zlib.zstdCompressSync(two)), { compressed: 'zstd' }],
    ['nil', [event(6)], null],
  );
  await host.events(11);
  t.same(shown(host), [
    ['message', 1, 0, {}, { i: 1 }],
    ['message', 2, 7, { m: 1 }, { i: 2 }],
    ['forward', 2, 500_000_000, {}, { i: 3 }],
    ['forward', 3, 9, { m: 2 }, { i: 4 }],
    ...['packed', 'gzip', 'zstd'].flatMap((tag) => [
      [tag, 4, 0, {}, { i: 4 }],
      [tag, 5, 0, {}, { i: 5 }],
    ]),
    ['nil', 1, 0, {}, { i: 6 }],
  ]);
  t.same(host.errors, []);
});

t.test('a payload of several gzip members or zstd frames is read to its end, as Fluentd makes them', async (t) => {
  const { host, connect } = await open(t);
  const client = await connect();
  const [one, two] = [packed(event(1)), packed(event(2))];
  client.send(['a', bin(Buffer.concat([zlib.gzipSync(one), zlib.gzipSync(two)])), { compressed: 'gzip' }]);
  const skipped = Buffer.from('502a4d1803000000414243', 'hex');
  client.send([
    'a',
    bin(Buffer.concat([zlib.zstdCompressSync(one), skipped, zlib.zstdCompressSync(two)])),
    { compressed: 'zstd' },
  ]);
  await host.events(4);
  t.same(host.bodies, [{ i: 1 }, { i: 2 }, { i: 1 }, { i: 2 }]);
});

t.test('a chunk is acknowledged when its events are safe, and not before', async (t) => {
  const { host, connect } = await open(t);
  const client = await connect();
  client.send(['a', [event(1)], { chunk: 'one' }], ['a', bin(packed(event(2))), { chunk: 'two' }]);
  await host.events(2);
  t.notOk(client.hasAnswer);
  host.emitted[0]?.settle?.('safe');
  t.same(await client.answer(), { ack: 'one' });
  host.emitted[1]?.settle?.('lost');
  client.send(['a', [], { chunk: 'three' }]);
  t.same(await client.answer(), { ack: 'three' }, 'what is lost is not acknowledged; no events are safe at once');
});

t.test('with ack_on received it is acknowledged at once', async (t) => {
  const { connect } = await open(t, [['ack_on', 'received']]);
  const client = await connect();
  client.send(['a', [event(1)], { chunk: 'one' }]);
  t.same(await client.answer(), { ack: 'one' });
});

t.test('a client that has sent all and closed its side still gets its acknowledgement', async (t) => {
  const { host, connect } = await open(t);
  const client = await connect();
  client.send(['a', [event(1)], { chunk: 'one' }]);
  client.socket.end();
  await host.events(1);
  await new Promise((go) => setImmediate(go));
  host.emitted[0]?.settle?.('safe');
  t.same(await client.answer(), { ack: 'one' });
  await client.closed();
});

t.test('single messages of one tag that come together go on together', async (t) => {
  const { host, connect } = await open(t);
  const client = await connect();
  client.send(['a', 1, { i: 1 }], ['a', 1, { i: 2 }], ['b', 1, { i: 3 }], ['a', 1, { i: 4 }]);
  await host.events(4);
  t.same(
    host.emitted.map(({ tag, events }) => [tag, events.length]),
    [
      ['a', 2],
      ['b', 1],
      ['a', 1],
    ],
  );
});

t.test('the tag is the sender’s, or Tag, or Tag_Prefix and the sender’s', async (t) => {
  for (const [pairs, options, expected] of [
    [[], {}, 'app'],
    [[], { tag: 'mine' }, 'mine'],
    [[['tag_prefix', 'edge.']], { tag: 'mine' }, 'edge.app'],
  ] as const) {
    const { host, connect } = await open(t, pairs, options);
    (await connect()).send(['app', 1, {}]);
    await host.events(1);
    t.equal(host.emitted[0]?.tag, expected);
  }
});

const BROKEN: readonly (readonly [string, Buffer])[] = [
  ['no array', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['less than two elements', encodeValue(['a']) as Buffer],
  ['tag of a message is no string', encodeValue([1, [event(1)]]) as Buffer],
  ['tag of a message is no string', encodeValue([bin(Buffer.from('a')), [event(1)]]) as Buffer],
  ['neither a time nor events', encodeValue(['a', new Float(1.5), {}]) as Buffer],
  ['neither a time nor events', encodeValue(['a', -5, {}]) as Buffer],
  ['neither a time nor events', encodeValue(['a', { i: 1 }]) as Buffer],
  ['has no record', encodeValue(['a', 1]) as Buffer],
  ['record of a message is no map', encodeValue(['a', 1, 'text']) as Buffer],
  ['options of a message are no map', encodeValue(['a', 1, {}, 'text']) as Buffer],
  ['options of a message are no map', encodeValue(['a', [event(1)], 7]) as Buffer],
  ['options of a message are no map', encodeValue(['a', bin(packed(event(1))), null]) as Buffer],
  ["'chunk' of a message is no string", encodeValue(['a', [event(1)], { chunk: 7 }]) as Buffer],
  ["'fluent_signal' of a message", encodeValue(['a', [event(1)], { fluent_signal: 'x' }]) as Buffer],
  ['event 2 of 2 of a message is none', encodeValue(['a', [event(1), [1, 'text']]]) as Buffer],
  ['no MessagePack', Buffer.from('92a161c1', 'hex')],
  ['cannot be read', encodeValue(['a', bin(Buffer.from('1f8b0000', 'hex')), { compressed: 'gzip' }]) as Buffer],
  ['longer than buffer_max_size', Buffer.from('92a161c6ffffffff', 'hex')],
  ['longer than buffer_max_size', Buffer.from('92a161ddffffffff', 'hex')],
  ['longer than buffer_max_size', Buffer.from('93a16101dfffffffff', 'hex')],
];

t.test('a broken message ends its connection with a line in the log, and no other one', async (t) => {
  const { host, connect } = await open(t);
  const good = await connect();
  for (const [reason, bytes] of BROKEN) {
    const before = host.errors.length;
    const client = await connect();
    client.socket.write(bytes);
    await client.closed();
    t.equal(host.errors.length, before + 1);
    t.match(host.errors.at(-1), reason);
    t.match(host.errors.at(-1), /^127\.0\.0\.1:\d+: .*; the connection is closed$/);
  }
  t.equal(host.counts.broken_messages_total, BROKEN.length);
  good.send(['good', 1, { i: 'good' }]);
  await host.until(() => host.emitted.at(-1)?.tag === 'good');
});

t.test('good messages before a broken one are acknowledged before the connection is closed', async (t) => {
  const { host, clock, connect } = await open(t);
  const client = await connect();
  client.send(['a', [event(1)], { chunk: 'one' }], ['a', 'b', 'c', 'd'], ['a', [event(2)], { chunk: 'two' }]);
  await host.until(() => host.errors.length === 1);
  t.notOk(client.isClosed);
  host.emitted[0]?.settle?.('safe');
  t.same(await client.answer(), { ack: 'one' });
  t.equal(await client.answer(), undefined);
  t.same(host.bodies, [{ i: 1 }]);

  const other = await connect();
  other.send(['a', [event(1)], { chunk: 'one' }], 7);
  await host.until(() => host.errors.length === 2);
  await clock.advance(6000);
  t.equal(await other.answer(), undefined, 'it is not waited for them for ever');
});

t.test('what in a packed payload is no event is logged and counted; the events before it are taken', async (t) => {
  const { host, connect } = await open(t);
  const client = await connect();
  client.send(['a', bin(packed(event(1), [1, 'text'], event(2))), { chunk: 'one' }]);
  await host.events(1);
  t.same(host.bodies, [{ i: 1 }]);
  t.match(host.errors, [/bytes after event 1 of a packed message are no event/]);
  host.emitted[0]?.settle?.('safe');
  t.same(await client.answer(), { ack: 'one' });
  client.send(['a', new Ext(5, Buffer.alloc(8)), { i: 1 }], ['a', 1, { i: 2 }]);
  await host.events(2);
  t.same(host.bodies, [{ i: 1 }, { i: 2 }], 'a time of an unknown kind costs only its event');
});

t.test('a message may be as long as buffer_max_size, also when it is uncompressed', async (t) => {
  const { host, connect } = await open(t, [['buffer_max_size', '10k']]);
  const client = await connect();
  client.send(['a', 1, { text: 'x'.repeat(9980) }]);
  await host.events(1);
  client.send(['a', 1, { text: 'x'.repeat(10_000) }]);
  await client.closed();
  t.match(host.errors.at(-1), /buffer_max_size, 10000 bytes/);
  const bomb = await connect();
  const zeros = packed([1, { text: '0'.repeat(1_000_000) }]);
  bomb.send(['a', bin(zlib.gzipSync(zeros)), { compressed: 'gzip' }]);
  await bomb.closed();
  t.match(host.errors.at(-1), /a compressed message becomes longer than buffer_max_size/);
  t.equal(host.bodies.length, 1);
});

t.test('metrics and traces are acknowledged, counted and logged once', async (t) => {
  const { host, connect } = await open(t);
  const client = await connect();
  for (const chunk of ['one', 'two']) {
    client.send(['a', bin(Buffer.from('metrics')), { fluent_signal: 1, chunk }]);
    t.same(await client.answer(), { ack: chunk });
  }
  t.equal(host.counts.unsupported_signals_total, 2);
  t.equal(host.lines.filter(({ message }) => /sends metrics/.test(message)).length, 1);
  t.same(host.emitted, []);
});

t.test('while there is no room no connection is read, and then they take turns', async (t) => {
  let room = false;
  const { host, input, connect } = await open(t, [], { room: () => room });
  const [one, two] = [await connect(), await connect()];
  one.send(['one', bin(packed(event(1)))], ['one', bin(packed(event(2)))]);
  await host.events(1);
  two.send(['two', bin(packed(event(3)))], ['two', bin(packed(event(4)))]);
  // Nothing of the second one may come: asked for as long as it takes a third one to be accepted.
  await connect();
  t.same(host.bodies, [{ i: 1 }]);
  input.resume?.();
  await host.events(2);
  t.equal(host.bodies.length, 2, 'room for one is used by one');
  room = true;
  input.resume?.();
  await host.events(4);
  t.same(new Set(host.bodies.map((body) => JSON.stringify(body))).size, 4);
});

t.test('at a stop what came whole is emitted, and acknowledgements still go out', async (t) => {
  const { host, input, connect } = await open(t, [], { room: () => false });
  const client = await connect();
  client.send(['a', [event(1)], { chunk: 'one' }], ['a', [event(2)], { chunk: 'two' }]);
  client.socket.write(Buffer.from('92a161', 'hex'));
  await host.events(1);
  await input.stop();
  t.same(host.bodies, [{ i: 1 }, { i: 2 }]);
  await t.rejects(connect(), /ECONNREFUSED/);
  for (const { settle } of host.emitted) settle?.('safe');
  await input.close?.();
  t.same(
    [await client.answer(), await client.answer(), await client.answer()],
    [{ ack: 'one' }, { ack: 'two' }, undefined],
  );
});
