import t from 'tap';
import { NO_METADATA } from '../../src/data/event.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import dummy from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function run(pairs: Pairs, ms: number, room?: () => boolean) {
  const clock = new VirtualClock();
  const { plugin, host } = await make(dummy, pairs, { name: 'dummy.0', clock, ...(room ? { room } : {}) });
  await plugin.start();
  await clock.advance(ms);
  return { plugin, host, clock };
}

t.test('one record a second under the name of the instance', async (t) => {
  const { host } = await run([], 3000);
  t.same(host.bodies, [{ message: 'dummy' }, { message: 'dummy' }, { message: 'dummy' }]);
  t.equal(host.emitted[0]?.tag, 'dummy.0');
  const [event] = host.emitted[0]?.events ?? [];
  t.same([event?.seconds, event?.nanos, event?.metadata], [1_700_000_001, 0, NO_METADATA]);
});

t.test('rate, interval and copies', async (t) => {
  t.equal((await run([['Rate', '20']], 1000)).host.emitted.length, 20);
  t.equal((await run([['Rate', '0']], 1000)).host.emitted.length, 1);
  t.equal(
    (
      await run(
        [
          ['Interval_Sec', '2'],
          ['Rate', '20'],
        ],
        6000,
      )
    ).host.emitted.length,
    3,
  );
  t.equal((await run([['Interval_Nsec', '500000000']], 1000)).host.emitted.length, 2);
  const { host } = await run(
    [
      ['Copies', '3'],
      ['Samples', '2'],
    ],
    5000,
  );
  t.same(
    host.emitted.map(({ events }) => events.length),
    [3, 3],
  );
});

t.test('after Samples ticks it is over, and no timer is left', async (t) => {
  const { host, clock } = await run(
    [
      ['Samples', '2'],
      ['Rate', '10'],
    ],
    5000,
  );
  t.equal(host.emitted.length, 2);
  t.equal(clock.pending, 0);
});

t.test('stop ends it', async (t) => {
  const { plugin, host, clock } = await run([], 1000);
  await plugin.stop();
  await clock.advance(5000);
  t.equal(host.emitted.length, 1);
  t.equal(clock.pending, 0);
});

t.test('flush_on_startup makes the first record at once', async (t) => {
  t.equal((await run([['Flush_On_Startup', 'on']], 0)).host.emitted.length, 1);
  t.equal((await run([], 0)).host.emitted.length, 0);
});

t.test('start times run on, or stand still', async (t) => {
  const times = async (pairs: Pairs) =>
    (await run(pairs, 2000)).host.emitted.map(({ events }) => [events[0]?.seconds, events[0]?.nanos]);
  t.same(
    await times([
      ['Start_Time_Sec', '100'],
      ['Start_Time_Nsec', '999999999'],
    ]),
    [
      [101, 999_999_999],
      [102, 999_999_999],
    ],
  );
  t.same(
    await times([
      ['Start_Time_Sec', '100'],
      ['Fixed_Timestamp', 'on'],
    ]),
    [
      [100, 0],
      [100, 0],
    ],
  );
  t.same(
    await times([
      ['Start_Time_Nsec', '500'],
      ['Fixed_Timestamp', 'on'],
    ]),
    [
      [0, 500],
      [0, 500],
    ],
  );
  t.same(await times([['Fixed_Timestamp', 'on']]), [
    [1_700_000_000, 0],
    [1_700_000_000, 0],
  ]);
  t.same(
    await times([
      ['Start_Time_Sec', '100'],
      ['Start_Time_Nsec', '600000000'],
      ['Interval_Nsec', '1500000000'],
    ]),
    [[102, 100_000_000]],
  );
});

t.test('metadata goes with every record', async (t) => {
  const { host } = await run([['Metadata', '{"a":{"b":1}}']], 1000);
  t.same(host.emitted[0]?.events[0]?.metadata, { a: { b: 1 } });
});

t.test('what is no JSON becomes the default, a list gives nothing', async (t) => {
  const broken = await run(
    [
      ['Dummy', '{"a":1,'],
      ['Metadata', 'x'],
    ],
    1000,
  );
  t.same(broken.host.bodies, [{ message: 'dummy' }]);
  t.match(broken.host.lines, [
    { level: 'warn', message: /dummy/ },
    { level: 'warn', message: /metadata/ },
  ]);
  t.same((await run([['Dummy', '[{"a":1}]']], 3000)).host.bodies, []);
});

t.test('two objects side by side are two records, as in Fluent Bit', async (t) => {
  const bodies = async (text: string) => (await run([['Dummy', text]], 1000)).host.bodies;
  t.same(await bodies('{"a":1}{"b":"é"} [3]'), [{ a: 1 }, { b: 'é' }]);
  t.same(await bodies('{"a":1} x'), [{ message: 'dummy' }]);
  t.same(await bodies('{"a":1}{"b":}'), [{ message: 'dummy' }]);
});

t.test('while there is no room, nothing is made', async (t) => {
  let room = false;
  const { plugin, host, clock } = await run([], 3000, () => room);
  t.equal(host.emitted.length, 1, 'the first one was taken, and told to wait');
  room = true;
  plugin.resume?.();
  await clock.advance(2000);
  t.equal(host.emitted.length, 3);
});

t.test('a rate above what timers can do is kept all the same', async (t) => {
  const count = (host: { emitted: { events: unknown[] }[] }) =>
    host.emitted.reduce((sum, { events }) => sum + events.length, 0);
  const clock = new VirtualClock();
  // Timers of a real clock have steps of a millisecond.
  const after = clock.after.bind(clock);
  clock.after = (ms, run) => after(Math.max(Math.ceil(ms), 1), run);
  const { plugin, host } = await make(dummy, [['Rate', '50000']], { clock });
  await plugin.start();
  await clock.advance(100);
  t.equal(count(host), 5000);
  const { plugin: few, host: fewHost } = await make(
    dummy,
    [
      ['Rate', '50000'],
      ['Samples', '120'],
    ],
    { clock },
  );
  await few.start();
  await clock.advance(100);
  t.equal(count(fewHost), 120);
  await plugin.stop();
});
