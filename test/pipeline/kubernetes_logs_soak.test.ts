/** The short form of the soak of kubernetes_logs; `node test/soak/main.ts` is the long one. */
import t from 'tap';
import { soak } from '../soak/kubernetes_logs.ts';

// Longer on a slow machine: what is written waits for what has arrived.
t.setTimeout(120_000);

const MEBIBYTE = 1024 * 1024;

t.test('killed twice, cut every 200 ms: every line arrives, none twice, in order, within 128 MiB', async (t) => {
  const plan = { pods: 60, alive: 40, lines: 12_000, seconds: 6, kills: 2, cutEveryMs: 200, seed: 7 } as const;
  const result = await soak({ ...plan, folder: t.testdir({}), kill: 'quiet' });
  t.same(result.missing, [], result.errors);
  t.same(result.disordered, []);
  t.equal(result.repeated, 0);
  t.equal(result.arrived, plan.lines);
  t.equal(result.kills, 2);
  t.ok(result.cuts > 30 && result.restarts > 5, 'enough went wrong');
  t.ok(result.peakBytes < 128 * MEBIBYTE, `${result.peakBytes / MEBIBYTE} MiB`);
});
