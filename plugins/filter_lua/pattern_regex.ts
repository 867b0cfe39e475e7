/**
 * Lua's patterns as regular expressions. Everything but `%b` and what is malformed has one that matches the same texts in
 * the same way: both backtrack, and repetition is of single characters only.
 */
import type { Capture, Pattern, PatternMatch } from './pattern.ts';
import { CLASS_RANGES } from './pattern_class.ts';

/** undefined where the pattern must be matched step by step. */
export function regexOf(source: string): Pattern | undefined {
  const anchored = source.startsWith('^');
  const translation = new Translator(source, anchored ? 1 : 0).run();
  if (!translation) return undefined;
  const { regex, positions } = translation;
  const flags = `${anchored ? 'y' : 'g'}${positions.size > 0 ? 'd' : ''}`;
  return new RegexPattern(new RegExp(regex, flags), anchored, positions);
}

class RegexPattern implements Pattern {
  readonly anchored: boolean;
  readonly #regex: RegExp;
  /** Which groups give a position. */
  readonly #positions: ReadonlySet<number>;

  constructor(regex: RegExp, anchored: boolean, positions: ReadonlySet<number>) {
    this.#regex = regex;
    this.anchored = anchored;
    this.#positions = positions;
  }

  search(text: string, from: number): PatternMatch | undefined {
    this.#regex.lastIndex = from;
    const match = this.#regex.exec(text);
    if (!match) return undefined;
    const captures: Capture[] = [];
    for (let at = 1; at < match.length; at++)
      captures.push(this.#positions.has(at) ? (match.indices?.[at]?.[0] ?? 0) + 1 : (match[at] as string));
    return { start: match.index, end: match.index + match[0].length, captures };
  }
}

class Translator {
  readonly #source: string;
  #at: number;
  #out = '';
  #groups = 0;
  readonly #open: number[] = [];
  readonly #closed = new Set<number>();
  readonly #positions = new Set<number>();

  constructor(source: string, start: number) {
    this.#source = source;
    this.#at = start;
  }

  run(): { regex: string; positions: ReadonlySet<number> } | undefined {
    while (this.#at < this.#source.length) if (!this.#step()) return undefined;
    return this.#open.length === 0 ? { regex: this.#out, positions: this.#positions } : undefined;
  }

  #step(): boolean {
    const source = this.#source;
    const sign = source[this.#at];
    if (sign === '(') return this.#group();
    if (sign === ')') {
      const group = this.#open.pop();
      if (group === undefined) return false;
      this.#closed.add(group);
      return this.#put(')', 1);
    }
    if (sign === '$' && this.#at + 1 === source.length) return this.#put('$', 1);
    const letter = source[this.#at + 1] ?? '';
    if (sign === '%' && letter === 'b') return false;
    if (sign === '%' && letter === 'f') return this.#frontier();
    if (sign === '%' && /\d/.test(letter)) {
      if (!this.#closed.has(Number(letter)) || this.#positions.has(Number(letter))) return false;
      return this.#put(`(?:\\${letter})`, 2);
    }
    return this.#item();
  }

  #put(code: string, length: number): boolean {
    this.#out += code;
    this.#at += length;
    return true;
  }

  #group(): boolean {
    const group = ++this.#groups;
    if (this.#source[this.#at + 1] === ')') {
      this.#positions.add(group);
      return this.#put('()', 2);
    }
    this.#open.push(group);
    return this.#put('(', 1);
  }

  /** `%f[set]`: here begins what is in the set; before and after the text stand zero bytes. */
  #frontier(): boolean {
    this.#at += 2;
    const set = this.#source[this.#at] === '[' ? this.#set() : undefined;
    if (set === undefined) return false;
    const zero = new RegExp(set).test('\0');
    this.#out += zero ? `(?<!${set}|^)(?:(?=${set})|$)` : `(?<!${set})(?=${set})`;
    return true;
  }

  #item(): boolean {
    const code = this.#single();
    if (code === undefined) return false;
    const many = this.#source[this.#at];
    if (many === '*' || many === '+' || many === '?') return this.#put(`${code}${many}`, 1);
    if (many === '-') return this.#put(`${code}*?`, 1);
    return this.#put(code, 0);
  }

  #single(): string | undefined {
    const sign = this.#source[this.#at] as string;
    if (sign === '[') return this.#set();
    this.#at++;
    if (sign === '.') return '[^]';
    if (sign !== '%') return literal(sign);
    const letter = this.#source[this.#at++];
    if (letter === undefined) return undefined;
    const ranges = CLASS_RANGES[letter.toLowerCase()];
    if (ranges === undefined) return literal(letter);
    return letter === letter.toLowerCase() ? `[${ranges}]` : `[^${ranges}]`;
  }

  #set(): string | undefined {
    const source = this.#source;
    let at = this.#at + 1;
    const negative = source[at] === '^';
    if (negative) at++;
    let inside = '';
    do {
      const sign = source[at];
      if (sign === undefined) return undefined;
      if (sign === '%') {
        const letter = source[at + 1];
        if (letter === undefined) return undefined;
        inside += classInSet(letter);
        at += 2;
      } else if (source[at + 1] === '-' && source[at + 2] !== undefined && source[at + 2] !== ']') {
        const end = source[at + 2] as string;
        if (sign <= end) inside += `${literal(sign)}-${literal(end)}`;
        at += 3;
      } else {
        inside += literal(sign);
        at++;
      }
    } while (source[at] !== ']');
    this.#at = at + 1;
    return `[${negative ? '^' : ''}${inside}]`;
  }
}

function classInSet(letter: string): string {
  const ranges = CLASS_RANGES[letter.toLowerCase()];
  if (ranges === undefined) return literal(letter);
  return letter === letter.toLowerCase() ? ranges : (OPPOSITES[letter.toLowerCase()] ?? literal(letter));
}

/** The opposite of each class, as ranges of bytes. */
const OPPOSITES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(CLASS_RANGES).map(([name, ranges]) => {
    const test = new RegExp(`[^${ranges}]`);
    const codes = Array.from({ length: 256 }, (_, code) => code).filter((code) => test.test(String.fromCharCode(code)));
    return [name, codes.map((code) => literal(String.fromCharCode(code))).join('')];
  }),
);

function literal(sign: string): string {
  return /[A-Za-z0-9_ ]/.test(sign) ? sign : `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
