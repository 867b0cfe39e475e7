/**
 * The fault suite: a pipeline of a rotating log, two forward senders, chunks on disk and a bad HTTP destination. The router is killed with -9 at random moments, its disk is full now and then, its clock jumps;
 * the log goes on all the time. At the end every event is looked for at the destination, by its number.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NODE_SWITCHES } from '../support/switches.ts';
import { Destination } from './destination.ts';
import { randomFrom } from './random.ts';
import { Sender } from './sender.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const FAULTS = fileURLToPath(new URL('faults.ts', import.meta.url));
const LINES_A_FILE = 20_000;
/** How far the log may be ahead of the destination: more would only measure the disk. */
const LEAD = 60_000;

export interface Plan {
  readonly events: number;
  readonly kills: number;
  readonly seed: number;
  /** An empty folder. */
  readonly folder: string;
  /** storage.sync. */
  readonly sync: 'normal' | 'full';
  readonly giveUpMs: number;
  readonly say?: (line: string) => void;
}

export interface Result {
  readonly written: number;
  readonly lost: number;
  readonly repeated: number;
  /** Of the repeated: the destination took them and cut the connection. */
  readonly repeatedByCuts: number;
  readonly outOfOrder: number;
  readonly requests: number;
  readonly kills: number;
  readonly seconds: number;
  readonly peakMiB: number;
  /** What the router said at its last run. */
  readonly stderr: string;
}

function config({ folder, sync }: Plan, port: number, forwardPort: number): string {
  return `[SERVICE]
    Flush             0.2
    Grace             5
    Log_Level         info
    storage.path      ${folder}/storage
    storage.sync      ${sync}
    storage.checksum  on
    scheduler.base    1
    scheduler.cap     2
[INPUT]
    Name              tail
    Path              ${folder}/app.log
    Tag               app
    DB                ${folder}/pos.db
    Read_from_Head    on
    Refresh_Interval  1
    Rotate_Wait       600
    storage.type      filesystem
[INPUT]
    Name              forward
    Listen            127.0.0.1
    Port              ${forwardPort}
    storage.type      filesystem
[OUTPUT]
    Name              http
    Match             *
    Host              127.0.0.1
    Port              ${port}
    Format            json_lines
    Retry_Limit       no_limits
`;
}

/** Writes the log: numbered lines of any length, renamed away every so often. */
class Writer {
  readonly #file: string;
  readonly #random: () => number;
  #fd: number;
  #rotations = 0;
  written = 0;

  constructor(folder: string, seed: number) {
    this.#file = path.join(folder, 'app.log');
    this.#random = randomFrom(seed);
    this.#fd = fs.openSync(this.#file, 'a');
  }

  write(lines: number): void {
    let text = '';
    for (let i = 0; i < lines; i++) {
      const pad = this.#random() < 0.001 ? 20_000 : Math.floor(this.#random() * 150);
      text += `tail=${String(this.written++).padStart(7, '0')};${'x'.repeat(pad)}\n`;
      if (this.written % LINES_A_FILE !== 0) continue;
      fs.writeSync(this.#fd, text);
      text = '';
      this.#rotate();
    }
    // In two pieces, so that a reader meets half lines.
    const cut = Math.floor(this.#random() * text.length);
    fs.writeSync(this.#fd, text.slice(0, cut));
    fs.writeSync(this.#fd, text.slice(cut));
  }

  #rotate(): void {
    fs.closeSync(this.#fd);
    fs.renameSync(this.#file, `${this.#file}.${++this.#rotations}`);
    this.#fd = fs.openSync(this.#file, 'a');
  }
}

class Router {
  readonly #plan: Plan;
  readonly #config: string;
  #child: ChildProcess | undefined;
  #seed: number;
  stderr = '';
  peakMiB = 0;

  constructor(plan: Plan, config: string) {
    this.#plan = plan;
    this.#config = config;
    this.#seed = plan.seed;
  }

  start(): void {
    this.stderr = '';
    const env = { ...process.env, TORTURE_STORAGE: `${this.#plan.folder}/storage`, TORTURE_SEED: String(this.#seed++) };
    const args = [...NODE_SWITCHES, '--import', FAULTS, MAIN, '-c', this.#config];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
    child.stderr?.on('data', (data) => {
      this.stderr = (this.stderr + data).slice(-20_000);
    });
    this.#child = child;
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#measure(child);
    const closed = once(child, 'close');
    if (child.exitCode !== null) throw new Error(`the router ended by itself with ${child.exitCode}\n${this.stderr}`);
    child.kill(signal);
    await closed;
  }

  #measure({ pid }: ChildProcess): void {
    try {
      const kB = Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
      this.peakMiB = Math.max(this.peakMiB, Math.round(kB / 1024));
    } catch {
      // Gone already, or not Linux.
    }
  }
}

export async function torture(plan: Plan): Promise<Result> {
  const began = performance.now();
  const random = randomFrom(plan.seed);
  const destination = new Destination(plan.seed);
  await destination.start();
  const file = path.join(plan.folder, 'sluice.conf');
  const forwardPort = await freePort();
  fs.writeFileSync(file, config(plan, destination.port, forwardPort));
  // A fifth of the events comes from senders.
  const share = Math.floor(plan.events / 10);
  const senders = ['forwarda', 'forwardb'].map((name) => new Sender(name, forwardPort));
  const lines = plan.events - share * senders.length;
  for (const sender of senders) sender.run();
  const written = () => writer.written + senders.reduce((sum, { sent }) => sum + sent, 0);
  const goOn = (count: number) => {
    writer.write(Math.min(count, lines - writer.written));
    for (const sender of senders) sender.send(Math.min(share, Math.ceil((share * writer.written) / lines)));
  };
  const router = new Router(plan, file);
  const writer = new Writer(plan.folder, plan.seed);
  const { tally } = destination;
  const moments = Array.from({ length: plan.kills }, () => Math.floor(random() * lines * 0.95)).sort((a, b) => a - b);
  let kills = 0;
  router.start();
  // A file that comes and goes before the very first start is nobody's.
  writer.write(100);
  while (tally.arrived < 100) await after(20);
  while (writer.written < lines) {
    if (written() - tally.arrived < LEAD) goOn(500);
    await after(4);
    if (kills >= plan.kills || writer.written < (moments[kills] as number)) continue;
    // Most of the times it has come to deliver something; some die while they start.
    const [arrived, patience] = [tally.arrived, performance.now() + 3000];
    const isEarly = random() < 0.2;
    while (!isEarly && tally.arrived < arrived + 5000 * random() && performance.now() < patience) {
      await after(10);
      if (writer.written < lines - 1000) goOn(20);
    }
    await after(random() * 200);
    kills++;
    const ended = router.end('SIGKILL');
    goOn(1000);
    await ended;
    plan.say?.(`kill ${kills}: ${written()} written, ${tally.arrived} arrived, ${tally.repeated} repeated`);
    router.start();
  }
  const end = performance.now() + plan.giveUpMs;
  while (tally.arrived < plan.events && performance.now() < end) {
    for (const sender of senders) sender.send(share);
    await after(10);
  }
  for (const sender of senders) sender.end();
  await router.end('SIGTERM');
  await destination.stop();
  return {
    written: written(),
    lost: senders.reduce(
      (sum, { name }) => sum + tally.missing(name, share).length,
      tally.missing('tail', lines).length,
    ),
    repeated: tally.repeated,
    repeatedByCuts: destination.repeatedByCuts,
    outOfOrder: tally.outOfOrder,
    requests: destination.requests,
    kills,
    seconds: Math.round((performance.now() - began) / 1000),
    peakMiB: router.peakMiB,
    stderr: router.stderr,
  };
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
