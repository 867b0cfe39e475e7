import t from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { eventOf } from '../../test/support/batch.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import throttle from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function throttled(pairs: Pairs) {
  const clock = new VirtualClock();
  const { plugin, host } = await make(throttle, pairs, { clock });
  let n = 0;
  return {
    clock,
    host,
    plugin,
    /** How many of a burst pass. */
    burst: async (count: number, body: Fields = {}, tag = 'tag') => {
      const events = Array.from({ length: count }, () => eventOf({ n: n++, ...body }));
      const kept = await plugin.filter(events, tag);
      return kept === events ? count : kept.length;
    },
  };
}

t.test('a burst of rate times window passes, and later what has slid out', async (t) => {
  const { burst, clock } = await throttled([
    ['Rate', '2'],
    ['Window', '3'],
    ['Interval', '1s'],
  ]);
  t.equal(await burst(12), 6);
  await clock.advance(1000);
  t.equal(await burst(4), 0, 'the first interval is still in the window');
  await clock.advance(2000);
  t.equal(await burst(3), 3);
  await clock.advance(1000);
  t.equal(await burst(9), 3);
  await clock.advance(60_000);
  t.equal(await burst(9), 6);
});

t.test('a fraction is a rate; 1 and less is 1, a window of 1 and less is 5', async (t) => {
  t.equal(await (await throttled([['Rate', '1.5']])).burst(20), 8, 'eight fifths are the first average not below 1.5');
  t.equal(await (await throttled([['Rate', '0.2']])).burst(20), 5);
  const two: Pairs = [
    ['Rate', '2'],
    ['Window', '1'],
  ];
  t.equal(await (await throttled(two)).burst(20), 10);
  t.equal(await (await throttled([['Rate', 'many']])).burst(20), 5);
});

t.test('what passes keeps its order, and where all pass the array is the same', async (t) => {
  const { plugin } = await throttled([['Rate', '2']]);
  const events = Array.from({ length: 12 }, (_, n) => eventOf({ n }));
  const kept = await plugin.filter(events, 'tag');
  t.same(kept, events.slice(0, 10));
  const { plugin: open } = await throttled([['Rate', '99']]);
  t.equal(await open.filter(events, 'tag'), events);
});

t.test('an interval has a unit; one that is none is a second, with a warning', async (t) => {
  const { burst, clock, host } = await throttled([['Interval', '0.5h']]);
  t.equal(await burst(9), 5);
  await clock.advance(1_800_000 * 5);
  t.equal(await burst(9), 5);
  t.same(host.lines, []);
  for (const interval of ['soon', '0', '1x']) {
    const { clock, burst, host } = await throttled([['Interval', interval]]);
    t.equal(await burst(9), 5);
    await clock.advance(5000);
    t.equal(await burst(9), 5);
    t.match(host.lines, [{ level: 'warn' }], interval);
  }
});

t.test('with Group_By every value has a limit of its own', async (t) => {
  const { burst } = await throttled([['Group_By', "$kubernetes['pod_name']"]]);
  t.equal(await burst(9, { kubernetes: { pod_name: 'a' } }), 5);
  t.equal(await burst(9, { kubernetes: { pod_name: 'b' } }), 5);
  t.equal(await burst(9, { kubernetes: { pod_name: 'a' } }), 0);
  t.equal(await burst(9), 5, 'those without the field together');
  const byTag = await throttled([['Group_By', '$TAG[1]']]);
  t.equal(await byTag.burst(9, {}, 'x.a'), 5);
  t.equal(await byTag.burst(9, {}, 'y.a'), 0);
  t.equal(await byTag.burst(9, {}, 'y.b'), 5);
});

t.test('so many values that memory would run out: the oldest are forgotten', async (t) => {
  const { burst } = await throttled([['Group_By', 'id']]);
  for (let id = 0; id < 10_001; id++) await burst(5, { id });
  t.equal(await burst(5, { id: 10_000 }), 0);
  t.equal(await burst(5, { id: 0 }), 5);
});

t.test('Print_Status logs once an interval, and ends with the filter', async (t) => {
  const { burst, clock, host, plugin } = await throttled([
    ['Print_Status', 'on'],
    ['Rate', '2'],
  ]);
  await burst(5);
  await clock.advance(2000);
  t.match(
    host.lines.map(({ message }) => message),
    [/^1.00 records an interval of 1 s, limit 2, average over 5 intervals$/, /^1.00 /],
  );
  await plugin.stop?.();
  t.equal(clock.pending, 0);
});

t.test('random records: what passes is as it was', async (t) => {
  await leavesTheRestAlone(t, async () => (await make(throttle, [['group_by', 'a']])).plugin, {
    keys: ['a', 'b'],
    changesCount: true,
  });
});
