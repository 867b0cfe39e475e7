/**
 * JSON in and out. Nearly every text goes through V8's own JSON.parse and JSON.stringify; a cheap test finds the few
 * that those would change, and only these take a slower way:
 *
 * - a whole number written as a float (1.0, 1e3) becomes a `Float`, so that it is printed as one again;
 * - an integer past 2^53 becomes a bigint, one past 64 bits a `Float`, as in Fluent Bit;
 * - a byte that is no UTF-8 (a lone surrogate U+DC80..U+DCFF, see event.ts) is printed as U+E000 plus the byte, as
 *   Fluent Bit does, and every other lone surrogate as U+FFFD, but for keys that are no text (odd_keys.ts).
 *
 * Doubles are printed with 16 digits as C does (0.30000000000000004 as 0.3, 0.00001 as 1e-05), but for those that were written
 * with fewer (fractionText); in memory and as msgpack they keep all 17. Infinite numbers (1e999) become null, as JSON has no other word for them. An escaped half of a surrogate pair in the
 * range U+DC80..U+DCFF is taken for such a byte.
 *
 * Not kept: the order of keys that look like integers, and all but the last of repeated keys.
 */
import { fractionText, isTiny } from './double_text.ts';
import { type Fields, Float, isFields, setField, type Value } from './event.ts';
import { keyText, oddKeyValue } from './odd_key_text.ts';

/** Nesting beyond this is refused: what comes later walks values recursively. */
const MAX_DEPTH = 512;
/** Shorter texts cannot nest so deep that a recursive walk of them overflows the stack. */
const SHORT_TEXT = 4 * MAX_DEPTH;

/** What every number written as a whole float holds; cheap, and true for many a text without one. */
const MAYBE_EXPONENT = /[0-9][eE][0-9+-]/;
/** A number with a fraction that begins with zero, or with an exponent, where a value stands. */
const WHOLE_FLOATS = /(?:^|[:,[])\s*(-?[0-9]+(?:\.0|[eE]|\.[0-9]+[eE])[0-9eE.+-]*)/g;

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;
const parseWith = JSON.parse as (text: string, reviver?: Reviver) => Value;

/** @throws SyntaxError where the text is not exactly one JSON value, or is nested too deeply. */
export function parseJson(text: string): Value {
  if (text.length > SHORT_TEXT) checkDepth(text);
  const value: Value = JSON.parse(text);
  const care = wholeNumbers(value);
  if (care === NONE || (care === SAFE && (!mayHoldWholeFloat(text) || markFloats(text, value)))) return value;
  return parseWith(text, careful);
}

const NONE = 0;
const SAFE = 1;
const UNSAFE = 2;

/** Whether a value holds whole numbers, which may have been written as floats, or ones that lost digits. */
function wholeNumbers(value: Value): number {
  if (typeof value === 'number') return !Number.isInteger(value) ? NONE : Number.isSafeInteger(value) ? SAFE : UNSAFE;
  if (typeof value !== 'object' || value === null) return NONE;
  let found = NONE;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) found = Math.max(found, wholeNumbers(value[i] as Value));
    return found;
  }
  const fields = value as Fields;
  for (const key in fields) {
    const inner = fields[key] as Value;
    if (typeof inner === 'string') continue;
    found = Math.max(found, wholeNumbers(inner));
  }
  return found;
}

function mayHoldWholeFloat(text: string): boolean {
  return text.includes('.0') || MAYBE_EXPONENT.test(text);
}

/**
 * Makes the whole floats of a parsed text `Float`s, in place: an eighth of the time that the careful way takes (3 µs a record, which
 * is more than all the rest of it). False where it is not sure to find each: then the careful way has to begin anew.
 *
 * Without a backslash in the text every quote is the begin or the end of a string, and a key that stands in it once is
 * there once.
 */
function markFloats(text: string, value: Value): boolean {
  WHOLE_FLOATS.lastIndex = 0;
  if (text.includes('\\')) return !WHOLE_FLOATS.test(text);
  for (let found = WHOLE_FLOATS.exec(text); found !== null; found = WHOLE_FLOATS.exec(text)) {
    const colon = found.index;
    // In an array, or within a string.
    if (text.charCodeAt(colon) !== 0x3a) return false;
    const before = text.charCodeAt(colon - 1);
    if (before <= 0x20) return false;
    // What is not behind a key is within a string: 12:00.000
    if (before !== 0x22) continue;
    const number = Number(found[1]);
    if (Number.isFinite(number) && !Number.isInteger(number)) continue;
    const start = text.lastIndexOf('"', colon - 2);
    const key = text.slice(start, colon);
    if (text.indexOf(key) !== start || text.indexOf(key, colon) >= 0) return false;
    const name = key.slice(1, -1);
    const holder = holderOf(value, name);
    if (holder === undefined) return false;
    setField(holder, name, new Float(number));
  }
  return true;
}

/** The map that has this key. */
function holderOf(value: Value, key: string): Fields | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value) && Object.hasOwn(value, key)) return value as Fields;
  for (const inner of Array.isArray(value) ? value : Object.values(value as Fields)) {
    const holder = holderOf(inner, key);
    if (holder !== undefined) return holder;
  }
  return undefined;
}

/** The object that a text is, or undefined where it is anything else; never throws. */
export function parseJsonObject(text: string): Fields | undefined {
  if (text.charCodeAt(0) !== 0x7b && !/^\s*\{/.test(text)) return undefined;
  try {
    const value = parseJson(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const careful: Reviver = (_key, value, context) => {
  return typeof value === 'number' ? exactNumber(value, context.source ?? '') : value;
};

/** The value of a number's text where a double alone would not do. */
export function exactNumber(value: number, source: string): Value {
  if (/[.eE]/.test(source)) return Number.isInteger(value) || !Number.isFinite(value) ? new Float(value) : value;
  if (Number.isSafeInteger(value)) return value;
  const integer = BigInt(source);
  return integer >= -(2n ** 63n) && integer < 2n ** 64n ? integer : new Float(value);
}

/** @throws SyntaxError where brackets are nested deeper than MAX_DEPTH. */
function checkDepth(text: string): void {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === 0x5c) i++;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_DEPTH) throw new SyntaxError(`JSON is nested deeper than ${MAX_DEPTH} levels`);
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
}

const BEYOND_ASCII = /[\u0080-\uffff]/;
const ALL_BEYOND_ASCII = /[\u0080-\uffff]/g;
/**
 * In the output of JSON.stringify: a key that is no text; bytes that are no UTF-8, and the quote behind them; a lone
 * surrogate; any escape.
 */
const ESCAPES = /"((?:\\udd[0-9a-f]{2})+)":|((?:\\udc[89a-f][0-9a-f])+)("?)|\\(?:u(d[89a-f][0-9a-f]{2})|.)/g;

/** What a double of more than 16 digits holds; slow to look for (1 µs a record), so only where there is a fraction. */
const MANY_DIGITS = /[0-9.]{18}/;
const STRING_OR_DOUBLE = /"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?/g;

/**
 * One line of JSON. With `escapeUnicode` all of it is ASCII, as Fluent Bit writes it by default. Keys that are no text
 * stand in quotes, or with `bareKeys` without (`{1:"a"}`), which is no JSON, but what Fluent Bit writes.
 */
export function toJson(value: Value, escapeUnicode: boolean, bareKeys = false): string {
  let text = JSON.stringify(value);
  if (text.includes('\\ud')) text = text.replace(ESCAPES, bareKeys ? replaceBare : replaceLone);
  const care = fractions(value);
  if (care === TINY || (care === SOME && MANY_DIGITS.test(text))) text = text.replace(STRING_OR_DOUBLE, asInC);
  return escapeUnicode && BEYOND_ASCII.test(text) ? text.replace(ALL_BEYOND_ASCII, escapeUnit) : text;
}

const SOME = 1;
const TINY = 2;

/** Whether a value holds fractions, and such as JavaScript writes in another way than C. */
function fractions(value: Value): number {
  if (typeof value === 'number') return Number.isInteger(value) ? NONE : isTiny(value) ? TINY : SOME;
  if (typeof value !== 'object' || value === null) return NONE;
  if (value instanceof Float) return SOME;
  let found = NONE;
  if (Array.isArray(value)) {
    // Twice as fast as for-in.
    for (let at = 0; at < value.length; at++) found = Math.max(found, fractions(value[at] as Value));
    return found;
  }
  const fields = value as Fields;
  for (const key in fields) {
    const inner = fields[key] as Value;
    if (typeof inner !== 'string') found = Math.max(found, fractions(inner));
  }
  return found;
}

/** 0.30000000000000004 is printed as 0.3, 0.00001 as 1e-05. In a binary form they stay what they are. */
function asInC(token: string): string {
  const value = Number(token);
  // Whole ones are right already; zero would lose its sign.
  if (token.startsWith('"') || Number.isInteger(value) || !Number.isFinite(value)) return token;
  return fractionText(value);
}

/** A key as it stands in JSON, with its quotes. */
export function keyToJson(key: string, escapeUnicode: boolean): string {
  return toJson(keyText(key), escapeUnicode);
}

type Replaced = [
  run: string | undefined,
  quote: string | undefined,
  lone: string | undefined,
  offset: number,
  whole: string,
];

function replaceBare(found: string, odd: string | undefined, ...rest: Replaced): string {
  const value = odd === undefined ? undefined : oddKeyValue(JSON.parse(`"${odd}"`) as string);
  return value === undefined ? replaceLone(found, odd, ...rest) : `${toJson(value, false)}:`;
}

function replaceLone(
  found: string,
  odd: string | undefined,
  run: string | undefined,
  quote: string | undefined,
  lone: string | undefined,
  offset: number,
  whole: string,
): string {
  if (odd !== undefined) return oddKey(odd);
  if (lone !== undefined) return '\ufffd';
  if (run === undefined) return found;
  const bytes = run
    .split('\\u')
    .slice(1)
    .map((code) => Number.parseInt(code, 16) & 0xff);
  const length = bytes.length + (quote === '"' ? 0 : bytesToQuote(whole, offset + found.length));
  const kept = bytes.filter((byte, at) => at + sequenceLength(byte) <= length);
  return kept.map((byte, at) => brokenByte(byte, kept[at + 1], kept[at - 1])).join('') + quote;
}

/** The same units may stand in a key that is a text after all. */
function oddKey(escapes: string): string {
  const key = JSON.parse(`"${escapes}"`) as string;
  const text = oddKeyValue(key) === undefined ? '\ufffd'.repeat(key.length) : keyText(key);
  return `${toJson(text, false)}:`;
}

const startsOverlong = (byte: number | undefined): boolean => byte === 0xc0 || byte === 0xc1;
const continues = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x80 && byte < 0xc0;

/** An ASCII character in two bytes is printed as that character (as Fluent Bit: tail/invalid-utf8). */
function brokenByte(byte: number, next: number | undefined, before: number | undefined): string {
  if (startsOverlong(byte) && continues(next)) return '';
  if (startsOverlong(before) && continues(byte)) {
    const code = (((before as number) & 1) << 6) | (byte & 0x3f);
    return code < 0x20 || code === 0x22 || code === 0x5c
      ? `\\u${code.toString(16).padStart(4, '0')}`
      : String.fromCharCode(code);
  }
  return String.fromCharCode(0xe000 + byte);
}

/** How many bytes of the string that is open at `at` are still to come; past 5 it does not matter. */
function bytesToQuote(json: string, at: number): number {
  let bytes = 0;
  for (let next = at; bytes < 6 && json[next] !== '"'; ) {
    const isEscape = json[next] === '\\';
    // Of the escapes of JSON.stringify, only those of control characters and of single bytes have four digits.
    if (isEscape) next += json[next + 1] === 'u' ? 6 : 2;
    else next++;
    bytes += isEscape ? 1 : Buffer.byteLength(json[next - 1] as string);
  }
  return bytes;
}

/**
 * How many bytes a character takes that begins with this one. At the end of a text Fluent Bit does not print the first
 * byte of a character that was cut there.
 */
function sequenceLength(byte: number): number {
  if (byte < 0xc0) return 1;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf8 ? 4 : 6;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
