/**
 * What `content_modifier` does with a map: each action is a function from fields to fields, which returns the same object
 * where nothing changes and never writes into what it got.
 *
 * Places are Fluent Bit's: upsert, convert and extract put the field at the end, rename and hash keep its place. Unlike
 * Fluent Bit 5.1, which loses the rest of the chunk when extract, convert or hash cannot be done on a record, such a
 * record just stays as it is.
 */
import { hash } from 'node:crypto';
import { encodeText } from '../../src/data/bytes.ts';
import { type Fields, setField, type Value } from '../../src/data/event.ts';
import { appendField } from '../../src/data/fields.ts';
import { compileRegex, groupNames, matchOf } from '../../src/data/regex.ts';
import { OptionError, type OptionsOf } from '../../src/plugin.ts';
import { convertValue, textOf } from './convert.ts';
import type { options } from './options.ts';

export type Action = (fields: Fields) => Fields;

/** @throws OptionError where the action lacks what it needs. */
export function compileAction(given: OptionsOf<typeof options>): Action {
  const key = needed(given, 'key');
  switch (given.action) {
    case 'insert':
      return insert(key, needed(given, 'value'));
    case 'upsert':
      return upsert(key, needed(given, 'value'));
    case 'delete':
      return (fields) => (Object.hasOwn(fields, key) ? without(fields, key) : fields);
    case 'rename':
      return rename(key, needed(given, 'value'));
    case 'hash':
      return (fields) => replaceAtPlace(fields, key, hashed);
    case 'extract':
      return extract(key, compileRegex(needed(given, 'pattern')));
    default:
      return convert(key, needed(given, 'converted_type') as 'string' | 'boolean' | 'int' | 'double');
  }
}

function needed(given: OptionsOf<typeof options>, option: 'key' | 'value' | 'pattern' | 'converted_type'): string {
  const value = given[option];
  if (value === undefined) throw new OptionError(`action ${given.action} needs ${option}`, option);
  return value;
}

function insert(key: string, value: string): Action {
  return (fields) => {
    if (Object.hasOwn(fields, key)) return fields;
    const copy = { ...fields };
    setField(copy, key, value);
    return copy;
  };
}

function upsert(key: string, value: string): Action {
  return (fields) => {
    const copy = without(fields, key);
    setField(copy, key, value);
    return copy;
  };
}

/** A copy without the field. */
function without(fields: Fields, key: string): Fields {
  if (!Object.hasOwn(fields, key)) return { ...fields };
  const copy: Fields = {};
  for (const name in fields) if (name !== key) setField(copy, name, fields[name] as Value);
  return copy;
}

/** Where the new name is taken there would be two such fields: the later one wins, at its place, as in Fluent Bit's JSON. */
function rename(from: string, to: string): Action {
  return (fields) => {
    if (from === to || !Object.hasOwn(fields, from)) return fields;
    const copy: Fields = {};
    for (const key in fields) appendField(copy, key === from ? to : key, fields[key] as Value);
    return copy;
  };
}

function replaceAtPlace(fields: Fields, key: string, change: (value: Value) => Value | undefined): Fields {
  if (!Object.hasOwn(fields, key)) return fields;
  const value = change(fields[key] as Value);
  if (value === undefined) return fields;
  const copy = { ...fields };
  setField(copy, key, value);
  return copy;
}

/** SHA-256 of the value as a text, in hex; undefined for maps and lists, and for an empty text, which stays. */
function hashed(value: Value): string | undefined {
  const text = textOf(value);
  return text === undefined || text === '' ? undefined : hash('sha256', encodeText(text), 'hex');
}

function extract(key: string, regex: RegExp): Action {
  const names = groupNames(regex);
  const taken = new Set(names);
  return (fields) => {
    const value = Object.hasOwn(fields, key) ? fields[key] : undefined;
    const match = typeof value === 'string' && taken.size > 0 ? matchOf(regex, value) : null;
    if (!match) return fields;
    const copy: Fields = {};
    for (const name in fields) if (!taken.has(name)) setField(copy, name, fields[name] as Value);
    names.forEach((name, index) => {
      if (name !== undefined) setField(copy, name, match[index + 1] ?? '');
    });
    return copy;
  };
}

function convert(key: string, type: 'string' | 'boolean' | 'int' | 'double'): Action {
  return (fields) => {
    if (!Object.hasOwn(fields, key)) return fields;
    const value = convertValue(fields[key] as Value, type);
    if (value === undefined) return fields;
    const copy = without(fields, key);
    setField(copy, key, value);
    return copy;
  };
}
