/** The library `string`. Texts hold one byte a character, so positions and lengths are those of bytes. */
import { functionArgument, integerArgument, numberArgument, tableArgument, textArgument } from './arguments.ts';
import type { Budget } from './budget.ts';
import { fail } from './errors.ts';
import { formatText } from './format.ts';
import { callMeta, first, type Metatables } from './meta.ts';
import { numberText, typeName } from './numbers.ts';
import { type Capture, type PatternMatch, patternOf } from './pattern.ts';
import { type LuaFunction, LuaTable, type LuaValue, tableOf } from './table.ts';

/** `string.rep` and its like make no longer texts. */
const LONGEST = 1 << 26;

export function stringLibrary(budget: Budget, metatables: Metatables, show: (value: LuaValue) => string): LuaTable {
  return tableOf({
    byte: (s, i, j) => {
      const text = textArgument(s, 1, 'byte');
      const [from, to] = range(text, integerArgument(i, 2, 'byte', 1), j === undefined ? (i ?? 1) : j, 'byte');
      if (to === from + 1) return text.charCodeAt(from);
      return Array.from(text.slice(from, to), (sign) => sign.charCodeAt(0));
    },
    char: (...codes) =>
      String.fromCharCode(
        ...codes.map((code, at) => {
          const number = integerArgument(code, at + 1, 'char');
          return number >= 0 && number <= 255 ? number : fail(`bad argument #${at + 1} to 'char' (invalid value)`);
        }),
      ),
    find: (s, pattern, init, plain) => find(s, pattern, init, plain, budget),
    format: (format, ...args) => formatText(textArgument(format, 1, 'format'), args, show),
    gmatch: (s, pattern) => gmatch(textArgument(s, 1, 'gmatch'), textArgument(pattern, 2, 'gmatch'), budget),
    gsub: (s, pattern, by, most) => gsub(s, pattern, by, most, budget, metatables),
    len: (s) => textArgument(s, 1, 'len').length,
    lower: (s) => textArgument(s, 1, 'lower').replace(/[A-Z]+/g, (run) => run.toLowerCase()),
    match: (s, pattern, init) => {
      const text = textArgument(s, 1, 'match');
      const found = patternOf(textArgument(pattern, 2, 'match'), budget).search(text, startOf(text, init, 'match'));
      return found && capturesOf(found, text);
    },
    rep: (s, n, separator) => {
      const text = textArgument(s, 1, 'rep');
      const times = integerArgument(n, 2, 'rep');
      const between = separator === undefined ? '' : textArgument(separator, 3, 'rep');
      if (times <= 0) return '';
      if ((text.length + between.length) * times > LONGEST) fail('resulting string too large');
      return between === '' ? text.repeat(times) : (text + between).repeat(times - 1) + text;
    },
    reverse: (s) =>
      Array.from(textArgument(s, 1, 'reverse'))
        .reverse()
        .join(''),
    sub: (s, i, j) => {
      const text = textArgument(s, 1, 'sub');
      const [from, to] = range(text, integerArgument(i, 2, 'sub', 1), j ?? -1, 'sub');
      return text.slice(from, to);
    },
    upper: (s) => textArgument(s, 1, 'upper').replace(/[a-z]+/g, (run) => run.toUpperCase()),
    dump: () => fail('unable to dump given function'),
  });
}

/** Positions from 1, or from the end below 0, as the begin and end of a slice. */
function range(text: string, i: number, j: LuaValue, name: string): [from: number, to: number] {
  const last = integerArgument(j, 3, name);
  const from = Math.max(i < 0 ? text.length + i : i - 1, 0);
  const to = Math.min(last < 0 ? text.length + last + 1 : last, text.length);
  return [from, Math.max(from, to)];
}

function startOf(text: string, init: LuaValue, name: string): number {
  const at = integerArgument(init, 3, name, 1);
  return Math.min(Math.max(at < 0 ? text.length + at : at - 1, 0), text.length);
}

function find(
  s: LuaValue,
  p: LuaValue,
  init: LuaValue,
  plain: LuaValue,
  budget: Budget,
): LuaValue | readonly LuaValue[] {
  const text = textArgument(s, 1, 'find');
  const pattern = textArgument(p, 2, 'find');
  const from = startOf(text, init, 'find');
  if ((plain !== undefined && plain !== false) || !/[\^$*+?.([%-]/.test(pattern)) {
    const at = text.indexOf(pattern, from);
    return at < 0 ? undefined : [at + 1, at + pattern.length];
  }
  const found = patternOf(pattern, budget).search(text, from);
  return found && [found.start + 1, found.end, ...found.captures];
}

/** The captures, or the whole match where the pattern has none. */
function capturesOf({ start, end, captures }: PatternMatch, text: string): LuaValue | readonly Capture[] {
  if (captures.length === 0) return text.slice(start, end);
  return captures.length === 1 ? captures[0] : captures;
}

function gmatch(text: string, source: string, budget: Budget): LuaFunction {
  const pattern = patternOf(source, budget);
  let at = 0;
  return () => {
    if (at > text.length) return undefined;
    const found = pattern.search(text, at);
    if (!found) {
      at = text.length + 1;
      return undefined;
    }
    at = found.end > found.start ? found.end : found.end + 1;
    budget.spend(1);
    return capturesOf(found, text) as LuaValue;
  };
}

type Replace = (match: PatternMatch, text: string) => string;

function gsub(
  s: LuaValue,
  p: LuaValue,
  by: LuaValue,
  most: LuaValue,
  budget: Budget,
  metatables: Metatables,
): readonly LuaValue[] {
  const text = textArgument(s, 1, 'gsub');
  const pattern = patternOf(textArgument(p, 2, 'gsub'), budget);
  const replace = replacement(by, metatables);
  const limit = most === undefined ? Infinity : numberArgument(most, 4, 'gsub');
  let [result, done, at, count] = ['', 0, 0, 0];
  while (count < limit && at <= text.length) {
    const found = pattern.search(text, at);
    if (!found) break;
    count++;
    budget.spend(1);
    result += text.slice(done, found.start) + replace(found, text);
    done = found.end;
    if (result.length > LONGEST) fail('resulting string too large');
    if (found.end > found.start) at = found.end;
    else {
      // After an empty match the next begins one further on.
      result += text.slice(done, done + 1);
      done = Math.min(done + 1, text.length);
      at = found.end + 1;
    }
    if (pattern.anchored) break;
  }
  return [count === 0 ? text : result + text.slice(done), count];
}

function replacement(by: LuaValue, metatables: Metatables): Replace {
  if (typeof by === 'string' || typeof by === 'number') return template(typeof by === 'string' ? by : numberText(by));
  const key = (match: PatternMatch, text: string): LuaValue =>
    match.captures.length > 0 ? match.captures[0] : text.slice(match.start, match.end);
  const chosen = (value: LuaValue, match: PatternMatch, text: string): string => {
    if (value === undefined || value === false) return text.slice(match.start, match.end);
    if (typeof value === 'string') return value;
    return typeof value === 'number' ? numberText(value) : fail(`invalid replacement value (a ${typeName(value)})`);
  };
  if (by instanceof LuaTable) {
    const table = tableArgument(by, 3, 'gsub');
    const handler = table.meta?.getText('__index');
    return (match, text) => {
      const at = key(match, text);
      const value =
        table.get(at) ??
        (typeof handler === 'function' ? first(callMeta(metatables, handler, [table, at])) : undefined);
      return chosen(value, match, text);
    };
  }
  if (typeof by !== 'function') fail(`bad argument #3 to 'gsub' (string/function/table expected, got ${typeName(by)})`);
  const call = functionArgument(by, 3, 'gsub');
  return (match, text) => {
    const args = match.captures.length > 0 ? match.captures : [text.slice(match.start, match.end)];
    return chosen(first(call(...args)), match, text);
  };
}

/** `%1` is a capture, `%0` the whole match. */
function template(text: string): Replace {
  if (!text.includes('%')) return () => text;
  return (match, from) =>
    text.replace(/%(.?)/gs, (_whole, sign: string) => {
      if (sign === '0' || (sign === '1' && match.captures.length === 0)) return from.slice(match.start, match.end);
      if (!/\d/.test(sign)) return sign;
      const capture = match.captures[Number(sign) - 1] ?? fail('invalid capture index');
      return typeof capture === 'number' ? numberText(capture) : capture;
    });
}
