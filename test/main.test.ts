/** The program as a process: exit codes, signals, help, the launcher. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

const SRC = path.join(import.meta.dirname, '..', 'src');
const MAIN = path.join(SRC, 'main.ts');
const DUMMY = ['-i', 'dummy', '-p', 'samples=1', '-o', 'null', '-m', '*'];

function run(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 20_000, killSignal: 'SIGKILL' });
}

/** Waits until the process wrote such a text to stderr. */
function said(child: ChildProcessWithoutNullStreams, wanted: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (data) => {
      text += data;
      if (wanted.test(text)) resolve(text);
    });
    child.on('exit', () =>
      wanted.test(text) ? resolve(text) : reject(new Error(`it ended without saying it: ${text}`)),
    );
  });
}

const ended = (child: ChildProcessWithoutNullStreams): Promise<number | null> =>
  new Promise((resolve) => child.on('exit', (code) => resolve(code)));

t.test('--version names the program and ends with 0', async (t) => {
  const { status, stdout } = run('--version');
  t.equal(status, 0);
  t.match(stdout, /^Sluice v\d+\.\d+\.\d+/);
});

t.test('--help lists the options and the plugins', async (t) => {
  const { status, stdout } = run('--help');
  t.equal(status, 0);
  t.match(stdout, /--dry-run/);
  t.match(stdout, /\n {2}dummy +\S/);
});

t.test('-i NAME -h prints the options of the plugin and the shared ones', async (t) => {
  const { status, stdout } = run('-i', 'dummy', '-h');
  t.equal(status, 0);
  t.match(stdout, /samples/);
  t.match(stdout, /mem_buf_limit/);
  t.match(run('-i', 'dumy', '-h'), { status: 1, stdout: /did you mean 'dummy'/ });
});

t.test('-o NAME -J prints a JSON schema', async (t) => {
  const { status, stdout } = run('-o', 'null', '-J');
  t.equal(status, 0);
  t.match(JSON.parse(stdout), { type: 'object', properties: { name: { const: 'null' } } });
});

t.test('no arguments at all is an error with a hint', async (t) => {
  t.match(run(), { status: 1, stderr: /sluice --help/ });
});

t.test('a start that must fail ends with 1 and shows every mistake', async (t) => {
  const file = path.join(t.testdir({ 'f.conf': '[INPUT]\n  Name dumy\n[OUTPUT]\n  Name nul\n  Match *\n' }), 'f.conf');
  const { status, stderr } = run('-c', file);
  t.equal(status, 1);
  t.match(stderr, /there is no input 'dumy'; did you mean 'dummy'/);
  t.match(stderr, /there is no output 'nul'; did you mean 'null'/);
  t.match(stderr, /2 errors, 0 warnings/);
});

t.test('--dry-run ends with 0 in spite of a warning, --strict and check do not', async (t) => {
  const text = '[SERVICE]\n  Flsh 1\n[INPUT]\n  Name dummy\n[OUTPUT]\n  Name null\n  Match *\n';
  const file = path.join(t.testdir({ 'f.conf': text }), 'f.conf');
  t.match(run('--dry-run', '-c', file), {
    status: 0,
    stderr: /did you mean 'flush'[\s\S]*configuration test is successful/,
  });
  t.match(run('--dry-run', '--strict', '-c', file), { status: 1, stderr: /1 error/ });
  t.match(run('check', '-c', file), { status: 1, stderr: /1 error/ });
});

t.test("SIGTERM stops it gracefully, with Fluent Bit's words and exit code 0", async (t) => {
  const child = spawn(process.execPath, [MAIN, ...DUMMY]);
  t.teardown(() => child.kill('SIGKILL'));
  await said(child, /\[sluice\] version=/);
  const code = ended(child);
  const words = said(child, /service has stopped/);
  child.kill('SIGTERM');
  t.match(await words, /\[engine\] caught signal \(SIGTERM\)[\s\S]*service will shutdown in max 5 seconds/);
  t.equal(await code, 0);
});

t.test('SIGCONT dumps the state and SIGHUP says that there is no hot reload; both go on', async (t) => {
  const child = spawn(process.execPath, [MAIN, ...DUMMY]);
  t.teardown(() => child.kill('SIGKILL'));
  await said(child, /\[sluice\] version=/);
  const dump = said(child, /caught signal \(SIGCONT\)[\s\S]*dummy/);
  child.kill('SIGCONT');
  await dump;
  const reload = said(child, /hot reload is not enabled/);
  child.kill('SIGHUP');
  await reload;
  const code = ended(child);
  child.kill('SIGINT');
  t.equal(await code, 0);
});

t.test('-q says nothing', async (t) => {
  const child = spawn(process.execPath, [MAIN, '-q', ...DUMMY]);
  t.teardown(() => child.kill('SIGKILL'));
  let text = '';
  child.stderr.on('data', (data) => {
    text += data;
  });
  await new Promise((resolve) => child.once('spawn', resolve));
  const code = ended(child);
  // The signal may come before the handler is there; it is sent until the end.
  const timer = setInterval(() => child.kill('SIGTERM'), 300);
  t.teardown(() => clearInterval(timer));
  await code;
  t.equal(text, '');
});

t.test('Log_File takes the log lines, as JSON where log_format says so', async (t) => {
  const folder = t.testdir({
    'f.conf':
      '[SERVICE]\n  Log_File run.log\n  Log_Format json\n[INPUT]\n  Name dummy\n[OUTPUT]\n  Name null\n  Match *\n',
  });
  const child = spawn(process.execPath, [MAIN, '-w', folder, '-c', 'f.conf']);
  t.teardown(() => child.kill('SIGKILL'));
  const file = path.join(folder, 'run.log');
  await new Promise<void>((resolve) => {
    const watcher = fs.watch(folder, () => {
      if (!fs.existsSync(file) || !fs.readFileSync(file, 'utf8').includes('[sluice]')) return;
      watcher.close();
      resolve();
    });
  });
  const [line = ''] = fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .filter((one) => one.includes('[sluice]'));
  t.match(JSON.parse(line), { level: 'info', message: /version=/ });
});

t.test('the launcher starts the program, whatever node it is started with', async (t) => {
  const result = spawnSync(process.execPath, [path.join(SRC, 'sluice.js'), '--version'], { encoding: 'utf8' });
  t.match(result, { status: 0, stdout: /^Sluice v/ });
  // As an older node would do it: the version that it sees is 20.
  const older = `Object.defineProperty(process.versions, 'node', { value: '20.0.0' });`;
  const preload = path.join(t.testdir({ 'older.cjs': older }), 'older.cjs');
  const again = spawnSync(process.execPath, ['--require', preload, path.join(SRC, 'sluice.js'), '--version'], {
    encoding: 'utf8',
  });
  t.match(again, { status: 0, stdout: /^Sluice v/ });
  const failing = spawnSync(process.execPath, ['--require', preload, path.join(SRC, 'sluice.js'), '--nonsense'], {
    encoding: 'utf8',
  });
  t.equal(failing.status, 1);
});

/** Reads a file of this text to its end, and ends. */
function reading(t: Test, text: string): string[] {
  const file = path.join(t.testdir({ 'in.log': text }), 'in.log');
  return ['-i', 'tail', '-p', `path=${file}`, '-p', 'read_from_head=on', '-p', 'exit_on_eof=on'];
}

t.test('a pattern that would match for hours does not hold the program', async (t) => {
  const input = reading(t, `${'a'.repeat(40)}b\n`);
  const { status, stdout } = run(
    ...input,
    '-F',
    'grep',
    '-p',
    'exclude=log ^(a+)+$',
    '-m',
    '*',
    '-o',
    'stdout',
    '-m',
    '*',
  );
  t.equal(status, 0);
  t.match(stdout, 'aaab');
});
