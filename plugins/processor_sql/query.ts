/**
 * Queries of the `sql` processor: `SELECT keys FROM STREAM [WHERE condition];`, where keys are `*`, names and
 * `name AS alias`, and conditions compare a key with a number, a 'text', true or false, ask for NULL, and are joined by
 * AND, OR, NOT and parentheses (AND before OR, as in SQL).
 */
import { OptionError } from '../../src/plugin.ts';
import { type Condition, compare, type Literal, type Operator, truth } from './conditions.ts';
import { type Token, tokensOf } from './tokens.ts';

export interface Query {
  /** `*` is there: all keys stay. */
  readonly all: boolean;
  /** Key to name, the same where it has no alias. */
  readonly keys: ReadonlyMap<string, string>;
  readonly where: Condition | undefined;
}

/** @throws OptionError with the place that cannot be read. */
export function parseQuery(text: string): Query {
  return new QueryParser(tokensOf(text)).query();
}

const KEYWORDS = new Set([
  'SELECT',
  'AS',
  'FROM',
  'STREAM',
  'WHERE',
  'AND',
  'OR',
  'NOT',
  'IS',
  'NULL',
  'TRUE',
  'FALSE',
]);
const OPERATORS: readonly string[] = ['=', '!=', '<', '<=', '>', '>='];
const MAX_DEPTH = 100;

class QueryParser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  query(): Query {
    this.#expect('SELECT');
    const keys = new Map<string, string>();
    let all = false;
    do {
      if (this.#take('*')) all = true;
      else {
        const key = this.#name();
        keys.set(key, this.#take('AS') ? this.#name() : key);
      }
    } while (this.#take(','));
    this.#expect('FROM');
    this.#source();
    const where = this.#take('WHERE') ? this.#or() : undefined;
    this.#take(';');
    if (this.#now.kind !== 'end') this.#fail('the end');
    return { all, keys, where };
  }

  /** `STREAM`, `STREAM.name` or `STREAM name`; the name has no meaning yet. */
  #source(): void {
    if (!/^STREAM(\.|$)/.test(this.#now.text)) this.#fail('STREAM');
    this.#at++;
    if (this.#isName(this.#now)) this.#at++;
  }

  #or(): Condition {
    let left = this.#and();
    while (this.#take('OR')) {
      const [a, b] = [left, this.#and()];
      left = (body) => a(body) || b(body);
    }
    return left;
  }

  #and(): Condition {
    let left = this.#not();
    while (this.#take('AND')) {
      const [a, b] = [left, this.#not()];
      left = (body) => a(body) && b(body);
    }
    return left;
  }

  #not(): Condition {
    if (++this.#depth > MAX_DEPTH) throw new OptionError('the query is nested too deeply', 'query');
    const condition = this.#take('NOT') ? negated(this.#not()) : this.#primary();
    this.#depth--;
    return condition;
  }

  #primary(): Condition {
    if (this.#take('(')) {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    const literal = this.#literal();
    if (literal !== undefined) {
      const holds = typeof literal === 'number' ? literal > 0 : literal !== false;
      return () => holds;
    }
    const key = this.#name();
    if (this.#take('IS')) {
      const negative = this.#take('NOT');
      this.#expect('NULL');
      const isNull = compare(key, '=', null);
      return negative ? negated(isNull) : isNull;
    }
    const operator = this.#now.text;
    if (this.#now.kind !== 'sign' || !OPERATORS.includes(operator)) return truth(key);
    this.#at++;
    const value = this.#literal();
    if (value === undefined) return this.#fail("a number, a 'text', true or false");
    return operator === '!=' ? negated(compare(key, '=', value)) : compare(key, operator as Operator, value);
  }

  #literal(): Literal | undefined {
    const { kind, text } = this.#now;
    let value: Literal | undefined;
    if (kind === 'text') value = text;
    else if (kind === 'number') value = Number(text);
    else if (kind === 'word' && (text === 'TRUE' || text === 'FALSE')) value = text === 'TRUE';
    if (value !== undefined) this.#at++;
    return value;
  }

  get #now(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #isName(token: Token): boolean {
    return token.kind === 'word' && !KEYWORDS.has(token.text);
  }

  #name(): string {
    if (!this.#isName(this.#now)) this.#fail('the name of a key');
    return (this.#tokens[this.#at++] as Token).written;
  }

  #take(text: string): boolean {
    const { kind, text: found } = this.#now;
    if (found !== text || (kind !== 'word' && kind !== 'sign')) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) this.#fail(text);
  }

  #fail(wanted: string): never {
    throw new OptionError(`the query has '${this.#now.written}' where ${wanted} should be`, 'query');
  }
}

function negated(condition: Condition): Condition {
  return (body) => !condition(body);
}
