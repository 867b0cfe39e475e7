import t from 'tap';
import { type Fields, Float } from '../../src/data/event.ts';
import { eventOf } from '../../test/support/batch.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import throttleSize from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function throttled(pairs: Pairs) {
  const clock = new VirtualClock();
  const { plugin, host } = await make(throttleSize, pairs, { clock });
  return {
    clock,
    host,
    plugin,
    passing: async (bodies: readonly Fields[]) => {
      const kept = await plugin.filter(
        bodies.map((body) => eventOf(body)),
        'tag',
      );
      return kept.map((event) => event.body);
    },
  };
}

const times = (count: number, body: Fields): Fields[] => new Array<Fields>(count).fill(body);

t.test('records pass until rate times window bytes are reached; what has slid out counts no more', async (t) => {
  const { passing, clock } = await throttled([
    ['Rate', '10'],
    ['Window', '2'],
    ['Interval', '1s'],
  ]);
  t.equal((await passing(times(9, { ab: 'xyz' }))).length, 4, 'five bytes each, twenty in all');
  t.same(await passing([{ b: 'x' }, {}]), [{}], 'one that adds nothing passes');
  await clock.advance(2000);
  t.equal((await passing(times(9, { ab: 'xyz' }))).length, 4);
  await clock.advance(2000);
  t.same(
    await passing([{ k: 'x'.repeat(20) }, { k: 'small' }]),
    [{ k: 'small' }],
    'a big one is dropped, a small one fits',
  );
});

t.test('strings and keys weigh their bytes of UTF-8, however deep; numbers nothing', async (t) => {
  const { passing } = await throttled([['Rate', '10']]);
  t.same(
    await passing([{ k: ['é', { kk: 'x'.repeat(41) }], n: 1, f: new Float(2), b: true, z: null }]).then(
      (k) => k.length,
    ),
    1,
  );
  t.same(await passing([{ a: '' }]), [], 'the fifty bytes of the window are used up to the last');
  t.same(await passing([{}]), [{}]);
});

t.test('every value of Name_Field has its own window; records without it pass', async (t) => {
  const { passing } = await throttled([
    ['Rate', '2'],
    ['Name_Field', 'k8s|pod'],
    ['Log_Field', 'log'],
  ]);
  const log = 'x'.repeat(10);
  t.equal((await passing(times(3, { k8s: { pod: 'a' }, log }))).length, 1);
  t.equal((await passing(times(3, { k8s: { pod: 'b' }, log }))).length, 1);
  t.equal((await passing(times(3, { log }))).length, 3);
  t.equal((await passing(times(3, { k8s: { pod: 5 }, log }))).length, 3);
  t.equal((await passing(times(3, { k8s: { pod: 'a' } }))).length, 3, 'without a field to weigh');
});

t.test('what is no rate or interval is the default, with a warning', async (t) => {
  const { host, passing } = await throttled([
    ['Rate', 'much'],
    ['Interval', 'often'],
    ['Window', '0'],
    ['Hash_Table_Size', '-1'],
  ]);
  t.match(host.lines, [{ level: 'warn' }, { level: 'warn' }]);
  t.equal((await passing(times(7, { k: 'x'.repeat(1024 * 1024 - 1) }))).length, 5);
});

t.test('Print_Status logs the rate of every window, and ends with the filter', async (t) => {
  const { host, passing, clock, plugin } = await throttled([
    ['Print_Status', 'on'],
    ['Name_Field', 'n'],
    ['Rate', '100'],
  ]);
  await passing([{ n: 'abcd' }, { n: 'efghi' }]);
  await clock.advance(1000);
  t.match(
    host.lines.map(({ message }) => message),
    ['abcd: 1 bytes an interval, limit 100', 'efghi: 1 bytes an interval, limit 100'],
  );
  await plugin.stop?.();
  t.equal(clock.pending, 0);
});

t.test('random records: what passes is as it was', async (t) => {
  await leavesTheRestAlone(t, async () => (await make(throttleSize, [['rate', '5']])).plugin, {
    keys: ['a', 'b'],
    changesCount: true,
  });
});
