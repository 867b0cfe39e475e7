/**
 * Decode_Field and Decode_Field_As: a field that holds encoded text is decoded after the line was parsed.
 *
 * Decode_Field_As replaces the field, Decode_Field (json only) leaves it and adds the keys of the object at the end.
 * Several decoders of one field run in order: `try_next` goes on with the next one where this one failed, `do_next`
 * where it succeeded; without either the first one that succeeds is the last.
 */
import { type Fields, getField, setField, type Value } from '../data/event.ts';
import { parseJsonObject } from '../data/json.ts';
import { OptionError, type Property } from '../options.ts';
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
  readonly next: 'do_next' | 'try_next' | undefined;
}

interface FieldDecoder {
  readonly field: string;
  readonly replaces: boolean;
  readonly rules: Rule[];
}

/** undefined where a parser decodes nothing. */
export type DecodeBody = (body: Fields) => Fields;

/** @throws OptionError for a decoder that is unknown. */
export function compileDecoders(properties: readonly Property[]): DecodeBody | undefined {
  const decoders: FieldDecoder[] = [];
  for (const { key, value } of properties) {
    if (key !== 'decode_field' && key !== 'decode_field_as') continue;
    const [name = '', field, next] = value.trim().split(/\s+/);
    const decode = Object.hasOwn(DECODERS, name.toLowerCase()) ? DECODERS[name.toLowerCase()] : undefined;
    if (!decode) throw new OptionError(`no decoder '${name}'; there are ${Object.keys(DECODERS).join(', ')}`, key);
    if (field === undefined) throw new OptionError(`'${key}' needs a decoder and a field`, key);
    if (next !== undefined && next !== 'do_next' && next !== 'try_next')
      throw new OptionError(`'${next}' is neither do_next nor try_next`, key);
    const replaces = key === 'decode_field_as';
    let found = decoders.find((decoder) => decoder.field === field && decoder.replaces === replaces);
    if (!found) {
      found = { field, replaces, rules: [] };
      decoders.push(found);
    }
    found.rules.push({ decode, next });
  }
  if (decoders.length === 0) return undefined;
  return (body) => decoders.reduce((now, decoder) => apply(decoder, now), body);
}

function apply({ field, replaces, rules }: FieldDecoder, body: Fields): Fields {
  const text = getField(body, field);
  if (typeof text !== 'string') return body;
  const value = decoded(rules, text);
  if (value === undefined) return body;
  const copy: Fields = { ...body };
  if (replaces) setField(copy, field, value);
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value as Fields)) setField(copy, key, inner);
  return copy;
}

function decoded(rules: readonly Rule[], text: string): Value | undefined {
  let now: string = text;
  let result: Value | undefined;
  for (const { decode, next } of rules) {
    const value = decode(now);
    if (value === undefined) {
      if (next === 'try_next') continue;
      break;
    }
    result = value;
    if (next !== 'do_next' || typeof value !== 'string') break;
    now = value;
  }
  return result;
}
