/** The router under test as a child process: its start, its end, what it wrote. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import { poll } from './wait.ts';

export interface RouterSetup {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** A file for standard input. */
  readonly stdin: string | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Router {
  readonly #setup: RouterSetup;
  #child: ChildProcess | undefined;
  stdout = '';
  stderr = '';
  /** undefined while it runs. */
  exited: Exit | undefined;

  constructor(setup: RouterSetup) {
    this.#setup = setup;
  }

  start(): void {
    const { command, args, folder, env, stdin } = this.#setup;
    const [program = '', ...first] = command;
    const child = spawn(program, [...first, ...args], {
      cwd: folder,
      env,
      stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    this.exited = undefined;
    this.#child = child;
    child.stdout?.on('data', (data) => {
      this.stdout += data;
    });
    child.stderr?.on('data', (data) => {
      this.stderr += data;
    });
    const ended = (exit: Exit) => {
      if (child === this.#child) this.exited ??= exit;
    };
    child.on('error', (error) => {
      this.stderr += error.message;
      ended({ code: 127, signal: null });
    });
    child.on('exit', (code, signal) => ended({ code, signal }));
    if (stdin !== undefined && child.stdin) {
      child.stdin.on('error', () => {});
      fs.createReadStream(stdin).pipe(child.stdin);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it, if need be by force. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.exited || !this.#child) return;
    this.#child.kill(signal);
    if (await poll(() => this.exited !== undefined, 10_000)) return;
    this.#child.kill('SIGKILL');
    await poll(() => this.exited !== undefined, 2000);
  }

  kill(): void {
    if (!this.exited) this.#child?.kill('SIGKILL');
  }
}
