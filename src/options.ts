/**
 * Option tables: a plugin says once, as data, which options it has; from that come the values (typed), the errors
 * (with the option's name), `--help`, the README table and the JSON schema.
 *
 * Names are written as Fluent Bit documents them, in lower case (`read_from_head`, `multiline.parser`); a user may
 * write them in any case. What comes in is text, as the configuration holds it; what goes out is an object with
 * exactly the keys of the table. Readers throw an `OptionError`; who knows the place in the file adds it.
 */

export type OptionType =
  | 'text' //     as written
  | 'integer' //  as C's atoi: leading blanks, a sign, digits; what follows is ignored; no digits are 0
  | 'number' //   a double
  | 'boolean' //  on, off, true, false, yes, no in any case
  | 'size' //     bytes: 32768, 32k, 2M, 1G (powers of 1000, or 1024 with KiB, MiB, GiB); `false` is 0
  | 'time' //     seconds: 5, 1.5, 30s, 2m, 1h, 1d
  | 'csv' //      words with commas between them
  | 'words'; //   words with blanks between them; "quotes" keep blanks inside

export interface OptionSpec {
  readonly type: OptionType;
  /** One sentence, shown by `-i NAME -h` and in the README. */
  readonly help: string;
  /** As a user would write it; read with the same reader. */
  readonly default?: string;
  readonly required?: boolean;
  /** May be written several times: the value is an array. */
  readonly many?: boolean;
  /** The only values that are allowed (compared in any case; the value is the one written here). */
  readonly oneOf?: readonly string[];
  /** Never shown in logs, dumps and pages. */
  readonly secret?: boolean;
  /** Other names for the same option, in lower case. */
  readonly aliases?: readonly string[];
  /** Inclusive bounds of a number, a size or a time. */
  readonly min?: number;
  readonly max?: number;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

interface Values {
  text: string;
  integer: number;
  number: number;
  boolean: boolean;
  size: number;
  time: number;
  csv: readonly string[];
  words: readonly string[];
}

type ValueOf<S extends OptionSpec> = S['type'] extends 'text'
  ? S extends { readonly oneOf: readonly (infer U)[] }
    ? U
    : string
  : Values[S['type']];

type Presence<S extends OptionSpec> = S extends { readonly many: true }
  ? readonly ValueOf<S>[]
  : S extends { readonly default: string } | { readonly required: true }
    ? ValueOf<S>
    : ValueOf<S> | undefined;

/** The values of a table: one key an option; `undefined` only where it is neither required nor has a default. */
export type OptionsOf<T extends OptionTable> = { readonly [K in keyof T]: Presence<T[K]> };

/** Where something stands in a configuration. Lines and columns count from 1; `text` is the whole line. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** How many characters the caret line underlines. */
  readonly length?: number;
  readonly text?: string;
}

/** One line of a section: the key in lower case, the value after ${ENV} was filled in. */
export interface Property {
  readonly key: string;
  readonly value: string;
  readonly place?: Place;
  readonly valuePlace?: Place;
}

/** What a plugin's `create` (or a reader) throws for a value it cannot use. `option` says which line to point at. */
export class OptionError extends Error {
  readonly option: string | undefined;
  constructor(message: string, option?: string) {
    super(message);
    this.name = 'OptionError';
    this.option = option;
  }
}

const TRUE = new Set(['on', 'true', 'yes']);
const FALSE = new Set(['off', 'false', 'no']);

/** @throws OptionError where the text is none of on, off, true, false, yes, no. */
export function readBoolean(text: string): boolean {
  const word = text.trim().toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  throw new OptionError(`'${text}' is no boolean; write on or off`);
}

/** As C's atoi: never fails. */
export function readInteger(text: string): number {
  const match = /^\s*([+-]?\d+)/.exec(text);
  return match ? Number(match[1]) : 0;
}

/** @throws OptionError where the text is no number. */
export function readNumber(text: string): number {
  const value = Number(text.trim());
  if (text.trim() === '' || Number.isNaN(value)) throw new OptionError(`'${text}' is no number`);
  return value;
}

const SIZE_UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  kib: 1024,
  m: 1e6,
  mb: 1e6,
  mib: 1024 ** 2,
  g: 1e9,
  gb: 1e9,
  gib: 1024 ** 3,
};

/** Bytes. As Fluent Bit: k is 1000, m is 1000², g is 1000³. @throws OptionError */
export function readSize(text: string): number {
  const word = text.trim().toLowerCase();
  if (word === 'false' || word === 'off') return 0;
  const match = /^([+-]?\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(word);
  const unit = SIZE_UNITS[match?.[2] ?? '?'];
  if (!match || unit === undefined)
    throw new OptionError(`'${text}' is no size; write bytes, or a number with k, M or G`);
  return Math.round(Number(match[1]) * unit);
}

const TIME_UNITS: Record<string, number> = { '': 1, ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 };

/** Seconds, with a fraction. @throws OptionError */
export function readTime(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)\s*$/i.exec(text);
  const unit = TIME_UNITS[match?.[2]?.toLowerCase() ?? '?'];
  if (!match || unit === undefined)
    throw new OptionError(`'${text}' is no time; write seconds, or a number with s, m, h or d`);
  return Number(match[1]) * unit;
}

/**
 * Splits at blanks; "double quotes" keep blanks inside a word, and a backslash before one keeps it. As Fluent Bit reads its
 * lists: 'single' quotes and other backslashes are what they are, as a pattern needs them.
 */
export function readWords(text: string): string[] {
  const words: string[] = [];
  for (const [word, quoted] of text.matchAll(/"((?:[^"]|(?<=\\)")*)(?:"|$)|\S+/g))
    words.push(quoted === undefined ? word : quoted.replaceAll('\\"', '"'));
  return words;
}

const READERS: { readonly [T in OptionType]: (text: string) => Values[T] } = {
  text: (text) => text,
  integer: readInteger,
  number: readNumber,
  boolean: readBoolean,
  size: readSize,
  time: readTime,
  csv: (text) =>
    text
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
  words: readWords,
};

/** Reads one value as its option says. @throws OptionError naming the option. */
export function readOption(name: string, spec: OptionSpec, text: string): Values[OptionType] {
  let value: Values[OptionType];
  try {
    value = READERS[spec.type](text);
  } catch (error) {
    throw new OptionError((error as Error).message, name);
  }
  if (spec.oneOf && typeof value === 'string') {
    const word = value.toLowerCase();
    const found = spec.oneOf.find((allowed) => allowed.toLowerCase() === word);
    if (found === undefined) throw new OptionError(`'${text}' is not one of ${spec.oneOf.join(', ')}`, name);
    return found;
  }
  if (typeof value === 'number') {
    if (spec.min !== undefined && value < spec.min) throw new OptionError(`'${text}' is below ${spec.min}`, name);
    if (spec.max !== undefined && value > spec.max) throw new OptionError(`'${text}' is above ${spec.max}`, name);
  }
  return value;
}

/** Finds the table's own name for what a user wrote (any case, aliases). */
export function optionName(table: OptionTable, written: string): string | undefined {
  const key = written.toLowerCase();
  if (Object.hasOwn(table, key)) return key;
  for (const [name, spec] of Object.entries(table)) if (spec.aliases?.includes(key)) return name;
  return undefined;
}

/**
 * Reads a whole section against a table; for tests and for callers that want the first error thrown. The checker of
 * configurations (`config/check.ts`) goes property by property instead, to report every mistake.
 * @throws OptionError at the first unknown, repeated, missing or unreadable option.
 */
export function readOptions<const T extends OptionTable>(
  table: T,
  properties: readonly { readonly key: string; readonly value: string }[],
): OptionsOf<T> {
  const values: Record<string, unknown> = {};
  for (const { key, value } of properties) {
    const name = optionName(table, key);
    const spec = name === undefined ? undefined : table[name];
    if (name === undefined || !spec) throw new OptionError(`unknown option '${key}'`, key);
    const read = readOption(name, spec, value);
    if (spec.many) values[name] = [...((values[name] as unknown[]) ?? []), read];
    else if (name in values) throw new OptionError(`option '${name}' is given twice`, name);
    else values[name] = read;
  }
  return fillDefaults(table, values);
}

/** Adds the defaults to values already read. @throws OptionError for a required option that is missing. */
export function fillDefaults<const T extends OptionTable>(table: T, values: Record<string, unknown>): OptionsOf<T> {
  const all: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(table)) {
    if (values[name] !== undefined) all[name] = values[name];
    else if (spec.required) throw new OptionError(`option '${name}' is missing`, name);
    else if (spec.many) all[name] = spec.default === undefined ? [] : [readOption(name, spec, spec.default)];
    else all[name] = spec.default === undefined ? undefined : readOption(name, spec, spec.default);
  }
  return all as OptionsOf<T>;
}
