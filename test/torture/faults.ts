/**
 * Loaded into the router before anything else (`node --import`): makes its disk full and its clock jump, at moments
 * that come from TORTURE_SEED. Only files below TORTURE_STORAGE are hit; what fails there fails as a full disk does.
 *
 * The clock that can be set (Date) jumps by up to an hour, both ways; the one for measuring (performance) does not.
 */
import fs from 'node:fs';
import path from 'node:path';
import { randomFrom } from './random.ts';

const root = process.env.TORTURE_STORAGE ?? '';
const random = randomFrom(Number(process.env.TORTURE_SEED ?? 1) + process.pid);

let isFull = false;
const ours = new Set<number>();

function full(call: string): never {
  throw Object.assign(new Error(`ENOSPC: no space left on device, ${call}`), { code: 'ENOSPC', errno: -28 });
}

const { openSync, closeSync, writeSync, writevSync } = fs;
fs.openSync = ((place: string, ...rest: [string]) => {
  const isOurs = root !== '' && path.resolve(String(place)).startsWith(root);
  if (isOurs && isFull && rest[0] === 'wx') full('open');
  const fd = openSync(place, ...rest);
  if (isOurs) ours.add(fd);
  return fd;
}) as typeof fs.openSync;
fs.closeSync = (fd) => {
  ours.delete(fd);
  closeSync(fd);
};
fs.writeSync = ((...given: Parameters<typeof fs.writeSync>) => {
  if (isFull && ours.has(given[0])) full('write');
  return writeSync(...given);
}) as typeof fs.writeSync;
fs.writevSync = (fd, buffers, position) => {
  if (!isFull || !ours.has(fd)) return writevSync(fd, buffers, position);
  // A disk becomes full in the middle of a write.
  const whole = Buffer.concat(buffers as Uint8Array[]);
  if (random() < 0.5) return writeSync(fd, whole, 0, Math.floor(random() * whole.length), position ?? null);
  return full('writev');
};

function disk(): void {
  isFull = !isFull;
  setTimeout(disk, (isFull ? 200 : 1500) + random() * 1000).unref();
}

const { now } = Date;
let jumpMs = 0;
Date.now = () => now() + jumpMs;

function clock(): void {
  jumpMs = random() < 0.3 ? 0 : Math.round((random() - 0.5) * 7_200_000);
  setTimeout(clock, 300 + random() * 2000).unref();
}

setTimeout(disk, 1000 + random() * 2000).unref();
setTimeout(clock, 500).unref();
