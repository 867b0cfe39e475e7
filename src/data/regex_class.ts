/** Character classes of Onigmo, as text inside JavaScript's brackets. */
import { posixRanges } from './regex_posix.ts';

/** What an escape stands for inside brackets, and its complement; ASCII, as in Onigmo's Ruby syntax. */
export const SETS: Readonly<Record<string, string>> = {
  d: '0-9',
  D: '\\0-/:-\\uffff',
  w: '0-9A-Z_a-z',
  W: '\\0-/:-@\\[-^`{-\\uffff',
  s: '\\t-\\r ',
  S: '\\0-\\x08\\x0e-\\x1f!-\\uffff',
  h: '0-9A-Fa-f',
  H: '\\0-/:-@G-`g-\\uffff',
};

/** One escaped character as JavaScript writes it, or undefined where it means something else there. */
export const CONTROL_ESCAPES: Readonly<Record<string, string>> = {
  a: '\\x07',
  e: '\\x1b',
  f: '\\f',
  n: '\\n',
  r: '\\r',
  t: '\\t',
  v: '\\x0b',
};

export interface TranslatedClass {
  /** With its brackets. */
  readonly text: string;
  /** Where the pattern goes on. */
  readonly end: number;
}

/**
 * The class that begins at `start` (an opening bracket). undefined where it needs more than a plain class: nested
 * sets, intersections, Unicode properties, characters beyond the basic plane.
 */
export function translateClass(pattern: string, start: number): TranslatedClass | undefined {
  let at = start + 1;
  let text = '[';
  if (pattern[at] === '^') {
    text += '^';
    at++;
  }
  // A bracket right at the begin is itself.
  if (pattern[at] === ']') {
    text += '\\]';
    at++;
  }
  while (at < pattern.length) {
    const char = pattern[at] as string;
    if (char === ']') return { text: `${text}]`, end: at + 1 };
    const part = char === '\\' ? escapeInClass(pattern, at) : plainInClass(pattern, at);
    if (!part) return undefined;
    text += part.text;
    at = part.end;
  }
  throw new SyntaxError(`the character class at ${start + 1} has no end`);
}

function plainInClass(pattern: string, at: number): TranslatedClass | undefined {
  const char = pattern[at] as string;
  if (char === '[') {
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(pattern.slice(at, at + 16));
    const set = posix ? posixRanges(posix[2] as string, posix[1] === '^') : undefined;
    return set === undefined ? undefined : { text: set, end: at + (posix?.[0].length ?? 0) };
  }
  if (char === '&' && pattern[at + 1] === '&') return undefined;
  if (char >= '\ud800' && char <= '\udfff') return undefined;
  return { text: char, end: at + 1 };
}

function escapeInClass(pattern: string, at: number): TranslatedClass | undefined {
  const char = pattern[at + 1];
  if (char === undefined) throw new SyntaxError('it ends with a backslash');
  if (Object.hasOwn(SETS, char)) return { text: SETS[char] as string, end: at + 2 };
  if (char === 'b') return { text: '\\b', end: at + 2 };
  if (/[pPRXkgKGuMC]/.test(char) && !/^\\u[0-9a-fA-F]{4}/.test(pattern.slice(at))) return undefined;
  return characterEscape(pattern, at);
}

/** An escape that stands for one character, in or outside of brackets. `at` is the backslash. */
export function characterEscape(pattern: string, at: number): TranslatedClass | undefined {
  const char = pattern[at + 1] as string;
  if (Object.hasOwn(CONTROL_ESCAPES, char)) return { text: CONTROL_ESCAPES[char] as string, end: at + 2 };
  const rest = pattern.slice(at, at + 12);
  const code =
    /^\\x\{([0-9a-fA-F]{1,8})\}/.exec(rest) ?? /^\\x([0-9a-fA-F]{1,2})/.exec(rest) ?? /^\\u([0-9a-fA-F]{4})/.exec(rest);
  if (code) return fromCode(Number.parseInt(code[1] as string, 16), at + code[0].length);
  const octal = /^\\(0[0-7]{0,2})/.exec(rest);
  if (octal) return fromCode(Number.parseInt(octal[1] as string, 8), at + octal[0].length);
  const control = /^\\c([a-zA-Z])/.exec(rest);
  if (control) return fromCode((control[1] as string).charCodeAt(0) & 31, at + 3);
  if (char >= '\ud800' && char <= '\udfff') return undefined;
  return { text: /[a-zA-Z0-9]/.test(char) ? char : char > '\x7f' ? char : `\\${char}`, end: at + 2 };
}

function fromCode(code: number, end: number): TranslatedClass | undefined {
  return code > 0xffff ? undefined : { text: `\\u${code.toString(16).padStart(4, '0')}`, end };
}
