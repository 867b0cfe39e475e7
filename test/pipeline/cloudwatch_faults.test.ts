/**
 * A whole pipeline to a CloudWatch Logs that throttles, fails, hangs, cuts connections and answers, and goes away for a
 * while: every event arrives, none twice but those whose request was done and never answered, and memory stays bounded.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { FakeCloudWatch } from '../support/fake_cloudwatch/server.ts';
import type { FaultRates } from '../support/faults.ts';
import { NODE_SWITCHES } from '../support/switches.ts';

const PROGRAM = path.join(import.meta.dirname, '../../src/main.ts');
const LINES = 200_000;
const FILES = 4;
/** `OUTAGE_SECONDS=30 node test/pipeline/cloudwatch_faults.test.ts` is the long form. */
const OUTAGE_MS = Number(process.env.OUTAGE_SECONDS ?? 3) * 1000;
const MEBIBYTE = 1024 * 1024;
const ENV = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
};

const conf = (folder: string, url: string) => `[SERVICE]
    Flush 0.2
    Grace 60
    Log_Level info
    scheduler.base 1
    scheduler.cap 1
[INPUT]
    Name tail
    Path ${folder}/*.log
    Tag app.*
    Read_from_head on
    Exit_On_Eof on
    Mem_Buf_Limit 4M
[OUTPUT]
    Name cloudwatch_logs
    Match *
    region eu-central-1
    endpoint ${url}
    log_group_name grp
    log_stream_prefix from-
    auto_create_group on
    log_key log
    Retry_Limit no_limits
    http.response_timeout 1s
`;

t.setTimeout(120_000);

interface Run {
  readonly code: number | null;
  readonly log: string;
  readonly peakBytes: number;
}

/** Runs Sluice to its end. */
async function run(child: ChildProcess): Promise<Run> {
  let [log, peakBytes] = ['', 0];
  child.stderr?.on('data', (data) => (log += data));
  const watch = setInterval(() => {
    try {
      const status = fs.readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peakBytes = Math.max(peakBytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024);
    } catch {
      // It has just ended, or this is not Linux.
    }
  }, 50);
  const [code] = await once(child, 'close');
  clearInterval(watch);
  return { code, log, peakBytes };
}

/** How often each line came. */
function tally(fake: FakeCloudWatch): Map<string, number> {
  const came = new Map<string, number>();
  for (const { streams } of fake.store.groups.values())
    for (const { events } of streams.values())
      for (const { message } of events) came.set(message, (came.get(message) ?? 0) + 1);
  return came;
}

/** The server is away for a while, once half of the lines came. */
async function outage(fake: FakeCloudWatch): Promise<void> {
  while (tally(fake).size < LINES / 2) await once(fake.server, 'request');
  await fake.server.stop();
  await new Promise((go) => setTimeout(go, OUTAGE_MS));
  await fake.server.start();
}

async function deliver(folder: string, rates: FaultRates, seed: number) {
  const fake = await FakeCloudWatch.start({ seed });
  fake.server.faults.rates = rates;
  for (let file = 0; file < FILES; file++) {
    const line = (_: unknown, i: number) => `line ${file} ${i} ${'x'.repeat(i % 100)}\n`;
    fs.writeFileSync(path.join(folder, `${file}.log`), Array.from({ length: LINES / FILES }, line).join(''));
  }
  fs.writeFileSync(path.join(folder, 'a.conf'), conf(folder, fake.server.url));
  const flags = [...NODE_SWITCHES, PROGRAM, '-c', path.join(folder, 'a.conf')];
  const env = { ...process.env, ...ENV };
  const child = spawn(process.execPath, flags, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  t.teardown(async () => {
    child.kill('SIGKILL');
    await fake.server.stop().catch(() => undefined);
  });
  const [result] = await Promise.all([run(child), outage(fake)]);
  const came = tally(fake);
  const repeated = [...came.values()].reduce((sum, count) => sum + count - 1, 0);
  return { ...result, fake, came, repeated };
}

t.test('throttled, refused, hanging, cut off, away: all arrive, and none twice where it answered', async (t) => {
  const rates = { throttle: 0.1, error: 0.1, drop: 0.05, cut: 0.1, hang: 0.02, delay: 0.1, delayMs: 200 };
  const { code, log, peakBytes, came, repeated } = await deliver(t.testdir(), rates, 5);
  t.equal(code, 0, log.slice(-300));
  t.equal(came.size, LINES);
  t.equal(repeated, 0);
  t.match(log, `${LINES} records delivered, 0 dropped`);
  t.match(log, /tail\.0 paused/, 'the input waited');
  t.ok(peakBytes < 200 * MEBIBYTE, `${Math.round(peakBytes / MEBIBYTE)} MiB`);
});

t.test('done but not answered: those may come twice, nothing is missing', async (t) => {
  const { code, log, came, repeated } = await deliver(t.testdir(), { lost: 0.1, drop: 0.1 }, 7);
  t.equal(code, 0, log.slice(-300));
  t.equal(came.size, LINES);
  t.ok(repeated > 0 && repeated < LINES / 2, `${repeated} came twice`);
});
