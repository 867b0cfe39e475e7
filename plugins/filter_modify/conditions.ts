/**
 * The conditions of `modify`. As Fluent Bit: `*_equals` compares strings only, `*_matches` strings and booleans; the
 * negative ones on a value need the field to be there; the rules on matching keys hold where no key matches at all.
 */
import { compileAccessor } from '../../src/data/accessor.ts';
import type { Fields, Value } from '../../src/data/event.ts';
import { compileRegex, fits } from '../../src/data/regex.ts';
import { OptionError } from '../../src/plugin.ts';

export type Condition = (body: Fields) => boolean;

/** `words`: the name and one or two operands. @throws OptionError */
export function compileCondition(words: readonly string[]): Condition {
  const [name = '', a, b] = words;
  const compile = CONDITIONS[name.toLowerCase()];
  if (!compile) throw new OptionError(`'${name}' is no condition`, 'condition');
  if (a === undefined || words.length > 3)
    throw new OptionError(`'${words.join(' ')}' is no condition; write NAME KEY [VALUE]`, 'condition');
  return compile(a, b ?? '');
}

const CONDITIONS: Readonly<Record<string, (a: string, b: string) => Condition>> = {
  key_exists: (a) => field(a, (value) => value !== undefined),
  key_does_not_exist: (a) => field(a, (value) => value === undefined),
  a_key_matches: (a) => anyKey(a),
  no_key_matches: (a) => {
    const matches = anyKey(a);
    return (body) => !matches(body);
  },
  key_value_equals: (a, b) => field(a, (value) => value === b),
  key_value_does_not_equal: (a, b) => field(a, (value) => value !== undefined && value !== b),
  key_value_matches: (a, b) => {
    const matches = matcher(b);
    return field(a, matches);
  },
  key_value_does_not_match: (a, b) => {
    const matches = matcher(b);
    return field(a, (value) => value !== undefined && !matches(value));
  },
  matching_keys_have_matching_values: matchingKeys,
  matching_keys_do_not_have_matching_values: (a, b) => {
    const holds = matchingKeys(a, b);
    return (body) => !holds(body);
  },
};

function field(key: string, test: (value: Value | undefined) => boolean): Condition {
  const { get } = compileAccessor(key);
  return (body) => test(get(body));
}

function matcher(pattern: string): (value: Value | undefined) => boolean {
  if (pattern === '') throw new OptionError('the condition needs a pattern', 'condition');
  const regex = compileRegex(pattern);
  return (value) => (typeof value === 'string' || typeof value === 'boolean') && fits(regex, String(value));
}

function anyKey(pattern: string): Condition {
  const regex = compileRegex(pattern);
  return (body) => {
    for (const key in body) if (regex.test(key)) return true;
    return false;
  };
}

function matchingKeys(keys: string, values: string): Condition {
  const regex = compileRegex(keys);
  const matches = matcher(values);
  return (body) => {
    for (const key in body) if (regex.test(key) && !matches(body[key])) return false;
    return true;
  };
}
