/**
 * How long a container line with its pod's metadata takes to become the text within a request (src/data/body_json.ts),
 * beside JSON.stringify twice over.
 *
 *     node bench/body_json.ts
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BodyJson } from '../src/data/body_json.ts';
import type { Fields } from '../src/data/event.ts';
import { generate } from './generate.ts';

const LINES = 20_000;
const ROUNDS = 10;

const kubernetes: Fields = Object.freeze({
  pod_name: 'web-7d4b9c6f5d-abcde',
  namespace_name: 'production',
  pod_id: '6f1c4bd0-6d0e-4a3e-9f5b-1c2d3e4f5a6b',
  labels: { app: 'web', tier: 'front', 'pod-template-hash': '7d4b9c6f5d' },
  annotations: { 'kubernetes.io/psp': 'eks.privileged' },
  host: 'ip-10-0-1-17.ec2.internal',
  container_name: 'app',
  docker_id: 'a'.repeat(64),
  container_image: 'registry.example/web:1.4.2',
});

function bodies(parsed: boolean): Fields[] {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'bench-')), 'cri.log');
  generate(LINES, 'cri', file, Date.UTC(2026, 0, 1));
  const lines = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
  fs.rmSync(path.dirname(file), { recursive: true });
  return lines.map((line) => {
    const [time = '', stream = '', , ...rest] = line.split(' ');
    const log = rest.join(' ');
    const own = parsed && log.startsWith('{') ? (JSON.parse(log) as Fields) : { log };
    return { ...own, stream, time, kubernetes };
  });
}

/** Microseconds of CPU an event. */
function measure(data: readonly Fields[], text: (body: Fields) => string): number {
  const out = Buffer.allocUnsafe(1 << 16);
  for (const body of data) out.write(text(body), 0);
  const before = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) for (const body of data) out.write(text(body), 0);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (ROUNDS * data.length);
}

const json = new BodyJson({ nested: true, escapeUnicode: true });
for (const parsed of [false, true]) {
  const data = bodies(parsed);
  const pieces = measure(data, (body) => json.text(body));
  const twice = measure(data, (body) => JSON.stringify(JSON.stringify(body)));
  const name = parsed ? 'parsed JSON' : 'lines';
  process.stdout.write(`${name}: ${pieces.toFixed(2)} µs an event; JSON.stringify twice ${twice.toFixed(2)} µs\n`);
}
