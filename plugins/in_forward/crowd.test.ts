import t from 'tap';
import type { Value } from '../../src/data/event.ts';
import { encodeValue } from '../../src/data/msgpack.ts';
import type { ForwardClient } from '../../test/support/forward_client.ts';
import { open } from '../../test/support/forward_input.ts';

const CLIENTS = 200;
const MESSAGES = 10;

const payload = (client: number, number: number): Value => [
  `c${client}`,
  Buffer.concat([1, 2, 3].map((i) => encodeValue([i, { client, number, text: 'x'.repeat(300) }]))),
  { size: 3 },
];

t.test('two hundred clients at once and one that is slow: none is starved, none disturbs another', async (t) => {
  let left = 0;
  // Room for seven messages at a time.
  const { host, input, connect } = await open(t, [], { room: () => --left > 0 });
  const clients: ForwardClient[] = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(await connect());
  const slow = await connect();
  const whole = encodeValue(payload(CLIENTS, 0));
  let sent = 0;
  for (const [client, { socket }] of clients.entries())
    for (let number = 0; number < MESSAGES; number++) socket.write(encodeValue(payload(client, number)));
  const rounds = new Map<string, number>();
  const expected = CLIENTS * MESSAGES + 1;
  for (let round = 0, seen = 0; seen < expected; round++) {
    slow.socket.write(whole.subarray(sent, sent + 7));
    sent += 7;
    left = 7;
    input.resume?.();
    await new Promise((go) => setImmediate(go));
    for (; seen < host.emitted.length; seen++) {
      const tag = host.emitted[seen]?.tag as string;
      if (!rounds.has(tag)) rounds.set(tag, round);
    }
  }
  t.equal(host.emitted.length, expected);
  t.ok(host.emitted.every(({ events }) => events.length === 3));
  t.equal(rounds.size, CLIENTS + 1);
  for (let client = 0; client < CLIENTS; client++) {
    const numbers = host.emitted.filter(({ tag }) => tag === `c${client}`).map(({ events }) => events[0]?.body.number);
    if (numbers.join() !== '0,1,2,3,4,5,6,7,8,9') t.fail(`client ${client}: ${numbers}`);
  }
  t.same(host.errors, []);
});

t.test('the rest of a message that comes while there is no room is still there when there is', async (t) => {
  let hasRoom = true;
  const { host, input, connect } = await open(t, [], { room: () => hasRoom });
  const clients = [await connect(), await connect(), await connect()] as const;
  const [a, b, last] = clients;
  const whole = (client: number): Uint8Array => encodeValue(payload(client, 1));
  for (const [at, client] of [a, b].entries()) {
    client.socket.write(Buffer.concat([encodeValue(payload(at, 0)), whole(at).subarray(0, 500)]));
    await host.until(() => host.emitted.length > at);
  }
  hasRoom = false;
  last.send(payload(2, 1));
  await host.until(() => host.emitted.length === 3);
  for (const [at, client] of [a, b].entries()) client.socket.write(whole(at).subarray(500));
  while (!input.describe?.()[0]?.includes('3 of them wait')) await new Promise((go) => setImmediate(go));
  hasRoom = true;
  input.resume?.();
  await host.until(() => host.emitted.length === 5);
  t.same(
    host.emitted.map(({ tag, events }) => [tag, events.map(({ body }) => body.client)]),
    [0, 1, 2, 0, 1].map((client) => [`c${client}`, [client, client, client]]),
  );
  t.same(host.errors, []);
});

t.test('a client that never reads its acknowledgements is not read any more, and others are', async (t) => {
  const { host, connect } = await open(t, [['ack_on', 'received']]);
  const deaf = await connect();
  const good = await connect();
  deaf.socket.pause();
  const chunk = 'c'.repeat(100_000);
  const message = encodeValue(['deaf', [[1, {}]], { chunk }]);
  let taken = 0;
  // Until the system takes no more: then neither side's buffers hold more than a few megabytes.
  while (deaf.socket.writableLength < 5_000_000) {
    deaf.socket.write(message);
    if (++taken > 2000) break;
    await new Promise((go) => setImmediate(go));
  }
  t.ok(deaf.socket.writableLength >= 5_000_000, 'it is held up');
  good.send(['good', 1, { i: 1 }]);
  await host.until(() => host.emitted.some(({ tag }) => tag === 'good'));
  const before = host.emitted.length;
  deaf.socket.resume();
  await host.until(() => host.emitted.length > before + 10);
  t.pass('and goes on when it reads');
});
