/**
 * Expressions of Lua as JavaScript. Every piece of code gives one value, but for what `multi` and `list` give. Names
 * without a `$` in the code are the operations of `operations.ts`; `T1`, `T2` are places for values on the way.
 *
 * Marks (U+0001 LINE U+0002) stand where code belongs to a line; `compile.ts` turns them into line breaks.
 */
import { type Expression, type FunctionBody, isMulti, type TableItem } from './ast.ts';

const ARITHMETIC: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
  '^': 'pow',
  '..': 'concat',
};
const ORDER: Readonly<Record<string, string>> = { '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' };

export const quote = (text: string): string => JSON.stringify(text);
export const mark = (line: number): string => `\u0001${line}\u0002`;

export abstract class ExpressionCompiler {
  /** Whether functions are generators, which a coroutine can leave in the middle. */
  readonly resumable: boolean;
  /** How many temporary places the function at hand has. */
  temps = 0;
  #names = 0;

  constructor(resumable: boolean) {
    this.resumable = resumable;
  }

  abstract functionCode(body: FunctionBody): string;

  temp(): string {
    return `T${++this.temps}`;
  }

  /** A name that nothing else in the chunk has. */
  unique(): string {
    return `N${++this.#names}`;
  }

  expression(e: Expression): string {
    switch (e.kind) {
      case 'nil':
        return 'undefined';
      case 'true':
      case 'false':
        return e.kind;
      case 'number':
        return String(e.value);
      case 'string':
        return quote(e.value);
      case 'vararg':
        return '$va[0]';
      case 'function':
        return this.functionCode(e.body);
      case 'local':
        return e.local.js;
      case 'global':
        return `${mark(e.line)}global(E, ${quote(e.name)})`;
      case 'index':
        return this.#index(e.object, e.key, e.line);
      case 'call':
      case 'method':
        return `first(${this.multi(e)})`;
      case 'binary':
        return this.#binary(e.operator, e.left, e.right, e.line);
      case 'unary':
        return this.#unary(e.operator, e.operand, e.line);
      case 'table':
        return this.#table(e.items);
      default:
        return this.expression(e.inner);
    }
  }

  /** As a boolean of JavaScript. */
  condition(e: Expression): string {
    if (e.kind === 'paren') return this.condition(e.inner);
    if (e.kind === 'unary' && e.operator === 'not') return `!${this.condition(e.operand)}`;
    if (e.kind === 'binary') {
      if (e.operator === 'and') return `(${this.condition(e.left)} && ${this.condition(e.right)})`;
      if (e.operator === 'or') return `(${this.condition(e.left)} || ${this.condition(e.right)})`;
      if (e.operator in ORDER || e.operator === '==' || e.operator === '~=') return this.expression(e);
    }
    return e.kind === 'true' || e.kind === 'false' ? e.kind : `truthy(${this.expression(e)})`;
  }

  /** A call or `...`: one value or an array of several. */
  multi(e: Expression): string {
    if (e.kind === 'call') return this.#call(this.expression(e.callee), describe(e.callee), e.args, e.line);
    if (e.kind === 'method') {
      const object = this.temp();
      const callee = `index(${object}, ${quote(e.name)}, ${quote(describe(e.object))})`;
      const call = this.#call(callee, `method '${e.name}'`, e.args, e.line, object);
      return `(${object} = ${this.expression(e.object)}, ${call})`;
    }
    return '$va';
  }

  /** The code of an array of all values. */
  list(expressions: readonly Expression[]): string {
    const [only] = expressions;
    if (expressions.length === 1 && only && isMulti(only)) return `list(${this.multi(only)})`;
    return `[${this.#items(expressions)}]`;
  }

  #items(expressions: readonly Expression[]): string {
    const last = expressions.length - 1;
    return expressions
      .map((e, at) => (at === last && isMulti(e) ? `...list(${this.multi(e)})` : this.expression(e)))
      .join(', ');
  }

  #call(callee: string, what: string, args: readonly Expression[], line: number, self = ''): string {
    const items = this.#items(args);
    const all = self !== '' && items !== '' ? `${self}, ${items}` : self + items;
    if (this.resumable) return `(yield* resume(${mark(line)}callable(${callee}, ${quote(what)}), [${all}]))`;
    return `${mark(line)}callable(${callee}, ${quote(what)})(${all})`;
  }

  #index(object: Expression, key: Expression, line: number): string {
    const code = this.expression(object);
    return `${mark(line)}index(${code}, ${this.expression(key)}, ${quote(describe(object))})`;
  }

  #binary(operator: string, left: Expression, right: Expression, line: number): string {
    if (operator === 'and' || operator === 'or') {
      const value = this.temp();
      const no = `(${value} = ${this.expression(left)}) === undefined || ${value} === false`;
      const rest = this.expression(right);
      return operator === 'and' ? `(${no} ? ${value} : ${rest})` : `(${no} ? ${rest} : ${value})`;
    }
    const a = this.expression(left);
    const b = this.expression(right);
    if (operator === '==' || operator === '~=') {
      const equal = isPlain(left) || isPlain(right) ? `(${a} === ${b})` : `${mark(line)}eq(${a}, ${b})`;
      return operator === '==' ? equal : `!${equal}`;
    }
    return `${mark(line)}${ARITHMETIC[operator] ?? ORDER[operator]}(${a}, ${b})`;
  }

  #unary(operator: 'not' | '-' | '#', operand: Expression, line: number): string {
    if (operator === 'not') return `!${this.condition(operand)}`;
    if (operator === '-' && operand.kind === 'number') return `(-${operand.value})`;
    return `${mark(line)}${operator === '-' ? 'neg' : 'len'}(${this.expression(operand)})`;
  }

  #table(items: readonly TableItem[]): string {
    if (items.length === 0) return 'table([], [])';
    const positional = items.flatMap(({ key, value }) => (key ? [] : [value]));
    // Several values count only where the item is the last of all.
    const open = items.at(-1)?.key === undefined;
    const list = open ? this.list(positional) : `[${positional.map((e) => this.expression(e)).join(', ')}]`;
    const pairs = items.flatMap(({ key, value }) => (key ? [this.expression(key), this.expression(value)] : []));
    return `table(${list}, [${pairs.join(', ')}])`;
  }
}

/** What an error message calls it: `global 'x'`, `field 'y'`. */
export function describe(e: Expression): string {
  if (e.kind === 'local') return `local '${e.local.name}'`;
  if (e.kind === 'global') return `global '${e.name}'`;
  if (e.kind === 'index' && e.key.kind === 'string') return `field '${e.key.value}'`;
  if (e.kind === 'method') return `method '${e.name}'`;
  return '';
}

/** Values that are equal only to themselves, so that no metamethod can have a say. */
function isPlain(e: Expression): boolean {
  return e.kind === 'nil' || e.kind === 'true' || e.kind === 'false' || e.kind === 'number' || e.kind === 'string';
}
