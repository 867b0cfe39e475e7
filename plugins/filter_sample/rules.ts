/** What decides how likely a record passes: rules on the values of its fields, its level, the hash of its trace. */
import { compileAccessor, valueToText } from '../../src/data/accessor.ts';
import { type Fields, Float, getField, type Value } from '../../src/data/event.ts';
import { compileRegex, matchOf } from '../../src/data/regex.ts';
import { OptionError, readNumber } from '../../src/options.ts';

export type Read = (body: Fields) => Value | undefined;

/** A key is taken as it stands, with dots and signs; only with a dollar sign it is an accessor. @throws OptionError */
export function compileRead(key: string): Read {
  return key.startsWith('$') ? compileAccessor(key).get : (body) => getField(body, key);
}

interface Rule {
  readonly get: Read;
  readonly regex: RegExp;
  readonly rate: number;
}

/** @returns the part of such records that passes, 0 to 1 @throws OptionError */
export function compileRate(written: readonly (readonly string[])[], percentage: number): (body: Fields) => number {
  const others = percentage / 100;
  const rules = written.map(compileRule);
  if (rules.length === 0) return () => others;
  return (body) => {
    for (let at = 0; at < rules.length; at++) {
      const { get, regex, rate } = rules[at] as Rule;
      const value = get(body);
      if (value !== undefined && matchOf(regex, valueToText(value))) return rate;
    }
    return others;
  };
}

function compileRule(words: readonly string[]): Rule {
  const [key, regex, text] = words;
  if (key === undefined || regex === undefined || text === undefined || words.length > 3)
    throw new OptionError(`'${words.join(' ')}' is no rule; write KEY REGEX PERCENTAGE`, 'rule');
  const percentage = readNumber(text.replace(/%$/, ''));
  if (percentage < 0 || percentage > 100) throw new OptionError(`${text} is not between 0 and 100`, 'rule');
  return { get: compileRead(key), regex: compileRegex(regex), rate: percentage / 100 };
}

const ERROR = /^\s*(?:e|err|error|severe|failure|f|fatal|ftl|c|crit|critical|alert|emerg|emergency|panic|dpanic)\s*$/i;

/** Words as programs write them; 0 to 3 of syslog; 50 and 60 of pino and bunyan. */
export function isError(level: Value | undefined): boolean {
  if (typeof level === 'string') return ERROR.test(level) || (/^\d{1,2}$/.test(level) && isErrorNumber(Number(level)));
  if (typeof level === 'number') return isErrorNumber(level);
  return level instanceof Float && isErrorNumber(level.value);
}

const isErrorNumber = (level: number): boolean => (level >= 0 && level <= 3) || (level >= 50 && level <= 60);

/**
 * The same text gives the same number everywhere, 0 <= number < 1, evenly spread: FNV-1a over its characters, mixed as
 * MurmurHash3 does at its end.
 */
export function shareOfText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
