/**
 * What goes wrong in Lua: an error that a script can catch (its value is any Lua value), and the end of a script's time,
 * which it cannot. Positions come from V8: the compiler keeps every line of a script at its own line of JavaScript, so
 * the stack of an error names the lines of the script and running code pays nothing for it.
 */
import type { LuaValue } from './table.ts';

/** An error of a script, with the value that `pcall` gives. */
export class LuaError extends Error {
  readonly value: LuaValue;
  constructor(value: LuaValue) {
    super(typeof value === 'string' ? value : 'an error that is no text');
    this.name = 'LuaError';
    this.value = value;
  }
}

/** The script ran longer than it may. No pcall catches it. */
export class LuaTimeout extends Error {
  constructor(seconds: number) {
    super(`the script was stopped: it ran longer than ${seconds} s for one batch of records`);
    this.name = 'LuaTimeout';
  }
}

/** A script that cannot be compiled; the message has chunk and line. */
export class LuaSyntaxError extends Error {
  constructor(chunk: string, line: number, message: string, near: string) {
    super(`${chunk}:${line}: ${message} near '${near}'`);
    this.name = 'LuaSyntaxError';
  }
}

/** Scripts are compiled under file names that begin so; that is how their lines are found in a stack. */
export const SCRIPT_PREFIX = 'lua:';

/** `script.lua:12:` of the nth frame of a script in the stack (1: the innermost), or '' where there is none. */
export function positionOf(stack: string | undefined, level: number): string {
  let left = level;
  for (const match of (stack ?? '').matchAll(/lua:([^\n]*?):(\d+):\d+\)?$/gm))
    if (--left === 0) return `${match[1]}:${match[2]}:`;
  return '';
}

/** Throws an error of the running script, at the line that runs. */
export function fail(message: string, level = 1): never {
  const position = positionOf(new Error().stack, level);
  throw new LuaError(position === '' ? message : `${position} ${message}`);
}

/** The Lua value of whatever was thrown. @throws LuaTimeout again, which no script may catch. */
export function valueOfError(error: unknown): LuaValue {
  if (error instanceof LuaError) return error.value;
  if (error instanceof LuaTimeout) throw error;
  if (error instanceof RangeError) {
    const what = /call stack/i.test(error.message) ? 'stack overflow' : 'not enough memory';
    return `${positionOf(error.stack, 1)} ${what}`.trim();
  }
  if (error instanceof LuaSyntaxError) return error.message;
  throw error;
}
