/**
 * The input systemd beside journalctl: 100,000 entries in rotated files, made with systemd-journal-remote. First both
 * must give the same entries with the same fields; then the CPU times of a whole pipeline to a file of JSON lines and of
 * `journalctl -o json > file` stand beside each other, the best of some rounds.
 *
 *     node bench/journal.ts [--entries 100000] [--rounds 3]
 *
 * Needs journalctl and /lib/systemd/systemd-journal-remote (Debian: systemd, systemd-journal-remote).
 */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { NODE_SWITCHES } from '../test/support/switches.ts';

const REMOTE = '/lib/systemd/systemd-journal-remote';
const ROOT = path.dirname(import.meta.dirname);
const CLOCK_TICKS = 100;
const UNITS = ['kubelet', 'containerd', 'sshd', 'cron', 'systemd-networkd', 'nginx', 'app-worker@1', 'dbus'];

/** One entry in journald's export format: 23 fields, five of them its own, every twentieth message long enough to be compressed. */
function entry(i: number): string {
  const time = i * 600 + ((i * 7919) % 500);
  const unit = UNITS[(i * 31) % UNITS.length] as string;
  const fields = [
    `__REALTIME_TIMESTAMP=${1_767_225_600_000_000 + time}`,
    `__MONOTONIC_TIMESTAMP=${1_000_000 + time}`,
    `_BOOT_ID=${'0123456789abcdef'.repeat(2)}`,
    '_TRANSPORT=stdout',
    `PRIORITY=${i % 8}`,
    'SYSLOG_FACILITY=3',
    `SYSLOG_IDENTIFIER=${unit}`,
    `_PID=${1000 + ((i * 31) % UNITS.length)}`,
    '_UID=0',
    '_GID=0',
    `_COMM=${unit}`,
    `_EXE=/usr/bin/${unit}`,
    `_CMDLINE=/usr/bin/${unit} --config=/etc/${unit}.conf`,
    '_CAP_EFFECTIVE=1ffffffffff',
    `_SYSTEMD_CGROUP=/system.slice/${unit}.service`,
    `_SYSTEMD_UNIT=${unit}.service`,
    '_SYSTEMD_SLICE=system.slice',
    `_SYSTEMD_INVOCATION_ID=${'a'.repeat(31)}${(i * 31) % UNITS.length}`,
    '_MACHINE_ID=11112222333344445555666677778888',
    '_HOSTNAME=node-1',
    '_RUNTIME_SCOPE=system',
    `REQUEST_ID=${i * 1_000_003}`,
    `CODE_LINE=line-${i}`,
    `TIMESTAMP_MONOTONIC=${time}`,
    `MESSAGE=line ${i} of the log source="api" pods=["default/pod-${i}"]${i % 20 === 0 ? ' at com.example.Foo'.repeat(50) : ''}`,
    `_SOURCE_REALTIME_TIMESTAMP=${1_767_225_600_000_000 + time - 15}`,
  ];
  return `${fields.join('\n')}\n\n`;
}

function makeJournal(folder: string, entries: number): string {
  const text = path.join(folder, 'in.export');
  const fd = fs.openSync(text, 'w');
  for (let i = 0; i < entries; i++) fs.writeSync(fd, entry(i));
  fs.closeSync(fd);
  const journal = path.join(folder, 'journal');
  fs.mkdirSync(journal);
  const { status, stderr } = spawnSync(REMOTE, ['-o', path.join(journal, 'remote.journal'), text]);
  if (status !== 0) throw new Error(`${REMOTE}: ${stderr}`);
  return journal;
}

/** CPU time of all children that have ended. */
function childrenCpuSeconds(): number {
  const fields = fs.readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) / CLOCK_TICKS;
}

function journalctl(journal: string, to: string): number {
  const before = childrenCpuSeconds();
  const fd = fs.openSync(to, 'w');
  spawnSync('journalctl', ['-D', journal, '-o', 'json', '--all'], { stdio: ['ignore', fd, 'inherit'] });
  fs.closeSync(fd);
  return childrenCpuSeconds() - before;
}

/** Runs the pipeline until the counter or the file shows that all entries came. */
async function sluice(journal: string, output: string[], isDone: () => boolean): Promise<number> {
  const before = childrenCpuSeconds();
  const args = [...NODE_SWITCHES, path.join(ROOT, 'src/sluice.js'), '-q', '-f', '1'];
  const input = ['-i', 'systemd', '-p', `path=${journal}`, '-t', 'j'];
  const child = spawn(process.execPath, [...args, ...input, ...output], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise((done) => child.on('exit', done));
  while (!isDone() && child.exitCode === null) await new Promise((go) => setTimeout(go, 100));
  child.kill('SIGTERM');
  await ended;
  return childrenCpuSeconds() - before;
}

const size = (file: string): number => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Both outputs, line by line. @returns the first difference */
function compare(told: string, made: string): string | undefined {
  const [theirs, ours] = [told, made].map((file) => fs.readFileSync(file, 'utf8').trimEnd().split('\n'));
  if (theirs?.length !== ours?.length) return `${theirs?.length} entries, but ${ours?.length} records`;
  for (const [i, line] of (theirs ?? []).entries()) {
    const wanted = Object.entries(JSON.parse(line)).filter(([key]) => !key.startsWith('__'));
    const got: Record<string, unknown> = JSON.parse(ours?.[i] ?? '{}');
    const isSame = wanted.every(([key, value]) => JSON.stringify(got[key]) === JSON.stringify(value));
    if (!isSame || Object.keys(got).length !== wanted.length) return `entry ${i}:\n${line}\n${ours?.[i]}`;
  }
  return undefined;
}

const { values } = parseArgs({
  options: { entries: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '3' } },
});
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'journal-'));
try {
  const journal = makeJournal(folder, Number(values.entries));
  console.log(`${values.entries} entries in ${fs.readdirSync(journal).length} files`);
  const [told, made] = [path.join(folder, 'told.json'), path.join(folder, 'made.json')];
  const toFile = ['-o', 'file', '-p', `path=${folder}`, '-p', 'file=made.json', '-p', 'format=plain'];
  let theirs = Number.POSITIVE_INFINITY;
  let ours = Number.POSITIVE_INFINITY;
  for (let round = 0; round < Number(values.rounds); round++) {
    theirs = Math.min(theirs, journalctl(journal, told));
    const lines = Number(values.entries);
    fs.rmSync(made, { force: true });
    let last = -1;
    const isDone = (): boolean => {
      const now = size(made);
      const isSettled = now > 0 && now === last && fs.readFileSync(made).filter((byte) => byte === 10).length >= lines;
      last = now;
      return isSettled;
    };
    ours = Math.min(ours, await sluice(journal, toFile, isDone));
    const difference = compare(told, made);
    if (difference !== undefined) throw new Error(`they differ: ${difference}`);
  }
  console.log('the same entries with the same fields');
  console.log(`journalctl -o json ${theirs.toFixed(2)} s, systemd to a file ${ours.toFixed(2)} s of CPU`);
  console.log(`journalctl needs ${(theirs / ours).toFixed(2)} times as much`);
} finally {
  fs.rmSync(folder, { recursive: true });
}
