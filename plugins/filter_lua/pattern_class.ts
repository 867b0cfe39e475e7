/** The classes of characters in Lua's patterns: `%a`, `[a-z%d_]`, `.`; all of ASCII, as in the C locale. */

/** A class as the inside of a set of a regular expression. */
export const CLASS_RANGES: Readonly<Record<string, string>> = {
  a: 'A-Za-z',
  c: '\\x00-\\x1f\\x7f',
  d: '0-9',
  l: 'a-z',
  p: '!-/:-@\\[-`{-~',
  s: '\\t-\\r ',
  u: 'A-Z',
  w: 'A-Za-z0-9',
  x: 'A-Fa-f0-9',
  z: '\\x00',
  g: '!-~',
};

const CLASS_TESTS = new Map(
  Object.entries(CLASS_RANGES).map(([name, ranges]) => [name, new RegExp(`[${ranges}]`)] as const),
);

/** A letter after `%`: a class, its opposite in upper case, or itself. */
function inLetter(code: number, letter: string): boolean {
  const test = CLASS_TESTS.get(letter.toLowerCase());
  if (!test) return code === letter.charCodeAt(0);
  return test.test(String.fromCharCode(code)) === (letter === letter.toLowerCase());
}

/** Whether a character is in the item that stands in the pattern from `p` to before `end`. */
export function inClass(code: number, pattern: string, p: number, end: number): boolean {
  const sign = pattern[p];
  if (sign === '.') return true;
  if (sign === '%') return inLetter(code, pattern[p + 1] ?? '%');
  if (sign !== '[') return code === pattern.charCodeAt(p);
  const negative = pattern[p + 1] === '^';
  for (let at = p + (negative ? 2 : 1); at < end - 1; at++) {
    let found: boolean;
    if (pattern[at] === '%') found = inLetter(code, pattern[++at] ?? '%');
    else if (pattern[at + 1] === '-' && at + 2 < end - 1) {
      found = pattern.charCodeAt(at) <= code && code <= pattern.charCodeAt(at + 2);
      at += 2;
    } else found = code === pattern.charCodeAt(at);
    if (found) return !negative;
  }
  return negative;
}
