import t from 'tap';
import { type Fields, Float } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import sample from './index.ts';
import { shareOfText } from './rules.ts';

type Pairs = readonly (readonly [string, string])[];

/** Chance that goes through the hundredths. */
class EvenClock extends VirtualClock {
  #next = 0;
  override random(): number {
    return (this.#next++ % 100) / 100;
  }
}

async function made(pairs: Pairs) {
  const clock = new EvenClock();
  const { plugin, host } = await make(sample, pairs, { clock });
  const run = async (bodies: readonly Fields[], tag = 'app') =>
    (
      await plugin.filter(
        bodies.map((body) => eventOf(body)),
        tag,
      )
    ).map(({ body }) => body);
  return { clock, host, run, plugin };
}

const times = (count: number, body: Fields): Fields[] => Array.from({ length: count }, () => body);

async function passing(pairs: Pairs, body: Fields): Promise<number> {
  return (await (await made(pairs)).run(times(1000, body))).length;
}

t.test('the first rule that fits says how many pass; the percentage is that of all others', async (t) => {
  const pairs: Pairs = [
    ['percentage', '50'],
    ['rule', 'level ^debug$ 10%'],
    ['rule', `$http['path'] "^/health z" 0`],
    ['rule', '$status ^[45] 100'],
    ['rule', 'level debug 90'],
  ];
  t.equal(await passing(pairs, { level: 'debug' }), 100);
  t.equal(await passing(pairs, { level: 'debugging' }), 900);
  t.equal(await passing(pairs, { http: { path: '/health z' } }), 0);
  t.equal(await passing(pairs, { http: { path: '/' }, status: 503 }), 1000);
  t.equal(await passing(pairs, {}), 500);
  t.equal(await passing([], {}), 1000);
});

t.test('errors always pass, unless they need not', async (t) => {
  const levels = ['error', 'ERR', ' Fatal ', 'critical', '3', 0, 50, new Float(60), 'panic'];
  for (const level of levels) t.equal(await passing([['percentage', '0']], { level }), 1000, String(level));
  for (const level of ['info', 'errors', 4, 30, '', null, ['error'], 70])
    t.equal(await passing([['percentage', '0']], { level }), 0, String(level));
  const pairs: Pairs = [
    ['percentage', '0'],
    ['level_key', "$log['level']"],
    ['limit', '1'],
    ['count_key', 'n'],
  ];
  const { run } = await made(pairs);
  t.same(
    await run(times(3, { log: { level: 'error' } })),
    times(3, { log: { level: 'error' }, n: 1 }),
    'no limit either',
  );
  t.equal(
    await passing(
      [
        ['percentage', '0'],
        ['keep_errors', 'off'],
      ],
      { level: 'error' },
    ),
    0,
  );
});

t.test('records of a trace share their fate, everywhere, and with a higher percentage none is lost', async (t) => {
  const bodies = Array.from({ length: 3000 }, (_, at) => ({ trace_id: `t${at % 1000}`, at }));
  const kept = async (percentage: string) =>
    new Set(
      (
        await (
          await made([
            ['percentage', percentage],
            ['trace_key', 'trace_id'],
          ])
        ).run(bodies)
      ).map(({ at }) => at),
    );
  const ten = await kept('10');
  const thirty = await kept('30');
  t.ok(ten.size > 3 * 70 && ten.size < 3 * 130, `${ten.size} of 3000`);
  t.same(ten, await kept('10'));
  for (const at of ten) {
    t.ok(thirty.has(at));
    t.ok(ten.has(((at as number) + 1000) % 3000));
  }
  t.equal(shareOfText('0af7651916cd43dd8448eb211c80319c'), shareOfText('0af7651916cd43dd8448eb211c80319c'));
  t.equal(
    await passing(
      [
        ['percentage', '20'],
        ['trace_key', 'trace_id'],
      ],
      { trace_id: '' },
    ),
    200,
    'no trace: chance',
  );
});

t.test('hashes of traces are spread evenly', async (t) => {
  const tenths = new Array(10).fill(0);
  for (let at = 0; at < 10_000; at++) tenths[Math.floor(shareOfText(at.toString(16).padStart(32, '0')) * 10)]++;
  for (const count of tenths) t.ok(count > 850 && count < 1150, String(count));
});

t.test('the count says how many records each stands for, also of one that was sampled before', async (t) => {
  const { run } = await made([
    ['percentage', '25'],
    ['rule', 'a x 30'],
    ['rule', 'a y 100'],
    ['count_key', 'n'],
  ]);
  t.same((await run([{}]))[0], { n: 4 });
  t.same((await run([{ a: 'x' }]))[0], { a: 'x', n: 3.333 });
  t.same((await run([{ n: 5, a: 'y' }]))[0], { n: 5, a: 'y' });
  t.same((await run([{ n: 5 }]))[0], { n: 20 });
  t.same((await run([{ n: 'five' }]))[0], { n: 4 });
  t.same((await run([{ n: new Float(2) }]))[0], { n: 8 });
});

t.test('a limit holds for each key and window; what it drops is counted with the next that passes', async (t) => {
  const { run, clock, host } = await made([
    ['limit', '2'],
    ['limit_window', '10s'],
    ['limit_key', 'pod'],
    ['limit_key', "$k['ns']"],
    ['count_key', 'n'],
  ]);
  const a = { pod: 'a', k: { ns: 'x' } };
  t.same(await run(times(5, a)), times(2, { ...a, n: 1 }));
  t.equal((await run([{ pod: 'b', k: { ns: 'x' } }, { pod: 'a' }, {}])).length, 3, 'others have their own');
  await clock.advance(9999);
  t.same(await run([a]), []);
  await clock.advance(1);
  t.same(await run([a, a]), [
    { ...a, n: 5 },
    { ...a, n: 1 },
  ]);
  t.same(host.counts, { sample_limited_records_total: 4 });
});

t.test('without limit_key each tag has its limit', async (t) => {
  const { run } = await made([['limit', '1']]);
  t.equal((await run([{}, {}], 'a')).length, 1);
  t.equal((await run([{}], 'b')).length, 1);
});

t.test('what is remembered for limits is bounded', async (t) => {
  const { run } = await made([
    ['limit', '1'],
    ['limit_key', 'k'],
    ['max_keys', '2'],
  ]);
  t.equal((await run([{ k: 1 }, { k: 2 }, { k: 1 }, { k: 2 }])).length, 2);
  t.equal((await run([{ k: 3 }, { k: 2 }, { k: 1 }])).length, 2, '1 was forgotten, 2 was not');
});

t.test('where all pass the array is the same, and the records are', async (t) => {
  const { plugin } = await made([['limit', '9']]);
  const body = Object.freeze({ a: 1 });
  const events = [eventOf(body)];
  t.equal(await plugin.filter(events, 'tag'), events);
  t.equal(events[0]?.body, body);
});

t.test('mistakes are refused at the start', async (t) => {
  const wrong: Pairs[] = [
    [['percentage', '101']],
    [['rule', 'level debug']],
    [['rule', 'level debug 10 20']],
    [['rule', 'level debug many']],
    [['rule', 'level debug -1']],
    [['rule', 'level (x 10']],
    [['rule', "$a['b x 10"]],
    [['trace_key', "$a['b"]],
    [['limit', '0']],
    [['limit_window', 'soon']],
  ];
  for (const pairs of wrong) await t.rejects(passing(pairs, {}), OptionError, JSON.stringify(pairs));
});

t.test('random records: what passes is as it was but for the count', async (t) => {
  const pairs: Pairs = [
    ['percentage', '50'],
    ['rule', 'a error 60'],
    ['trace_key', 'trace'],
    ['count_key', 'n'],
    ['limit', '3'],
    ['limit_key', 'a'],
  ];
  await leavesTheRestAlone(t, async () => (await made(pairs)).plugin, {
    keys: ['level', 'a', 'trace', 'n'],
    touches: (key) => key === 'n',
    changesCount: true,
  });
});
