/**
 * Names and values as `labels` and `structured_metadata` write them: `name=text`, `name=$accessor`, `$accessor` (named
 * after its path). Compiled once. Names that the user wrote are kept as they are; those of paths and of records are made
 * fit for Loki. As Fluent Bit: only a value that begins with `$` is looked up, any other is a text, whatever is in it.
 */
import { type Accessor, accessorEnd, compileAccessor, parsePath } from '../../src/data/accessor.ts';
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
    const value = text.slice(equals + 1).trim();
    if (equals <= 0 || value === '')
      throw new OptionError(`'${text}' is no label; write name=text, name=$accessor or $accessor`, option);
    return { name: text.slice(0, equals).trim(), value: pairValue(option, value) };
  });
}

function pairValue(option: string, text: string): Template {
  if (GROUP.test(text)) return fixed('', false);
  return text.startsWith('$') ? template(option, text) : fixed(text, true);
}

/** Groups of a match, which there is none of: they have no value, and remove nothing. */
const GROUP = /^\$\d/;

function fixed(text: string, constant: boolean): Template {
  return { text, constant, fill: () => text, fillAll: () => text, roots: [] };
}

/** `label_keys`: accessors only. @throws OptionError */
export function readKeys(option: string, list: readonly string[]): Pair[] {
  for (const text of list)
    if (!text.startsWith('$')) throw new OptionError(`'${text}' is no accessor; write $${text}`, option);
  return readPairs(option, list);
}

function template(option: string, text: string): Template {
  if (GROUP.test(text)) throw new OptionError(`the key of '${text}' must not begin with a digit`, option);
  try {
    return compileTemplate(text);
  } catch (error) {
    throw new OptionError((error as Error).message, option);
  }
}

/** The steps of its accessors and the texts between them, with `_` between all of these. */
function pathName(option: string, text: string): string {
  template(option, text);
  const names: (string | number)[] = [];
  let done = 0;
  for (let at = 0; at >= 0 && at < text.length - 1; at = text.indexOf('$', done)) {
    if (at > done) names.push(text.slice(done, at));
    const tag = TAG.exec(text.slice(at));
    done = tag ? at + tag[0].length : accessorEnd(text, at);
    names.push(...(tag ? ['TAG'] : parsePath(text.slice(at, done))));
  }
  if (done < text.length) names.push(text.slice(done));
  return fitName(names.join('_'));
}

const TAG = /^\$TAG(?:\[\d+\])?/;

/** The paths that the values of pairs come from: what is a label leaves the line. */
export function pathsOf(pairs: readonly Pair[]): Path[] {
  return pairs.flatMap(({ value }) =>
    value.roots.length > 0 && !TAG.test(value.text) ? [compileAccessor(value.text).path] : [],
  );
}

/** `remove_keys`, with `$` or without. @throws OptionError */
export function readPaths(option: string, list: readonly string[]): Path[] {
  return accessors(option, list).map(({ path }) => path);
}

/** `structured_metadata_map_keys`. @throws OptionError */
export function readMapKeys(option: string, list: readonly string[]): Accessor[] {
  for (const text of list)
    if (!text.startsWith('$')) throw new OptionError(`'${text}' is no accessor; write $${text}`, option);
  return accessors(option, list);
}

/** What is not about the record (`$TAG`, `$1`, `$`) is left out. */
function accessors(option: string, list: readonly string[]): Accessor[] {
  const dollared = list.map((text) => (text.startsWith('$') ? text : `$${text}`));
  const own = dollared.filter((text) => text !== '$' && !TAG.test(text) && !GROUP.test(text));
  try {
    return own.map(compileAccessor);
  } catch (error) {
    throw new OptionError((error as Error).message, option);
  }
}

/** A label map: `{"kubernetes": {"container_name": "container"}}`, and why it was read no further, if so. */
export function readLabelMap(text: string): { readonly pairs: readonly Pair[]; readonly trouble?: string } {
  const pairs: Pair[] = [];
  try {
    const map = parseJson(text);
    if (!isFields(map)) return { pairs, trouble: 'it is no JSON map' };
    walk(map, [], pairs);
  } catch (error) {
    return { pairs, trouble: (error as Error).message };
  }
  return { pairs };
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
