/** A whole pipeline to a Loki that fails in every way, goes away for a while, and refuses some lines for good. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { FakeLoki, type Fault } from '../support/fake_loki/server.ts';
import { NODE_SWITCHES } from '../support/switches.ts';

const PROGRAM = path.join(import.meta.dirname, '../../src/main.ts');
const LINES = 200_000;
/** Every so many lines, one is longer than Loki takes. */
const LONG = 20_000;

const FAULTS: readonly Fault[] = [
  { status: 500, text: 'the ring is empty' },
  { status: 503 },
  { status: 429, text: 'Ingestion rate limit exceeded', headers: { 'retry-after': '1' } },
  { cut: 'before' },
  { cut: 'after' },
  { hangs: true },
];

const conf = (folder: string, port: number) => `[SERVICE]
    Flush 0.2
    Grace 25
    Log_Level info
    scheduler.base 1
    scheduler.cap 1
[INPUT]
    Name tail
    Path ${folder}/in.log
    Read_from_head on
    Exit_On_Eof on
    Mem_Buf_Limit 4M
[OUTPUT]
    Name loki
    Match *
    Port ${port}
    Labels job=test
    Retry_Limit no_limits
    http.response_timeout 1s
    dead_letter ${folder}/dead.jsonl
`;

/** Faults in turn for two of three pushes, as long as there are any left; then it is away until somebody has noticed. */
function misbehave(loki: FakeLoki, child: ChildProcess): void {
  let pushes = 0;
  const left = [...FAULTS, ...FAULTS];
  let isAway: Promise<void> | undefined;
  loki.fault = () => {
    if (loki.entries().length >= LINES / 4) isAway ??= loki.goAway();
    return pushes++ % 3 === 0 ? undefined : left.shift();
  };
  const notice = async (data: Buffer): Promise<void> => {
    if (!data.includes('ECONNREFUSED')) return;
    child.stderr?.off('data', notice);
    await isAway;
    await loki.comeBack();
  };
  child.stderr?.on('data', notice);
}

async function report(child: ChildProcess): Promise<{ code: number | null; log: string }> {
  let log = '';
  child.stderr?.on('data', (data) => (log += data));
  const [code] = await once(child, 'close');
  return { code, log };
}

t.test('all that Loki takes arrives, and what it refuses goes to the dead letters', async (t) => {
  const folder = t.testdir();
  const line = (_: unknown, i: number) => `line ${i} ${'x'.repeat(i % LONG === 7 ? 3000 : 60)}\n`;
  fs.writeFileSync(path.join(folder, 'in.log'), Array.from({ length: LINES }, line).join(''));
  const loki = await new FakeLoki({ maxLineBytes: 2000 }).start();
  fs.writeFileSync(path.join(folder, 'a.conf'), conf(folder, loki.port));
  const flags = [...NODE_SWITCHES, PROGRAM, '-c', path.join(folder, 'a.conf')];
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
  t.teardown(async () => {
    child.kill('SIGKILL');
    await loki.stop();
  });
  misbehave(loki, child);
  const { code, log } = await report(child);
  t.equal(code, 0);
  const arrived = new Set(loki.entries().map((entry) => Number(/line (\d+)/.exec(entry.line)?.[1])));
  const letters = fs.readFileSync(path.join(folder, 'dead.jsonl'), 'utf8').trim().split('\n');
  const refused = letters.map((text) => JSON.parse(text) as { reason: string; record: { log: string } });
  t.equal(arrived.size, LINES - refused.length);
  t.same(
    refused.map(({ record }) => Number(record.log.split(' ')[1])).sort((a, b) => a - b),
    Array.from({ length: LINES / LONG }, (_, i) => i * LONG + 7),
  );
  t.ok(refused.every(({ reason }) => reason === 'longer than Loki takes'));
  t.match(log, /ECONNREFUSED/);
  t.match(log, new RegExp(`${LINES - refused.length} records delivered, ${refused.length} dropped`));
});
