/**
 * The `script` filter: the user's own JavaScript or TypeScript. `export default (event, tag) => ...` keeps, changes,
 * drops, splits or retags each event (see `types.ts`). It is loaded when the filter is created, so a script that does not
 * compile is found by `--dry-run`; a reload of the configuration loads it anew where the file changed.
 */
import fs from 'node:fs';
import path from 'node:path';
import { defineFilter, type FilterHost, OptionError, type OptionTable } from '../../src/plugin.ts';
import { loadScript } from './load.ts';
import { ScriptRunner } from './run.ts';

const options = {
  script: {
    type: 'text',
    required: true,
    help: 'A file of JavaScript or TypeScript; a relative path is looked up beside the configuration, too.',
  },
  time_limit: {
    type: 'time',
    default: '1s',
    min: 0.001,
    help: 'A batch of events that takes longer is given up: what is left of it stays as it is.',
  },
} as const satisfies OptionTable;

export default defineFilter({
  name: 'script',
  summary: 'Keeps, changes, drops, splits or retags events with a function in JavaScript or TypeScript.',
  options,
  create: async (given, host) => {
    const { script, guarded } = await loadScript(fileOf(given.script, host));
    if (!guarded) host.log('warn', `no time limit holds for '${given.script}': its loops could not be found`);
    const runner = new ScriptRunner(script, host, given.time_limit);
    return { filter: (events, tag) => runner.run(events, tag) };
  },
});

/** @throws OptionError */
function fileOf(script: string, host: FilterHost): string {
  if (!/\.m?[jt]s$/.test(script)) throw new OptionError(`'${script}' is no .js, .mjs, .ts or .mts file`, 'script');
  const written = host.section.find(({ key }) => key === 'script')?.place?.file;
  const beside = written === undefined ? script : path.resolve(path.dirname(written), script);
  return path.resolve(fs.existsSync(script) ? script : beside);
}
