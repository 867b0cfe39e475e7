/** Metatables: where a value's operations come from when it does not have them itself. */
import { fail } from './errors.ts';
import { typeName } from './numbers.ts';
import { type LuaResult, LuaTable, LuaUserdata, type LuaValue } from './table.ts';

/** The metatables of all values of a type. */
export interface Metatables {
  /** `{ __index = string }`, so that `s:upper()` works. */
  text: LuaTable | undefined;
}

/** `__index` of `__index` of ...: longer chains are loops. */
const LONGEST_CHAIN = 100;

export function metatableOf(metatables: Metatables, value: LuaValue): LuaTable | undefined {
  if (value instanceof LuaTable) return value.meta;
  if (typeof value === 'string') return metatables.text;
  return value instanceof LuaUserdata ? value.methods : undefined;
}

export function metamethod(metatables: Metatables, value: LuaValue, event: string): LuaValue {
  return metatableOf(metatables, value)?.getText(event);
}

export function callMeta(metatables: Metatables, handler: LuaValue, args: readonly LuaValue[]): LuaResult {
  if (typeof handler === 'function') return handler(...args);
  const inner = metamethod(metatables, handler, '__call');
  if (typeof inner === 'function') return inner(handler, ...args);
  return fail(`attempt to call a ${typeName(handler)} value`);
}

/** `what` is how an error message calls the object. */
export function indexMeta(metatables: Metatables, object: LuaValue, key: LuaValue, what: string): LuaValue {
  let current = object;
  for (let at = 0; at < LONGEST_CHAIN; at++) {
    if (current instanceof LuaTable) {
      const value = current.get(key);
      if (value !== undefined) return value;
    }
    const handler = metamethod(metatables, current, '__index');
    if (handler === undefined) {
      if (current instanceof LuaTable) return undefined;
      return failIndex(current, what);
    }
    if (typeof handler === 'function') return first(handler(current, key));
    current = handler;
  }
  return fail("'__index' chain too long; possible loop");
}

export function setIndexMeta(
  metatables: Metatables,
  object: LuaValue,
  key: LuaValue,
  value: LuaValue,
  what: string,
): void {
  let current = object;
  for (let at = 0; at < LONGEST_CHAIN; at++) {
    const table = current instanceof LuaTable ? current : undefined;
    const handler =
      table && (table.meta === undefined || table.get(key) !== undefined)
        ? undefined
        : metamethod(metatables, current, '__newindex');
    if (handler === undefined) {
      if (!table) failIndex(current, what);
      if (key === undefined) fail('table index is nil');
      if (Number.isNaN(key)) fail('table index is NaN');
      table.set(key, value);
      return;
    }
    if (typeof handler === 'function') {
      handler(current, key, value);
      return;
    }
    current = handler;
  }
  fail("'__newindex' chain too long; possible loop");
}

function failIndex(value: LuaValue, what: string): never {
  const kind = `a ${typeName(value)} value`;
  return fail(`attempt to index ${what === '' ? kind : `${what} (${kind})`}`);
}

/** The first of the results of a call. */
export function first(result: LuaResult): LuaValue {
  return Array.isArray(result) ? result[0] : (result as LuaValue);
}

/** All results of a call. */
export function list(result: LuaResult): readonly LuaValue[] {
  return Array.isArray(result) ? result : [result as LuaValue];
}
