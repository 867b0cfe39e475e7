/** Runs one case in a fresh copy of its folder and collects what came out. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Capture, freePort, startCapture } from './capture.ts';
import type { Case, CaseSpec, Until } from './case.ts';
import { type Exit, Router } from './router.ts';
import { runStep, type Stage } from './steps.ts';
import { poll, sleep } from './wait.ts';

export interface Outcome {
  readonly got: Record<string, unknown>;
  readonly timedOut: boolean;
  readonly early: Exit | undefined;
  readonly stderr: string;
}

export async function runCase(one: Case, command: readonly string[]): Promise<Outcome> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'conf-'));
  const captures: Record<string, Capture> = {};
  try {
    fs.cpSync(one.folder, folder, { recursive: true, verbatimSymlinks: true });
    for (const file of ['case.json', 'expected.json']) fs.rmSync(path.join(folder, file), { force: true });
    fs.mkdirSync(path.join(folder, 'out'), { recursive: true });
    const env = await environment(one.spec, folder, captures);
    return await new Run(one.spec, folder, env, captures, command).run();
  } finally {
    for (const capture of Object.values(captures)) capture.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function environment(
  spec: CaseSpec,
  folder: string,
  captures: Record<string, Capture>,
): Promise<Record<string, string | undefined>> {
  const env: Record<string, string | undefined> = {
    ...process.env,
    TZ: 'UTC',
    WORK: folder,
    OUT: path.join(folder, 'out'),
  };
  Object.assign(env, spec.env);
  for (const name of spec.ports ?? []) env[`PORT_${name}`] = String(await freePort());
  for (const [name, capture] of Object.entries(spec.capture ?? {})) {
    env[`PORT_${name}`] ??= String(await freePort());
    captures[name] = await startCapture(capture, Number(env[`PORT_${name}`]), folder);
  }
  return env;
}

class Run {
  readonly #spec: CaseSpec;
  readonly #folder: string;
  readonly #env: Record<string, string | undefined>;
  readonly #captures: Record<string, Capture>;
  readonly #router: Router;
  readonly #responses: Record<string, unknown> = {};

  constructor(
    spec: CaseSpec,
    folder: string,
    env: Record<string, string | undefined>,
    captures: Record<string, Capture>,
    command: readonly string[],
  ) {
    this.#spec = spec;
    this.#folder = folder;
    this.#env = env;
    this.#captures = captures;
    const yaml = fs.existsSync(path.join(folder, 'fluent-bit.yaml'));
    const args = spec.args ?? ['-c', yaml ? 'fluent-bit.yaml' : 'fluent-bit.conf'];
    this.#router = new Router({
      command,
      args: args.map((word) => word.replace(/\$\{(\w+)\}/g, (all, name: string) => env[name] ?? all)),
      folder,
      env,
      stdin: spec.stdin === undefined ? undefined : path.join(folder, spec.stdin),
    });
  }

  async run(): Promise<Outcome> {
    const limitMs = (this.#spec.timeout ?? 15) * 1000;
    const until = this.#spec.until ?? { exit: true };
    let timedOut = false;
    try {
      this.#router.start();
      const stage: Stage = {
        folder: this.#folder,
        env: this.#env,
        router: this.#router,
        limitMs,
        responses: this.#responses,
        reached: (one) => this.#reached(one),
      };
      for (const step of this.#spec.steps ?? []) if (!(await runStep(step, stage))) timedOut = true;
      const done = () => this.#reached(until) || (this.#router.exited !== undefined && !until.exit);
      if (!(await poll(done, limitMs))) timedOut = true;
      if (this.#spec.settle) await sleep(this.#spec.settle * 1000);
      const early = this.#router.exited;
      await this.#router.stop();
      return { got: this.#blank(this.#collect(until, early)), timedOut, early, stderr: this.#router.stderr };
    } finally {
      this.#router.kill();
    }
  }

  #reached(until: Until): boolean {
    if (until.exit) return this.#router.exited !== undefined;
    if (until.records !== undefined && readRecords(this.#recordsFile).length < until.records) return false;
    for (const [name, count] of Object.entries(until.requests ?? {}))
      if ((this.#captures[name]?.seen.length ?? 0) < count) return false;
    for (const [file, count] of Object.entries(until.lines ?? {}))
      if ((this.#read(file)?.split('\n').length ?? 0) - 1 < count) return false;
    if (until.stdout !== undefined && !this.#router.stdout.includes(until.stdout)) return false;
    return until.stderr === undefined || this.#router.stderr.includes(until.stderr);
  }

  get #recordsFile(): string {
    return path.join(this.#folder, 'out', 'records');
  }

  #read(file: string): string | null {
    const full = path.join(this.#folder, file);
    return fs.existsSync(full) ? fs.readFileSync(full, 'utf8') : null;
  }

  #collect(until: Until, early: Exit | undefined): Record<string, unknown> {
    const got: Record<string, unknown> = {};
    for (const what of this.#spec.compare ?? ['records']) {
      if (what === 'records') got.records = readRecords(this.#recordsFile).map(withoutNow);
      if (what === 'requests') got.requests = this.#requests();
      if (what === 'responses') got.responses = this.#responses;
      if (what === 'exit') got.exit = exitWord(until, early);
      if (what === 'stdout') got.stdout = this.#stdout();
      if (what === 'files')
        got.files = Object.fromEntries((this.#spec.files ?? []).map((file) => [file, this.#read(file)]));
    }
    return got;
  }

  #stdout(): string[] {
    const ignored = (this.#spec.stdout_ignore ?? []).map((pattern) => new RegExp(pattern));
    return this.#router.stdout.split('\n').filter((line) => line && !ignored.some((pattern) => pattern.test(line)));
  }

  #requests(): Record<string, unknown[]> {
    const ignored = this.#spec.ignore_headers ?? CHANGING_HEADERS;
    return Object.fromEntries(
      Object.entries(this.#captures).map(([name, { seen }]) => [name, seen.map((one) => withoutHeaders(one, ignored))]),
    );
  }

  /** What differs from run to run: the folder, the ports, and what the case says. */
  #blank(got: Record<string, unknown>): Record<string, unknown> {
    let text = JSON.stringify(got).replaceAll(this.#folder, '$WORK');
    for (const [name, value] of Object.entries(this.#env))
      if (name.startsWith('PORT_')) text = text.replaceAll(`:${value}`, `:$${name}`);
    for (const [pattern, by] of this.#spec.blank ?? []) text = text.replace(new RegExp(pattern, 'g'), by);
    return JSON.parse(text) as Record<string, unknown>;
  }
}

const CHANGING_HEADERS = [
  'user-agent',
  'host',
  'accept',
  'x-amz-date',
  'x-amz-content-sha256',
  'authorization',
  'x-amz-security-token',
];

function withoutHeaders(request: unknown, ignored: readonly string[]): unknown {
  const copy = structuredClone(request) as { headers?: Record<string, unknown> };
  for (const name of Object.keys(copy.headers ?? {}))
    if (copy.headers && (ignored.includes(name) || /^x-amz-(?!target)|^amz-/.test(name))) delete copy.headers[name];
  return copy;
}

function exitWord(until: Until, early: Exit | undefined): string {
  if (!until.exit) return early ? 'exited early' : 'running';
  if (!early) return 'still running';
  return early.code === 0 ? 'ok' : 'failed';
}

interface FileRecord {
  tag?: string;
  time?: string;
  record?: unknown;
  text?: string;
  unreadable?: string;
}

/** The `file` output's plain format: `TAG: [SECONDS.NANOS, JSON]`. */
function readRecords(file: string): FileRecord[] {
  if (!fs.existsSync(file)) return [];
  const lines = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [, tag = '', time = '', , text = ''] = /^(.*?): \[(\d+\.\d+), (?:(\{.*?\}), )?(.*)\]$/s.exec(line) ?? [];
    try {
      return { tag, record: JSON.parse(text) as unknown, time, text };
    } catch {
      return { unreadable: line };
    }
  });
}

/** A time within a day of this run is the time of reading, not one that the input gave. */
function withoutNow(record: FileRecord): FileRecord {
  const today = record.time && Math.abs(Number(record.time) - Date.now() / 1000) < 86_400;
  return today ? { ...record, time: 'now' } : record;
}
