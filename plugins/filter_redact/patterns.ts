/** The user's own patterns: Onigmo's syntax, every match in a text, or only what the groups of a match hold. */
import { compileRegex, matchOf } from '../../src/data/regex.ts';
import { OptionError } from '../../src/plugin.ts';
import { KINDS } from './kinds.ts';

export interface Pattern {
  readonly kind: string;
  /** The text with every match replaced; the same text where there is none. */
  redact(text: string, replace: (found: string) => string): string;
}

/** @param written NAME REGEX @throws OptionError */
export function compilePattern(written: string): Pattern {
  const [, kind, source] = /^\s*(\S+)\s+(.*\S)\s*$/s.exec(written) ?? [];
  if (kind === undefined || source === undefined || !/^[a-z_][a-z0-9_]*$/.test(kind))
    throw new OptionError(
      `'${written}' is no pattern; write a name (a to z, 0 to 9, _) and a regular expression`,
      'pattern',
    );
  if (([...KINDS, 'field'] as string[]).includes(kind))
    throw new OptionError(`'${kind}' is a kind that is built in; take another name`, 'pattern');
  const regex = compileRegex(source);
  if (matchOf(regex, ''))
    throw new OptionError(`${source} matches the empty text, so it would match everywhere`, 'pattern');
  const all = new (regex.constructor as RegExpConstructor)(regex, `${regex.flags}g`);
  return { kind, redact: (text, replace) => redactAll(all, text, replace) };
}

function redactAll(all: RegExp, text: string, replace: (found: string) => string): string {
  let out = '';
  let done = 0;
  all.lastIndex = 0;
  try {
    for (let match = all.exec(text); match; match = all.exec(text)) {
      if (match[0] === '') all.lastIndex++;
      else {
        out += text.slice(done, match.index) + redactMatch(match, replace);
        done = all.lastIndex;
      }
    }
  } catch {
    // A text of megabytes may overflow V8's stack; nobody knows then what it holds.
    return replace(text);
  }
  return done === 0 ? text : out + text.slice(done);
}

/** Of a pattern with groups only these go, wherever in the match their texts stand: what is secret must not stay. */
function redactMatch(match: RegExpExecArray, replace: (found: string) => string): string {
  const [whole] = match;
  if (match.length === 1) return replace(whole);
  let text = whole;
  for (let at = 1; at < match.length; at++) {
    const group = match[at];
    if (group) text = text.replaceAll(group, () => replace(group));
  }
  return text;
}
