import t from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import sampling from './index.ts';

type Pairs = readonly (readonly [string, string])[];

/** Chance that goes through the hundredths. */
class EvenClock extends VirtualClock {
  #next = 0;
  override random(): number {
    return (this.#next++ % 100) / 100;
  }
}

async function passing(pairs: Pairs, body: Fields, count = 1000): Promise<number> {
  const { plugin } = await make(sampling, pairs, { clock: new EvenClock() });
  const events = Array.from({ length: count }, () => eventOf(body));
  const kept = await plugin.filter(events, 'tag');
  if (kept.length === count) t.equal(kept, events, 'where all pass the array is the same');
  return kept.length;
}

t.test('the percentage of all records passes', async (t) => {
  const percentage = (text: string): Pairs => [['sampling_settings.sampling_percentage', text]];
  t.equal(await passing(percentage('40'), {}), 400);
  t.equal(await passing([['sampling_percentage', '0.5']], {}), 10);
  t.equal(await passing(percentage('0'), {}), 0);
  t.equal(await passing(percentage('100'), {}), 1000);
  t.equal(await passing([], {}), 1000);
});

t.test('a level has a percentage of its own, in any case', async (t) => {
  const pairs: Pairs = [
    ['sampling_percentage', '50'],
    ['level_percentage', 'Debug 10%'],
    ['level_percentage', 'error 100'],
    ['level_percentage', 'trace 0'],
    ['level_key', "$log['level']"],
  ];
  const level = (level: string | number): Fields => ({ log: { level } });
  t.equal(await passing(pairs, level('DEBUG')), 100);
  t.equal(await passing(pairs, level('error')), 1000);
  t.equal(await passing(pairs, level('trace')), 0);
  t.equal(await passing(pairs, level('info')), 500);
  t.equal(await passing(pairs, level(5)), 500);
  t.equal(await passing(pairs, {}), 500);
});

t.test('tail lets all through, with a warning', async (t) => {
  const { plugin, host } = await make(sampling, [
    ['type', 'tail'],
    ['sampling_settings.decision_wait', '5s'],
    ['conditions', 'type=latency'],
  ]);
  const events = [eventOf({})];
  t.equal(await plugin.filter(events, 'tag'), events);
  t.match(host.lines, [{ level: 'warn' }]);
});

t.test('what is no percentage fails at the start', async (t) => {
  const wrong: Pairs[] = [
    [['sampling_percentage', '101']],
    [['sampling_percentage', 'half']],
    [['level_percentage', 'debug']],
    [['level_percentage', 'debug 10 20']],
    [['level_percentage', 'debug many']],
    [['level_percentage', 'debug -1']],
    [['type', 'head']],
  ];
  for (const pairs of wrong) await t.rejects(passing(pairs, {}), OptionError, JSON.stringify(pairs));
});

t.test('random records: what passes is as it was', async (t) => {
  const pairs: Pairs = [
    ['sampling_percentage', '50'],
    ['level_percentage', 'error 60'],
  ];
  await leavesTheRestAlone(t, async () => (await make(sampling, pairs, { clock: new EvenClock() })).plugin, {
    keys: ['level', 'a'],
    changesCount: true,
  });
});
