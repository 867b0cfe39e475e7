/**
 * How long a container line with its pod's metadata takes to become the text within a request (src/data/body_json.ts),
 * beside JSON.stringify twice over; and the same from MessagePack (src/data/packed_json.ts), beside decoding it first.
 *
 *     node bench/body_json.ts
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BodyBytes } from '../src/data/body_bytes.ts';
import { BodyJson } from '../src/data/body_json.ts';
import type { Fields } from '../src/data/event.ts';
import { decodeValue, encodeValue } from '../src/data/msgpack.ts';
import { PackedJson } from '../src/data/packed_json.ts';
import { generate } from './generate.ts';

const LINES = 20_000;
const ROUNDS = 30;

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

/** Microseconds of CPU an event, the best of some rounds: whatever else the machine does only slows one down. */
function measure<T>(data: readonly T[], write: (body: T, out: Buffer) => number): number {
  const out = Buffer.allocUnsafe(1 << 16);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (const body of data) write(body, out);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / data.length);
  }
  return best;
}

const options = { nested: true, escapeUnicode: true };
const json = new BodyJson(options);
const bytes = new BodyBytes(options);
const packed = new PackedJson(options);
for (const parsed of [false, true]) {
  const data = bodies(parsed);
  const raw = data.map((body) => Buffer.from(encodeValue(body)));
  const times = [
    measure(data, (body, out) => bytes.write(body, out, 0)),
    measure(data, (body, out) => out.write(json.text(body), 0)),
    measure(data, (body, out) => out.write(JSON.stringify(JSON.stringify(body)), 0)),
    measure(raw, (body, out) => packed.write(body, 0, out, 0)),
    measure(raw, (body, out) => bytes.write(decodeValue(body) as Fields, out, 0)),
  ];
  const [direct = '', pieces = '', twice = '', transcoded = '', decoded = ''] = times.map((time) => time.toFixed(2));
  const name = parsed ? 'parsed JSON' : 'lines';
  process.stdout.write(`${name}: bytes ${direct} µs an event, text ${pieces}, JSON.stringify twice ${twice}\n`);
  process.stdout.write(`${name} as MessagePack: transcoded ${transcoded} µs, decoded first ${decoded}\n`);
}
