/**
 * Three programs and a server: two senders read a file each and send it, with acknowledgements, to a receiver, which sends
 * it on to a server in the test. The receiver keeps events in memory only, and is killed in the middle.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import t from 'tap';
import type { Fields, Value } from '../../src/data/event.ts';
import { ForwardServer } from '../support/forward_server.ts';

// Two runs of three real programs, with retries that wait for a second at least.
t.setTimeout(90_000);

const LINES = 50_000;
const SENDERS = ['a', 'b'];
const PROGRAM = path.join(import.meta.dirname, '..', '..', 'src', 'sluice.js');

/** How often each event arrived at the far end. */
class Tally {
  readonly counts = new Map<string, number>();
  total = 0;
  take([, events]: Value[]): void {
    for (const [, body] of events as [unknown, Fields][]) {
      const id = String(body.log);
      this.counts.set(id, (this.counts.get(id) ?? 0) + 1);
      this.total++;
    }
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const SERVICE = `[SERVICE]
    Flush 0.1
    Grace 60
    Log_Level info
    scheduler.base 1
    scheduler.cap 1
`;

const senderConf = (file: string, port: number) => `${SERVICE}
[INPUT]
    Name tail
    Path ${file}
    Tag ${path.basename(file)}
    Read_from_Head on
    Exit_On_Eof on
[OUTPUT]
    Name forward
    Match *
    Port ${port}
    Require_ack_response on
    Retry_Limit no_limits
`;

const receiverConf = (port: number, end: number) => `${SERVICE}
[INPUT]
    Name forward
    Listen 127.0.0.1
    Port ${port}
[OUTPUT]
    Name forward
    Match *
    Port ${end}
    Require_ack_response on
    Workers 1
    Retry_Limit no_limits
`;

async function rig(t: { testdir(): string; teardown(run: () => unknown): void }) {
  const folder = t.testdir();
  const end = await ForwardServer.start();
  const tally = new Tally();
  end.on('message', () => tally.take(end.messages.at(-1) as Value[]));
  const port = await freePort();
  const children = new Set<ChildProcess>();
  t.teardown(async () => {
    for (const child of children) child.kill('SIGKILL');
    await end.stop();
  });
  const run = (name: string, text: string) => {
    const config = path.join(folder, `${name}.conf`);
    fs.writeFileSync(config, text);
    const child = spawn(process.execPath, [PROGRAM, '-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    children.add(child);
    child.once('exit', () => children.delete(child));
    child.stderr?.resume();
    return child;
  };
  const receive = async () => {
    const child = run('receiver', receiverConf(port, end.port));
    let log = '';
    child.stderr?.on('data', (data) => (log += data));
    while (!log.includes('listening on')) await once(child.stderr as NodeJS.ReadableStream, 'data');
    return child;
  };
  const send = () =>
    SENDERS.map((name) => {
      const file = path.join(folder, name);
      const line = (_: unknown, i: number) => `${name}-${i} ${'x'.repeat(60)}\n`;
      fs.writeFileSync(file, Array.from({ length: LINES }, line).join(''));
      return once(run(`sender-${name}`, senderConf(file, port)), 'exit');
    });
  const until = async (total: number) => {
    while (tally.total < total) await once(end, 'message');
  };
  return { tally, receive, send, until };
}

t.test('killed twice while events are under way, the receiver loses none of them', async (t) => {
  const { tally, receive, send, until } = await rig(t);
  let receiver = await receive();
  const senders = send();
  for (const total of [15_000, 50_000]) {
    await until(total);
    const gone = once(receiver, 'exit');
    receiver.kill('SIGKILL');
    await gone;
    receiver = await receive();
  }
  // The senders end once everything was acknowledged, which is once it was at the far end.
  for (const [code] of await Promise.all(senders)) t.equal(code, 0);
  t.equal(tally.counts.size, SENDERS.length * LINES);
});

t.test('without faults each event arrives exactly once', async (t) => {
  const { tally, receive, send } = await rig(t);
  await receive();
  for (const [code] of await Promise.all(send())) t.equal(code, 0);
  t.equal(tally.counts.size, SENDERS.length * LINES);
  t.equal(tally.total, SENDERS.length * LINES);
});
