/**
 * What the kinds look like, at a place in a text where one may be. Each matcher says where it begins and ends; those for
 * runs of characters also say how far they looked, so that nobody looks there again.
 *
 * Sources: ISO/IEC 7812 and the card schemes' number ranges; the rules of the Social Security Administration for its
 * numbers; the prefixes of AWS's unique identifiers; RFC 6750 (bearer tokens) and RFC 7519 (JWT); RFC 4291 (IPv6).
 */
import { isIPv6 } from 'node:net';

export const KINDS = ['card', 'ssn', 'email', 'aws', 'token', 'ip'] as const;
export type Kind = (typeof KINDS)[number];

type Span = readonly [start: number, end: number];
type SpanInRun = readonly [start: number, end: number, runEnd: number];
const NOTHING: SpanInRun = [0, 0, 0];

/** 0 where there is none: V8 is slow where charCodeAt answers NaN. */
const codeAt = (text: string, at: number): number => (at >= 0 && at < text.length ? text.charCodeAt(at) : 0);

const wordBefore = (text: string, at: number): boolean => /[A-Za-z0-9]/.test(text.charAt(at - 1));

const CARD = /(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5})(?![A-Za-z0-9])/y;
/** The number without the three digits that may follow it: a part of it, or the code from the card's back. */
const SHORTER = 4;

/** The end of the card number at `at`, or 0. Not within a longer word, nor behind a decimal point. */
export function cardEnd(text: string, at: number): number {
  if (wordBefore(text, at) || (text.charAt(at - 1) === '.' && /\d/.test(text.charAt(at - 2)))) return 0;
  CARD.lastIndex = at;
  if (!CARD.test(text)) return 0;
  const end = CARD.lastIndex;
  if (isCard(text.slice(at, end))) return end;
  const shorter = end - SHORTER;
  return end - at === 23 && isCard(text.slice(at, shorter)) ? shorter : 0;
}

/** First digits and lengths of the schemes: Visa, Mastercard, American Express, Discover, Diners, JCB, UnionPay, Maestro. */
const SCHEME =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720))\d{12,14}|3[47]\d{13}|(?:6011|64[4-9]\d|65\d\d)\d{12,15}|3(?:0[0-5]|[689]\d)\d{11,16}|35(?:2[89]|[3-8]\d)\d{12,15}|(?:62|5[06-9]|6[0-9])\d{11,17})$/;

/** Whether these digits (blanks and dashes between them do not count) are a number that a card scheme gives out. */
export function isCard(text: string): boolean {
  const digits = text.replace(/[ -]/g, '');
  return SCHEME.test(digits) && fitsLuhn(digits);
}

function fitsLuhn(digits: string): boolean {
  let sum = 0;
  for (let at = digits.length - 1, isSecond = false; at >= 0; at--, isSecond = !isSecond) {
    const digit = digits.charCodeAt(at) - 48;
    sum += isSecond ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}

/** An access key id: what it belongs to, and 16 or more characters. */
const AWS_KEY_ID = /A(?:KIA|SIA|BIA|CCA|GPA|IDA|IPA|NPA|NVA|PKA|ROA)[A-Z0-9]{16,28}(?![A-Za-z0-9])/y;

export function awsIdEnd(text: string, at: number): number {
  if (wordBefore(text, at)) return 0;
  AWS_KEY_ID.lastIndex = at;
  return AWS_KEY_ID.test(text) ? AWS_KEY_ID.lastIndex : 0;
}

const SSN = /(?!000|666|9)\d{3}([ -])(?!00)\d\d\1(?!0000)\d{4}(?![A-Za-z0-9]|-\d)/y;

export function ssnEnd(text: string, at: number): number {
  if (wordBefore(text, at) || /\d-$/.test(text.slice(Math.max(0, at - 2), at))) return 0;
  SSN.lastIndex = at;
  return SSN.test(text) ? SSN.lastIndex : 0;
}

const POINT = 46;
const COLON = 58;

/**
 * Four numbers to 255 without leading zeros, as bytes with zeros behind their end; by hand, since nearly every record
 * has a 0.25 that is asked for.
 */
export function ip4End(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let part = 1; ; part++) {
    let value = 0;
    const first = at;
    for (let code = bytes[at] as number; isDigit(code); code = bytes[++at] as number) value = value * 10 + code - 48;
    const digits = at - first;
    if (digits === 0 || digits > 3 || value > 255 || (digits > 1 && bytes[first] === 48)) return 0;
    if (part === 4) break;
    if (bytes[at++] !== POINT) return 0;
  }
  const goesOn = bytes[at] === POINT && isDigit(bytes[at + 1] as number);
  const before = start > 0 ? (bytes[start - 1] as number) : 0;
  return goesOn || before === POINT || isWord(before) ? 0 : at;
}

/** Letters and digits of ASCII. */
const isWord = (code: number): boolean => isDigit(code) || ((code | 32) >= 97 && (code | 32) <= 122);

const LONGEST_IP6 = 50;

/** The address around a colon of a run of hexadecimal digits, colons and points. */
export function ip6Around(text: string, colon: number, from: number): SpanInRun {
  let runEnd = colon + 1;
  while (isOfIp6(codeAt(text, runEnd))) runEnd++;
  let start = colon;
  while (start > from && colon - start <= LONGEST_IP6 && isOfIp6(codeAt(text, start - 1))) start--;
  if (runEnd - start > LONGEST_IP6 || /\w/.test(text.charAt(start - 1)) || /\w/.test(text.charAt(runEnd)))
    return [0, 0, runEnd];
  const run = text.slice(start, runEnd).replace(/\.$|(?<!:):$/, '');
  // Names of code (a::b) have no digits.
  const isAddress = (/\d/.test(run) || run.split(':').length > 4) && isIPv6(run);
  return [start, isAddress ? start + run.length : 0, runEnd];
}

const isOfIp6 = (code: number): boolean => isHex(code) || code === COLON || code === POINT;
export const isDigit = (code: number): boolean => code >= 48 && code <= 57;
export const isHex = (code: number): boolean => isDigit(code) || ((code | 32) >= 97 && (code | 32) <= 102);

const DOMAIN =
  /(?:[A-Za-z0-9\u00c0-\u024f](?:[A-Za-z0-9\u00c0-\u024f-]{0,62})\.){1,9}([A-Za-z\u00c0-\u024f][A-Za-z0-9\u00c0-\u024f-]{1,62})/y;
const LOCAL_SIGN = /[A-Za-z0-9._%+'\u00c0-\u024f-]/;
/** Endings of units of systemd (user@1000.service) and of pictures (logo@2x.png), which are no domains. */
const NO_DOMAIN =
  /^(?:service|socket|timer|slice|scope|mount|target|device|swap|png|jpe?g|gif|svg|webp|avif|ico|css|js|mjs|map)$/i;

/** The address around an @ (or %40, of a URL) that ends at `behind`; its local part does not begin before `from`. */
export function emailAround(text: string, sign: number, behind: number, from: number): Span | undefined {
  DOMAIN.lastIndex = behind;
  const domain = DOMAIN.exec(text);
  if (!domain || NO_DOMAIN.test(domain[1] as string)) return undefined;
  let start = sign;
  while (start > from && LOCAL_SIGN.test(text.charAt(start - 1))) start--;
  while (start < sign && /['.]/.test(text.charAt(start))) start++;
  return start < sign ? [start, DOMAIN.lastIndex] : undefined;
}

const BEARER = /bearer(?:\s|%20|[:=+"'\\]){1,6}/iy;
const TOKEN_RUN = /[A-Za-z0-9._~+/=-]*/y;
const LONG_TOKEN = 24;

/** The token behind the word bearer; the word stays. */
export function tokenAfter(text: string, at: number): SpanInRun {
  BEARER.lastIndex = at;
  if (!BEARER.test(text)) return NOTHING;
  const start = BEARER.lastIndex;
  TOKEN_RUN.lastIndex = start;
  TOKEN_RUN.test(text);
  const end = TOKEN_RUN.lastIndex;
  return [start, isToken(text.slice(start, end)) ? end : 0, end];
}

/** "bearer authentication" is none. */
function isToken(text: string): boolean {
  return text.length >= LONG_TOKEN || (text.length >= 8 && /\d|.[A-Z]/.test(text));
}

const JWT_PART = /[A-Za-z0-9_-]*/y;

/** Of the head ({"alg":..}) and of what follows it. */
const SHORTEST_PARTS = [8, 4];

/** Two parts at least, with a point between them. @returns its end, or 0, and how far that is known */
export function jwtEnd(text: string, start: number): readonly [end: number, runEnd: number] {
  let end = start;
  for (let parts = 1; ; parts++) {
    JWT_PART.lastIndex = end;
    JWT_PART.test(text);
    const partEnd = JWT_PART.lastIndex;
    if (partEnd - end < (SHORTEST_PARTS[parts - 1] ?? 0)) return [0, partEnd];
    end = partEnd;
    if (parts === 5 || text.charAt(end) !== '.') return [parts > 1 ? end : 0, end];
    end++;
  }
}

/** Behind the name of a secret key or session token of AWS: signs between name and value, and the value. */
const VALUE =
  /(?:key|token)["'\\]{0,4}\s{0,4}(?:=>?|:)?\s{0,4}["'\\]{0,4}([A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])|[A-Za-z0-9/+]{100,4096}={0,2})/iy;
const NAME_BEFORE = /secret[\w .-]{0,20}$|(?:session|security)[_ .-]?$/i;
const NAME_WITHIN = 30;

/** `at` is the K of "key" or "token". */
export function valueAfterName(text: string, at: number, from: number): Span | undefined {
  const begin = codeAt(text, at + 2) === 110 || codeAt(text, at + 2) === 78 ? at - 2 : at;
  if (begin < from) return undefined;
  VALUE.lastIndex = begin;
  const match = VALUE.exec(text);
  if (!match || !NAME_BEFORE.test(text.slice(Math.max(0, begin - NAME_WITHIN), begin))) return undefined;
  return [VALUE.lastIndex - (match[1] as string).length, VALUE.lastIndex];
}

/** Whether a field of this name and value is a secret key of AWS. */
export const isSecretKey = (name: string, value: string): boolean =>
  value.length === 40 && /secret.{0,20}key/i.test(name) && /^[A-Za-z0-9/+]+$/.test(value);
