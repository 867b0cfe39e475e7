/** Expressions of Lua, and the names that are visible where they stand. */
import type { Expression, FunctionBody, Local, TableItem } from './ast.ts';
import type { LuaSyntaxError } from './errors.ts';
import { Lexer, type Token } from './lexer.ts';

/** How strongly an operator binds on its left and on its right; `..` and `^` bind from the right. */
const BINDING: Readonly<Record<string, readonly [left: number, right: number]>> = {
  or: [1, 1],
  and: [2, 2],
  '<': [3, 3],
  '>': [3, 3],
  '<=': [3, 3],
  '>=': [3, 3],
  '~=': [3, 3],
  '==': [3, 3],
  '..': [5, 4],
  '+': [6, 6],
  '-': [6, 6],
  '*': [7, 7],
  '/': [7, 7],
  '%': [7, 7],
  '^': [10, 9],
};
const UNARY = 8;
/** Deeper nesting is no script but an attack on the stack. */
const DEEPEST = 200;

interface Scope {
  readonly names: Map<string, Local>;
  readonly outer: Scope | undefined;
}

export abstract class ExpressionParser {
  token: Token;
  readonly #lexer: Lexer;
  #scope: Scope | undefined;
  #count = 0;
  #depth = 0;
  /** Of the functions around: whether they have `...`. */
  readonly #varargs: boolean[] = [];

  constructor(text: string, chunk: string) {
    this.#lexer = new Lexer(text, chunk);
    this.token = this.#lexer.next();
  }

  abstract functionBody(withSelf: boolean, line: number): FunctionBody;

  advance(): Token {
    const { token } = this;
    this.token = this.#lexer.next();
    return token;
  }

  is(text: string): boolean {
    return this.token.text === text && (this.token.kind === 'sign' || this.token.kind === 'keyword');
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.advance();
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) throw this.problem(`'${text}' expected`, this.token.text);
  }

  /** The `end` of what began at `line`. */
  expectEnd(what: string, line: number): void {
    if (this.accept('end')) return;
    const from = line === this.token.line ? '' : ` (to close '${what}' at line ${line})`;
    throw this.problem(`'end' expected${from}`, this.token.text);
  }

  name(): string {
    if (this.token.kind !== 'name') throw this.problem('<name> expected', this.token.text);
    return this.advance().text;
  }

  problem(message: string, near: string, line = this.token.line): LuaSyntaxError {
    return this.#lexer.error(message, near, line);
  }

  unexpected(): never {
    throw this.problem('unexpected symbol', this.token.text);
  }

  enterFunction(vararg: boolean): void {
    this.#varargs.push(vararg);
    this.enterBlock();
  }

  setVararg(): void {
    this.#varargs[this.#varargs.length - 1] = true;
  }

  /** @returns whether the function has `...`. */
  leaveFunction(): boolean {
    this.leaveBlock();
    return this.#varargs.pop() ?? false;
  }

  enterBlock(): void {
    if (++this.#depth > DEEPEST) throw this.problem('chunk has too many syntax levels', this.token.text);
    this.#scope = { names: new Map(), outer: this.#scope };
  }

  leaveBlock(): void {
    this.#depth--;
    this.#scope = this.#scope?.outer;
  }

  declare(name: string): Local {
    const local = { name, js: `${name.replace(/[^A-Za-z0-9_]/g, '_')}$${++this.#count}` };
    this.#scope?.names.set(name, local);
    return local;
  }

  variable(name: string, line: number): Expression {
    for (let scope = this.#scope; scope; scope = scope.outer) {
      const local = scope.names.get(name);
      if (local) return { kind: 'local', local, line };
    }
    return { kind: 'global', name, line };
  }

  expressionList(): Expression[] {
    const list = [this.expression()];
    while (this.accept(',')) list.push(this.expression());
    return list;
  }

  expression(limit = 0): Expression {
    if (++this.#depth > DEEPEST) throw this.problem('chunk has too many syntax levels', this.token.text);
    let left = this.#operand();
    for (;;) {
      const { text: operator, kind, line } = this.token;
      const binding = kind === 'sign' || kind === 'keyword' ? BINDING[operator] : undefined;
      if (!binding || binding[0] <= limit) break;
      this.advance();
      left = { kind: 'binary', operator, left, right: this.expression(binding[1]), line };
    }
    this.#depth--;
    return left;
  }

  #operand(): Expression {
    const { kind, text, number, line } = this.token;
    if (kind === 'number') {
      this.advance();
      return { kind, value: number, line };
    }
    if (kind === 'string') {
      this.advance();
      return { kind, value: text, line };
    }
    if (kind === 'keyword' || kind === 'sign') {
      if (text === 'not' || text === '-' || text === '#') {
        this.advance();
        return { kind: 'unary', operator: text, operand: this.expression(UNARY), line };
      }
      if (text === 'nil' || text === 'true' || text === 'false') {
        this.advance();
        return { kind: text, line };
      }
      if (text === '...') return this.#vararg(line);
      if (text === '{') return this.#table(line);
      if (text === 'function') {
        this.advance();
        return { kind: 'function', body: this.functionBody(false, line), line };
      }
    }
    return this.suffixed();
  }

  #vararg(line: number): Expression {
    if (!this.#varargs.at(-1)) throw this.problem("cannot use '...' outside a vararg function", '...');
    this.advance();
    return { kind: 'vararg', line };
  }

  /** A name or something in parentheses, and what follows it: fields, calls, methods. */
  suffixed(): Expression {
    const { line } = this.token;
    let left: Expression;
    if (this.accept('(')) {
      const inner = this.expression();
      this.expect(')');
      left = { kind: 'paren', inner, line };
    } else if (this.token.kind === 'name') left = this.variable(this.advance().text, line);
    else this.unexpected();
    for (let next = this.#suffix(left); next; next = this.#suffix(left)) left = next;
    return left;
  }

  #suffix(left: Expression): Expression | undefined {
    const { kind, text, line } = this.token;
    if (kind === 'string') return { kind: 'call', callee: left, args: this.#arguments(), line };
    if (kind !== 'sign') return undefined;
    if (text === '.') {
      this.advance();
      return { kind: 'index', object: left, key: { kind: 'string', value: this.name(), line }, line };
    }
    if (text === '[') {
      this.advance();
      const key = this.expression();
      this.expect(']');
      return { kind: 'index', object: left, key, line };
    }
    if (text === ':') {
      this.advance();
      return { kind: 'method', object: left, name: this.name(), args: this.#arguments(), line };
    }
    if (text === '(' || text === '{') return { kind: 'call', callee: left, args: this.#arguments(), line };
    return undefined;
  }

  #arguments(): Expression[] {
    const { kind, text, line } = this.token;
    if (kind === 'string') {
      this.advance();
      return [{ kind, value: text, line }];
    }
    if (this.is('{')) return [this.#table(line)];
    if (!this.accept('(')) throw this.problem('function arguments expected', text);
    if (this.accept(')')) return [];
    const args = this.expressionList();
    this.expect(')');
    return args;
  }

  #table(line: number): Expression {
    this.expect('{');
    const items: TableItem[] = [];
    while (!this.is('}')) {
      items.push(this.#item());
      if (!this.accept(',') && !this.accept(';')) break;
    }
    this.expect('}');
    return { kind: 'table', items, line };
  }

  #item(): TableItem {
    if (this.accept('[')) {
      const key = this.expression();
      this.expect(']');
      this.expect('=');
      return { key, value: this.expression() };
    }
    const { line } = this.token;
    const value = this.expression();
    const isName = value.kind === 'global' || value.kind === 'local';
    if (!isName || !this.is('=')) return { key: undefined, value };
    this.advance();
    const name = value.kind === 'global' ? value.name : value.local.name;
    return { key: { kind: 'string', value: name, line }, value: this.expression() };
  }
}
