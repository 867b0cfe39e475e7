/** Statements of Lua: a chunk's text to its tree. Expressions are in `expressions.ts`. */
import type { Block, Expression, FunctionBody, Local, Statement } from './ast.ts';
import { ExpressionParser } from './expressions.ts';

/** @throws LuaSyntaxError */
export function parseChunk(text: string, chunk: string): FunctionBody {
  return new Parser(text, chunk).chunk();
}

class Parser extends ExpressionParser {
  /** How many loops are around, in the function that is read. */
  #loops = 0;
  /** Labels of the blocks around, in the function that is read, and the gotos that look for one. */
  #gotos: { readonly name: string; readonly line: number }[] = [];

  chunk(): FunctionBody {
    this.enterFunction(true);
    const block = this.#block();
    if (this.token.kind !== 'end') this.unexpected();
    this.#checkGotos();
    this.leaveFunction();
    return { params: [], vararg: true, block };
  }

  override functionBody(withSelf: boolean, line: number): FunctionBody {
    const [loops, gotos] = [this.#loops, this.#gotos];
    [this.#loops, this.#gotos] = [0, []];
    const params: Local[] = [];
    this.enterFunction(false);
    if (withSelf) params.push(this.declare('self'));
    this.expect('(');
    while (!this.is(')')) {
      if (this.accept('...')) {
        this.setVararg();
        break;
      }
      params.push(this.declare(this.name()));
      if (!this.accept(',')) break;
      if (this.is(')')) this.unexpected();
    }
    this.expect(')');
    const block = this.#block();
    this.expectEnd('function', line);
    this.#checkGotos();
    const vararg = this.leaveFunction();
    [this.#loops, this.#gotos] = [loops, gotos];
    return { params, vararg, block };
  }

  /** Up to what ends it; its names are gone afterwards unless `open` closes them itself. */
  #block(open?: (locals: () => void) => void): Block {
    this.enterBlock();
    const statements: Statement[] = [];
    const waiting = this.#gotos.length;
    while (!this.#ends()) {
      const last = this.is('return');
      const statement = this.#statement();
      if (statement) statements.push(statement);
      this.accept(';');
      if (last && !this.#ends()) this.unexpected();
    }
    const labels = new Set(statements.flatMap((one) => (one.kind === 'label' ? [one.name] : [])));
    this.#gotos = this.#gotos.filter((one, at) => at < waiting || !labels.has(one.name));
    if (open) open(() => this.leaveBlock());
    else this.leaveBlock();
    return statements;
  }

  #ends(): boolean {
    return this.token.kind === 'end' || this.is('end') || this.is('else') || this.is('elseif') || this.is('until');
  }

  #checkGotos(): void {
    const [missing] = this.#gotos;
    if (missing) throw this.problem(`no visible label '${missing.name}' for goto`, missing.name, missing.line);
  }

  #statement(): Statement | undefined {
    const { line, text, kind } = this.token;
    if (kind === 'sign' && text === '::') return this.#label(line);
    if (kind === 'sign' && text === ';') return undefined;
    if (kind !== 'keyword') return this.#expressionStatement(line);
    const read = STATEMENTS[text];
    if (!read || text === 'function') return text === 'function' ? this.#function() : this.#expressionStatement(line);
    this.advance();
    return this[read](line);
  }

  #label(line: number): Statement {
    this.advance();
    const name = this.name();
    this.expect('::');
    return { kind: 'label', name, line };
  }

  gotoStatement(line: number): Statement {
    const name = this.name();
    this.#gotos.push({ name, line });
    return { kind: 'goto', name, line };
  }

  breakStatement(line: number): Statement {
    if (this.#loops === 0) throw this.problem('no loop to break', 'break', line);
    return { kind: 'break', line };
  }

  returnStatement(line: number): Statement {
    const none = this.#ends() || this.is(';');
    return { kind: 'return', values: none ? [] : this.expressionList(), line };
  }

  doStatement(line: number): Statement {
    const block = this.#block();
    this.expectEnd('do', line);
    return { kind: 'do', block, line };
  }

  #loopBlock(line: number, word: string): Block {
    this.#loops++;
    const block = this.#block();
    this.#loops--;
    this.expectEnd(word, line);
    return block;
  }

  whileStatement(line: number): Statement {
    const condition = this.expression();
    this.expect('do');
    return { kind: 'while', condition, block: this.#loopBlock(line, 'while'), line };
  }

  /** What stands after `until` still sees the names of the block. */
  repeatStatement(line: number): Statement {
    this.#loops++;
    let condition: Expression | undefined;
    const block = this.#block((close) => {
      this.expect('until');
      condition = this.expression();
      close();
    });
    this.#loops--;
    return { kind: 'repeat', block, condition: condition as Expression, line };
  }

  ifStatement(line: number): Statement {
    const branches: { condition: Expression | undefined; block: Block }[] = [];
    do {
      const condition = this.expression();
      this.expect('then');
      branches.push({ condition, block: this.#block() });
    } while (this.accept('elseif'));
    if (this.accept('else')) branches.push({ condition: undefined, block: this.#block() });
    this.expectEnd('if', line);
    return { kind: 'if', branches, line };
  }

  forStatement(line: number): Statement {
    const names = [this.name()];
    if (this.accept('=')) {
      const start = this.expression();
      this.expect(',');
      const limit = this.expression();
      const step = this.accept(',') ? this.expression() : undefined;
      this.expect('do');
      this.enterBlock();
      const local = this.declare(names[0] as string);
      const block = this.#loopBlock(line, 'for');
      this.leaveBlock();
      return { kind: 'for', local, start, limit, step, block, line };
    }
    while (this.accept(',')) names.push(this.name());
    this.expect('in');
    const values = this.expressionList();
    this.expect('do');
    this.enterBlock();
    const locals = names.map((name) => this.declare(name));
    const block = this.#loopBlock(line, 'for');
    this.leaveBlock();
    return { kind: 'forIn', locals, values, block, line };
  }

  localStatement(line: number): Statement {
    if (this.accept('function')) {
      const local = this.declare(this.name());
      return { kind: 'localFunction', local, body: this.functionBody(false, line), line };
    }
    const names = [this.name()];
    while (this.accept(',')) names.push(this.name());
    const values = this.accept('=') ? this.expressionList() : [];
    // Declared after the values were read, which may speak of others of the same name.
    return { kind: 'local', locals: names.map((name) => this.declare(name)), values, line };
  }

  /** `function a.b.c:d() ... end` */
  #function(): Statement {
    const { line } = this.token;
    this.advance();
    let target: Expression = this.variable(this.name(), line);
    let withSelf = false;
    while (!withSelf && (this.is('.') || this.is(':'))) {
      withSelf = this.is(':');
      this.advance();
      target = { kind: 'index', object: target, key: { kind: 'string', value: this.name(), line }, line };
    }
    const body = this.functionBody(withSelf, line);
    return { kind: 'assign', targets: [target], values: [{ kind: 'function', body, line }], line };
  }

  #expressionStatement(line: number): Statement {
    const first = this.suffixed();
    if (!this.is('=') && !this.is(',')) {
      if (first.kind !== 'call' && first.kind !== 'method') this.unexpected();
      return { kind: 'expression', expression: first, line };
    }
    const targets = [first];
    while (this.accept(',')) targets.push(this.suffixed());
    for (const { kind } of targets)
      if (kind !== 'local' && kind !== 'global' && kind !== 'index')
        throw this.problem('syntax error', this.token.text, line);
    this.expect('=');
    return { kind: 'assign', targets, values: this.expressionList(), line };
  }
}

const STATEMENTS: Readonly<
  Record<
    string,
    | 'breakStatement'
    | 'doStatement'
    | 'forStatement'
    | 'gotoStatement'
    | 'ifStatement'
    | 'localStatement'
    | 'repeatStatement'
    | 'returnStatement'
    | 'whileStatement'
  >
> = {
  break: 'breakStatement',
  do: 'doStatement',
  for: 'forStatement',
  goto: 'gotoStatement',
  if: 'ifStatement',
  local: 'localStatement',
  repeat: 'repeatStatement',
  return: 'returnStatement',
  while: 'whileStatement',
};
