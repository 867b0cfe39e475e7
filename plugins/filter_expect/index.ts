/**
 * The `expect` filter: checks records against rules, and warns, ends the program or notes the result in the record.
 *
 * As Fluent Bit: rules are checked in the order in which they stand, the first that fails counts; with warn and exit the
 * rest of the batch is not looked at after the first failure; `key_val_eq` compares strings only and is met by any
 * other value; the result stands first in the record.
 */
import { type Accessor, compileAccessor } from '../../src/data/accessor.ts';
import { type Fields, type LogEvent, setField, type Value } from '../../src/data/event.ts';
import { toJson } from '../../src/data/json.ts';
import { defineFilter, type FilterHost, OptionError, type OptionTable, type Property } from '../../src/plugin.ts';

const rule = (help: string) => ({ type: 'text', many: true, help }) as const;

const options = {
  key_exists: rule('KEY: the field is there.'),
  key_not_exists: rule('KEY: the field is not there.'),
  key_val_is_null: rule('KEY: the field is there and null.'),
  key_val_is_not_null: rule('KEY: the field is there and not null.'),
  key_val_eq: rule('KEY VALUE: the field is there, and if it is a string, it is this one.'),
  action: {
    type: 'text',
    oneOf: ['warn', 'exit', 'result_key'],
    default: 'warn',
    help: 'What happens when a rule is not met: a warning, the end of the program, or nothing but the result field.',
  },
  result_key: {
    type: 'text',
    default: 'matched',
    help: 'For the action result_key: the field that holds true or false, put first.',
  },
} as const satisfies OptionTable;

interface Rule {
  readonly name: string;
  readonly value: string;
  readonly met: (body: Fields) => boolean;
}

/** So much of a record is shown in the log. */
const SHOWN = 1000;
const EXIT_CODE = 255;

export default defineFilter({
  name: 'expect',
  summary: 'Checks that records hold what they should.',
  options,
  create: (given, host) => {
    const rules = compileRules(host.section);
    if (rules.length === 0) host.log('warn', 'there is no rule to check');
    if (given.action === 'result_key') return { filter: (events) => note(events, rules, given.result_key) };
    return { filter: (events) => check(events, rules, given.action === 'exit', host) };
  },
});

function compileRules(section: readonly Property[]): Rule[] {
  return section.flatMap(({ key, value }) => {
    const compile = RULES[key];
    if (!compile) return [];
    try {
      return [{ name: key, value, met: compile(value) }];
    } catch (error) {
      throw new OptionError((error as Error).message, key);
    }
  });
}

const RULES: Readonly<Record<string, (value: string) => Rule['met']>> = {
  key_exists: (key) => field(key, (value) => value !== undefined),
  key_not_exists: (key) => field(key, (value) => value === undefined),
  key_val_is_null: (key) => field(key, (value) => value === null),
  key_val_is_not_null: (key) => field(key, (value) => value !== undefined && value !== null),
  key_val_eq: (text) => {
    // As Fluent Bit: the value is the rest of the line, quotes and all; without one it is the key itself.
    const [, key = '', wanted = key] = /^ *([^ ]+)(?: +(.+))?$/s.exec(text.trimEnd()) ?? [];
    return field(key, (value) => value !== undefined && (typeof value !== 'string' || value === wanted));
  },
};

function field(key: string, test: (value: Value | undefined) => boolean): Rule['met'] {
  const { get }: Accessor = compileAccessor(key);
  return (body) => test(get(body));
}

function broken(body: Fields, rules: readonly Rule[]): Rule | undefined {
  for (const rule of rules) if (!rule.met(body)) return rule;
  return undefined;
}

function check(events: LogEvent[], rules: readonly Rule[], ends: boolean, host: FilterHost): LogEvent[] {
  for (const { body } of events) {
    const rule = broken(body, rules);
    if (!rule) continue;
    host.count('unmet_expectations_total');
    const record = toJson(body, host.escapeUnicode).slice(0, SHOWN);
    host.log(ends ? 'error' : 'warn', `a record does not meet ${rule.name} ${rule.value}: ${record}`);
    if (ends) host.exit(EXIT_CODE);
    break;
  }
  return events;
}

function note(events: LogEvent[], rules: readonly Rule[], key: string): LogEvent[] {
  for (const event of events) {
    const body: Fields = {};
    setField(body, key, broken(event.body, rules) === undefined);
    for (const name in event.body) if (name !== key) setField(body, name, event.body[name] as Value);
    event.body = body;
  }
  return events;
}
