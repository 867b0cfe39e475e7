/** Every configuration in conf/ passes --dry-run, and the quickstart prints what its logs hold. */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';

const ROOT = path.join(import.meta.dirname, '..');
const MAIN = path.join(ROOT, 'src', 'main.ts');

function configurations(): string[] {
  const files = fs.readdirSync(path.join(ROOT, 'conf'), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => /\.(conf|yaml)$/.test(file) && !/parsers|kubernetes\//.test(file)).sort();
}

for (const file of configurations()) {
  t.test(`conf/${file} has no mistake and no warning`, async (t) => {
    const result = spawnSync(process.execPath, [MAIN, '--dry-run', '--strict', '-c', path.join('conf', file)], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    t.equal(result.status, 0, result.stderr);
    t.match(result.stderr, /configuration test is successful/);
  });
}

t.test('the quickstart prints the records of its container logs and a line that is appended', async (t) => {
  const folder = t.testdir({});
  fs.cpSync(path.join(ROOT, 'conf'), path.join(folder, 'conf'), { recursive: true });
  const child = spawn(process.execPath, [MAIN, '-c', 'conf/quickstart.conf'], { cwd: folder });
  t.teardown(() => child.kill('SIGKILL'));
  let text = '';
  const seen = (wanted: RegExp) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!wanted.test(text)) return;
        child.stdout.off('data', look);
        resolve();
      };
      child.stdout.on('data', look);
      look();
    });
  child.stdout.on('data', (data) => {
    text += data;
  });
  await Promise.all([seen(/"msg":"listening"/), seen(/PriceList\.java:81/), seen(/a-very-long-query/)]);
  const records = text.split('\n').filter((line) => line.startsWith('{'));
  const trace = records.find((line) => line.includes('IllegalStateException'));
  t.match(trace, /PriceList\.java:81/, 'the stack trace is one record');
  t.match(text, /"level":"error","msg":"stock service does not answer"/, 'JSON became fields');
  const log =
    fs.readdirSync(path.join(folder, 'conf/quickstart/containers')).find((name) => name.startsWith('web-')) ?? '';
  const line = '2026-11-20T09:01:00.000000000Z stdout F {"level":"info","msg":"hello"}\n';
  fs.appendFileSync(path.join(folder, 'conf/quickstart/containers', log), line);
  await seen(/"msg":"hello"/);
  const ended = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
  child.kill('SIGTERM');
  t.equal(await ended, 0, 'SIGTERM ends it well');
});
