/**
 * Regular expressions as Fluent Bit's users write them: Onigmo with Ruby's syntax, also in the form /pattern/imx.
 *
 * Nearly every pattern is translated by `regex_translate.ts`; V8's linear engine takes over when such a one backtracks
 * too much, so that no line, however hostile, holds the program (a switch of V8, src/v8_flags.ts: no pattern may be
 * matched before it is set). The rest goes through the package oniguruma-to-es, whose results that engine cannot run:
 * there, and where look-around or backreferences are used, a quantifier without end inside another one is refused.
 */
import { createRequire } from 'node:module';
import { OptionError } from '../options.ts';
import { type Translation, translate } from './regex_translate.ts';

const names = new WeakMap<RegExp, readonly (string | undefined)[]>();

/** The name of every capturing group, from group 1 on. Names may repeat: the last group that took part counts. */
export function groupNames(regex: RegExp): readonly (string | undefined)[] {
  return names.get(regex) ?? [];
}

/**
 * Compiles a pattern. The result has neither the flag g nor y, so that it can be used again and again; its groups have
 * numbers only (see `groupNames`).
 * @throws OptionError with what is wrong.
 */
export function compileRegex(pattern: string): RegExp {
  const { source, ignoreCase, dotAll, extended } = unwrap(pattern);
  try {
    const translation = translate(source, { ignoreCase, dotAll, extended });
    return translation ? fromTranslation(translation) : fromPackage(source, { ignoreCase, dotAll, extended });
  } catch (error) {
    if (error instanceof OptionError) throw error;
    const reason = (error as Error).message.replace(/^Invalid regular expression: (?:\/.*\/\w*: )?/s, '');
    throw new OptionError(`the regular expression ${pattern} does not compile: ${reason}`);
  }
}

/** As `exec`, and null too for a text so long (some megabytes) that matching it overflows V8's stack. */
export function matchOf(regex: RegExp, text: string): RegExpExecArray | null {
  try {
    return regex.exec(text);
  } catch {
    return null;
  }
}

/** Whether a text fits; as `matchOf`, false for one that is too long. */
export function fits(regex: RegExp, text: string): boolean {
  try {
    return regex.test(text);
  } catch {
    return false;
  }
}

function unwrap(pattern: string) {
  const slashed = /^\/(.*)\/([a-z]*)$/s.exec(pattern);
  const body = slashed?.[1] ?? pattern;
  // Options at the very begin are options of the whole.
  const leading = /^\(\?([imx]+)\)/.exec(body);
  const flags = (slashed?.[2] ?? '') + (leading?.[1] ?? '');
  return {
    source: leading ? body.slice(leading[0].length) : body,
    ignoreCase: flags.includes('i'),
    dotAll: flags.includes('m'),
    extended: flags.includes('x'),
  };
}

function fromTranslation({ source, names: groups, multiline, linear, nested }: Translation): RegExp {
  if (nested && !linear) refuse();
  const regex = new RegExp(source, multiline ? 'm' : '');
  names.set(regex, groups);
  return regex;
}

function refuse(): never {
  throw new OptionError(
    'this regular expression could run for ever on a hostile line: a repeated group holds a repetition, together with ' +
      'look-around or a backreference; write it without nesting, or with an atomic group (?>...)',
  );
}

/** Loaded at the first pattern that needs it: it costs 20 ms. */
function fromPackage(written: string, options: { ignoreCase: boolean; dotAll: boolean; extended: boolean }): RegExp {
  // A search begins at the begin of the text always, so that \G is \A; as \G it would be a sticky expression.
  const source = written.replace(/\[(?:\\.|[^\]])*\]|\\./gs, (part) => (part === '\\G' ? '\\A' : part));
  const { toRegExp } = createRequire(import.meta.url)('oniguruma-to-es') as typeof import('oniguruma-to-es');
  if (/\([^()]*[*+][^()]*\)(?:[*+]|\{\d+,\})/.test(source.replace(/\\./g, '..'))) refuse();
  // D, S, W: \d \s \w are ASCII; \b stays that of all scripts.
  const flags = `${options.ignoreCase ? 'i' : ''}${options.dotAll ? 'm' : ''}${options.extended ? 'x' : ''}DSW`;
  const regex = toRegExp(source, { flags, rules: { captureGroup: false } });
  const groups: (string | undefined)[] = [];
  for (const match of source.replace(/\\./g, '..').matchAll(/\(\?(?:<([^=!>][^>]*)>|'([^']+)')/g))
    groups.push(match[1] ?? match[2]);
  names.set(regex, groups);
  return regex;
}
