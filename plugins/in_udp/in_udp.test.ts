import t from 'tap';
import { openInput } from '../../test/support/net_input.ts';
import udp from './index.ts';

t.test('a datagram holds one document or several', async (t) => {
  const { host, send } = await openInput(t, udp, { source_address_key: 'from' });
  await send('{"a":1}');
  await host.events(1);
  await send('{"b":2}\n[3] {"c":{"d":4}}');
  const bodies = (await host.events(4)) as Record<string, unknown>[];
  t.same(
    bodies.map(({ from: _from, ...rest }) => rest),
    [{ a: 1 }, { b: 2 }, { msg: [3] }, { c: { d: 4 } }],
  );
  t.match(bodies[0]?.from, /^udp:\/\/127\.0\.0\.1:\d+$/);
  t.equal(host.emitted[0]?.tag, 'udp.0');
});

t.test('texts within a datagram; the last one needs no separator', async (t) => {
  const { host, send } = await openInput(t, udp, { format: 'none', separator: '\\t' });
  await send('one');
  await host.events(1);
  await send('two\tthree\n\t\tfour');
  t.same(await host.events(4), [{ log: 'one' }, { log: 'two' }, { log: 'three\n' }, { log: 'four' }]);
});

t.test('a datagram that is cut short does not touch the next one', async (t) => {
  const { host, send } = await openInput(t, udp);
  await send('{"a":{"b":');
  await host.until(() => host.counts.invalid_texts_total === 1);
  await send('{"c":1}');
  t.same(await host.events(1), [{ c: 1 }]);
});

t.test('datagrams wait while there is no room; too many of them are dropped, counted and told', async (t) => {
  let room = false;
  const { host, input, send } = await openInput(t, udp, { format: 'none' }, { room: () => room });
  await send('1');
  await host.events(1);
  const large = Buffer.alloc(50_000, 'x');
  while (host.counts.datagrams_dropped_total === undefined) {
    await send(large);
    await new Promise((go) => setImmediate(go));
  }
  t.equal(host.bodies.length, 1);
  input.resume?.();
  t.equal(host.bodies.length, 2, 'one more; then there is again no room');
  room = true;
  input.resume?.();
  t.ok(host.bodies.length > 80);
  t.equal(host.lines.filter(({ message }) => message.includes('are dropped')).length, 1);
});

t.test('what waits at a stop is handed over', async (t) => {
  const { host, input, send } = await openInput(t, udp, { format: 'none' }, { room: () => false });
  await send('1');
  await host.events(1);
  await send('2');
  await send('3');
  while (host.bodies.length === 1) {
    await new Promise((go) => setImmediate(go));
    input.resume?.();
  }
  await input.stop();
  t.same(host.bodies.slice(0, 2), [{ log: '1' }, { log: '2' }]);
});
