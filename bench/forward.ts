/**
 * What the forward plugins cost: records per CPU-second of the Sluice process alone, as a multiple of this machine's
 * yardstick (bench/reference.ts). The sender and the sink are processes of their own.
 *
 *     node bench/forward.ts [--records 5000000] [--only TEXT] [--rounds 3] [--connections 1] [--profile]
 *
 * The figures of Fluent Bit 5.1.1 stand beside ours where it was measured in the same way.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { NODE_SWITCHES } from '../test/support/switches.ts';
import { generate } from './generate.ts';

const ROOT = path.dirname(import.meta.dirname);
const DATA = path.join(import.meta.dirname, 'data');
const LINES = 1_000_000;
const CLOCK_TICKS = 100;

interface Place {
  readonly forward: number;
  readonly loki: number;
}

const SCENES: readonly { name: string; fluentBit?: number; output(place: Place): string }[] = [
  { name: 'forward > null', fluentBit: 3.5, output: () => '    Name  null' },
  {
    name: 'forward > forward',
    fluentBit: 2.3,
    output: ({ forward }) => `    Name  forward\n    Host  127.0.0.1\n    Port  ${forward}`,
  },
  {
    name: 'forward > forward, without metadata',
    output: ({ forward }) =>
      `    Name  forward\n    Host  127.0.0.1\n    Port  ${forward}\n    Retain_metadata_in_forward_mode  off`,
  },
  {
    name: 'forward > loki',
    fluentBit: 0.7,
    output: ({ loki }) => `    Name  loki\n    Host  127.0.0.1\n    Port  ${loki}\n    Labels  job=bench`,
  },
];

const { values: options } = parseArgs({
  options: {
    records: { type: 'string', default: '5000000' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '1' },
    only: { type: 'string' },
    profile: { type: 'boolean', default: false },
  },
});
const records = Number(options.records);

function node(args: string[], output: 'pipe' | 'inherit' = 'pipe'): ChildProcess {
  return spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', output, 'pipe'] });
}

/** CPU time of all children that have ended. */
function endedCpuSeconds(): number {
  const fields = fs.readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) / CLOCK_TICKS;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

function dataFile(): string {
  const file = path.join(DATA, `docker-${LINES}.log`);
  if (fs.existsSync(file)) return file;
  fs.mkdirSync(DATA, { recursive: true });
  generate(LINES, 'docker', file, Date.UTC(2026, 0, 1));
  return file;
}

async function yardstick(): Promise<number> {
  let best = 0;
  for (let i = 0; i < Number(options.rounds); i++) {
    const child = node(['bench/reference.ts', dataFile()]);
    let text = '';
    child.stdout?.on('data', (data) => (text += data));
    await once(child, 'close');
    best = Math.max(best, Number(/^(\d+)/.exec(text)?.[1]));
  }
  return best;
}

function configuration(port: number, output: string): string {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'bench-')), 'bench.conf');
  fs.writeFileSync(
    file,
    `[SERVICE]
    Flush      1
    Grace      30
    Log_Level  info

[INPUT]
    Name           forward
    Listen         127.0.0.1
    Port           ${port}
    Mem_Buf_Limit  50M

[OUTPUT]
${output}
    Match  *
`,
  );
  return file;
}

interface Run {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

async function run(name: string, output: string): Promise<Run> {
  const port = await freePort();
  const config = configuration(port, output);
  const flags = options.profile
    ? ['--cpu-prof', '--cpu-prof-dir', DATA, '--cpu-prof-name', `${name.replace(/\W+/g, '-')}.cpuprofile`]
    : [];
  const sluice = node([...NODE_SWITCHES, ...flags, 'src/sluice.js', '-c', config]);
  let log = '';
  sluice.stderr?.on('data', (data) => (log += data));
  const ended = once(sluice, 'close').then(() => Promise.reject(new Error(`${name} ended early\n${log}`)));
  ended.catch(() => undefined);
  while (!log.includes('listening on'))
    await Promise.race([once(sluice.stderr as NodeJS.ReadableStream, 'data'), ended]);
  const sender = node([
    'bench/forward_peer.ts',
    'send',
    String(port),
    dataFile(),
    String(records),
    options.connections,
  ]);
  await once(sender, 'close');
  const before = endedCpuSeconds();
  const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${sluice.pid}/status`, 'utf8'))?.[1]) / 1024;
  sluice.kill('SIGTERM');
  await once(sluice, 'close');
  fs.rmSync(path.dirname(config), { recursive: true });
  const delivered = Number(/(\d+) records delivered/.exec(log)?.[1]);
  if (delivered !== records)
    throw new Error(`${name}: ${delivered} of ${records} records were delivered\n${log.slice(-1000)}`);
  return { cpuSeconds: endedCpuSeconds() - before, peakMiB };
}

const sink = node(['bench/forward_peer.ts', 'sink']);
const [ports] = (await once(sink.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
const [forward, loki] = JSON.parse(String(ports)) as [number, number];
try {
  const unit = await yardstick();
  console.log(`yardstick: ${unit} records/CPU-s; ${records} records, best of ${options.rounds}\n`);
  console.log('| pipeline | x yardstick | Fluent Bit 5.1.1 | records/CPU-s | peak MiB |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const { name, fluentBit, output } of SCENES) {
    if (options.only && !name.includes(options.only)) continue;
    let best: Run | undefined;
    for (let i = 0; i < Number(options.rounds); i++) {
      const result = await run(name, output({ forward, loki }));
      if (!best || result.cpuSeconds < best.cpuSeconds) best = result;
    }
    const speed = records / (best as Run).cpuSeconds;
    const shown = [
      (speed / unit).toFixed(2),
      fluentBit?.toFixed(2) ?? '-',
      Math.round(speed),
      (best as Run).peakMiB.toFixed(0),
    ];
    console.log(`| ${name} | ${shown.join(' | ')} |`);
  }
} finally {
  sink.kill();
}
