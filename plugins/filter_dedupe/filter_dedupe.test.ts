import t from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { eventOf } from '../../test/support/batch.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { HandInput, rig, ScriptedOutput } from '../../test/support/pipeline.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import dedupe from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function made(options: Pairs = []) {
  const clock = new VirtualClock();
  const { plugin, host } = await make(dedupe, options, { clock });
  const run = async (bodies: Fields[], tag = 'app') =>
    JSON.stringify(
      (
        await plugin.filter(
          bodies.map((body) => eventOf(body)),
          tag,
        )
      ).map(({ body }) => body),
    );
  const passed = () => JSON.stringify(host.passed.splice(0).flatMap(({ events }) => events.map(({ body }) => body)));
  return { clock, plugin, host, run, passed };
}

t.test('the first goes on at once, the last follows with a count when the window is over', async (t) => {
  const { clock, host, run, passed } = await made();
  t.equal(await run([{ log: 'a', n: 1 }, { log: 'a', n: 2 }, { log: 'b' }]), '[{"log":"a","n":1},{"log":"b"}]');
  await clock.advance(5000);
  t.equal(
    await run([
      { log: 'a', n: 3 },
      { log: 'a', n: 4 },
    ]),
    '[]',
  );
  await clock.advance(4999);
  t.equal(passed(), '[]');
  await clock.advance(1);
  t.equal(passed(), '[{"log":"a","n":4,"repeated":3}]');
  t.equal(host.counts.dedupe_dropped_records_total, 2);
  t.equal(await run([{ log: 'a', n: 5 }]), '[{"log":"a","n":5}]', 'a new window');
});

t.test('a single repetition goes on as it is', async (t) => {
  const { clock, run, passed } = await made();
  await run([
    { log: 'a', n: 1 },
    { log: 'a', n: 2 },
  ]);
  await clock.advance(10_000);
  t.equal(passed(), '[{"log":"a","n":2}]');
});

t.test('with hold_first a window gives exactly one event', async (t) => {
  const { clock, run, passed } = await made([
    ['hold_first', 'on'],
    ['count_key', 'count'],
  ]);
  t.equal(await run([{ log: 'a', count: 'x' }, { log: 'b' }, { log: 'a' }]), '[]');
  await clock.advance(10_000);
  t.equal(passed(), '[{"log":"a","count":2},{"log":"b"}]');
});

t.test('sources are told apart by tag and fields, messages by the fields of key', async (t) => {
  const { run } = await made([
    ['key', 'level'],
    ['key', "$error['code']"],
    ['source_key', 'pod'],
  ]);
  const event = (pod: string, code: number) => ({ pod, level: 'e', error: { code }, at: Math.random() });
  t.not(await run([event('p', 1)]), '[]');
  t.equal(await run([event('p', 1)]), '[]');
  t.not(await run([event('q', 1)]), '[]', 'another pod');
  t.not(await run([event('p', 2)]), '[]', 'another code');
  t.not(await run([event('p', 1)], 'other'), '[]', 'another tag');
  t.equal(await run([{ level: 'e' }, { level: 'e' }]), '[{"level":"e"},{"level":"e"}]', 'a field of key is missing');
});

t.test('long messages are told apart by all of their text', async (t) => {
  const { run } = await made();
  const long = 'x'.repeat(100_000);
  t.not(await run([{ log: `${long}1` }]), '[]');
  t.not(await run([{ log: `${long}2` }]), '[]');
  t.equal(await run([{ log: `${long}1` }]), '[]');
});

t.test('what is remembered is bounded: the oldest window ends early', async (t) => {
  const { host, run, passed } = await made([['max_messages', '2']]);
  await run([{ log: 'a' }, { log: 'a', n: 2 }, { log: 'b' }, { log: 'c' }]);
  t.equal(passed(), '[{"log":"a","n":2}]');
  t.equal(await run([{ log: 'c' }]), '[]');
  t.equal(host.held, 2, 'what was passed on has its settle with it');
});

t.test('the stop ends all windows', async (t) => {
  const { clock, plugin, host, run, passed } = await made();
  await run([{ log: 'a' }, { log: 'a', n: 2 }, { log: 'a', n: 3 }]);
  await plugin.stop?.();
  t.equal(passed(), '[{"log":"a","n":3,"repeated":2}]');
  t.equal(host.held, 1);
  t.equal(clock.pending, 0);
});

t.test('in a pipeline, the held event passes the filters after this one and its source waits for it', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const seen: string[] = [];
  const counter = (name: string) => () => ({
    filter: <E>(events: E[]) => {
      seen.push(`${name}${events.length}`);
      return events;
    },
  });
  const { pipeline, clock } = rig({
    inputs: [{ hand }],
    filters: [
      { make: counter('before') },
      { make: (host) => dedupe.create({ ...DEFAULTS } as never, host) as never },
      { make: counter('after') },
    ],
    outputs: [{ scripted }],
  });
  await pipeline.start();
  hand.emit('app', 3, { log: 'same' });
  await clock.advance(2000);
  t.same(scripted.numbers, [0]);
  t.same(hand.outcomes, [], 'the source waits');
  await clock.advance(9000);
  t.same(scripted.numbers, [0, 2]);
  t.same(hand.outcomes, ['0..2:safe']);
  t.same(seen, ['before3', 'after1', 'after1']);
  await pipeline.stop();
});

const DEFAULTS = { window: 10, key: [], source_key: [], count_key: 'repeated', hold_first: false, max_messages: 100 };

t.test('records of any kind pass unchanged but for the count', async (t) => {
  await leavesTheRestAlone(t, async () => (await make(dedupe, [], { clock: new VirtualClock() })).plugin, {
    keys: ['log', 'message', 'a'],
    changesCount: true,
  });
});
