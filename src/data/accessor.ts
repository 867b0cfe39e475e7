/**
 * Record accessors: `$key`, `$key['nested']['deeper']`, `$list[0]`, or a plain key without the dollar sign.
 *
 * As Fluent Bit: a name after `$` is made of letters, digits, `_`, `-`, `/`; it ends at a dot, a blank, a comma or a
 * double quote, and what follows is no part of the accessor; any other sign in a name is left out (`$@timestamp` means
 * `timestamp`). Names in brackets stand in single quotes and may hold anything, `''` is one quote. `$a['b']` on an `a`
 * that is neither map nor list gives `a` itself.
 *
 * A text is compiled once and asked for every event: `get` allocates nothing and never throws.
 */

import { OptionError } from '../options.ts';
import { fixedText } from './double_text.ts';
import { Ext, type Fields, Float, getField, isFields, type Value } from './event.ts';
import { toJson } from './json.ts';

export interface Accessor {
  readonly text: string;
  /** Names of maps and indexes of lists, from the top. */
  readonly path: readonly (string | number)[];
  get(body: Fields): Value | undefined;
}

/** Keys that every object inherits: only for these must a look-up ask whether the key is the object's own. */
const isInherited = (key: string): boolean => key in Object.prototype;

/** @throws OptionError where a text with `$` is no accessor. */
export function compileAccessor(text: string): Accessor {
  const path = text.startsWith('$') ? parsePath(text.slice(0, accessorEnd(text, 0))) : [text];
  return { text, path, get: compileGet(path) };
}

/** Where the accessor ends whose `$` stands at `start`. */
export function accessorEnd(text: string, start: number): number {
  let quotes = 0;
  for (let at = start + 1; at < text.length; at++) {
    const sign = text[at];
    if (sign === "'") quotes++;
    else if (sign === '.' && quotes % 2 === 1) continue;
    else if (sign === '.' || sign === ' ' || sign === ',' || sign === '"') return at;
  }
  return text.length;
}

const TOKEN = /\$|'((?:[^']|'')*)'|(0|[1-9][0-9]*)|([_A-Za-z][-_A-Za-z0-9./]*)|[[\]]|\s+|./gs;

/** Splits `$a['b'][0]` into ['a', 'b', 0]. @throws OptionError */
export function parsePath(text: string): (string | number)[] {
  const path: (string | number)[] = [];
  let shape = '';
  for (const [sign, quoted, index, name] of text.matchAll(TOKEN)) {
    if (name !== undefined) {
      shape += 'n';
      path.push(name);
    } else if (quoted !== undefined) {
      shape += 's';
      path.push(quoted.replaceAll("''", "'"));
    } else if (index !== undefined) {
      shape += 's';
      path.push(Number(index));
    } else if (sign === '$' || sign === '[' || sign === ']') shape += sign;
  }
  if (!/^\$n(\[s\])*$/.test(shape))
    throw new OptionError(`'${text}' is no record accessor; write $key or $key['nested'] or $list[0]`);
  return path;
}

function compileGet(path: readonly (string | number)[]): Accessor['get'] {
  const key = String(path[0]);
  const top = isInherited(key) ? (body: Fields) => getField(body, key) : (body: Fields) => body[key];
  if (path.length === 1) return top;
  const rest = path.slice(1);
  return (body) => {
    const value = top(body);
    return Array.isArray(value) || isFields(value) ? descend(value, rest) : value;
  };
}

function descend(value: Value, path: readonly (string | number)[]): Value | undefined {
  let current: Value | undefined = value;
  for (const step of path) {
    if (typeof step === 'number') current = Array.isArray(current) ? current[step] : undefined;
    else current = isFields(current) ? getField(current, step) : undefined;
    if (current === undefined) return undefined;
  }
  return current;
}

/**
 * A value within a text (a template, a label, a condition): floats with six digits, null "null", maps as JSON, lists "",
 * bytes in hexadecimal.
 */
export function valueToText(value: Value): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return Number.isSafeInteger(value) ? String(value) : fixedText(value);
    case 'boolean':
    case 'bigint':
      return String(value);
    default:
      return value === null ? 'null' : objectText(value);
  }
}

function objectText(value: Exclude<Value, string | number | boolean | bigint | null>): string {
  if (Array.isArray(value) || value instanceof Ext) return '';
  if (value instanceof Float) return fixedText(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return toJson(value, true);
}
