/**
 * The rules of `grep`, from the text of a section to one predicate.
 *
 * As Fluent Bit: only strings match, and further blanks after the key are the pattern's. With `Logical_Op` AND or OR all rules are of one kind. In the legacy mode rules are
 * asked in order: a Regex that matches keeps the record and one that does not drops it, so the first Regex decides; an
 * Exclude that matches drops it, and one that does not leaves it to the next rule.
 */
import { compileAccessor } from '../../src/data/accessor.ts';
import type { LogEvent } from '../../src/data/event.ts';
import { compileRegex, fits } from '../../src/data/regex.ts';
import { type FilterHost, OptionError, type Property } from '../../src/plugin.ts';

type Keep = (event: LogEvent) => boolean;
export type Join = 'legacy' | 'and' | 'or';

interface Rule {
  readonly kind: 'regex' | 'exclude';
  readonly matches: (event: LogEvent) => boolean;
}

/** @throws OptionError */
export function compileKeep(section: readonly Property[], join: Join, host: FilterHost): Keep {
  const rules: Rule[] = [];
  for (const { key, value } of section)
    if (key === 'regex' || key === 'exclude') rules.push(compileRule(key, value, host));
  const [first] = rules;
  if (!first) return () => true;
  if (join === 'legacy') return rules.length === 1 ? single(first) : legacy(rules);
  if (rules.some((rule) => rule.kind !== first.kind))
    throw new OptionError('with logical_op there may be Regex or Exclude rules, not both', 'logical_op');
  const tests = rules.map((rule) => rule.matches);
  const positive = first.kind === 'regex';
  if (join === 'and') return (event) => tests.every((test) => test(event)) === positive;
  return (event) => tests.some((test) => test(event)) === positive;
}

function compileRule(kind: 'regex' | 'exclude', text: string, host: FilterHost): Rule {
  const parts = /^\s*(\S+)\s(.*\S)\s*$/s.exec(text);
  const [, key, pattern] = parts ?? [];
  if (key === undefined || pattern === undefined)
    throw new OptionError(`'${text}' is no rule; write KEY PATTERN`, kind);
  // As Fluent Bit: one blank parts them.
  if (/^\s/.test(pattern))
    host.log('warn', `${kind} '${text}': more than one blank after the key, so that the pattern begins with a blank`);
  // A plain key is an accessor as well: `log.level` is the key `log`. As Fluent Bit: filter/grep-key-with-dot.
  const { get } = compileAccessor(key.startsWith('$') ? key : `$${key}`);
  const regex = compileRegex(pattern);
  return {
    kind,
    matches: (event) => {
      const value = get(event.body);
      return typeof value === 'string' && fits(regex, value);
    },
  };
}

function single({ kind, matches }: Rule): Keep {
  return kind === 'regex' ? matches : (event) => !matches(event);
}

function legacy(rules: readonly Rule[]): Keep {
  return (event) => {
    for (const rule of rules) {
      const matched = rule.matches(event);
      if (rule.kind === 'regex') return matched;
      if (matched) return false;
    }
    return true;
  };
}
