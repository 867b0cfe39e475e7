/**
 * Coroutines. A script that speaks of them is compiled to generators: each of its functions is a plain function that
 * runs a generator to its end, and the generator itself is kept beside it. Within a coroutine, calls between such
 * functions go from generator to generator, so that a yield leaves them all.
 */
import { fail, LuaError, valueOfError } from './errors.ts';
import { list } from './meta.ts';
import { type LuaFunction, type LuaResult, type LuaTable, LuaThread, type LuaValue, tableOf } from './table.ts';

type Steps = Generator<LuaResult, LuaResult, LuaResult>;
type Resumable = (...args: LuaValue[]) => Steps;

const resumables = new WeakMap<LuaFunction, Resumable>();

/** A function of a script with so many parameters. */
export function generator(params: number, steps: Resumable): LuaFunction {
  const whole: LuaFunction = (...args) => {
    const step = steps(...args).next();
    if (!step.done) fail('attempt to yield across C-call boundary');
    return step.value;
  };
  Object.defineProperty(whole, 'length', { value: params });
  resumables.set(whole, steps);
  return whole;
}

/** A function of a library that calls others which may yield. */
export function resumable(whole: LuaFunction, steps: Resumable): LuaFunction {
  resumables.set(whole, steps);
  return whole;
}

/** A call out of a generator. */
export function* resume(callee: LuaFunction, args: readonly LuaValue[]): Steps {
  const steps = resumables.get(callee);
  return steps ? yield* steps(...args) : callee(...args);
}

class Coroutine extends LuaThread {
  readonly body: LuaFunction;
  status: 'suspended' | 'running' | 'normal' | 'dead' = 'suspended';
  #steps: Steps | undefined;

  constructor(body: LuaFunction) {
    super();
    this.body = body;
  }

  /** @throws what the coroutine throws */
  go(args: readonly LuaValue[]): LuaResult {
    this.status = 'running';
    try {
      const step = this.#steps ? this.#steps.next(args) : this.#start(args).next();
      this.status = step.done ? 'dead' : 'suspended';
      return step.value;
    } catch (error) {
      this.status = 'dead';
      throw error;
    }
  }

  #start(args: readonly LuaValue[]): Steps {
    this.#steps = resume(this.body, args);
    return this.#steps;
  }
}

/** The library `coroutine`. */
export function coroutineLibrary(): LuaTable {
  let running: Coroutine | undefined;
  const run = (thread: Coroutine, args: readonly LuaValue[]): LuaResult => {
    if (thread.status !== 'suspended') throw new LuaError(`cannot resume ${thread.status} coroutine`);
    const outer = running;
    if (outer) outer.status = 'normal';
    running = thread;
    try {
      return thread.go(args);
    } finally {
      running = outer;
      if (outer) outer.status = 'running';
    }
  };
  const create = (body: LuaValue): Coroutine =>
    new Coroutine(typeof body === 'function' ? body : fail("bad argument #1 to 'create' (function expected)"));
  const thread = (value: LuaValue): Coroutine =>
    value instanceof Coroutine ? value : fail('bad argument #1 (coroutine expected)');
  const outside: LuaFunction = () =>
    fail(running ? 'attempt to yield across C-call boundary' : 'attempt to yield from outside a coroutine');
  return tableOf({
    create: (body) => create(body),
    resume: (value, ...args) => {
      try {
        return [true, ...list(run(thread(value), args))];
      } catch (error) {
        return [false, valueOfError(error)];
      }
    },
    yield: resumable(outside, function* (...args) {
      return running ? yield args : outside();
    }),
    status: (value) => thread(value).status,
    running: () => running,
    isyieldable: () => running !== undefined,
    wrap: (body) => {
      const wrapped = create(body);
      return (...args) => run(wrapped, args);
    },
  });
}
