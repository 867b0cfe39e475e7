import t from 'tap';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { TestHost, VirtualClock } from '../../test/support/host.ts';
import { FlowCounter } from './index.ts';

const START = 1_767_225_600;

function counter(unit: 'second' | 'minute', isEventBased: boolean) {
  const clock = new VirtualClock(START * 1000);
  const host = new TestHost({ clock });
  return { clock, host, flow: new FlowCounter(unit, isEventBased, host) };
}

const batch = (...seconds: number[]) => batchOf(seconds.map((second) => eventOf({ a: 1 }, START + second)));
const BYTES = batch(0).bytes().length;
const line = (second: number, count: number, unit = 'second', tick = 1) =>
  `[out_flowcounter] [${START + second}, {"counts":${count}, "bytes":${count * BYTES}, "counts/${unit}":${Math.floor(count / tick)}, "bytes/${unit}":${Math.floor((count * BYTES) / tick)} }]\n`;

t.test('by the clock: a line when a later second has records, also for the seconds between', async (t) => {
  const { clock, flow } = counter('second', false);
  const first = batch(0, 0);
  t.equal(flow.count(first), '');
  t.equal(flow.count(first), '', 'tried again, it counts once');
  t.equal(flow.count(batch(0)), '');
  await clock.advance(1000);
  t.equal(flow.count(batch(0)), line(0, 3));
  await clock.advance(2000);
  t.equal(flow.count(batch(0)), line(1, 1) + line(2, 0));
});

t.test('by the minute', async (t) => {
  const { clock, flow } = counter('minute', false);
  t.equal(flow.count(batch(0)), '');
  await clock.advance(60_000);
  t.equal(flow.count(batch(...Array(90).fill(0))), line(0, 1, 'minute', 60));
  await clock.advance(1000);
  t.equal(flow.count(batch(0)), line(60, 90, 'minute', 60));
});

t.test("by the records' times: those that are too late are left out, counted and said", async (t) => {
  const { host, flow } = counter('second', true);
  t.equal(flow.count(batch(0, 1, 1, 2)), line(0, 1) + line(1, 2));
  t.equal(flow.count(batch(1, -1, 3)), line(2, 2));
  t.match(host.lines, [{ level: 'warn', message: /1 records are older/ }]);
  t.same(host.counts, { late_records_total: 1 });
});

t.test('a silence of a year does not fill the disk', async (t) => {
  const { clock, flow } = counter('second', false);
  flow.count(batch(0));
  await clock.advance(365 * 86_400_000);
  const lines = flow.count(batch(0)).split('\n');
  t.ok(lines.length < 1100, String(lines.length));
  t.equal(`${lines[0]}\n`, line(0, 1));
  await clock.advance(1000);
  t.equal(flow.count(batch(0)), line(365 * 86_400, 1));
});
