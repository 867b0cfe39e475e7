/** The arguments of library functions, checked as Lua's own libraries check them. */
import { fail } from './errors.ts';
import { numberText, toNumber, typeName } from './numbers.ts';
import { type LuaFunction, LuaTable, type LuaValue } from './table.ts';

function wrong(at: number, name: string, expected: string, value: LuaValue): never {
  const got = value === undefined ? 'no value' : typeName(value);
  return fail(`bad argument #${at} to '${name}' (${expected} expected, got ${got})`);
}

/** A text; numbers are texts, too. */
export function textArgument(value: LuaValue, at: number, name: string): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? numberText(value) : wrong(at, name, 'string', value);
}

/** A number; texts that say one are numbers, too. */
export function numberArgument(value: LuaValue, at: number, name: string, missing?: number): number {
  if (typeof value === 'number') return value;
  if (value === undefined && missing !== undefined) return missing;
  return toNumber(value) ?? wrong(at, name, 'number', value);
}

/** As `numberArgument`, without the fraction. */
export function integerArgument(value: LuaValue, at: number, name: string, missing?: number): number {
  return Math.trunc(numberArgument(value, at, name, missing));
}

export function tableArgument(value: LuaValue, at: number, name: string): LuaTable {
  return value instanceof LuaTable ? value : wrong(at, name, 'table', value);
}

export function functionArgument(value: LuaValue, at: number, name: string): LuaFunction {
  return typeof value === 'function' ? value : wrong(at, name, 'function', value);
}
