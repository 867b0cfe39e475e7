/**
 * Onigmo's Ruby syntax → the source of a JavaScript RegExp without the flags u and v, since only such a one is fast
 * and can fall back to V8's linear engine when it backtracks too much. What cannot be said that way gives undefined.
 *
 * `^` and `$` are the starts and ends of lines (flag m), `.` is everything but a line feed, \d \w \s are ASCII, plain
 * groups do not capture where named ones exist. Two names that are the same become different groups; `names` tells.
 *
 * Known to differ: `$` is also true before a carriage return, as it is for JavaScript's flag m, since saying it exactly
 * takes a look-ahead, which the linear engine does not run.
 */
import { anyCase, classInAnyCase } from './regex_case.ts';
import { characterEscape, SETS, translateClass } from './regex_class.ts';
import { copiesOf, MAX_COPIES, repeatInPieces } from './regex_repeat.ts';

export interface Translation {
  readonly source: string;
  /** The name of each capturing group, from 1 on; undefined for one without a name. */
  readonly names: readonly (string | undefined)[];
  /** Whether it needs the flag m. */
  readonly multiline: boolean;
  /** Whether V8's linear engine can run it: no look-ahead, no backreference. */
  readonly linear: boolean;
  /** Whether a group with a quantifier without end holds another one. */
  readonly nested: boolean;
}

interface Options {
  ignoreCase: boolean;
  dotAll: boolean;
  extended: boolean;
}

interface Form {
  /** With the flag m; without it, ^ and $ are \A and \z. */
  readonly multiline: boolean;
  /** \b is JavaScript's own. */
  readonly asciiWords: boolean;
}

interface Group {
  /** Where it begins in the output. */
  readonly start: number;
  readonly options: Options;
  /** What closes it besides the bracket: a backreference for an atomic group, brackets for (?i). */
  closing: string;
  unbounded: boolean;
  /** How often the linear engine writes down the part of it that is repeated most often. */
  copies: number;
}

/** Thrown inside, to leave the recursion: the pattern needs the larger translator. */
class NotPlain extends Error {}

/** @throws SyntaxError for what no regular expression allows; undefined where the larger translator is needed. */
export function translate(pattern: string, options: Options): Translation | undefined {
  try {
    let form: Form = { multiline: false, asciiWords: false };
    let found = new Translator(pattern, options, form).run();
    if (found.multiline) {
      form = { ...form, multiline: true };
      found = new Translator(pattern, options, form).run();
    }
    // Better protected than right at the edges of words in other scripts.
    if (found.nested && !found.linear) found = new Translator(pattern, options, { ...form, asciiWords: true }).run();
    return found;
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

/** Word characters for \b: as Onigmo, letters of other scripts too (by range, without their exceptions). */
const WORD =
  '[0-9A-Z_a-z\\xaa\\xb5\\xba\\xc0-\\xd6\\xd8-\\xf6\\xf8-\\u1fff\\u2c00-\\u2dff\\u3040-\\ud7ff\\ud800-\\udbff\\uf900-\\ufdff\\ufe70-\\ufefc\\uff10-\\uff19\\uff21-\\uff3a\\uff41-\\uff5a\\uff66-\\uffdc]';

/**
 * What follows a `^` that may hold at the end of a text after its line feed, where Onigmo's `^` does not: an empty line
 * (`^$`, `^\s*$`) would be found at the end of every text that ends its line. Patterns that go on take a character there.
 */
const MAYBE_NOTHING = /^(?:(?:\[\^?[^\]]+\]|\\[a-z]|[^\\()|[\]^$*+?{}])(?:[*?]|\{0?,\d*\}))*\$?(?:[|)]|$)/;
const NOT_AFTER_LAST = '(?:(?<![^])|(?=[^]))';

interface Assertion {
  readonly text: string;
  readonly linear: boolean;
}

const assertion = (text: string, linear = !/\(\?[=!]/.test(text)): Assertion => ({ text, linear });

/** `form` may have simpler ways to say it. */
function assertionOf(letter: string, form: Form): Assertion | undefined {
  if (form.asciiWords && (letter === 'b' || letter === 'B')) return assertion(`\\${letter}`);
  if (!form.multiline && letter === 'A') return assertion('^');
  if (!form.multiline && letter === 'z') return assertion('$');
  return Object.hasOwn(ASSERTIONS, letter) ? assertion(ASSERTIONS[letter] as string) : undefined;
}

const ASSERTIONS: Readonly<Record<string, string>> = {
  A: '(?<![^])',
  z: '(?![^])',
  Z: '(?=\\n?(?![^]))',
  b: `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`,
  B: `(?:(?<=${WORD})(?=${WORD})|(?<!${WORD})(?!${WORD}))`,
};

function inherit(outer: Group, inner: Group): void {
  outer.unbounded ||= inner.unbounded;
  outer.copies = Math.max(outer.copies, inner.copies);
}

class Translator {
  readonly #pattern: string;
  readonly #hasNames: boolean;
  readonly #names: (string | undefined)[] = [];
  /** The group numbers of the pattern, as numbers here: atomic groups add some in between. */
  readonly #numbers: number[] = [];
  readonly #groups: Group[] = [];
  #options: Options;
  #out = '';
  #at = 0;
  /** Where the last thing that a quantifier may follow begins in the output; -1 where there is none. */
  #atom = -1;
  #atomUnbounded = false;
  #atomCopies = 1;
  /** Whether it is one character or class. */
  #atomSimple = false;
  #linear = true;
  #nested = false;
  #multiline = false;
  readonly #form: Form;

  constructor(pattern: string, options: Options, form: Form) {
    this.#pattern = pattern;
    this.#form = form;
    this.#options = { ...options };
    this.#hasNames = /\(\?(?:<[^=!]|')/.test(pattern.replace(/\\./g, ''));
  }

  run(): Translation {
    while (this.#at < this.#pattern.length) this.#step(this.#pattern[this.#at] as string);
    while (this.#groups.length > 0) {
      // Options without a group of their own, (?i), reach to the end.
      if (this.#groups.at(-1)?.closing !== ')') throw new SyntaxError('a group has no end');
      this.#groups.pop();
      this.#out += ')';
    }
    return {
      source: this.#out,
      names: this.#names,
      multiline: this.#multiline,
      linear: this.#linear,
      nested: this.#nested,
    };
  }

  #step(char: string): void {
    if (this.#options.extended && this.#skipped(char)) return;
    if (char === '\\') this.#escape();
    else if (char === '(') this.#open();
    else if (char === ')') this.#close();
    else if (char === '[') this.#class();
    else if (char === '*' || char === '+' || char === '?' || char === '{') this.#quantifier(char);
    else this.#plain(char);
  }

  /** Blanks and comments of the x option. */
  #skipped(char: string): boolean {
    if (/\s/.test(char)) this.#at++;
    else if (char === '#') {
      const end = this.#pattern.indexOf('\n', this.#at);
      this.#at = end < 0 ? this.#pattern.length : end + 1;
    } else return false;
    return true;
  }

  #emit(text: string, end: number): void {
    this.#atom = this.#out.length;
    this.#atomUnbounded = false;
    this.#atomCopies = 1;
    this.#atomSimple = true;
    this.#out += text;
    this.#at = end;
  }

  #plain(char: string): void {
    if (char === '|' || char === '^' || char === '$') {
      // Only a line feed ends a line in Onigmo; for JavaScript's flag m others do, too.
      this.#out += char === '^' ? '^(?<![\\r\\u2028\\u2029])' : char;
      if (char === '^' && MAYBE_NOTHING.test(this.#pattern.slice(this.#at + 1))) {
        this.#out += NOT_AFTER_LAST;
        this.#linear = false;
      }
      if (char !== '|') this.#multiline = true;
      this.#at++;
      this.#atom = -1;
    } else if (char === '.') this.#emit(this.#dot(), this.#at + 1);
    else if (char >= '\ud800' && char <= '\udfff') throw new NotPlain();
    else if (char === '/' || char === '}' || char === ']') this.#emit(`\\${char}`, this.#at + 1);
    else this.#emit(this.#options.ignoreCase ? anyCase(char, char) : char, this.#at + 1);
  }

  /** Alone it takes both halves of a character beyond the basic plane; repeated, it comes by both anyway. */
  #dot(): string {
    const one = this.#options.dotAll ? '[^]' : '[^\\n]';
    const next = this.#pattern[this.#at + 1];
    return next === '*' || next === '+' ? one : `(?:[\\ud800-\\udbff][\\udc00-\\udfff]|${one})`;
  }

  #class(): void {
    const found = translateClass(this.#pattern, this.#at);
    if (!found) throw new NotPlain();
    this.#emit(this.#options.ignoreCase ? classInAnyCase(found.text) : found.text, found.end);
  }

  #escape(): void {
    const char = this.#pattern[this.#at + 1];
    if (char === undefined) throw new SyntaxError('it ends with a backslash');
    const found = assertionOf(char, this.#form);
    if (Object.hasOwn(SETS, char)) this.#emit(`[${SETS[char]}]`, this.#at + 2);
    else if (found) {
      this.#linear &&= found.linear;
      this.#emit(found.text, this.#at + 2);
    } else if (char === 'R') this.#emit('(?:\\r\\n|[\\n-\\r\\x85\\u2028\\u2029])', this.#at + 2);
    else if (char === 'k' || (char >= '1' && char <= '9')) this.#backreference();
    else if (/[pPXgKGMC]/.test(char)) throw new NotPlain();
    else {
      const one = characterEscape(this.#pattern, this.#at);
      if (!one) throw new NotPlain();
      this.#emit(this.#options.ignoreCase ? classInAnyCase(`[${one.text}]`) : one.text, one.end);
    }
  }

  #backreference(): void {
    const rest = this.#pattern.slice(this.#at);
    const match = /^\\(?:k<(\w+)>|k'(\w+)'|([1-9]\d?))/.exec(rest);
    if (!match) throw new NotPlain();
    const name = match[1] ?? match[2] ?? match[3] ?? '';
    const number = /^\d+$/.test(name) ? this.#numbers[Number(name) - 1] : this.#names.lastIndexOf(name) + 1;
    // A reference forwards, or to a group by number where names exist.
    if (!number) throw new NotPlain();
    this.#linear = false;
    this.#emit(this.#options.ignoreCase ? `(?i:\\${number})` : `(?:\\${number})`, this.#at + match[0].length);
  }

  #open(): void {
    const rest = this.#pattern.slice(this.#at);
    const special = /^\(\?(?:<(?![=!])([^>]*)>|'([^']*)'|(<?[=!]|[:>])|#[^)]*\)|([imx]*)(?:-([imx]+))?([:)]))/.exec(
      rest,
    );
    if (rest.startsWith('(?') && !special) throw new NotPlain();
    if (rest.startsWith('(?#')) this.#at += special?.[0].length ?? 0;
    else if (special?.[6]) this.#openOptions(special);
    else if (special?.[3]) this.#openSpecial(special[3], special[0].length);
    else this.#openCapture(special?.[1] ?? special?.[2], special?.[0].length ?? 1);
  }

  #push(text: string, closing: string, length: number): void {
    this.#groups.push({ start: this.#out.length, options: { ...this.#options }, closing, unbounded: false, copies: 1 });
    this.#out += text;
    this.#at += length;
    this.#atom = -1;
  }

  #openCapture(name: string | undefined, length: number): void {
    if (name === undefined && this.#hasNames) {
      this.#push('(?:', '', length);
      return;
    }
    if (name === '') throw new SyntaxError('a group has an empty name');
    this.#names.push(name);
    this.#numbers.push(this.#names.length);
    this.#push('(', '', length);
  }

  #openSpecial(kind: string, length: number): void {
    if (kind === ':') this.#push('(?:', '', length);
    else if (kind === '>') {
      this.#linear = false;
      this.#names.push(undefined);
      this.#push('(?:(?=(', `))\\${this.#names.length}`, length);
    } else {
      // The linear engine runs look-behind, but not look-ahead.
      if (kind[0] !== '<') this.#linear = false;
      this.#push(`(?${kind}`, '', length);
    }
  }

  #openOptions(match: RegExpExecArray): void {
    const [all, , , , on = '', off = '', end] = match;
    const before = this.#options;
    const next = { ...before };
    for (const [letters, value] of [
      [on, true],
      [off, false],
    ] as const) {
      if (letters.includes('i')) next.ignoreCase = value;
      if (letters.includes('m')) next.dotAll = value;
      if (letters.includes('x')) next.extended = value;
    }
    this.#push('(?:', end === ')' ? ')' : '', all.length);
    this.#options = next;
  }

  #close(): void {
    let group = this.#groups.pop();
    // An open (?i) ends where its surrounding group does.
    while (group?.closing === ')') {
      this.#out += ')';
      this.#options = group.options;
      const inner = group;
      group = this.#groups.pop();
      if (group) inherit(group, inner);
    }
    if (!group) throw new SyntaxError(`a ')' at ${this.#at + 1} has no '('`);
    this.#out += `${group.closing})`;
    this.#options = group.options;
    this.#atom = group.start;
    this.#atomUnbounded = group.unbounded;
    this.#atomCopies = group.copies;
    this.#atomSimple = false;
    const outer = this.#groups.at(-1);
    if (outer) inherit(outer, group);
    this.#at++;
  }

  #quantifier(char: string): void {
    const match = /^(?:[*+?]|\{(\d*)(,?)(\d*)\})/.exec(this.#pattern.slice(this.#at));
    if (!match || match[0] === '{}' || match[0] === '{,}') {
      this.#emit('\\{', this.#at + 1);
      return;
    }
    if (this.#atom < 0) throw new SyntaxError(`the quantifier '${match[0]}' at ${this.#at + 1} has nothing to repeat`);
    this.#at += match[0].length;
    const text = char === '{' && match[1] === '' ? `{0,${match[3]}}` : match[0];
    const least = char === '{' ? Number(match[1]) : char === '+' ? 1 : 0;
    const most = char === '?' ? 1 : char !== '{' ? Infinity : match[2] === '' ? least : Number(match[3] || Infinity);
    this.#notice(most === Infinity);
    const after = this.#pattern[this.#at];
    if (after === '+' && char !== '{') {
      this.#at++;
      this.#possessive(text);
    } else {
      if (after === '?') this.#at++;
      this.#repeat(text, least, most, after === '?' ? '?' : '');
    }
    // A quantifier may follow a quantifier in Onigmo, but not in JavaScript.
    if (/^[*+?{]/.test(this.#pattern.slice(this.#at, this.#at + 1)))
      this.#out = `${this.#out.slice(0, this.#atom)}(?:${this.#out.slice(this.#atom)})`;
    this.#atomSimple = false;
    this.#atomUnbounded ||= most === Infinity;
  }

  /** Keeps in mind that the atom is repeated without end. */
  #notice(unbounded: boolean): void {
    if (!unbounded) return;
    if (this.#atomUnbounded) this.#nested = true;
    const inner = this.#groups.at(-1);
    if (inner) inner.unbounded = true;
  }

  #repeat(text: string, least: number, most: number, lazy: string): void {
    const copies = this.#atomCopies * copiesOf(least, most);
    const pieces =
      copies > MAX_COPIES && this.#atomSimple
        ? repeatInPieces(this.#out.slice(this.#atom), least, most, lazy)
        : undefined;
    if (pieces !== undefined) this.#out = this.#out.slice(0, this.#atom) + pieces;
    else {
      this.#out += text + lazy;
      if (copies > MAX_COPIES) this.#linear = false;
    }
    this.#atomCopies = Math.min(copies, MAX_COPIES);
    const inner = this.#groups.at(-1);
    if (inner) inner.copies = Math.max(inner.copies, this.#atomCopies);
  }

  #possessive(quantifier: string): void {
    this.#linear = false;
    const body = this.#out.slice(this.#atom);
    // The group that keeps what was taken must come after those inside the body.
    this.#names.push(undefined);
    const numbers = this.#names.length;
    if (/\((?!\?)/.test(body.replace(/\\./g, ''))) throw new NotPlain();
    this.#out = `${this.#out.slice(0, this.#atom)}(?=(${body}${quantifier}))\\${numbers}`;
  }
}
