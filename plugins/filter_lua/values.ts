/**
 * Values of records to values of Lua and back, as Fluent Bit does it: null is nil (or `flb_null`), so it goes; whole
 * numbers come back as integers; a map of the record comes back as a map and a list as a list of its length, whatever was
 * added; a new table with numbers as keys comes back as a list, any other as a map.
 *
 * Better than there: what a script did not change comes back as it was, 64-bit integers and floats included, and a map
 * that it did not look into is the same object as before.
 */
import { Ext, type Fields, Float, setField, type Value } from '../../src/data/event.ts';
import { keyText } from '../../src/data/odd_key_text.ts';
import { LuaError } from './errors.ts';
import { LuaTable, LuaUserdata, type LuaValue, type Origin } from './table.ts';
import { bytesOf, textOf } from './text.ts';

/** The value that stands for null with enable_flb_null. */
export const FLB_NULL = new LuaUserdata('userdata: (nil)');

export interface ConverterSettings {
  readonly keepNull: boolean;
  /** Keys whose numbers become integers, and keys whose tables become lists. */
  readonly intKeys: readonly string[];
  readonly arrayKeys: readonly string[];
}

/** A table that holds itself has no end. */
const DEEPEST = 100;
/** A list with more holes than that is a map with numbers as keys. */
const MOST_HOLES = 100_000;

export class Converter implements Origin {
  readonly #null: LuaValue;
  readonly #intKeys: readonly string[];
  readonly #arrayKeys: readonly string[];
  readonly #typed: boolean;

  constructor({ keepNull, intKeys, arrayKeys }: ConverterSettings) {
    this.#null = keepNull ? FLB_NULL : undefined;
    this.#intKeys = intKeys;
    this.#arrayKeys = arrayKeys;
    this.#typed = intKeys.length + arrayKeys.length > 0;
  }

  /** The table is filled when the script looks into it. */
  tableOf(source: Fields | Value[]): LuaTable {
    return new LuaTable(this, source);
  }

  /** Origin.fill */
  fill(table: LuaTable): void {
    const source = table.source as Fields | Value[];
    if (Array.isArray(source)) {
      const list = source.map((value) => this.#toLua(value));
      while (list.length > 0 && list[list.length - 1] === undefined) list.pop();
      table.list = list;
      return;
    }
    const hash = new Map<LuaValue, LuaValue>();
    for (const key in source) {
      const value = this.#toLua(source[key] as Value);
      if (value !== undefined) hash.set(bytesOf(keyText(key)), value);
    }
    table.hash = hash;
  }

  #toLua(value: Value): LuaValue {
    switch (typeof value) {
      case 'string':
        return bytesOf(value);
      case 'number':
      case 'boolean':
        return value;
      case 'bigint':
        return Number(value);
      default:
        if (value === null) return this.#null;
        if (value instanceof Float) return value.value;
        if (value instanceof Ext) return Buffer.from(value.data).toString('latin1');
        if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
        return this.tableOf(value);
    }
  }

  /** A value without one in records (a function) is undefined. @throws LuaError for a table without end */
  toValue(value: LuaValue, depth = 0): Value | undefined {
    switch (typeof value) {
      case 'string':
        return textOf(value);
      case 'number':
        return numberValue(value);
      case 'boolean':
        return value;
      case 'undefined':
        return null;
      case 'function':
        return undefined;
      default:
        if (value instanceof LuaTable) return this.#fromTable(value, depth);
        return value === FLB_NULL ? null : undefined;
    }
  }

  #fromTable(table: LuaTable, depth: number): Value {
    if (depth > DEEPEST) throw new LuaError('a table is nested too deep to be a record');
    const source = table.source as Fields | Value[] | undefined;
    if (table.origin !== undefined && source !== undefined && !this.#typed && this.#isKept(source)) return source;
    if (Array.isArray(source)) return this.#list(table, table.length, depth);
    const last = source === undefined ? table.maxn() : 0;
    if (last > 0 && last - table.length < MOST_HOLES) return this.#list(table, last, depth);
    return this.#map(table, depth);
  }

  /** Whether all of it comes back as it is: no null that would go. */
  #isKept(source: Fields | Value[]): boolean {
    for (const key in source) {
      const value = (source as Fields)[key] as Value;
      if (value === null) {
        if (this.#null === undefined) return false;
      } else if (typeof value === 'object' && !this.#isKeptObject(value)) return false;
    }
    return true;
  }

  #isKeptObject(value: object): boolean {
    if (value instanceof Float || value instanceof Ext || value instanceof Uint8Array) return true;
    return this.#isKept(value as Fields | Value[]);
  }

  #list(table: LuaTable, length: number, depth: number): Value {
    const source = Array.isArray(table.source) ? (table.source as Value[]) : undefined;
    const list: Value[] = [];
    let same = source?.length === length;
    for (let at = 0; at < length; at++) {
      const value = this.#restored(table.get(at + 1), source?.[at], depth) ?? null;
      if (same && value !== source?.[at]) same = false;
      list.push(value);
    }
    return same && source ? source : list;
  }

  #map(table: LuaTable, depth: number): Fields {
    table.ready();
    const source = Array.isArray(table.source) ? undefined : (table.source as Fields | undefined);
    const fields: Fields = {};
    let same = source !== undefined && !table.changed && table.length === 0;
    if (table.hash !== undefined)
      for (const [key, item] of table.hash) {
        const name = typeof key === 'string' ? textOf(key) : String(key);
        const old = source !== undefined && Object.hasOwn(source, name) ? source[name] : undefined;
        const value = this.#typed ? this.#typedValue(key, item, old, depth) : this.#restored(item, old, depth);
        if (value === undefined) continue;
        if (same && value !== old) same = false;
        setField(fields, name, value);
      }
    for (let at = 1; at <= table.length; at++) {
      const value = this.#restored(table.get(at), undefined, depth);
      if (value !== undefined && value !== null) setField(fields, String(at), value);
    }
    return same && source !== undefined && countOf(source) === table.hash?.size ? source : fields;
  }

  /** What Lua could not hold exactly, and did not change, is what it was. */
  #restored(value: LuaValue, old: Value | undefined, depth: number): Value | undefined {
    if (typeof old === 'bigint' || (typeof old === 'object' && old !== null)) {
      if (typeof value === 'number' && Number(old) === value && (typeof old === 'bigint' || old instanceof Float))
        return old;
      if (typeof value === 'string' && (old instanceof Ext || old instanceof Uint8Array) && this.#toLua(old) === value)
        return old;
    }
    return this.toValue(value, depth + 1);
  }

  /** As Fluent Bit: a key of a record is one of the configured ones if such a one begins with it. */
  #typedValue(key: LuaValue, value: LuaValue, old: Value | undefined, depth: number): Value | undefined {
    if (typeof key === 'string') {
      const name = textOf(key);
      const begins = (one: string) => one.startsWith(name);
      if (typeof value === 'number' && this.#intKeys.some(begins)) return numberValue(Math.trunc(value));
      if (value instanceof LuaTable && this.#arrayKeys.some(begins)) return this.#list(value, value.length, depth + 1);
    }
    return this.#restored(value, old, depth);
  }
}

function countOf(fields: Fields): number {
  let count = 0;
  for (const _key in fields) count++;
  return count;
}

const INT64 = 2 ** 63;

/** Whole numbers are integers, as far as 64 bits go. */
function numberValue(value: number): Value {
  if (Number.isSafeInteger(value)) return value + 0;
  if (!Number.isInteger(value)) return Number.isFinite(value) || Number.isNaN(value) ? value : new Float(value);
  return value >= -INT64 && value < INT64 ? BigInt(value) : new Float(value);
}
