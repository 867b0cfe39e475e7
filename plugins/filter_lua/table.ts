/**
 * Lua's values as JavaScript holds them, and the table.
 *
 * nil is undefined; numbers are doubles, as in Lua 5.1; a string holds one byte in each character (U+0000 to U+00FF),
 * so that lengths and positions are Lua's; a function takes its arguments as they come and returns one value, or an
 * array where there are several or none (no Lua value is an array, so that tells).
 *
 * A table that stands for a map or a list of a record is filled when a script first looks into it (`Origin`), and
 * remembers whether it was changed: what nobody touched is given back as it came, the same object.
 */

export type LuaFunction = (...args: LuaValue[]) => LuaResult;
export type LuaResult = LuaValue | readonly LuaValue[];
export type LuaValue = undefined | boolean | number | string | LuaTable | LuaFunction | LuaThread | LuaUserdata;

/** A coroutine; `coroutine.ts` knows what is in it. */
export class LuaThread {
  /** Tells it apart from every other object. */
  readonly isThread = true;
}

/** A value that scripts can only hand around: `flb_null`, an open file. */
export class LuaUserdata {
  readonly label: string;
  readonly methods: LuaTable | undefined;
  constructor(label: string, methods?: LuaTable) {
    this.label = label;
    this.methods = methods;
  }
}

/** The results of a function that returns nothing. */
export const NOTHING: readonly LuaValue[] = Object.freeze([]);

/** Where the content of a table comes from, when it is asked for. */
export interface Origin {
  fill(table: LuaTable): void;
}

/** Text keys are usual, numbers from 1 on live in `list`. */
export class LuaTable {
  /** Index 1 at 0; the last is never nil, so that its length is the length. Filled only after `ready()`. */
  list: LuaValue[] = [];
  hash: Map<LuaValue, LuaValue> | undefined;
  meta: LuaTable | undefined;
  /** Set until the table is filled. */
  origin: Origin | undefined;
  /** The map or list of a record that it stands for. */
  readonly source: object | undefined;
  /** Whether anything was written since it was filled. */
  changed = false;
  /** Where the traversal with `next` stands. */
  #cursor: { readonly keys: Iterator<LuaValue>; last: LuaValue } | undefined;

  constructor(origin?: Origin, source?: object) {
    this.origin = origin;
    this.source = source;
  }

  ready(): void {
    const { origin } = this;
    if (origin === undefined) return;
    this.origin = undefined;
    origin.fill(this);
    this.changed = false;
  }

  get(key: LuaValue): LuaValue {
    if (this.origin !== undefined) this.ready();
    if (typeof key === 'number' && key > 0 && key <= this.list.length) {
      const value = this.list[key - 1];
      if (value !== undefined || Number.isInteger(key)) return value;
    }
    return this.hash?.get(key);
  }

  /** As `get`, for a key that is known to be a text. */
  getText(key: string): LuaValue {
    if (this.origin !== undefined) this.ready();
    return this.hash?.get(key);
  }

  /** `key` is neither nil nor NaN. */
  set(key: LuaValue, value: LuaValue): void {
    if (this.origin !== undefined) this.ready();
    this.changed = true;
    if (typeof key === 'number' && Number.isInteger(key) && key > 0 && key <= this.list.length + 1)
      this.#setAt(key, value);
    else this.#setHash(key, value);
  }

  setText(key: string, value: LuaValue): void {
    if (this.origin !== undefined) this.ready();
    this.changed = true;
    this.#setHash(key, value);
  }

  #setHash(key: LuaValue, value: LuaValue): void {
    if (value === undefined) this.hash?.delete(key);
    else if (this.hash === undefined) this.hash = new Map([[key, value]]);
    else this.hash.set(key, value);
  }

  #setAt(key: number, value: LuaValue): void {
    const { list } = this;
    if (key <= list.length) {
      list[key - 1] = value;
      if (value === undefined && key === list.length) {
        let end = key - 1;
        while (end > 0 && list[end - 1] === undefined) end--;
        list.length = end;
      }
    } else if (value !== undefined) {
      list.push(value);
      if (this.hash !== undefined && this.hash.size > 0) this.#takeFromHash();
    } else this.hash?.delete(key);
  }

  /** Numbers that were written out of order follow once the gap before them is closed. */
  #takeFromHash(): void {
    const hash = this.hash as Map<LuaValue, LuaValue>;
    // The number itself may have been there with a value that is replaced now.
    hash.delete(this.list.length);
    for (let key = this.list.length + 1; ; key++) {
      const value = hash.get(key);
      if (value === undefined) return;
      this.list.push(value);
      hash.delete(key);
    }
  }

  get length(): number {
    if (this.origin !== undefined) this.ready();
    return this.list.length;
  }

  /** The largest positive number that is a key, as `table.maxn`. */
  maxn(): number {
    let max = this.length;
    if (this.hash !== undefined)
      for (const key of this.hash.keys()) if (typeof key === 'number' && key > max) max = key;
    return max;
  }

  /** All pairs; those that are written meanwhile may come, too. */
  *pairs(): Generator<[LuaValue, LuaValue]> {
    this.ready();
    for (let at = 0; at < this.list.length; at++) {
      const value = this.list[at];
      if (value !== undefined) yield [at + 1, value];
    }
    if (this.hash !== undefined) yield* this.hash;
  }

  get isEmpty(): boolean {
    return this.length === 0 && (this.hash === undefined || this.hash.size === 0);
  }

  /** The key after `key` (nil: the first one), or nil; undefined as a whole where `key` is not in the table. */
  nextKey(key: LuaValue): { readonly key: LuaValue } | undefined {
    if (this.origin !== undefined) this.ready();
    let at = key === undefined ? 0 : typeof key === 'number' && key <= this.list.length && key >= 1 ? key : -1;
    for (; at >= 0 && at < this.list.length; at++) if (this.list[at] !== undefined) return { key: at + 1 };
    const after = at >= 0 ? undefined : key;
    if (after === undefined) this.#cursor = { keys: (this.hash ?? NO_PAIRS).keys(), last: undefined };
    else if (this.#cursor === undefined || this.#cursor.last !== after) {
      const keys = (this.hash ?? NO_PAIRS).keys();
      if (!skipTo(keys, after)) return undefined;
      this.#cursor = { keys, last: after };
    }
    const cursor = this.#cursor as { readonly keys: Iterator<LuaValue>; last: LuaValue };
    const step = cursor.keys.next();
    if (step.done) this.#cursor = undefined;
    else cursor.last = step.value;
    return { key: step.done ? undefined : step.value };
  }
}

const NO_PAIRS: ReadonlyMap<LuaValue, LuaValue> = new Map();

function skipTo(keys: Iterator<LuaValue>, wanted: LuaValue): boolean {
  for (let step = keys.next(); !step.done; step = keys.next()) if (step.value === wanted) return true;
  return false;
}

/** A table of `[key, value]` pairs, for libraries. */
export function tableOf(pairs: Readonly<Record<string, LuaValue>>): LuaTable {
  const table = new LuaTable();
  for (const [key, value] of Object.entries(pairs)) table.setText(key, value);
  return table;
}

export function listOf(values: Iterable<LuaValue>): LuaTable {
  const table = new LuaTable();
  let at = 0;
  for (const value of values) table.set(++at, value);
  return table;
}
