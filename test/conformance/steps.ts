/** The steps of a case: what happens to the router and around it while it runs. */
import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { HttpStep, Step, Until } from './case.ts';
import { logIn } from './forward.ts';
import { readMsgpack } from './msgpack.ts';
import { packMsgpack } from './msgpack_write.ts';
import type { Router } from './router.ts';
import { poll, sleep } from './wait.ts';

export interface Stage {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly router: Router;
  readonly limitMs: number;
  /** What the router answered, by the step's key. */
  readonly responses: Record<string, unknown>;
  reached(until: Until): boolean;
}

/** @returns false when the step waited in vain. */
export async function runStep(step: Step, stage: Stage): Promise<boolean> {
  const { router, limitMs } = stage;
  if (step.until) return poll(() => stage.reached(step.until ?? {}), limitMs);
  if (step.sleep) await sleep(step.sleep * 1000);
  else if (step.wait_port) await waitForPort(step.wait_port, stage);
  else if (step.signal) router.signal(step.signal);
  else if (step.stop) await router.stop(step.stop === true ? 'SIGTERM' : step.stop);
  else if (step.start) router.start();
  else if (step.restart || step.kill) {
    await router.stop(step.kill ? 'SIGKILL' : 'SIGTERM');
    router.start();
  } else if (step.udp) await sendDatagram(step, stage);
  else if (step.tcp || step.unix) await talk(step, stage);
  else if (step.http) await request(step.http, stage);
  else changeFiles(step, stage);
  return true;
}

function changeFiles(step: Step, stage: Stage): void {
  const at = (file: string) => path.join(stage.folder, file);
  if (step.append) fs.appendFileSync(at(step.append), content(step, stage));
  else if (step.write) {
    fs.mkdirSync(path.dirname(at(step.write)), { recursive: true });
    fs.writeFileSync(at(step.write), content(step, stage));
  } else if (step.rename) fs.renameSync(at(step.rename[0]), at(step.rename[1]));
  else if (step.truncate) fs.truncateSync(at(step.truncate), 0);
  else if (step.remove) fs.rmSync(at(step.remove), { force: true });
  else if (step.symlink) {
    fs.rmSync(at(step.symlink[1]), { force: true });
    fs.symlinkSync(step.symlink[0], at(step.symlink[1]));
  } else if (step.touch) {
    const time = Date.now() / 1000 - (step.age ?? 0);
    fs.utimesSync(at(step.touch), time, time);
  } else if (step.list && step.save) stage.responses[step.save] = listFiles(at(step.list));
  else throw new Error(`this step is not known: ${JSON.stringify(step)}`);
}

function content(step: Step, stage: Stage): Buffer {
  if (step.msgpack) return Buffer.concat(step.msgpack.map(packMsgpack));
  if (step.from) return fs.readFileSync(path.join(stage.folder, step.from));
  if (step.hex !== undefined) return Buffer.from(step.hex, 'hex');
  return Buffer.from((step.text ?? '').repeat(step.repeat ?? 1));
}

function listFiles(folder: string): string[] | null {
  if (!fs.existsSync(folder)) return null;
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name))).sort();
}

function connect(target: string | number): Promise<net.Socket> {
  return new Promise((ok, fail) => {
    const socket = typeof target === 'string' ? net.connect(target) : net.connect(target, '127.0.0.1');
    socket.once('connect', () => ok(socket));
    socket.once('error', fail);
  });
}

const portOf = (name: string, stage: Stage): number => Number(stage.env[`PORT_${name}`]);

async function waitForPort(name: string, stage: Stage): Promise<void> {
  await poll(async () => {
    if (stage.router.exited) return true;
    try {
      (await connect(portOf(name, stage))).destroy();
      return true;
    } catch {
      return false;
    }
  }, stage.limitMs);
}

async function sendDatagram(step: Step, stage: Stage): Promise<void> {
  const socket = dgram.createSocket('udp4');
  await new Promise((ok) => socket.send(content(step, stage), portOf(step.udp ?? '', stage), '127.0.0.1', ok));
  socket.close();
  await sleep(50);
}

/** One connection: send, then, where the step asks for it, wait for an answer or the end. */
async function talk(step: Step, stage: Stage): Promise<void> {
  const socket = await connect(step.unix ? path.join(stage.folder, step.unix) : portOf(step.tcp ?? '', stage));
  let got = Buffer.alloc(0);
  let ended = false;
  socket.on('data', (data) => {
    got = Buffer.concat([got, data]);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
  });
  if (step.login) {
    const answers = { next: () => take(), ended: () => ended };
    const take = () => {
      const all = got;
      got = Buffer.alloc(0);
      return all;
    };
    const login = await logIn(step.login, socket, answers);
    if (step.login.save) stage.responses[step.login.save] = login;
    if (ended) {
      stage.responses[`${step.login.save}-closed`] = true;
      return;
    }
  }
  const bytes = content(step, stage);
  const cut = step.split ?? Math.max(1, bytes.length);
  for (let at = 0; at < bytes.length; at += cut) {
    socket.write(bytes.subarray(at, at + cut));
    if (cut < bytes.length) await sleep(20);
  }
  if (step.closed) {
    await poll(() => ended, 1000);
    stage.responses[step.closed] = ended;
  }
  if (step.answer) {
    await poll(() => got.length > 0 || ended, 5000);
    await sleep(100);
    stage.responses[step.answer] =
      step.raw === 'status' ? statuses(got) : step.raw ? got.toString('utf8') : readMsgpack(got);
  }
  await sleep(100);
  socket.end();
}

const statuses = (bytes: Buffer): number[] =>
  [...bytes.toString('latin1').matchAll(/HTTP\/1\.[01] (\d+)/g)].map((match) => Number(match[1]));

async function request(step: HttpStep, stage: Stage): Promise<void> {
  const body = step.from
    ? fs.readFileSync(path.join(stage.folder, step.from))
    : typeof step.body === 'object'
      ? JSON.stringify(step.body)
      : (step.body as string | undefined);
  const answer = await fetchAnswer(step, stage, body);
  let value: unknown = answer.text;
  try {
    value = JSON.parse(answer.text);
  } catch {
    // Text stays text.
  }
  if (step.grep) {
    const wanted = new RegExp(step.grep);
    value = answer.text
      .split('\n')
      .filter((line) => wanted.test(line))
      .sort();
  }
  if (!step.save) return;
  const headers = step.keep && Object.fromEntries(step.keep.map((name) => [name, answer.headers.get(name) ?? null]));
  stage.responses[step.save] = { status: answer.status, body: value, ...(headers && { headers }) };
}

async function fetchAnswer(step: HttpStep, stage: Stage, body: string | Buffer | undefined) {
  try {
    const init: RequestInit = { method: step.method ?? 'GET', ...(step.headers && { headers: step.headers }) };
    if (body !== undefined) init.body = typeof body === 'string' ? body : new Uint8Array(body);
    const answer = await fetch(`http://127.0.0.1:${portOf(step.port, stage)}${step.path}`, init);
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  } catch (error) {
    return { status: (error as Error).message, text: '', headers: new Headers() };
  }
}
