/**
 * The other ends of the forward benchmarks, each in a process of its own so that its CPU time is not Sluice's:
 *
 *     node bench/forward_peer.ts send PORT FILE RECORDS [CONNECTIONS]    FILE: docker lines; as PackedForward
 *     node bench/forward_peer.ts sink                                    prints its port; reads and forgets
 *
 * A message holds 1,000 records, `[EventTime, {log, stream, time}]`; the first 100,000 lines of the file are encoded once
 * and sent again and again.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import readline from 'node:readline';
import type { Fields } from '../src/data/event.ts';
import { encodeValue } from '../src/data/msgpack.ts';

const [mode = '', ...rest] = process.argv.slice(2);
const PER_MESSAGE = 1000;
const DISTINCT = 100;

async function messages(file: string): Promise<Buffer[]> {
  const all: Buffer[] = [];
  let records: Uint8Array[] = [];
  for await (const line of readline.createInterface({ input: fs.createReadStream(file) })) {
    records.push(record(JSON.parse(line) as Fields));
    if (records.length < PER_MESSAGE) continue;
    all.push(message(Buffer.concat(records)));
    records = [];
    if (all.length === DISTINCT) break;
  }
  return all;
}

function record(body: Fields): Uint8Array {
  const time = Buffer.alloc(11);
  time.writeUIntBE(0x92d700, 0, 3);
  time.writeUInt32BE(Math.floor(Date.parse(String(body.time)) / 1000), 3);
  return Buffer.concat([time, encodeValue(body)]);
}

function message(entries: Buffer): Buffer {
  const head = Buffer.from([0x93, ...encodeValue('kube.app'), 0xc6, 0, 0, 0, 0]);
  head.writeUInt32BE(entries.length, head.length - 4);
  return Buffer.concat([head, entries, encodeValue({ size: PER_MESSAGE })]);
}

async function send(port: number, file: string, records: number, connections: number): Promise<void> {
  const all = await messages(file);
  const each = records / PER_MESSAGE / connections;
  const one = async () => {
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    for (let i = 0; i < each; i++) if (!socket.write(all[i % all.length] as Buffer)) await once(socket, 'drain');
    socket.end();
    socket.resume();
    await once(socket, 'close');
  };
  await Promise.all(Array.from({ length: connections }, one));
}

async function sink(): Promise<void> {
  const server = net.createServer((socket) => socket.on('error', () => undefined).resume());
  // Loki, as far as it goes: every push is taken.
  const loki = http.createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end());
  });
  for (const one of [server, loki]) {
    one.listen(0, '127.0.0.1');
    await once(one, 'listening');
  }
  console.log(JSON.stringify([server, loki].map((one) => (one.address() as AddressInfo).port)));
}

if (mode === 'send') await send(Number(rest[0]), rest[1] ?? '', Number(rest[2]), Number(rest[3] ?? 1));
else await sink();
