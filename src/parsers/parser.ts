/**
 * [PARSER] sections, compiled. A parser is used by tail, by the parser filter and by others, once a line; everything
 * that can be decided from its options is decided here.
 */
import { compileRegex } from '../data/regex.ts';
import { fillDefaults, OptionError, type OptionTable, optionName, type Property, readOption } from '../options.ts';
import type { Parser } from '../plugin.ts';
import { type Complain, compileDecoders } from './decoders.ts';
import { JsonParser } from './json.ts';
import { PairParser, readLogfmt, readLtsv, readTskv } from './pairs.ts';
import { RegexParser } from './regex.ts';
import { compileTimeField } from './time_field.ts';
import { compileTypes, hasTypes } from './types.ts';

export const PARSER_OPTIONS = {
  name: { type: 'text', required: true, help: 'The name that Parser options refer to.' },
  format: { type: 'text', required: true, help: 'json, regex, ltsv, tskv or logfmt.' },
  regex: { type: 'text', help: 'The pattern of format regex, in the syntax of Ruby; its named groups become keys.' },
  time_key: { type: 'text', help: 'The key that holds the time; `time` where only Time_Format is given.' },
  time_format: { type: 'text', help: "The form of the time, as strptime's, with %L for a fraction of a second." },
  time_keep: { type: 'boolean', default: 'off', help: 'Keeps the key of the time in the record.' },
  time_offset: { type: 'text', help: 'The offset of times without a zone: +0200.' },
  time_strict: { type: 'boolean', default: 'on', help: 'Off: a time that fits in part is used as far as it was read.' },
  time_system_timezone: { type: 'boolean', default: 'off', help: "Times without a zone are in the system's zone." },
  time_zone: { type: 'text', help: 'The zone of times without one, by name: Europe/Berlin.' },
  types: { type: 'text', help: 'Types of keys: `status:integer ratio:float ok:bool id:hex`.' },
  skip_empty_values: { type: 'boolean', default: 'on', help: 'Leaves out groups of a regex that are empty.' },
  logfmt_no_bare_keys: {
    type: 'boolean',
    default: 'off',
    aliases: ['no_bare_keys'],
    help: 'logfmt: a line with a key without = does not parse.',
  },
  decode_field: { type: 'text', many: true, help: '`json FIELD`: adds the keys of the JSON object in a field.' },
  decode_field_as: {
    type: 'text',
    many: true,
    help: '`DECODER FIELD [try_next|do_next]`: decodes a field in its place; json, escaped, escaped_utf8, mysql_quoted.',
  },
} as const satisfies OptionTable;

/**
 * Keys that are unknown are left alone: Fluent Bit ignores them, too. `complain` is told of decoders and times that have no effect.
 * @throws OptionError naming the property.
 */
export function compileParser(properties: readonly Property[], complain: Complain = () => undefined): Parser {
  const options = readKnown(properties);
  const time = compileTimeField(options, complain);
  const decode = compileDecoders(properties, complain);
  const types = compileTypes(options.types);
  switch (options.format.toLowerCase()) {
    case 'json':
      return new JsonParser(options.name, time, decode);
    case 'regex': {
      const regex = compilePattern(options.regex);
      return new RegexParser(options.name, { regex, skipEmpty: options.skip_empty_values, types }, time, decode);
    }
    case 'ltsv':
      return new PairParser(options.name, readLtsv, { time, types, decode });
    case 'tskv':
      return new PairParser(options.name, readTskv, { time, types, decode });
    case 'logfmt':
      return new PairParser(options.name, readLogfmt(!options.logfmt_no_bare_keys, hasTypes(options.types)), {
        time,
        types,
        decode,
      });
    default:
      throw new OptionError(`'${options.format}' is no format; there are json, regex, ltsv, tskv and logfmt`, 'format');
  }
}

function compilePattern(pattern: string | undefined): RegExp {
  if (pattern === undefined) throw new OptionError("format regex needs a 'regex'", 'format');
  try {
    return compileRegex(pattern);
  } catch (error) {
    throw new OptionError((error as Error).message, 'regex');
  }
}

/** As Fluent Bit: the first of several counts. */
function readKnown(properties: readonly Property[]) {
  const values: Record<string, unknown> = {};
  for (const { key, value } of properties) {
    const name = optionName(PARSER_OPTIONS, key);
    const spec = name === undefined ? undefined : (PARSER_OPTIONS as OptionTable)[name];
    if (name === undefined || !spec) continue;
    if (Object.hasOwn(values, name) && !spec.many) continue;
    const read = readOption(name, spec, value);
    values[name] = spec.many ? [...((values[name] as unknown[]) ?? []), read] : read;
  }
  return fillDefaults(PARSER_OPTIONS, values);
}
