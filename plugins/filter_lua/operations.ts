/**
 * What compiled Lua calls for everything that is more than JavaScript's own: indexing, arithmetic, comparison, calls,
 * loops over iterators. The usual case comes first and is short, so that V8 puts it right into the code of the script;
 * metatables and errors are in functions of their own.
 */
import type { Budget } from './budget.ts';
import { generator, resume } from './coroutine.ts';
import { fail } from './errors.ts';
import { iterate } from './iterate.ts';
import { callMeta, first, indexMeta, list, type Metatables, metamethod, setIndexMeta } from './meta.ts';
import { numberText, toNumber, typeName } from './numbers.ts';
import { type LuaFunction, type LuaResult, LuaTable, type LuaValue, NOTHING } from './table.ts';

/** A text may not grow beyond that: it would not fit into memory twice. */
const LONGEST_TEXT = 1 << 27;

export type Operations = ReturnType<typeof operationsOf>;

export function operationsOf(metatables: Metatables, budget: Budget) {
  const index = (object: LuaValue, key: LuaValue, what: string): LuaValue => {
    if (object instanceof LuaTable) {
      const value = object.get(key);
      return value !== undefined || object.meta === undefined ? value : indexMeta(metatables, object, key, what);
    }
    return indexMeta(metatables, object, key, what);
  };

  const setIndex = (object: LuaValue, key: LuaValue, value: LuaValue, what: string): void => {
    if (object instanceof LuaTable && object.meta === undefined && key !== undefined && !Number.isNaN(key))
      object.set(key, value);
    else setIndexMeta(metatables, object, key, value, what);
  };

  const arithmetic = (event: string, a: LuaValue, b: LuaValue): LuaValue => {
    const [x, y] = [toNumber(a), toNumber(b)];
    if (x !== undefined && y !== undefined) return (ARITHMETIC[event] as (x: number, y: number) => number)(x, y);
    const handler = metamethod(metatables, a, event) ?? metamethod(metatables, b, event);
    if (handler !== undefined) return first(callMeta(metatables, handler, [a, b]));
    return fail(`attempt to perform arithmetic on a ${typeName(x === undefined ? a : b)} value`, 1);
  };

  const compare = (event: '__lt' | '__le', a: LuaValue, b: LuaValue): boolean => {
    if (typeof a === 'string' && typeof b === 'string') return event === '__lt' ? a < b : a <= b;
    const handler = metamethod(metatables, a, event) ?? metamethod(metatables, b, event);
    if (handler !== undefined) return truthy(first(callMeta(metatables, handler, [a, b])));
    if (event === '__le') {
      const less = metamethod(metatables, a, '__lt') ?? metamethod(metatables, b, '__lt');
      if (less !== undefined) return !truthy(first(callMeta(metatables, less, [b, a])));
    }
    const [x, y] = [typeName(a), typeName(b)];
    return fail(x === y ? `attempt to compare two ${x} values` : `attempt to compare ${x} with ${y}`);
  };

  const lt = (a: LuaValue, b: LuaValue): boolean =>
    typeof a === 'number' && typeof b === 'number' ? a < b : compare('__lt', a, b);
  const le = (a: LuaValue, b: LuaValue): boolean =>
    typeof a === 'number' && typeof b === 'number' ? a <= b : compare('__le', a, b);

  const eqMeta = (a: LuaTable, b: LuaTable): boolean => {
    const handler = metamethod(metatables, a, '__eq');
    if (handler === undefined || handler !== metamethod(metatables, b, '__eq')) return false;
    return truthy(first(callMeta(metatables, handler, [a, b])));
  };

  const concat = (a: LuaValue, b: LuaValue): LuaValue => {
    if (typeof a === 'string' && typeof b === 'string') {
      if (a.length + b.length > LONGEST_TEXT) fail('not enough memory');
      return a + b;
    }
    const x = typeof a === 'number' ? numberText(a) : a;
    const y = typeof b === 'number' ? numberText(b) : b;
    if (typeof x === 'string' && typeof y === 'string') return x + y;
    const handler = metamethod(metatables, a, '__concat') ?? metamethod(metatables, b, '__concat');
    if (handler !== undefined) return first(callMeta(metatables, handler, [a, b]));
    return fail(`attempt to concatenate a ${typeName(typeof x === 'string' ? b : a)} value`);
  };

  const len = (value: LuaValue): LuaValue => {
    if (typeof value === 'string' || value instanceof LuaTable) return value.length;
    const handler = metamethod(metatables, value, '__len');
    if (handler !== undefined) return first(callMeta(metatables, handler, [value]));
    return fail(`attempt to get length of a ${typeName(value)} value`);
  };

  const neg = (value: LuaValue): LuaValue => {
    const number = toNumber(value);
    if (number !== undefined) return -number;
    const handler = metamethod(metatables, value, '__unm');
    if (handler !== undefined) return first(callMeta(metatables, handler, [value, value]));
    return fail(`attempt to perform arithmetic on a ${typeName(value)} value`);
  };

  const callable = (value: LuaValue, what: string): LuaFunction => {
    if (typeof value === 'function') return value;
    const handler = metamethod(metatables, value, '__call');
    if (typeof handler === 'function') return (...args) => handler(value, ...args);
    return fail(
      `attempt to call ${what === '' ? 'a' : `${what} (a`} ${typeName(value)} value${what === '' ? '' : ')'}`,
    );
  };

  return {
    NOTHING,
    index,
    setIndex,
    callable,
    first,
    list,
    truthy,
    lt,
    le,
    gt: (a: LuaValue, b: LuaValue): boolean => lt(b, a),
    ge: (a: LuaValue, b: LuaValue): boolean => le(b, a),
    eq: (a: LuaValue, b: LuaValue): boolean =>
      a === b || (a instanceof LuaTable && b instanceof LuaTable && a.meta !== undefined && eqMeta(a, b)),
    add: (a: LuaValue, b: LuaValue): LuaValue =>
      typeof a === 'number' && typeof b === 'number' ? a + b : arithmetic('__add', a, b),
    sub: (a: LuaValue, b: LuaValue): LuaValue =>
      typeof a === 'number' && typeof b === 'number' ? a - b : arithmetic('__sub', a, b),
    mul: (a: LuaValue, b: LuaValue): LuaValue =>
      typeof a === 'number' && typeof b === 'number' ? a * b : arithmetic('__mul', a, b),
    div: (a: LuaValue, b: LuaValue): LuaValue =>
      typeof a === 'number' && typeof b === 'number' ? a / b : arithmetic('__div', a, b),
    mod: (a: LuaValue, b: LuaValue): LuaValue =>
      typeof a === 'number' && typeof b === 'number' ? a - Math.floor(a / b) * b : arithmetic('__mod', a, b),
    pow: (a: LuaValue, b: LuaValue): LuaValue =>
      typeof a === 'number' && typeof b === 'number' ? a ** b : arithmetic('__pow', a, b),
    concat,
    len,
    neg,
    global: (globals: LuaTable, name: string): LuaValue => {
      const value = globals.getText(name);
      return value !== undefined || globals.meta === undefined ? value : index(globals, name, '');
    },
    setGlobal: (globals: LuaTable, name: string, value: LuaValue): void => {
      if (globals.meta === undefined) globals.setText(name, value);
      else setIndex(globals, name, value, '');
    },
    table: makeTable,
    number: (value: LuaValue, what: string): number =>
      toNumber(value) ?? fail(`'for' ${what}${what === 'initial' ? ' value' : ''} must be a number`),
    iterate: (values: readonly LuaValue[]) => iterate(values, callable),
    generator,
    resume: (callee: LuaFunction, args: readonly LuaValue[]): Generator<LuaResult, LuaResult, LuaResult> =>
      resume(callee, args),
    over: () => budget.over(),
  };
}

function truthy(value: LuaValue): boolean {
  return value !== undefined && value !== false;
}

const ARITHMETIC: Readonly<Record<string, (x: number, y: number) => number>> = {
  __add: (x, y) => x + y,
  __sub: (x, y) => x - y,
  __mul: (x, y) => x * y,
  __div: (x, y) => x / y,
  __mod: (x, y) => x - Math.floor(x / y) * y,
  __pow: (x, y) => x ** y,
};

/** `{ 'x', 'y', key = value }`: first what has a number, then the pairs, as they stand. */
function makeTable(items: readonly LuaValue[], pairs: readonly LuaValue[]): LuaTable {
  const table = new LuaTable();
  let end = items.length;
  while (end > 0 && items[end - 1] === undefined) end--;
  if (end > 0) table.list = items.slice(0, end);
  for (let at = 0; at < pairs.length; at += 2) {
    const key = pairs[at];
    if (key === undefined) fail('table index is nil');
    if (Number.isNaN(key)) fail('table index is NaN');
    table.set(key, pairs[at + 1]);
  }
  return table;
}
