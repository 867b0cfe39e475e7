/**
 * Runs whole pipelines on generated container logs and prints, for each, records per CPU-second as a multiple of this
 * machine's yardstick (bench/reference.ts), and the peak memory. Bare times say nothing about another machine.
 *
 *     node bench/run.ts [--lines 1000000] [--only TEXT] [--rounds 3] [--profile]
 *
 * The figures of Fluent Bit 5.1.1 stand beside ours where it was measured in the same way. Each pipeline is run
 * `--rounds` times; the best counts, since whatever else the machine does only ever slows a run down.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { MALLOC_ARENA_MAX, NODE_SWITCHES } from '../test/support/switches.ts';
import { generate } from './generate.ts';
import { PIPELINES, type Pipeline } from './pipelines.ts';

const ROOT = path.dirname(import.meta.dirname);
const DATA = path.join(import.meta.dirname, 'data');
const FIRST_MS = Date.UTC(2026, 0, 1);
const CLOCK_TICKS = 100;

interface Run {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** CPU time of all children that have ended, all their threads included. */
function childrenCpuSeconds(): number {
  const fields = fs.readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) / CLOCK_TICKS;
}

function peakMiB(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Runs node to its end; one child at a time, so that the CPU time is its own. */
async function run(args: string[]): Promise<Run> {
  const before = childrenCpuSeconds();
  const env = { ...process.env, MALLOC_ARENA_MAX, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr, peak] = ['', '', 0];
  child.stdout.on('data', (data) => (stdout += data));
  child.stderr.on('data', (data) => (stderr += data));
  const watch = setInterval(() => (peak = Math.max(peak, peakMiB(child.pid ?? 0))), 20);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}\n${stderr}`);
  return { cpuSeconds: childrenCpuSeconds() - before, peakMiB: peak, stdout, stderr };
}

function data(lines: number, form: 'docker' | 'cri'): string {
  const file = path.join(DATA, `${form}-${lines}.log`);
  if (fs.existsSync(file)) return file;
  fs.mkdirSync(DATA, { recursive: true });
  generate(lines, form, `${file}.new`, FIRST_MS);
  fs.renameSync(`${file}.new`, file);
  return file;
}

async function yardstick(file: string, rounds: number): Promise<number> {
  let best = 0;
  for (let i = 0; i < rounds; i++)
    best = Math.max(best, Number(/^(\d+)/.exec((await run(['bench/reference.ts', file])).stdout)?.[1]));
  return best;
}

interface Sink {
  readonly port: number;
  readonly tlsPort: number;
  expect(what: string, events: number): Promise<void>;
  stop(): void;
}

/** A key and a certificate of its own, made once. */
function certificate(): string[] {
  const [key, cert] = ['sink.key', 'sink.crt'].map((name) => path.join(DATA, name)) as [string, string];
  if (!fs.existsSync(cert)) {
    const subject = ['-subj', '/CN=localhost', '-days', '3650'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject],
      {
        stdio: 'ignore',
      },
    );
  }
  return [key, cert];
}

/** The far end: its CPU time is not counted, since it ends after the measurement. */
async function startSink(): Promise<Sink> {
  const args = ['bench/sink.ts', ...certificate()];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  const [port = 0, tlsPort = 0] = first.toString().split(' ').map(Number);
  return {
    port,
    tlsPort,
    async expect(what, events) {
      const count = (await (await fetch(`http://127.0.0.1:${port}/count`)).json()) as Record<string, number>;
      if (count[what] !== events) throw new Error(`${count[what]} of ${events} events arrived`);
    },
    stop: () => child.kill(),
  };
}

async function measure(pipeline: Pipeline, lines: number, rounds: number, profile: boolean): Promise<Run> {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-'));
  const config = path.join(work, 'bench.conf');
  const file = data(lines, pipeline.form);
  const expected = pipeline.keeps(lines, file);
  const sink = pipeline.sink && (await startSink());
  fs.writeFileSync(
    config,
    pipeline.config({ file, work, root: ROOT, port: sink?.port ?? 0, tlsPort: sink?.tlsPort ?? 0 }),
  );
  let best: Run | undefined;
  for (let i = 0; i < rounds; i++) {
    const flags = profile
      ? ['--cpu-prof', '--cpu-prof-dir', DATA, '--cpu-prof-name', `${pipeline.name.replace(/\W+/g, '-')}.cpuprofile`]
      : [];
    const result = await run([...NODE_SWITCHES, ...flags, 'src/sluice.js', '-c', config]);
    const read = Number(/(\d+) records read/.exec(result.stderr)?.[1]);
    if (read !== lines) throw new Error(`${pipeline.name}: ${read} of ${lines} lines were read\n${result.stderr}`);
    const delivered = Number(/(\d+) records delivered/.exec(result.stderr)?.[1]);
    if (sink && pipeline.sink && pipeline.sink !== 'none') await sink.expect(pipeline.sink, expected * (i + 1));
    if (delivered !== expected) throw new Error(`${pipeline.name}: ${delivered} of ${expected} records were delivered`);
    if (!best || result.cpuSeconds < best.cpuSeconds) best = result;
  }
  sink?.stop();
  fs.rmSync(work, { recursive: true, force: true });
  return best as Run;
}

const { values: options } = parseArgs({
  options: {
    lines: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    profile: { type: 'boolean', default: false },
  },
});
const lines = Number(options.lines);
const rounds = Number(options.rounds);
const unit = await yardstick(data(lines, 'docker'), rounds);
console.log(`yardstick: ${unit} records/CPU-s, ${lines} lines, best of ${rounds}\n`);
console.log('| pipeline | x yardstick | Fluent Bit 5.1.1 | records/CPU-s | peak MiB |');
console.log('| --- | --- | --- | --- | --- |');
for (const pipeline of PIPELINES) {
  if (options.only && !pipeline.name.includes(options.only)) continue;
  const { cpuSeconds, peakMiB: peak } = await measure(pipeline, lines, rounds, options.profile);
  const speed = lines / cpuSeconds;
  console.log(
    `| ${pipeline.name} | ${(speed / unit).toFixed(2)} | ${pipeline.fluentBit?.toFixed(2) ?? '-'} | ${Math.round(speed)} | ${peak.toFixed(0)} |`,
  );
}
