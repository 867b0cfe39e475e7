/**
 * Lua's patterns. Most become regular expressions of JavaScript (`pattern_regex.ts`), which V8 compiles; what those
 * cannot say (`%b`) is matched here, step by step, with backtracking, as Lua does. Texts hold one byte a character.
 */
import type { Budget } from './budget.ts';
import { fail } from './errors.ts';
import { inClass } from './pattern_class.ts';
import { regexOf } from './pattern_regex.ts';

/** A captured text, or (of an empty `()`) a position from 1. */
export type Capture = string | number;

export interface PatternMatch {
  readonly start: number;
  readonly end: number;
  readonly captures: readonly Capture[];
}

export interface Pattern {
  /** Only the begin of the text may match. */
  readonly anchored: boolean;
  /** The first match at `from` or after it. */
  search(text: string, from: number): PatternMatch | undefined;
}

/** Patterns are few in a script and used often. */
const REMEMBERED = 500;
const known = new Map<string, Pattern>();

export function patternOf(source: string, budget: Budget): Pattern {
  let pattern = known.get(source);
  if (pattern === undefined) {
    pattern = regexOf(source) ?? new Stepper(source, budget);
    if (known.size >= REMEMBERED) known.clear();
    known.set(source, pattern);
  }
  return pattern;
}

/** Deeper recursion is a pattern too complex. */
const DEEPEST = 200;
const POSITION = -2;
const OPEN = -1;

class Stepper implements Pattern {
  readonly anchored: boolean;
  readonly #pattern: string;
  readonly #budget: Budget;
  #text = '';
  #depth = 0;
  #captures: { start: number; length: number }[] = [];

  constructor(source: string, budget: Budget) {
    this.anchored = source.startsWith('^');
    this.#pattern = this.anchored ? source.slice(1) : source;
    this.#budget = budget;
  }

  search(text: string, from: number): PatternMatch | undefined {
    this.#text = text;
    for (let start = from; start <= text.length; start++) {
      this.#captures = [];
      this.#depth = 0;
      const end = this.#match(start, 0);
      if (end >= 0) return { start, end, captures: this.#captures.map((one) => this.#value(one)) };
      if (this.anchored) break;
    }
    return undefined;
  }

  #value({ start, length }: { start: number; length: number }): Capture {
    if (length === POSITION) return start + 1;
    if (length === OPEN) return fail('unfinished capture');
    return this.#text.slice(start, start + length);
  }

  /** Where the match ends of the pattern from `p` on with the text from `s` on; -1: none. */
  #match(s: number, p: number): number {
    if (++this.#depth > DEEPEST) fail('pattern too complex');
    this.#budget.spend(1);
    const end = this.#matchRest(s, p);
    this.#depth--;
    return end;
  }

  #matchRest(from: number, at: number): number {
    let [s, p] = [from, at];
    const pattern = this.#pattern;
    while (p < pattern.length) {
      const sign = pattern[p];
      if (sign === '(') return pattern[p + 1] === ')' ? this.#open(s, p + 2, POSITION) : this.#open(s, p + 1, OPEN);
      if (sign === ')') return this.#close(s, p + 1);
      if (sign === '$' && p + 1 === pattern.length) return s === this.#text.length ? s : -1;
      if (sign === '%' && pattern[p + 1] === 'b') {
        s = this.#balanced(s, p + 2);
        p += 4;
      } else if (sign === '%' && pattern[p + 1] === 'f') {
        const end = this.#itemEnd(p + 2);
        if (this.#fits(s - 1, p + 2, end) || !this.#fits(s, p + 2, end)) return -1;
        p = end;
      } else if (sign === '%' && /\d/.test(pattern[p + 1] ?? '')) {
        s = this.#again(s, Number(pattern[p + 1]));
        p += 2;
      } else {
        const end = this.#itemEnd(p);
        const many = pattern[end];
        if (many === '*' || many === '+' || many === '-' || many === '?') return this.#repeat(s, p, end, many);
        if (s >= this.#text.length || !this.#fits(s, p, end)) return -1;
        s++;
        p = end;
      }
      if (s < 0) return -1;
    }
    return s;
  }

  #repeat(s: number, p: number, end: number, many: string): number {
    const fits = (at: number) => at < this.#text.length && this.#fits(at, p, end);
    if (many === '?') {
      const with1 = fits(s) ? this.#match(s + 1, end + 1) : -1;
      return with1 >= 0 ? with1 : this.#match(s, end + 1);
    }
    if (many === '-') {
      for (let at = s; ; at++) {
        const found = this.#match(at, end + 1);
        if (found >= 0 || !fits(at)) return found;
      }
    }
    let last = s;
    while (fits(last)) last++;
    this.#budget.spend(last - s);
    for (const least = many === '+' ? s + 1 : s; last >= least; last--) {
      const found = this.#match(last, end + 1);
      if (found >= 0) return found;
    }
    return -1;
  }

  /** Whether the character at `s` is one of the item that stands at `p`; beyond the text it is a zero byte. */
  #fits(s: number, p: number, end: number): boolean {
    const code = s >= 0 && s < this.#text.length ? this.#text.charCodeAt(s) : 0;
    return inClass(code, this.#pattern, p, end);
  }

  #itemEnd(p: number): number {
    const pattern = this.#pattern;
    if (pattern[p] === '%') return p + 1 < pattern.length ? p + 2 : fail("malformed pattern (ends with '%')");
    if (pattern[p] !== '[') return p + 1;
    // A bracket right at the begin is one of the set.
    let end = p + (pattern[p + 1] === '^' ? 2 : 1);
    do {
      if (end >= pattern.length) fail("malformed pattern (missing ']')");
      end += pattern[end] === '%' ? 2 : 1;
    } while (pattern[end] !== ']');
    return end + 1;
  }

  #open(s: number, p: number, length: number): number {
    this.#captures.push({ start: s, length });
    const end = this.#match(s, p);
    if (end < 0) this.#captures.pop();
    return end;
  }

  #close(s: number, p: number): number {
    const capture = this.#captures.findLast(({ length }) => length === OPEN) ?? fail('invalid pattern capture');
    capture.length = s - capture.start;
    const end = this.#match(s, p);
    if (end < 0) capture.length = OPEN;
    return end;
  }

  #balanced(s: number, p: number): number {
    const [open, close] = [this.#pattern[p], this.#pattern[p + 1]];
    if (close === undefined) fail('unbalanced pattern');
    if (this.#text[s] !== open) return -1;
    let depth = 1;
    for (let at = s + 1; at < this.#text.length; at++) {
      const sign = this.#text[at];
      if (sign === close && --depth === 0) {
        this.#budget.spend(at - s);
        return at + 1;
      }
      if (sign === open && sign !== close) depth++;
    }
    return -1;
  }

  #again(s: number, number: number): number {
    const capture = this.#captures[number - 1];
    if (capture === undefined || capture.length === OPEN) return fail('invalid capture index');
    const text = this.#text.slice(capture.start, capture.start + capture.length);
    return this.#text.startsWith(text, s) ? s + text.length : -1;
  }
}
