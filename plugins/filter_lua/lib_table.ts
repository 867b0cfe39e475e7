/** The library `table`. */
import { functionArgument, integerArgument, tableArgument, textArgument } from './arguments.ts';
import type { Budget } from './budget.ts';
import { fail } from './errors.ts';
import { first } from './meta.ts';
import { numberText, typeName } from './numbers.ts';
import type { Operations } from './operations.ts';
import { type LuaFunction, LuaTable, type LuaValue, NOTHING, tableOf } from './table.ts';

export function tableLibrary(operations: Operations, budget: Budget): LuaTable {
  return tableOf({
    concat: (t, separator, i, j) => concat(tableArgument(t, 1, 'concat'), separator, i, j, budget),
    insert,
    maxn: (t) => tableArgument(t, 1, 'maxn').maxn(),
    getn: (t) => tableArgument(t, 1, 'getn').length,
    remove,
    sort: (t, before) => {
      sort(tableArgument(t, 1, 'sort'), before, operations, budget);
      return NOTHING;
    },
    foreach: (t, run) => {
      for (const [key, value] of tableArgument(t, 1, 'foreach').pairs()) {
        const result = first(functionArgument(run, 2, 'foreach')(key, value));
        if (result !== undefined) return result;
      }
      return NOTHING;
    },
    foreachi: (t, run) => {
      const table = tableArgument(t, 1, 'foreachi');
      for (let at = 1; at <= table.length; at++) {
        const result = first(functionArgument(run, 2, 'foreachi')(at, table.get(at)));
        if (result !== undefined) return result;
      }
      return NOTHING;
    },
    move: (a, f, e, t, b) => {
      const from = tableArgument(a, 1, 'move');
      const to = b === undefined ? from : tableArgument(b, 5, 'move');
      const [first, last, target] = [f, e, t].map((value, at) => integerArgument(value, at + 2, 'move')) as [
        number,
        number,
        number,
      ];
      const values = Array.from({ length: Math.max(0, Math.min(last - first + 1, 1e7)) }, (_, at) =>
        from.get(first + at),
      );
      for (const [at, value] of values.entries()) to.set(target + at, value);
      return to;
    },
    pack: (...values) => {
      const table = new LuaTable();
      for (const [at, value] of values.entries()) table.set(at + 1, value);
      table.setText('n', values.length);
      return table;
    },
  });
}

function concat(table: LuaTable, separator: LuaValue, i: LuaValue, j: LuaValue, budget: Budget): string {
  const between = separator === undefined ? '' : textArgument(separator, 2, 'concat');
  const last = integerArgument(j, 4, 'concat', table.length);
  let text = '';
  for (let at = integerArgument(i, 3, 'concat', 1), start = at; at <= last; at++) {
    const value = table.get(at);
    if (typeof value !== 'string' && typeof value !== 'number')
      fail(`invalid value (${typeName(value)}) at index ${at} in table for 'concat'`);
    text += (at > start ? between : '') + (typeof value === 'number' ? numberText(value) : value);
    budget.spend(1);
  }
  return text;
}

const insert: LuaFunction = (...args) => {
  const [t, second, third] = args;
  const table = tableArgument(t, 1, 'insert');
  if (args.length < 2 || args.length > 3) fail("wrong number of arguments to 'insert'");
  if (args.length === 2) {
    table.set(table.length + 1, second);
    return NOTHING;
  }
  const at = integerArgument(second, 2, 'insert');
  for (let key = table.length; key >= at; key--) table.set(key + 1, table.get(key));
  table.set(at, third);
  return NOTHING;
};

const remove: LuaFunction = (t, position) => {
  const table = tableArgument(t, 1, 'remove');
  const size = table.length;
  const at = integerArgument(position, 2, 'remove', size);
  if (size === 0 || at < 1 || at > size) return undefined;
  const value = table.get(at);
  for (let key = at; key < size; key++) table.set(key, table.get(key + 1));
  table.set(size, undefined);
  return value;
};

function sort(table: LuaTable, before: LuaValue, operations: Operations, budget: Budget): void {
  const less =
    before === undefined
      ? (a: LuaValue, b: LuaValue) => operations.lt(a, b)
      : (a: LuaValue, b: LuaValue) => operations.truthy(first(functionArgument(before, 2, 'sort')(a, b)));
  const values = Array.from({ length: table.length }, (_, at) => table.get(at + 1));
  // JavaScript puts undefined last without asking; Lua asks, and fails.
  if (values.includes(undefined)) fail('attempt to compare nil with a value: the list to sort has a hole');
  values.sort((a, b) => {
    budget.spend(1);
    return less(a, b) ? -1 : less(b, a) ? 1 : 0;
  });
  for (const [at, value] of values.entries()) table.set(at + 1, value);
}
