/**
 * Decode_Field and Decode_Field_As: a field that holds encoded text is decoded after the line was parsed.
 *
 * Decode_Field_As replaces the field, Decode_Field (json only) leaves it and adds the keys of the object at the end. As
 * Fluent Bit, all rules of one field are one list, in the order in which they stand: `do_next` goes on after a success
 * and after a failure, `try_next` only after a failure, and without either a rule is the last one. A decoder that is
 * unknown leaves the parser without any.
 */
import { type Fields, getField, setField, type Value } from '../data/event.ts';
import { appendField } from '../data/fields.ts';
import { parseJsonObject } from '../data/json.ts';
import type { Property } from '../options.ts';
import { unescapeBackslashes, unescapeMysql, unescapeUtf8 } from './unescape.ts';

/** The decoded value, or undefined where the text is not of that encoding. */
type Decode = (text: string) => Value | undefined;

const DECODERS: Readonly<Record<string, Decode>> = {
  json: (text) => parseJsonObject(text.trim()),
  escaped: unescapeBackslashes,
  escaped_utf8: unescapeUtf8,
  mysql_quoted: unescapeMysql,
};

interface Rule {
  readonly decode: Decode;
  readonly replaces: boolean;
  readonly next: string | undefined;
}

/** undefined where a parser decodes nothing. */
export type DecodeBody = (body: Fields) => Fields;

/** Told what is wrong with an option that is then left out. */
export type Complain = (option: string, message: string) => void;

export function compileDecoders(properties: readonly Property[], complain: Complain): DecodeBody | undefined {
  const fields = new Map<string, Rule[]>();
  for (const { key, value } of properties) {
    if (key !== 'decode_field' && key !== 'decode_field_as') continue;
    const [name = '', field, next] = value.trim().split(/\s+/);
    const decode = Object.hasOwn(DECODERS, name.toLowerCase()) ? DECODERS[name.toLowerCase()] : undefined;
    if (!decode || field === undefined) {
      const problem = decode ? 'needs a decoder and a field' : `has no decoder '${name}'`;
      const known = Object.keys(DECODERS).join(', ');
      complain(key, `'${key}' ${problem} (there are ${known}), so that this parser decodes nothing`);
      return undefined;
    }
    if (next !== undefined && !/^(do_next|try_next)$/i.test(next))
      complain(key, `'${next}' is neither do_next nor try_next, and has no effect`);
    const rules = fields.get(field) ?? [];
    rules.push({ decode, replaces: key === 'decode_field_as', next: next?.toLowerCase() });
    fields.set(field, rules);
  }
  if (fields.size === 0) return undefined;
  return (body) => {
    let now = body;
    for (const [field, rules] of fields) now = apply(field, rules, now);
    return now;
  };
}

function apply(field: string, rules: readonly Rule[], body: Fields): Fields {
  const text = getField(body, field);
  if (typeof text !== 'string') return body;
  const { replacement, added } = decoded(rules, text);
  if (replacement === undefined && added === undefined) return body;
  const copy: Fields = { ...body };
  if (replacement !== undefined) setField(copy, field, replacement);
  for (const key in added) appendField(copy, key, added[key] as Value);
  return copy;
}

interface Decoded {
  /** What stands in the field's place. */
  readonly replacement: Value | undefined;
  /** What comes beside it. */
  readonly added: Fields | undefined;
}

function decoded(rules: readonly Rule[], text: string): Decoded {
  let now: Value = text;
  let added: Fields | undefined;
  for (const { decode, replaces, next } of rules) {
    if (typeof now !== 'string' || (added !== undefined && !replaces && next === 'do_next')) continue;
    const value = decode(now);
    if (value !== undefined && replaces) now = value;
    else if (value !== undefined && typeof value !== 'string') added = value as Fields;
    if (next !== 'do_next' && (value !== undefined || next !== 'try_next')) break;
  }
  return { replacement: now === text ? undefined : now, added };
}
