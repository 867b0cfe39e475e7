/** Sluice in a process of its own: started, killed, and how much memory it takes at most. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MALLOC_ARENA_MAX } from '../support/switches.ts';

const MAIN = fileURLToPath(new URL('../../src/sluice.js', import.meta.url));
/** As the Deployment in conf/kubernetes starts it: with a heap, and with an allocator, for little memory. */
const FLAGS = ['--max-semi-space-size=4', '--v8-pool-size=1', '--max-old-space-size=64'];
const SAMPLE_MS = 100;
/** Asleep, and no CPU time used, in so many looks in a row: it has nothing left to do. */
const IDLE_LOOKS = 12;
const LOOK_MS = 25;
/** A watch that speaks now and then does not keep it awake; a router that never rests is killed all the same. */
const MOST_LOOKS = 2400;

export class Router {
  readonly #config: string;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  errors = '';
  /** The most memory of all its processes so far. */
  peakBytes = 0;
  /** CPU time of all its processes so far, about. */
  cpuSeconds = 0;
  #cpuOfThis = 0;

  constructor(config: string) {
    this.#config = config;
  }

  /** Fills the compile cache, as the image has it: a start after a change of the source takes 15 MB more. */
  async warm(): Promise<void> {
    await promisify(execFile)(process.execPath, [MAIN, '--dry-run', '-c', this.#config]);
  }

  start(): void {
    const child = spawn(process.execPath, [...FLAGS, MAIN, '-c', this.#config], {
      env: { ...process.env, MALLOC_ARENA_MAX },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr?.on('data', (data) => {
      this.errors = (this.errors + data).slice(-10_000);
    });
    this.#child = child;
    this.#timer = setInterval(() => this.sample(), SAMPLE_MS);
  }

  /** Resolves when it has done all that it can do without answers from others. Linux only; elsewhere after a while. */
  async untilIdle(): Promise<void> {
    let [idle, before] = [0, ''];
    for (let look = 0; idle < IDLE_LOOKS && look < MOST_LOOKS; look++) {
      await after(LOOK_MS);
      const now = this.#activity();
      idle = now === before && now.startsWith('S') ? idle + 1 : 0;
      before = now;
    }
  }

  /** The state of its main thread, and the CPU time of all its threads in nanoseconds: what takes a moment counts too. */
  #activity(): string {
    try {
      const folder = `/proc/${this.#child?.pid}`;
      const state = fs.readFileSync(`${folder}/stat`, 'utf8').split(') ')[1]?.[0];
      const threads = fs.readdirSync(`${folder}/task`);
      return `${state} ${threads.map((thread) => fs.readFileSync(`${folder}/task/${thread}/schedstat`, 'utf8')).join()}`;
    } catch {
      return 'S';
    }
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    clearInterval(this.#timer);
    this.sample();
    this.cpuSeconds += this.#cpuOfThis;
    this.#cpuOfThis = 0;
    if (child.exitCode !== null) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }

  /** Linux keeps the peak of a process itself; elsewhere there is no figure. */
  sample(): void {
    try {
      const status = fs.readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8');
      this.peakBytes = Math.max(this.peakBytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024);
      const stat = fs.readFileSync(`/proc/${this.#child?.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      this.#cpuOfThis = (Number(stat[11]) + Number(stat[12])) / 100;
    } catch {
      // It has just ended.
    }
  }
}
