/** The library `os`: time and environment. What would run other programs or end this one is refused. */

import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { formatTime } from '../../src/data/time.ts';
import { integerArgument, numberArgument, textArgument } from './arguments.ts';
import { fail } from './errors.ts';
import { type LuaFunction, LuaTable, type LuaValue, tableOf } from './table.ts';
import { bytesOf, textOf } from './text.ts';

/** `now` gives Unix milliseconds. */
export function osLibrary(now: () => number): LuaTable {
  const refuse =
    (name: string): LuaFunction =>
    () =>
      fail(`os.${name} is not available here`);
  return tableOf({
    clock: () => process.cpuUsage().user / 1e6,
    date: (format, time) =>
      date(format, time === undefined ? Math.floor(now() / 1000) : integerArgument(time, 2, 'date')),
    difftime: (a, b) => numberArgument(a, 1, 'difftime') - numberArgument(b, 2, 'difftime', 0),
    execute: refuse('execute'),
    exit: refuse('exit'),
    getenv: (name) => {
      const value = process.env[textOf(textArgument(name, 1, 'getenv'))];
      return value === undefined ? undefined : bytesOf(value);
    },
    remove: (file) => attempt(file, 'remove', (name) => fs.rmSync(name)),
    rename: (from, to) => attempt(from, 'rename', (name) => fs.renameSync(name, textOf(textArgument(to, 2, 'rename')))),
    setlocale: (name) => (name === undefined || name === 'C' || name === '' ? 'C' : undefined),
    time: (t) => (t instanceof LuaTable ? timeOf(t) : Math.floor(now() / 1000)),
    tmpname: () => bytesOf(path.join(os.tmpdir(), `lua_${randomUUID()}`)),
  });
}

function attempt(file: LuaValue, name: string, run: (file: string) => void): LuaValue | readonly LuaValue[] {
  const text = textArgument(file, 1, name);
  try {
    run(textOf(text));
    return true;
  } catch (error) {
    return [undefined, `${text}: ${bytesOf((error as Error).message)}`, 1];
  }
}

/** `!` is UTC, `*t` a table; without a format C's own. */
function date(format: LuaValue, seconds: number): LuaValue {
  const written = format === undefined ? '%c' : textArgument(format, 1, 'date');
  const utc = written.startsWith('!');
  const pattern = utc ? written.slice(1) : written;
  const offset = utc ? 0 : -new Date(seconds * 1000).getTimezoneOffset() * 60;
  if (pattern.startsWith('*t')) return dateTable(new Date((seconds + offset) * 1000));
  const zoned = utc ? pattern : pattern.replace(/%([zZ])/g, (_all, letter) => zoneText(letter, seconds, offset));
  return bytesOf(formatTime(zoned, seconds + offset, 0));
}

function zoneText(letter: string, seconds: number, offset: number): string {
  if (letter === 'Z')
    return /\s(\S+)$/.exec(new Date(seconds * 1000).toLocaleString('en-US', { timeZoneName: 'short' }))?.[1] ?? '';
  const minutes = Math.abs(offset) / 60;
  const clock = String(Math.floor(minutes / 60) * 100 + (minutes % 60)).padStart(4, '0');
  return (offset < 0 ? '-' : '+') + clock;
}

function dateTable(shifted: Date): LuaTable {
  const firstDay = Date.UTC(shifted.getUTCFullYear(), 0, 1);
  return tableOf({
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(),
    min: shifted.getUTCMinutes(),
    sec: shifted.getUTCSeconds(),
    wday: shifted.getUTCDay() + 1,
    yday: Math.floor((shifted.getTime() - firstDay) / 86_400_000) + 1,
    isdst: false,
  });
}

/** Local time, as in C; fields out of range are carried over. */
function timeOf(table: LuaTable): number {
  const field = (name: string, missing?: number): number => {
    const value = table.get(name);
    if (value === undefined && missing === undefined) fail(`field '${name}' missing in date table`);
    return integerArgument(value, 1, 'time', missing);
  };
  const local = new Date(
    field('year'),
    field('month') - 1,
    field('day'),
    field('hour', 12),
    field('min', 0),
    field('sec', 0),
  );
  return Math.floor(local.getTime() / 1000);
}
