/**
 * `for ... in`: one object that steps through pairs, so that the code of a loop is the same for all. `pairs` and `ipairs`
 * are known and go through the table directly; any other iterator is called.
 */
import { fail } from './errors.ts';
import { list } from './meta.ts';
import { typeName } from './numbers.ts';
import { type LuaFunction, LuaTable, type LuaValue, NOTHING } from './table.ts';

/** One loop. After `step` said true, `key`, `value` and `more` are what the names of the loop get. */
export interface Turn {
  key: LuaValue;
  value: LuaValue;
  more: readonly LuaValue[];
  step(): boolean;
}

/** The function `next`. */
export const luaNext: LuaFunction = (table, key) => {
  if (!(table instanceof LuaTable)) return fail(`bad argument #1 to 'next' (table expected, got ${typeName(table)})`);
  const found = table.nextKey(key) ?? fail("invalid key to 'next'");
  return found.key === undefined ? undefined : [found.key, table.get(found.key)];
};

/** The iterator that `ipairs` gives. */
export const ipairsStep: LuaFunction = (table, at) => {
  const key = (at as number) + 1;
  const value = (table as LuaTable).get(key);
  return value === undefined ? undefined : [key, value];
};

export function iterate(
  [iterator, state, start]: readonly LuaValue[],
  callable: (value: LuaValue, what: string) => LuaFunction,
): Turn {
  if (state instanceof LuaTable) {
    if (iterator === luaNext && start === undefined) return new Pairs(state);
    if (iterator === ipairsStep && start === 0) return new Items(state);
  }
  return new Calls(callable(iterator, 'iterator'), state, start);
}

class Pairs implements Turn {
  key: LuaValue;
  value: LuaValue;
  readonly more = NOTHING;
  readonly #table: LuaTable;
  #at = 0;
  #rest: Iterator<[LuaValue, LuaValue]> | undefined;
  constructor(table: LuaTable) {
    table.ready();
    this.#table = table;
  }
  step(): boolean {
    const { list: items } = this.#table;
    while (this.#at < items.length) {
      const value = items[this.#at++];
      if (value === undefined) continue;
      this.key = this.#at;
      this.value = value;
      return true;
    }
    const { hash } = this.#table;
    if (hash === undefined) return false;
    this.#rest ??= hash.entries();
    const step = this.#rest.next();
    if (step.done) return false;
    this.key = step.value[0];
    this.value = step.value[1];
    return true;
  }
}

class Items implements Turn {
  key = 0;
  value: LuaValue;
  readonly more = NOTHING;
  readonly #table: LuaTable;
  constructor(table: LuaTable) {
    this.#table = table;
  }
  step(): boolean {
    this.value = this.#table.get(++this.key);
    return this.value !== undefined;
  }
}

class Calls implements Turn {
  key: LuaValue;
  value: LuaValue;
  more: readonly LuaValue[] = NOTHING;
  readonly #iterator: LuaFunction;
  readonly #state: LuaValue;
  constructor(iterator: LuaFunction, state: LuaValue, start: LuaValue) {
    this.#iterator = iterator;
    this.#state = state;
    this.key = start;
  }
  step(): boolean {
    const results = list(this.#iterator(this.#state, this.key));
    [this.key, this.value] = [results[0], results[1]];
    this.more = results.length > 2 ? results.slice(2) : NOTHING;
    return this.key !== undefined;
  }
}
