/** Lua's basic functions: `print`, `pcall`, `pairs`, `setmetatable`, `load` and the others. */
import { integerArgument, tableArgument, textArgument } from './arguments.ts';
import type { Chunk } from './compile.ts';
import { resumable, resume } from './coroutine.ts';
import { fail, LuaError, LuaSyntaxError, positionOf, valueOfError } from './errors.ts';
import { ipairsStep, luaNext } from './iterate.ts';
import { callMeta, first, list, type Metatables, metamethod, metatableOf } from './meta.ts';
import { numberText, toNumber, toNumberInBase, typeName } from './numbers.ts';
import { type LuaFunction, LuaTable, LuaUserdata, type LuaValue, NOTHING } from './table.ts';

/** What the basic functions need of the state they belong to. */
export interface BasicDeps {
  readonly metatables: Metatables;
  readonly globals: LuaTable;
  readonly compile: (text: string, name: string) => Chunk;
  readonly readFile: (file: string) => string;
  readonly write: (text: string) => void;
}

/** `tostring`, for libraries. */
export function shower(metatables: Metatables): (value: LuaValue) => string {
  const names = new WeakMap<object, string>();
  let count = 0;
  const address = (value: object): string => {
    let name = names.get(value);
    if (name === undefined) {
      name = `0x${(0x40000000 + ++count * 32).toString(16)}`;
      names.set(value, name);
    }
    return name;
  };
  return (value) => {
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return numberText(value);
    const handler = metamethod(metatables, value, '__tostring');
    if (handler !== undefined) {
      const text = first(callMeta(metatables, handler, [value]));
      return typeof text === 'string' ? text : fail("'tostring' must return a string to 'print'");
    }
    if (value === undefined) return 'nil';
    if (typeof value === 'boolean') return String(value);
    return value instanceof LuaUserdata ? value.label : `${typeName(value)}: ${address(value)}`;
  };
}

export function basicLibrary(deps: BasicDeps, show: (value: LuaValue) => string): Record<string, LuaValue> {
  return {
    ...protectedCalls(),
    ...loaders(deps),
    ...tables(deps.metatables),
    assert: (...args) => {
      if (args[0] !== undefined && args[0] !== false) return args;
      if (args.length > 1) throw new LuaError(args[1]);
      return fail('assertion failed!');
    },
    collectgarbage: (what) => (what === 'count' ? process.memoryUsage().heapUsed / 1024 : 0),
    print: (...values) => {
      deps.write(`${values.map(show).join('\t')}\n`);
      return NOTHING;
    },
    select: (n, ...values) => {
      if (n === '#') return values.length;
      const at = integerArgument(n, 1, 'select');
      if (at === 0 || -at > values.length) fail("bad argument #1 to 'select' (index out of range)");
      return values.slice(at < 0 ? at : at - 1);
    },
    tonumber: (value, base) => {
      if (base === undefined || base === 10) return toNumber(value);
      return toNumberInBase(textArgument(value, 1, 'tonumber'), integerArgument(base, 2, 'tonumber'));
    },
    tostring: (value) => show(value),
    type: (...args) => (args.length === 0 ? fail("bad argument #1 to 'type' (value expected)") : typeName(args[0])),
    unpack,
    _VERSION: 'Lua 5.1',
  };
}

export const unpack: LuaFunction = (t, i, j) => {
  const table = tableArgument(t, 1, 'unpack');
  const from = integerArgument(i, 2, 'unpack', 1);
  const to = integerArgument(j, 3, 'unpack', table.length);
  if (to - from >= 100_000) fail('too many results to unpack');
  const values: LuaValue[] = [];
  for (let at = from; at <= to; at++) values.push(table.get(at));
  return values;
};

function protectedCalls(): Record<string, LuaFunction> {
  /** As `error`; `above` levels are no functions of the script: 1 where pcall calls error itself. */
  const raise = (value: LuaValue, level: LuaValue, above: number): never => {
    const depth = integerArgument(level, 2, 'error', 1) - above;
    if (typeof value !== 'string' || depth < 1) throw new LuaError(value);
    const position = positionOf(new Error().stack, depth);
    throw new LuaError(position === '' ? value : `${position} ${value}`);
  };
  const error: LuaFunction = (value, level) => raise(value, level, 0);
  const pcall: LuaFunction = (run, ...args) => {
    try {
      if (run === error) raise(args[0], args[1], 1);
      return [true, ...list(callable(run)(...args))];
    } catch (error) {
      return [false, valueOfError(error)];
    }
  };
  const xpcall: LuaFunction = (run, handler, ...args) => {
    try {
      if (run === error) raise(args[0], args[1], 1);
      return [true, ...list(callable(run)(...args))];
    } catch (error) {
      const value = valueOfError(error);
      return [false, ...(typeof handler === 'function' ? list(handler(value)) : [value])];
    }
  };
  return {
    error,
    pcall: resumable(pcall, function* (run, ...args) {
      try {
        if (run === error) raise(args[0], args[1], 1);
        return [true, ...list(yield* resume(callable(run), args))];
      } catch (error) {
        return [false, valueOfError(error)];
      }
    }),
    xpcall,
  };
}

function callable(value: LuaValue): LuaFunction {
  return typeof value === 'function' ? value : fail(`attempt to call a ${typeName(value)} value`);
}

function tables(metatables: Metatables): Record<string, LuaFunction> {
  return {
    next: luaNext,
    pairs: (t) => [luaNext, tableArgument(t, 1, 'pairs'), undefined],
    ipairs: (t) => [ipairsStep, tableArgument(t, 1, 'ipairs'), 0],
    rawequal: (a, b) => a === b,
    rawget: (t, key) => tableArgument(t, 1, 'rawget').get(key),
    rawset: (t, key, value) => {
      if (key === undefined || Number.isNaN(key)) fail('table index is nil');
      tableArgument(t, 1, 'rawset').set(key, value);
      return t;
    },
    getmetatable: (value) => {
      const meta = metatableOf(metatables, value);
      return meta?.getText('__metatable') ?? meta;
    },
    setmetatable: (t, meta) => {
      const table = tableArgument(t, 1, 'setmetatable');
      if (table.meta?.getText('__metatable') !== undefined) fail('cannot change a protected metatable');
      table.ready();
      table.meta = meta === undefined ? undefined : tableArgument(meta, 2, 'setmetatable');
      return table;
    },
  };
}

function loaders({ compile, globals, readFile }: BasicDeps): Record<string, LuaFunction> {
  const chunks = new WeakMap<LuaFunction, Chunk>();
  const load = (text: string, name: string): LuaFunction => {
    const chunk = compile(text, name);
    chunks.set(chunk.main, chunk);
    return chunk.main;
  };
  const tried = (run: () => LuaFunction): readonly LuaValue[] => {
    try {
      return [run()];
    } catch (error) {
      if (error instanceof LuaSyntaxError || error instanceof LuaError) return [undefined, error.message];
      throw error;
    }
  };
  /** `=name` is a name as it stands, as is `@file`; a text gives its own begin. */
  const nameOf = (name: LuaValue, text: string): string => {
    const given = typeof name === 'string' ? name : text;
    return /^[=@]/.test(given) ? given.slice(1) : `[string "${given.split('\n')[0]?.slice(0, 40)}"]`;
  };
  const loadText = (text: string, name: LuaValue) => tried(() => load(text, nameOf(name, text)));
  return {
    loadstring: (text, name) => loadText(textArgument(text, 1, 'loadstring'), name),
    load: (source, name, _mode, environment) => {
      let text = typeof source === 'string' ? source : '';
      if (typeof source === 'function')
        for (let piece = first(source()); typeof piece === 'string' && piece !== ''; piece = first(source()))
          text += piece;
      const result = loadText(text, name);
      const [main] = result;
      if (environment instanceof LuaTable && typeof main === 'function') chunks.get(main)?.setGlobals(environment);
      return result;
    },
    loadfile: (file) =>
      tried(() => load(readFile(textArgument(file, 1, 'loadfile')), textArgument(file, 1, 'loadfile'))),
    dofile: (file) => load(readFile(textArgument(file, 1, 'dofile')), textArgument(file, 1, 'dofile'))(),
    getfenv: () => globals,
    setfenv: (run, environment) => {
      const chunk = typeof run === 'function' ? chunks.get(run) : undefined;
      if (!chunk) return fail("'setfenv' works for functions that 'load' or 'loadstring' gave only");
      chunk.setGlobals(tableArgument(environment, 2, 'setfenv'));
      return run;
    },
  };
}
