/** The rules of `log_to_metrics`: as grep's in its legacy mode, a Regex decides and an Exclude can only refuse. */
import { compileAccessor } from '../../src/data/accessor.ts';
import type { Fields } from '../../src/data/event.ts';
import { compileRegex, fits } from '../../src/data/regex.ts';
import { OptionError, type Property } from '../../src/plugin.ts';

interface Rule {
  readonly isRegex: boolean;
  readonly matches: (body: Fields) => boolean;
}

/** @throws OptionError */
export function compileKeep(section: readonly Property[]): (body: Fields) => boolean {
  const rules: Rule[] = [];
  for (const { key, value } of section) if (key === 'regex' || key === 'exclude') rules.push(compileRule(key, value));
  return (body) => {
    for (const rule of rules) {
      const matched = rule.matches(body);
      if (rule.isRegex) return matched;
      if (matched) return false;
    }
    return true;
  };
}

function compileRule(kind: 'regex' | 'exclude', text: string): Rule {
  const [, key, pattern] = /^\s*(\S+)\s+(.*\S)\s*$/s.exec(text) ?? [];
  if (key === undefined || pattern === undefined)
    throw new OptionError(`'${text}' is no rule; write KEY PATTERN`, kind);
  const { get } = compileAccessor(key.startsWith('$') ? key : `$${key}`);
  const regex = compileRegex(pattern);
  return {
    isRegex: kind === 'regex',
    matches: (body) => {
      const value = get(body);
      return typeof value === 'string' && fits(regex, value);
    },
  };
}
