/**
 * A Lua chunk as JavaScript: statements, functions, loops and labels. Each local variable is a `let` with a name of its
 * own, each function an arrow function (a generator where the script speaks of coroutines). Every function and every
 * turn of a loop takes one from the budget `B`, so that no script runs for ever. Lines of the script stay lines of the
 * JavaScript (see `errors.ts`).
 */
import vm from 'node:vm';
import { type Block, type Expression, type FunctionBody, isMulti, type Local, type Statement } from './ast.ts';
import { describe, ExpressionCompiler, mark, quote } from './compile_expressions.ts';
import { SCRIPT_PREFIX } from './errors.ts';
import type { Operations } from './operations.ts';
import { parseChunk } from './parser.ts';
import type { LuaFunction, LuaTable } from './table.ts';

/** What a step of a script may cost; see `budget.ts`. */
export interface Countdown {
  left: number;
}

export interface Chunk {
  readonly main: LuaFunction;
  /** Gives all functions of the chunk other globals (setfenv). */
  readonly setGlobals: (globals: LuaTable) => void;
}

type Factory = (operations: Operations, countdown: Countdown, globals: LuaTable) => Chunk;

/** @throws LuaSyntaxError */
export function compileChunk(
  text: string,
  name: string,
  operations: Operations,
  countdown: Countdown,
  globals: LuaTable,
): Chunk {
  const compiler = new Compiler(text.includes('coroutine'));
  const main = compiler.functionCode(parseChunk(text, name));
  const code =
    `'use strict'; ((O, B, E) => { const { ${Object.keys(operations).join(', ')} } = O; ` +
    `return { main: ${main}, setGlobals: (e) => { E = e; } }; })`;
  const script = new vm.Script(layOut(code), { filename: SCRIPT_PREFIX + name });
  return (script.runInThisContext() as Factory)(operations, countdown, globals);
}

/** Puts every piece of code at its line, or as near below as may be. */
function layOut(code: string): string {
  let at = 1;
  return code.replace(/\u0001(\d+)\u0002/g, (_mark, digits) => {
    const breaks = Math.max(0, Number(digits) - at);
    at += breaks;
    return '\n'.repeat(breaks);
  });
}

const TICK = 'if (--B.left < 0) over();';

class Compiler extends ExpressionCompiler {
  /** Labels that can be jumped to, with the JavaScript that does it. */
  #jumps = new Map<string, string>();
  /** The labels of the loops around, the innermost last. */
  #loops: string[] = [];
  /** Names that were declared further out, since a label stands between. */
  #hoisted: Set<Local> | undefined;

  override functionCode(body: FunctionBody): string {
    const outer = [this.temps, this.#jumps, this.#loops, this.#hoisted] as const;
    [this.temps, this.#jumps, this.#loops, this.#hoisted] = [0, new Map(), [], undefined];
    const params = body.params.map(({ js }) => js);
    if (body.vararg) params.push('...$va');
    const block = this.#block(body.block);
    const end = body.block.at(-1)?.kind === 'return' ? '' : ' return NOTHING;';
    const temps = this.temps === 0 ? '' : `let ${Array.from({ length: this.temps }, (_, at) => `T${at + 1}`)};`;
    [this.temps, this.#jumps, this.#loops, this.#hoisted] = outer;
    const code = `{ ${temps} ${TICK} ${block}${end} }`;
    if (this.resumable) return `generator(${body.params.length}, function* (${params}) ${code})`;
    return `((${params}) => ${code})`;
  }

  /** With labels: what stands before one is a block that `break` leaves, what comes after it a loop that repeats it. */
  #block(block: Block): string {
    const at = block.findLastIndex(({ kind }) => kind === 'label');
    const label = block[at];
    if (label?.kind !== 'label') return block.map((statement) => this.#statement(statement)).join(' ');
    const [before, after] = [block.slice(0, at), block.slice(at + 1)];
    return `${this.#beforeLabel(before, label.name)} ${this.#afterLabel(after, label.name)}`;
  }

  #beforeLabel(block: Block, name: string): string {
    if (!jumpsTo(block, name)) return this.#block(block);
    const locals = block.flatMap((one) =>
      one.kind === 'local' ? one.locals : one.kind === 'localFunction' ? [one.local] : [],
    );
    const outer = this.#hoisted;
    this.#hoisted = new Set([...(outer ?? []), ...locals]);
    const label = this.unique();
    const code = this.#withJump(name, `break ${label};`, () => this.#block(block));
    this.#hoisted = outer;
    const names = locals.filter((local) => !outer?.has(local)).map(({ js }) => js);
    return `${names.length > 0 ? `let ${names};` : ''} ${label}: { ${code} }`;
  }

  #afterLabel(block: Block, name: string): string {
    if (!jumpsTo(block, name)) return this.#block(block);
    const label = this.unique();
    const code = this.#withJump(name, `continue ${label};`, () => this.#block(block));
    return `${label}: for (;;) { ${TICK} ${code} break ${label}; }`;
  }

  #withJump(name: string, jump: string, run: () => string): string {
    const outer = this.#jumps;
    this.#jumps = new Map(outer).set(name, jump);
    const code = run();
    this.#jumps = outer;
    return code;
  }

  #statement(s: Statement): string {
    const at = mark(s.line);
    switch (s.kind) {
      case 'local':
        return at + this.#declare(s.locals, s.values);
      case 'assign':
        return at + this.#assign(s.targets, s.values);
      case 'expression':
        return `${at}${this.multi(s.expression)};`;
      case 'localFunction':
        return `${at}${this.#hoisted?.has(s.local) ? '' : 'let '}${s.local.js} = ${this.functionCode(s.body)};`;
      case 'do':
        return `{ ${this.#block(s.block)} }`;
      case 'while':
        return this.#loop((label) => `${at}${label}: while (${this.condition(s.condition)})`, s.block);
      case 'repeat':
        return this.#loop((label) => `${at}${label}: for (;;)`, s.block, s.condition);
      case 'if':
        return at + this.#if(s.branches);
      case 'for':
        return at + this.#numericFor(s);
      case 'forIn':
        return at + this.#genericFor(s);
      case 'return':
        return at + this.#return(s.values);
      case 'break':
        return `${at}break ${this.#loops.at(-1)};`;
      case 'goto':
        return at + (this.#jumps.get(s.name) ?? '');
      default:
        return '';
    }
  }

  #declare(locals: readonly Local[], values: readonly Expression[]): string {
    const word = locals.some((local) => this.#hoisted?.has(local)) ? '' : 'let ';
    const [only] = locals;
    const open = values.length < locals.length && isMulti(values.at(-1));
    if (locals.length === 1 && only && values.length <= 1 && !open)
      return `${word}${only.js} = ${values[0] ? this.expression(values[0]) : 'undefined'};`;
    if (values.length === 0) return `${word}${locals.map(({ js }) => `${js} = undefined`).join(', ')};`;
    if (word === '' || open || values.length > locals.length) {
      const all = this.temp();
      const parts = locals.map(({ js }, at) => `${js} = ${all}[${at}]`);
      return `${all} = ${this.list(values)}; ${word}${parts.join(', ')};`;
    }
    const parts = locals.map(({ js }, at) => `${js} = ${values[at] ? this.expression(values[at]) : 'undefined'}`);
    return `${word}${parts.join(', ')};`;
  }

  #assign(targets: readonly Expression[], values: readonly Expression[]): string {
    const [target] = targets;
    const [value] = values;
    if (targets.length === 1 && values.length === 1 && target && value)
      return this.#store(target, this.expression(value), (e) => this.expression(e));
    // All that stands on either side is known before the first value is stored.
    let code = '';
    const keep = (e: Expression): string => {
      const place = this.temp();
      code += `${place} = ${this.expression(e)}; `;
      return place;
    };
    const places = targets.map((one) =>
      one.kind === 'index' ? { object: keep(one.object), key: keep(one.key) } : undefined,
    );
    const all = this.temp();
    code += `${all} = ${this.list(values)}; `;
    targets.forEach((one, at) => {
      const place = places[at];
      code += place
        ? `setIndex(${place.object}, ${place.key}, ${all}[${at}], '');`
        : this.#store(one, `${all}[${at}]`, (e) => this.expression(e));
    });
    return code;
  }

  #store(target: Expression, value: string, code: (e: Expression) => string): string {
    if (target.kind === 'local') return `${target.local.js} = ${value};`;
    if (target.kind === 'global') return `setGlobal(E, ${quote(target.name)}, ${value});`;
    if (target.kind !== 'index') return '';
    return `setIndex(${code(target.object)}, ${code(target.key)}, ${value}, ${quote(describe(target.object))});`;
  }

  #loop(head: (label: string) => string, block: Block, until?: Expression): string {
    const label = this.unique();
    this.#loops.push(label);
    const opening = head(label);
    const ends = block.at(-1)?.kind === 'return' || block.at(-1)?.kind === 'break';
    const body = this.#block(block);
    const test = until && !ends ? ` if (${this.condition(until)}) break ${label};` : '';
    this.#loops.pop();
    return `${opening} { ${TICK} ${body}${test} }`;
  }

  #if(branches: (Statement & { kind: 'if' })['branches']): string {
    return branches
      .map(({ condition, block }) =>
        condition ? `if (${this.condition(condition)}) { ${this.#block(block)} }` : `{ ${this.#block(block)} }`,
      )
      .join(' else ');
  }

  #numericFor(s: Statement & { kind: 'for' }): string {
    const [i, limit, step] = [this.unique(), this.unique(), this.unique()];
    const by = s.step ? `number(${this.expression(s.step)}, 'step')` : '1';
    const from = `number(${this.expression(s.start)}, 'initial')`;
    const to = `number(${this.expression(s.limit)}, 'limit')`;
    const test = s.step ? `${step} > 0 ? ${i} <= ${limit} : ${i} >= ${limit}` : `${i} <= ${limit}`;
    const head = `for (let ${i} = ${from}, ${limit} = ${to}, ${step} = ${by}; ${test}; ${i} += ${step})`;
    return this.#loopWith(head, `let ${s.local.js} = ${i};`, s.block);
  }

  #loopWith(head: string, locals: string, block: Block): string {
    const label = this.unique();
    this.#loops.push(label);
    const body = this.#block(block);
    this.#loops.pop();
    return `${label}: ${head} { ${locals} ${TICK} ${body} }`;
  }

  #genericFor(s: Statement & { kind: 'forIn' }): string {
    const names = s.locals.map(({ js }) => js);
    const values = this.list(s.values);
    const turn = this.unique();
    if (this.resumable) {
      const state = this.unique();
      const head = `for (const ${state} = [...${values}];;)`;
      const call = `const ${turn} = list(yield* resume(callable(${state}[0], 'iterator'), [${state}[1], ${state}[2]]));`;
      const test = `if (${turn}[0] === undefined) break; ${state}[2] = ${turn}[0];`;
      const locals = `${call} ${test} let ${names.map((name, at) => `${name} = ${turn}[${at}]`).join(', ')};`;
      return this.#loopWith(head, locals, s.block);
    }
    const [first = 'undefined', second, ...more] = names;
    const seconds = second === undefined ? '' : `, ${second} = ${turn}.value`;
    const rest = more.map((name, at) => `, ${name} = ${turn}.more[${at}]`).join('');
    const locals = `let ${first} = ${turn}.key${seconds}${rest};`;
    return this.#loopWith(`for (const ${turn} = iterate(${values}); ${turn}.step();)`, locals, s.block);
  }

  #return(values: readonly Expression[]): string {
    const [only] = values;
    if (!only) return 'return NOTHING;';
    if (values.length > 1) return `return (${this.list(values)});`;
    return `return (${isMulti(only) ? this.multi(only) : this.expression(only)});`;
  }
}

/** Whether a goto below, but not in a function below, may mean this label. */
function jumpsTo(block: Block, name: string): boolean {
  return block.some((s) => {
    if (s.kind === 'goto') return s.name === name;
    if (s.kind === 'if') return s.branches.some((branch) => jumpsTo(branch.block, name));
    return 'block' in s && jumpsTo(s.block, name);
  });
}
