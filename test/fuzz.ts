/**
 * Runs the tests that draw random cases with a new seed each time, until time is up or one fails:
 *
 *     npm run fuzz [-- SECONDS [NAME...]]
 *
 * 600 seconds unless told; of the files whose path holds one of the names. The seed of a failure is printed:
 * `RANDOM_SEED=<seed> node <file>` shows it again.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..');
const [seconds = '600', ...names] = process.argv.slice(2);
const end = Date.now() + Number(seconds) * 1000;

const files = ['test', 'plugins']
  .flatMap((folder) =>
    fs
      .readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => path.join(folder, file)),
  )
  .filter((file) => file.endsWith('.test.ts') && (names.length === 0 || names.some((name) => file.includes(name))))
  .filter((file) => fs.readFileSync(path.join(ROOT, file), 'utf8').includes('support/fast_check.ts'));

let rounds = 0;
let failures = 0;

/** @returns what it printed, where it failed */
function run(file: string, seed: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file], { cwd: ROOT, env: { ...process.env, RANDOM_SEED: String(seed) } });
    let printed = '';
    const take = (data: Buffer): void => {
      printed += data;
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0 ? undefined : printed));
  });
}

async function work(): Promise<void> {
  while (Date.now() < end) {
    const file = files[rounds++ % files.length] as string;
    const seed = randomInt(2 ** 31);
    const printed = await run(file, seed);
    if (printed === undefined) continue;
    failures++;
    console.log(`RANDOM_SEED=${seed} node ${file}\n${printed.match(/^ *not ok.*$/m)?.[0] ?? printed}`);
  }
}

if (files.length === 0) throw new Error('no such test draws random cases');
await Promise.all(Array.from({ length: availableParallelism() }, work));
console.log(`${rounds} runs of ${files.length} files, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
