/**
 * Names and values as `labels` and `structured_metadata` write them: `name=text`, `name=$accessor`, `$accessor` (named
 * after its path). Compiled once. Names that the user wrote are kept as they are; those of paths and of records are made
 * fit for Loki.
 */
import { compileAccessor } from '../../src/data/accessor.ts';
import { type Fields, isFields, type Value } from '../../src/data/event.ts';
import { parseJson } from '../../src/data/json.ts';
import { compileTemplate, type Template } from '../../src/data/template.ts';
import { OptionError } from '../../src/plugin.ts';

export interface Pair {
  readonly name: string;
  readonly value: Template;
}

/** A path that leaves the line, from the top. */
export type Path = readonly (string | number)[];

/** Every byte that a label must not have becomes `_`, and a digit does not come first. */
export function fitName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9_]/gu, (sign) => '_'.repeat(Buffer.byteLength(sign)));
  return /^\d/.test(name) ? `_${name}` : name;
}

/** @throws OptionError */
export function readPairs(option: string, list: readonly string[]): Pair[] {
  return list.map((text) => {
    if (text.startsWith('$')) return { name: pathName(option, text), value: template(option, text) };
    const equals = text.indexOf('=');
    if (equals <= 0)
      throw new OptionError(`'${text}' is no label; write name=text, name=$accessor or $accessor`, option);
    return { name: text.slice(0, equals).trim(), value: template(option, text.slice(equals + 1).trim()) };
  });
}

/** `label_keys`: accessors only. @throws OptionError */
export function readKeys(option: string, list: readonly string[]): Pair[] {
  for (const text of list)
    if (!text.startsWith('$')) throw new OptionError(`'${text}' is no accessor; write $${text}`, option);
  return readPairs(option, list);
}

function template(option: string, text: string): Template {
  if (/^\$\d/.test(text)) throw new OptionError(`the key of '${text}' must not begin with a digit`, option);
  try {
    return compileTemplate(text);
  } catch (error) {
    throw new OptionError((error as Error).message, option);
  }
}

function pathName(option: string, text: string): string {
  template(option, text);
  return fitName(compileAccessor(text).path.join('_'));
}

/** The paths that the values of pairs come from: what is a label leaves the line. */
export function pathsOf(pairs: readonly Pair[]): Path[] {
  return pairs.flatMap(({ value }) =>
    value.text.startsWith('$') && !value.constant && value.roots.length > 0 ? [compileAccessor(value.text).path] : [],
  );
}

/** `remove_keys`, with `$` or without. @throws OptionError */
export function readPaths(option: string, list: readonly string[]): Path[] {
  return list.map((text) => {
    try {
      return compileAccessor(text).path;
    } catch (error) {
      throw new OptionError((error as Error).message, option);
    }
  });
}

/** A label map: `{"kubernetes": {"container_name": "container"}}`. @throws Error where it is none. */
export function readLabelMap(text: string): Pair[] {
  const map = parseJson(text);
  if (!isFields(map)) throw new Error('it is no JSON map');
  const pairs: Pair[] = [];
  walk(map, [], pairs);
  return pairs;
}

function walk(map: Fields, path: readonly string[], pairs: Pair[]): void {
  for (const [key, value] of Object.entries(map)) {
    const inner = [...path, key];
    if (isFields(value)) walk(value, inner, pairs);
    else if (typeof value === 'string') pairs.push({ name: value, value: compileTemplate(accessorText(inner)) });
    else throw new Error(`the name of a label is missing at ${inner.join('.')}`);
  }
}

function accessorText([first = '', ...rest]: readonly string[]): string {
  return `$${first}${rest.map((key) => `['${key.replaceAll("'", "''")}']`).join('')}`;
}

/** The value of an entry of a map as text. */
export function entryText(value: Value, json: (value: Value) => string): string {
  return typeof value === 'string' ? value : json(value);
}
