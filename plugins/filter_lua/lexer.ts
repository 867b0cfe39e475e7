/**
 * Lua's text to tokens. The text holds one byte in each character. Lua 5.1, and what LuaJIT takes beyond it: goto and
 * labels, `\x`, `\z` and `\u{}` in strings.
 */
import { LuaSyntaxError } from './errors.ts';

export type TokenKind = 'name' | 'keyword' | 'string' | 'number' | 'sign' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** The name, the word, the sign, or the content of a string. */
  readonly text: string;
  readonly number: number;
  readonly line: number;
}

const KEYWORDS = new Set(
  'and break do else elseif end false for function goto if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
);

const SPACE = /[ \t\r\n\f\v]+/y;
const NAME = /[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*/y;
const NUMBER =
  /0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const SIGN = /\.\.\.|\.\.|==|~=|<=|>=|::|[-+*/%^#<>=(){}[\];:,.]/y;
const LONG = /\[(=*)\[/y;
const STRING_PART = /[^\\'"\n]+/y;

export class Lexer {
  readonly chunk: string;
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string, chunk: string) {
    this.#text = text;
    this.chunk = chunk;
    // The first line of an executable script.
    if (text.startsWith('#')) this.#at = text.includes('\n') ? text.indexOf('\n') : text.length;
  }

  next(): Token {
    this.#skip();
    const line = this.#line;
    const text = this.#text;
    if (this.#at >= text.length) return { kind: 'end', text: '<eof>', number: 0, line };
    const name = this.#match(NAME);
    if (name !== undefined) return { kind: KEYWORDS.has(name) ? 'keyword' : 'name', text: name, number: 0, line };
    const digits = this.#match(NUMBER);
    if (digits !== undefined) return this.#number(digits, line);
    const sign = text[this.#at] as string;
    if (sign === '"' || sign === "'") return { kind: 'string', text: this.#string(sign), number: 0, line };
    LONG.lastIndex = this.#at;
    if (LONG.test(text)) return { kind: 'string', text: this.#long('string'), number: 0, line };
    const found = this.#match(SIGN);
    if (found === undefined) throw this.error('unexpected symbol', sign);
    return { kind: 'sign', text: found, number: 0, line };
  }

  error(message: string, near: string, line = this.#line): LuaSyntaxError {
    return new LuaSyntaxError(this.chunk, line, message, near);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (!match) return undefined;
    this.#at = pattern.lastIndex;
    return match[0];
  }

  /** Blanks and comments. */
  #skip(): void {
    for (;;) {
      const blanks = this.#match(SPACE);
      if (blanks !== undefined) this.#countLines(blanks);
      if (!this.#text.startsWith('--', this.#at)) return;
      this.#at += 2;
      LONG.lastIndex = this.#at;
      if (LONG.test(this.#text)) this.#long('comment');
      else {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      }
    }
  }

  #countLines(text: string): void {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#line++;
  }

  #number(digits: string, line: number): Token {
    const rest = this.#match(NAME);
    if (rest !== undefined) throw this.error('malformed number', digits + rest);
    return { kind: 'number', text: digits, number: numberOf(digits), line };
  }

  /** [[...]], [=[...]=] */
  #long(what: string): string {
    const open = this.#match(LONG) as string;
    const close = `]${open.slice(1, -1)}]`;
    const end = this.#text.indexOf(close, this.#at);
    if (end < 0) throw this.error(`unfinished long ${what}`, '<eof>');
    const content = this.#text.slice(this.#at, end);
    this.#countLines(content);
    this.#at = end + close.length;
    return content.replace(/\r\n?|\n\r/g, '\n').replace(/^\n/, '');
  }

  #string(quote: string): string {
    const start = this.#at++;
    let content = '';
    for (;;) {
      content += this.#match(STRING_PART) ?? '';
      const sign = this.#text[this.#at];
      if (sign === undefined || sign === '\n') throw this.error('unfinished string', this.#text.slice(start, this.#at));
      this.#at++;
      if (sign === quote) return content;
      content += sign === '\\' ? this.#escape() : sign;
    }
  }

  #escape(): string {
    const sign = this.#text[this.#at++] ?? '';
    if (sign in ESCAPES) return ESCAPES[sign] as string;
    if (sign === '\n' || sign === '\r') {
      this.#line++;
      if (sign === '\r' && this.#text[this.#at] === '\n') this.#at++;
      return '\n';
    }
    if (sign === 'z') {
      this.#countLines(this.#match(SPACE) ?? '');
      return '';
    }
    this.#at--;
    const hex = this.#match(/x([0-9a-fA-F]{2})/y);
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex.slice(1), 16));
    const point = this.#match(/u\{[0-9a-fA-F]{1,6}\}/y);
    if (point !== undefined)
      return Buffer.from(String.fromCodePoint(Number.parseInt(point.slice(2), 16)), 'utf8').toString('latin1');
    const decimal = this.#match(/\d{1,3}/y);
    if (decimal !== undefined && Number(decimal) < 256) return String.fromCharCode(Number(decimal));
    throw this.error('invalid escape sequence', `\\${sign}`);
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** The value of a number as Lua writes it, hexadecimal ones with a fraction and an exponent of two, too. */
export function numberOf(digits: string): number {
  if (!/^0x/i.test(digits)) return Number(digits);
  const [, whole = '', fraction = '', exponent = '0'] =
    /^0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?\d+))?$/i.exec(digits) ?? [];
  let value = 0;
  for (const digit of whole + fraction) value = value * 16 + Number.parseInt(digit, 16);
  return value * 2 ** (Number(exponent) - 4 * fraction.length);
}
