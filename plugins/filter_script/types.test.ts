/** The types as the author of a script gets them: from the package, checked by the compiler. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMPILER = path.join(ROOT, 'node_modules/.bin/tsc');
const OPTIONS = { strict: true, noEmit: true, module: 'nodenext', target: 'esnext', types: [] };

/** @returns what the compiler says of a script in a package that has sluice installed, and `ok` where it is content. */
function check(test: Test, source: string): Promise<string> {
  const folder = test.testdir({
    ...{ 'package.json': '{"type":"module"}', 'script.ts': source, node_modules: {} },
    'tsconfig.json': JSON.stringify({ compilerOptions: OPTIONS, files: ['script.ts'] }),
  });
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules/sluice'));
  // The test runner watches its children by NODE_OPTIONS, which the compiler's launcher does not survive.
  const args = ['-u', 'NODE_OPTIONS', COMPILER, '-p', '.'];
  return new Promise((resolve) => {
    execFile('env', args, { cwd: folder }, (error, stdout, stderr) => resolve(error ? stdout + stderr : 'ok'));
  });
}

const SCRIPT = `import type { Event, Script } from 'sluice/script';
type Line = { level?: string };
const script: Script<Line> = (event: Event<Line>, tag: string) => {
  event.body.level = event.body.level?.toUpperCase();
  event.tag = \`x.\${tag}\`;
  return [event, event.copy({ level: 'info' })];
};
export default script;
`;

t.test('a script is checked against the types of the package', async (t) => {
  t.equal(await check(t, SCRIPT), 'ok');
  t.match(await check(t, SCRIPT.replace('?.toUpperCase()', '?.length')), /script\.ts\(4,3\): error TS2322/);
});
