/**
 * The whole suite: which cases there are, which of them need plugins that Sluice does not have yet, which differ on
 * purpose (known_differences.json: name → reason), and the run of several at a time.
 */
import fs from 'node:fs';
import path from 'node:path';
import { plugins } from '../../plugins/index.ts';
import { type Case, findCases, pluginsOf } from './case.ts';
import { compare } from './compare.ts';
import { runCase } from './run_case.ts';

export const CASES = path.join(import.meta.dirname, 'cases');

/** Cases that differ on purpose. The list may only shrink: one that passes is a failure. */
export const KNOWN_DIFFERENCES = JSON.parse(
  fs.readFileSync(path.join(import.meta.dirname, 'known_differences.json'), 'utf8'),
) as Readonly<Record<string, string>>;

/** How the project's own program is started. */
export const OWN_COMMAND: readonly string[] = [
  process.execPath,
  path.join(import.meta.dirname, '..', '..', 'src', 'sluice.js'),
];

export interface Result {
  readonly name: string;
  readonly area: string;
  /** `same`; `different`; `known`: differs as listed; `fixed`: listed but the same; `needs`: a plugin is missing. */
  readonly verdict: 'same' | 'different' | 'known' | 'fixed' | 'needs';
  readonly exact: boolean;
  readonly why: string;
}

export const isFailure = ({ verdict }: Result): boolean => verdict === 'different' || verdict === 'fixed';

/** All cases whose names hold one of the texts. */
export function selectCases(root: string, only: readonly string[]): Case[] {
  return findCases(root).filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text)));
}

/** Plugins that the case names and Sluice does not have. Those that are meant to be unknown do not count. */
export function missingPlugins(one: Case): string[] {
  if (/unknown|dry-run/.test(one.name)) return [];
  const tables: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    input: plugins.inputs,
    filter: plugins.filters,
    output: plugins.outputs,
    processor: { ...plugins.filters, ...plugins.processors },
  };
  return [...pluginsOf(one)].filter((id) => {
    const [kind = '', name = ''] = id.split(':');
    return name !== 'nosuch' && !Object.hasOwn(tables[kind] ?? {}, name);
  });
}

export async function runOne(one: Case, command: readonly string[]): Promise<Result> {
  const { name, area, spec } = one;
  const missing = missingPlugins(one);
  if (missing.length > 0) return { name, area, verdict: 'needs', exact: false, why: `needs ${missing.join(', ')}` };
  const expected = JSON.parse(fs.readFileSync(path.join(one.folder, 'expected.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  const outcome = await runCase(one, command);
  const { difference, exact } = compare(spec, expected, outcome.got);
  const reason = Object.hasOwn(KNOWN_DIFFERENCES, name) ? KNOWN_DIFFERENCES[name] : undefined;
  if (difference === undefined)
    return reason === undefined
      ? { name, area, verdict: 'same', exact, why: '' }
      : { name, area, verdict: 'fixed', exact, why: 'it is the same now: take it off known_differences.json' };
  if (reason !== undefined) return { name, area, verdict: 'known', exact: false, why: reason };
  const left = outcome.early && !spec.until?.exit ? `; it ended early: ${outcome.stderr.slice(-400)}` : '';
  return {
    name,
    area,
    verdict: 'different',
    exact: false,
    why: `${difference}${outcome.timedOut ? ' (timed out)' : ''}${left}`,
  };
}

/**
 * Runs the cases, `jobs` at a time; most of them only wait. Those that fail are run again alone: the recordings hold
 * fixed waits (a second until the first flush, say) that a machine busy with six others may miss. What fails alone fails.
 */
export async function runAll(
  cases: readonly Case[],
  jobs: number,
  command: readonly string[],
  report: (result: Result) => void,
): Promise<Result[]> {
  const queue = [...cases];
  const results: Result[] = [];
  const worker = async () => {
    for (let one = queue.shift(); one; one = queue.shift()) {
      const { name, area } = one;
      const result = await runOne(one, command).catch(
        (error: Error): Result => ({ name, area, verdict: 'different', exact: false, why: `runner: ${error.stack}` }),
      );
      results.push(result);
      report(result);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  if (jobs === 1) return results;
  const failed = results.filter(isFailure);
  const again = cases.filter(({ name }) => failed.some((result) => result.name === name));
  if (again.length === 0) return results;
  const alone = await runAll(again, 1, command, report);
  return [...results.filter((result) => !isFailure(result)), ...alone];
}
