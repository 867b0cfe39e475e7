/**
 * Ten thousand files of a thousand lines each: all of them are read to their end, with few descriptors open and in
 * little memory, whatever the number of files.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const FILES = 10_000;
const LINES = 1000;
const MOST_MEBIBYTES = 512;
const MOST_OPEN = 1200;

t.setTimeout(150_000);

function writeFiles(directory: string): void {
  const text = Array.from({ length: LINES }, (_, i) => `line ${i}\n`).join('');
  for (let i = 0; i < FILES; i++) fs.writeFileSync(path.join(directory, `${i}.log`), text);
  fs.writeFileSync(
    path.join(directory, 'sluice.conf'),
    `[SERVICE]
    Flush 0.5
    Log_Level error
[INPUT]
    Name tail
    Path ${directory}/*.log
    Tag t
    DB ${directory}/pos.db
    Read_from_Head on
    Exit_On_Eof on
    Mem_Buf_Limit 50M
[OUTPUT]
    Name counter
    Match *
`,
  );
}

/** The highest resident memory so far, in MiB, and how many descriptors are open now; undefined once it ended. */
function look(pid: number): { memory: number; open: number } | undefined {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'latin1');
    const open = fs.readdirSync(`/proc/${pid}/fd`).length;
    return { memory: Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024, open };
  } catch {
    return undefined;
  }
}

t.test('10,000 files of 1,000 lines are read completely, with bounded memory and descriptors', async (t) => {
  const directory = t.testdir({});
  writeFiles(directory);
  const child = spawn(process.execPath, [...process.execArgv, MAIN, '-c', path.join(directory, 'sluice.conf')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let [records, rest] = [0, ''];
  let memory = 0;
  let open = 0;
  // It prints a line with every chunk: as good a moment as any to look at it.
  child.stdout.on('data', (data) => {
    const lines = `${rest}${data}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) records += JSON.parse(line).log_records;
    const now = look(child.pid ?? 0);
    memory = Math.max(memory, now?.memory ?? 0);
    open = Math.max(open, now?.open ?? 0);
  });
  const [code] = await once(child, 'close');
  t.equal(code, 0);
  t.equal(records, FILES * LINES);
  t.comment(`at most ${Math.round(memory)} MiB and ${open} descriptors`);
  t.ok(memory > 0 && memory < MOST_MEBIBYTES, `${Math.round(memory)} MiB`);
  t.ok(open > 0 && open < MOST_OPEN, `${open} descriptors`);
});
