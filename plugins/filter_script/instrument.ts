/**
 * Puts a call of `TICK` into every loop and function of a script's text (JavaScript, types already taken away), so that
 * a script that does not end can be stopped: the call throws when the time is over. Lines stay where they are.
 *
 *     while (x) y();           while (tick(), x) y();
 *     for (a; b; c) y();       for (a; tick(), b; c) y();
 *     function f() { ... }     function f() {tick(); ... }
 *     (x) => { ... }           (x) => {tick(); ... }
 *
 * That needs no parser, only to know what is text, comment or regular expression. What runs long without a loop or
 * function of its own (a built-in method on a huge list) is not seen.
 */
export const TICK = '__sluiceTick';

/** After these a slash begins a regular expression. */
const BEFORE_REGEX = new Set(
  'await case delete do else in instanceof new of return throw typeof void yield'.split(' '),
);
/** Whose parentheses are followed by a statement. */
const CONTROL = new Set(['if', 'for', 'while', 'with', 'switch', 'catch']);

const TOKEN =
  /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(#?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*)|(\d[\w.]*|\.\d[\w.]*)|("(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')|(=>|\?\.(?!\d)|\.\.\.|[\s\S])/uy;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const TEMPLATE = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(`|\$\{)/y;

interface Bracket {
  readonly sign: string;
  /** The word before it. */
  readonly word: string;
  /** Of `for (`: where each `;` stands. */
  readonly semicolons: number[];
}

/** @returns undefined where the text cannot be followed. */
export function instrument(source: string): string | undefined {
  return new Instrumenter(source).run();
}

class Instrumenter {
  readonly #source: string;
  readonly #inserts: { readonly at: number; readonly text: string }[] = [];
  readonly #open: Bracket[] = [];
  #at = 0;
  /** The last token that counts, and the one before it. */
  #last = '';
  #before = '';
  /** The word before the parentheses that were closed last; '' where something stood between. */
  #closed: string | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  run(): string | undefined {
    while (this.#at < this.#source.length) if (!this.#token()) return undefined;
    if (this.#open.length > 0) return undefined;
    let text = '';
    let done = 0;
    for (const insert of this.#inserts.sort((a, b) => a.at - b.at)) {
      text += this.#source.slice(done, insert.at) + insert.text;
      done = insert.at;
    }
    return `const ${TICK} = globalThis.${TICK}; ${text}${this.#source.slice(done)}`;
  }

  #token(): boolean {
    if (this.#source[this.#at] === '/' && this.#regexMayStand()) {
      REGEX.lastIndex = this.#at;
      const regex = REGEX.exec(this.#source);
      if (regex) return this.#take(regex[0], 'regex');
    }
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#source);
    if (!match) return false;
    const [text, word, number, string, sign] = match;
    if (word !== undefined) return this.#take(text, word);
    if (number !== undefined || string !== undefined) return this.#take(text, 'value');
    if (sign !== undefined) return this.#sign(sign);
    this.#at += text.length;
    return true;
  }

  #take(text: string, kind: string): boolean {
    this.#at += text.length;
    [this.#before, this.#last] = [this.#last, kind];
    if (kind !== ')') this.#closed = undefined;
    return true;
  }

  #regexMayStand(): boolean {
    const last = this.#last;
    if (this.#source.startsWith('//', this.#at) || this.#source.startsWith('/*', this.#at)) return false;
    if (last === ')') return this.#closed !== undefined && CONTROL.has(this.#closed);
    if (last === ']' || last === 'value' || last === 'regex') return false;
    if (/^[#\p{ID_Start}$_]/u.test(last)) return BEFORE_REGEX.has(last) && this.#before !== '.';
    return true;
  }

  #sign(sign: string): boolean {
    const at = this.#at;
    switch (sign) {
      case '`':
        this.#take(sign, 'value');
        return this.#template();
      case '(':
      case '[':
        this.#open.push({ sign, word: this.#word(), semicolons: [] });
        if (sign === '(' && this.#word() === 'while') this.#insert(at + 1, `${TICK}(), `);
        break;
      case '{':
        this.#brace(at);
        break;
      case ';':
        this.#open.at(-1)?.semicolons.push(at);
        break;
      case ')':
      case ']':
      case '}':
        return this.#close(sign);
    }
    return this.#take(sign, sign);
  }

  /** The word before a bracket; `for await (` counts as for, a property of that name does not. */
  #word(): string {
    if (this.#last === 'await' && this.#before === 'for') return 'for';
    return this.#before === '.' || this.#before === '?.' ? '' : this.#last;
  }

  #brace(at: number): void {
    const afterParameters = this.#last === ')' && this.#closed !== undefined && !CONTROL.has(this.#closed);
    if (this.#last === '=>' || afterParameters) this.#insert(at + 1, `${TICK}();`);
    this.#open.push({ sign: '{', word: '', semicolons: [] });
  }

  #close(sign: string): boolean {
    const open = this.#open.pop();
    if (!open) return false;
    if (open.sign === '`') {
      if (sign !== '}') return false;
      this.#at++;
      return this.#template();
    }
    if (open.sign + sign !== '()' && open.sign + sign !== '[]' && open.sign + sign !== '{}') return false;
    const [first, second] = open.semicolons;
    if (open.word === 'for' && first !== undefined && second !== undefined && open.semicolons.length === 2) {
      const test = this.#source.slice(first + 1, second).replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
      this.#insert(first + 1, test.trim() === '' ? ` ${TICK}(), true` : ` ${TICK}(),`);
    }
    this.#closed = sign === ')' ? open.word : undefined;
    const closed = this.#closed;
    this.#take(sign, sign);
    this.#closed = closed;
    return true;
  }

  /** The rest of a template, up to its end or the next `${`. */
  #template(): boolean {
    TEMPLATE.lastIndex = this.#at;
    const match = TEMPLATE.exec(this.#source);
    if (!match) return false;
    this.#at += match[0].length;
    if (match[1] === '${') {
      this.#open.push({ sign: '`', word: '', semicolons: [] });
      [this.#before, this.#last] = [this.#last, '('];
    } else [this.#before, this.#last] = [this.#last, 'value'];
    this.#closed = undefined;
    return true;
  }

  #insert(at: number, text: string): void {
    this.#inserts.push({ at, text });
  }
}
