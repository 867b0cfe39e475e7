/**
 * The recorded cases as tests, one subtest an area: what Fluent Bit 5.1.1 put out for a configuration comes out here,
 * too. A case that is listed as different must differ, so that the list only shrinks; cases that need plugins which
 * are not there yet are counted, not hidden.
 */
import os from 'node:os';
import t from 'tap';
import { CASES, isFailure, KNOWN_DIFFERENCES, OWN_COMMAND, runAll, selectCases } from './suite.ts';

// Most of the time is spent waiting for timers of the router, so more run at once than there are processors.
const JOBS = Math.max(4, os.availableParallelism() * 3);
t.setTimeout(1_200_000);

const cases = selectCases(CASES, []);
const names = new Set(cases.map(({ name }) => name));

t.test('the list of known differences names cases that exist', async (t) => {
  t.same(
    Object.keys(KNOWN_DIFFERENCES).filter((name) => !names.has(name)),
    [],
  );
});

const results = await runAll(cases, JOBS, OWN_COMMAND, () => {});
for (const [area, list] of [...Map.groupBy(results, (result) => result.area)].sort()) {
  t.test(area, async (t) => {
    const waiting = list.filter(({ verdict }) => verdict === 'needs');
    if (waiting.length > 0) t.comment(`${waiting.length} of ${list.length} cases need plugins that are not there yet`);
    for (const result of list.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (result.verdict === 'needs') t.comment(`${result.name} ${result.why}`);
      else if (isFailure(result)) t.fail(result.name, { why: result.why });
      else t.pass(result.name);
    }
  });
}
