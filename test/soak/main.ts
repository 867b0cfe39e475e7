/**
 * The long form of the soak: `node test/soak/main.ts [quiet|any] [seed]`. 300 pods with two containers, 100,000 lines,
 * connections cut every second, five kills.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { soak } from './kubernetes_logs.ts';

const kill = process.argv[2] === 'any' ? 'any' : 'quiet';
const seed = Number(process.argv[3] ?? 1);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kubernetes-logs-'));
const plan = { pods: 300, alive: 300, lines: 100_000, seconds: 60, kills: 5, cutEveryMs: 1000 };
const result = await soak({ ...plan, folder, seed, kill });
fs.rmSync(folder, { recursive: true });
console.log({ ...result, peakMiB: Math.round((result.peakBytes / 1024 / 1024) * 10) / 10 });
