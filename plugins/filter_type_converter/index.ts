/**
 * The `type_converter` filter: appends a field's value under another name and as another type.
 *
 * As Fluent Bit: rules on strings come first, then those on int, uint and float; the source stays; a value that cannot be
 * converted is appended as it is, except where nothing in the whole batch could be converted (then all stays as it
 * was). The conversions themselves are in `casts.ts`.
 */
import { type Accessor, compileAccessor } from '../../src/data/accessor.ts';
import type { Fields, LogEvent } from '../../src/data/event.ts';
import { appendField } from '../../src/data/fields.ts';
import { defineFilter, type FilterHost, OptionError, type OptionTable } from '../../src/plugin.ts';
import { type Cast, compileCast, type Source } from './casts.ts';

const rule = (source: string) =>
  ({
    type: 'words',
    many: true,
    help: `KEY NEW_KEY TYPE: appends ${source} of the field KEY as TYPE (string, int, uint, float, hex, bool).`,
  }) as const;

const options = {
  str_key: rule('the string'),
  int_key: rule('the integer'),
  uint_key: rule('the integer without a sign'),
  float_key: rule('the float'),
} as const satisfies OptionTable;

interface Rule {
  readonly source: Accessor;
  readonly target: string;
  readonly cast: Cast;
  said: boolean;
}

const SOURCES: readonly (readonly [keyof typeof options, Source])[] = [
  ['str_key', 'string'],
  ['int_key', 'int'],
  ['uint_key', 'uint'],
  ['float_key', 'float'],
];

export default defineFilter({
  name: 'type_converter',
  summary: "Appends a field's value as another type.",
  options,
  create: (given, host) => {
    const rules: Rule[] = [];
    for (const [option, source] of SOURCES)
      for (const words of given[option]) {
        const rule = compileRule(option, source, words, host);
        if (rule) rules.push(rule);
      }
    if (rules.length === 0) throw new OptionError('there is no rule; write for example: int_key id id_text string');
    return { filter: (events) => convert(events, rules, host) };
  },
});

/** @throws OptionError. As Fluent Bit, a rule of more than three words is left out. */
function compileRule(option: string, source: Source, words: readonly string[], host: FilterHost): Rule | undefined {
  const [from, target, type] = words;
  if (from === undefined || target === undefined || type === undefined)
    throw new OptionError(`'${words.join(' ')}' is no rule; write KEY NEW_KEY TYPE`, option);
  if (words.length > 3) {
    host.log('error', `${option} '${words.join(' ')}' is ignored: write KEY NEW_KEY TYPE`);
    return undefined;
  }
  const cast = compileCast(source, type);
  if (!cast) throw new OptionError(`'${type}' is no type; write string, int, uint, float, hex or bool`, option);
  const field = compileAccessor(from);
  if (typeof field.path.at(-1) !== 'number') return { source: field, target, cast, said: false };
  // As Fluent Bit: an item of a list has no key, and is not found (filter/type-converter-nested).
  host.log('warn', `${option} '${words.join(' ')}' finds nothing: ${from} is an item of a list, and no field`);
  return { source: { ...field, get: () => undefined }, target, cast, said: false };
}

function convert(events: LogEvent[], rules: readonly Rule[], host: FilterHost): LogEvent[] {
  const changes: (Fields | undefined)[] = [];
  let converted = false;
  for (const event of events) {
    let copy: Fields | undefined;
    for (const rule of rules) {
      const value = rule.source.get(event.body);
      if (value === undefined) continue;
      const result = rule.cast(value);
      if (result === undefined) failed(rule, host);
      else converted = true;
      copy ??= { ...event.body };
      appendField(copy, rule.target, result ?? value);
    }
    changes.push(copy);
  }
  if (!converted) return events;
  for (let at = 0; at < events.length; at++) {
    const change = changes[at];
    if (change) (events[at] as LogEvent).body = change;
  }
  return events;
}

/** Counted every time, said once a rule. */
function failed(rule: Rule, host: FilterHost): void {
  host.count('failed_conversions_total');
  if (!rule.said) host.log('warn', `a value of '${rule.source.text}' cannot be converted; it stays what it is`);
  rule.said = true;
}
