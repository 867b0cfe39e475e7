/**
 * The whole program, tail with a database to a file, on a log that rotates while it is written: killed at random moments
 * every line arrives at least once; stopped with SIGTERM and started again, exactly once.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const LINES_A_FILE = 7000;

t.setTimeout(150_000);

/** The same numbers in every run, so that a failure can be looked at again. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** The router in a process of its own. */
class Router {
  readonly #directory: string;
  #child: ChildProcess | undefined;
  #errors = '';
  #read = 0;
  readonly #arrived: number[] = [];

  constructor(directory: string) {
    this.#directory = directory;
    fs.writeFileSync(
      path.join(directory, 'sluice.conf'),
      `[SERVICE]
    Flush 0.1
    Grace 10
    Log_Level warn
[INPUT]
    Name tail
    Path ${directory}/app.log
    Tag t
    DB ${directory}/pos.db
    Read_from_Head on
    Refresh_Interval 1
[OUTPUT]
    Name file
    Match *
    Path ${directory}
    File out
    Format template
    Template {log}
`,
    );
  }

  start(): void {
    const child = spawn(
      process.execPath,
      [...process.execArgv, MAIN, '-c', path.join(this.#directory, 'sluice.conf')],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    child.stderr?.on('data', (data) => {
      this.#errors += data;
    });
    this.#child = child;
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }

  /** The numbers of the lines that arrived, as often as they did. */
  arrived(): number[] {
    const text = this.#output();
    const whole = text.lastIndexOf('\n') + 1;
    this.#read += whole;
    for (const match of text.slice(0, whole).matchAll(/n=(\d{7});/g)) this.#arrived.push(Number(match[1]));
    return this.#arrived;
  }

  /** Waits until the other process has written all of them: there is no event for that. */
  async untilArrived(count: number): Promise<void> {
    const end = Date.now() + 60_000;
    while (new Set(this.arrived()).size < count && Date.now() < end) await after(50);
  }

  /** What was added to the output since the last look. */
  #output(): string {
    const file = path.join(this.#directory, 'out');
    if (!fs.existsSync(file)) return '';
    const fd = fs.openSync(file, 'r');
    const bytes = Buffer.alloc(fs.fstatSync(fd).size - this.#read);
    fs.readSync(fd, bytes, 0, bytes.length, this.#read);
    fs.closeSync(fd);
    return bytes.toString('latin1');
  }

  get errors(): string {
    return this.#errors;
  }
}

/** Writes numbered lines to app.log and rotates it. */
class Writer {
  readonly #directory: string;
  #fd = -1;
  #rotations = 0;
  written = 0;

  constructor(directory: string) {
    this.#directory = directory;
    this.#open();
  }

  write(lines: number): void {
    let text = '';
    for (let i = 0; i < lines; i++)
      text += `n=${String(this.written++).padStart(7, '0')};${'x'.repeat(this.written % 90)}\n`;
    fs.writeSync(this.#fd, text);
    if (this.written % LINES_A_FILE === 0) this.#rotate();
  }

  #open(): void {
    this.#fd = fs.openSync(path.join(this.#directory, 'app.log'), 'a');
  }

  #rotate(): void {
    const name = path.join(this.#directory, 'app.log');
    fs.closeSync(this.#fd);
    fs.renameSync(name, `${name}.${++this.#rotations}`);
    this.#open();
  }
}

/** Writes `lines` lines in small steps, about 30,000 a second; ends the router at `ends` random moments. */
async function run(router: Router, writer: Writer, lines: number, ends: number, signal: 'SIGKILL' | 'SIGTERM') {
  const random = randomFrom(lines + ends);
  const moments = Array.from({ length: ends }, () => Math.floor(random() * lines * 0.95)).sort((a, b) => a - b);
  router.start();
  // A file that comes and goes before the very first start is nobody's.
  writer.write(100);
  await router.untilArrived(100);
  while (writer.written < lines) {
    writer.write(100);
    await after(3);
    if (writer.written < (moments[0] ?? lines)) continue;
    moments.shift();
    const ended = router.end(signal);
    // The log goes on while nobody reads it.
    for (let i = 0; i < 10; i++) {
      writer.write(100);
      await after(1 + random() * 5);
    }
    await ended;
    router.start();
  }
  await router.untilArrived(lines);
  await router.end('SIGTERM');
}

t.test(
  'killed 20 times while 200,000 lines are written and rotated: every line arrives',
  { timeout: 110_000 },
  async (t) => {
    const directory = t.testdir({});
    const router = new Router(directory);
    const writer = new Writer(directory);
    await run(router, writer, 200_000, 20, 'SIGKILL');
    const seen = new Set(router.arrived());
    const lost = Array.from({ length: writer.written }, (_, i) => i).filter((n) => !seen.has(n));
    t.same(lost.slice(0, 10), [], router.errors);
  },
);

t.test('stopped 5 times with SIGTERM: every line arrives exactly once', { timeout: 60_000 }, async (t) => {
  const directory = t.testdir({});
  const router = new Router(directory);
  const writer = new Writer(directory);
  await run(router, writer, 50_000, 5, 'SIGTERM');
  const numbers = router.arrived().sort((a, b) => a - b);
  t.equal(numbers.length, writer.written, router.errors);
  t.ok(numbers.every((n, i) => n === i));
});
