/**
 * The conformance cases from the command line:
 *
 *     node test/conformance/run.ts [--only TEXT,TEXT] [--jobs 6] [--bin "COMMAND"] [--cases FOLDER] [-v]
 *
 * Prints what differs and, for each area, how many cases are the same. Exits 1 where any differs that is not listed.
 */
import { parseArgs } from 'node:util';
import { CASES, isFailure, OWN_COMMAND, type Result, runAll, selectCases } from './suite.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: '6' },
    bin: { type: 'string' },
    cases: { type: 'string', default: CASES },
    verbose: { type: 'boolean', short: 'v', default: false },
  },
});

const command = values.bin?.split(/\s+/) ?? OWN_COMMAND;
const cases = selectCases(values.cases, values.only.split(',').filter(Boolean));
const results = await runAll(cases, Number(values.jobs), command, (result) => {
  if (isFailure(result)) console.log(`FAILED ${result.name}  ${result.why}`);
  else if (values.verbose) console.log(`${result.verdict.padEnd(6)} ${result.name}  ${result.why}`);
});

for (const [area, list] of [...Map.groupBy(results, ({ area }) => area)].sort()) console.log(line(area, list));
const failed = results.filter(isFailure).length;
console.log(line('all', results));
process.exit(failed > 0 ? 1 : 0);

function line(title: string, list: readonly Result[]): string {
  const count = (verdict: Result['verdict']) => list.filter((one) => one.verdict === verdict).length;
  const exact = list.filter((one) => one.exact).length;
  return `${title.padEnd(12)} ${count('same')}/${list.length} the same, ${exact} to the byte; ${count('known')} differ on purpose, ${count('needs')} need plugins that are not there yet, ${list.filter(isFailure).length} failed`;
}
