/**
 * A Lua of its own: globals, libraries and the chunks that run in it. What is there is what LuaJIT has, but for its
 * `ffi`, and for what would run other programs or end this one.
 */
import fs from 'node:fs';
import path from 'node:path';
import { textArgument } from './arguments.ts';
import { Budget } from './budget.ts';
import { type Chunk, compileChunk } from './compile.ts';
import { coroutineLibrary } from './coroutine.ts';
import { fail, LuaError, positionOf } from './errors.ts';
import { basicLibrary, shower, unpack } from './lib_basic.ts';
import { ioLibrary } from './lib_io.ts';
import { bitLibrary, mathLibrary } from './lib_math.ts';
import { osLibrary } from './lib_os.ts';
import { stringLibrary } from './lib_string.ts';
import { tableLibrary } from './lib_table.ts';
import { first, type Metatables } from './meta.ts';
import { type Operations, operationsOf } from './operations.ts';
import { LuaTable, type LuaValue, tableOf } from './table.ts';
import { bytesOf, textOf } from './text.ts';

export interface StateSettings {
  /** How long a call may take. */
  readonly limitSeconds: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number;
  readonly random: () => number;
  /** Where `require` looks for modules. */
  readonly folder: string;
  /** What a script prints. */
  readonly write: (bytes: string) => void;
}

export class LuaState {
  readonly globals = new LuaTable();
  readonly budget: Budget;
  readonly #metatables: Metatables = { text: undefined };
  readonly #operations: Operations;

  constructor(settings: StateSettings) {
    this.budget = new Budget(settings.limitSeconds, settings.monotonic);
    this.#operations = operationsOf(this.#metatables, this.budget);
    this.#libraries(settings);
  }

  /** `text` holds one byte a character. @throws LuaSyntaxError */
  compile(text: string, name: string): Chunk {
    return compileChunk(text, name, this.#operations, this.budget, this.globals);
  }

  /** Calls a function with a fresh budget. @throws LuaError, LuaTimeout */
  run(chunk: Chunk): void {
    this.budget.restart();
    chunk.main();
  }

  #libraries(settings: StateSettings): void {
    const { globals } = this;
    const show = shower(this.#metatables);
    const readFile = (file: string) => fs.readFileSync(path.resolve(settings.folder, textOf(file)), 'latin1');
    const compile = (text: string, name: string) => this.compile(text, name);
    const { write } = settings;
    const basic = basicLibrary({ metatables: this.#metatables, globals, compile, readFile, write }, show);
    for (const [name, value] of Object.entries(basic)) globals.setText(name, value);
    const string = stringLibrary(this.budget, this.#metatables, show);
    this.#metatables.text = tableOf({ __index: string });
    const table = tableLibrary(this.#operations, this.budget);
    table.setText('unpack', unpack);
    const libraries: Record<string, LuaTable> = {
      _G: globals,
      string,
      table,
      math: mathLibrary(settings.random),
      bit: bitLibrary(),
      os: osLibrary(settings.now),
      io: ioLibrary(write),
      coroutine: coroutineLibrary(),
      debug: debugLibrary(this.#metatables),
      jit: tableOf({ version: 'LuaJIT 2.1', version_num: 20100, os: 'Linux', arch: process.arch, status: () => true }),
    };
    for (const [name, library] of Object.entries(libraries)) globals.setText(name, library);
    this.#modules(libraries, settings.folder);
  }

  /** `require`, and `package` with what it has loaded. */
  #modules(libraries: Readonly<Record<string, LuaTable>>, folder: string): void {
    const loaded = tableOf(libraries);
    const preload = new LuaTable();
    const package_ = tableOf({
      loaded,
      preload,
      path: './?.lua;/usr/local/share/lua/5.1/?.lua',
      cpath: '',
      config: '/\n;\n?\n!\n-\n',
    });
    libraries._G?.setText('package', package_);
    loaded.setText('package', package_);
    libraries._G?.setText('require', (name) => {
      const module = textArgument(name, 1, 'require');
      const there = loaded.get(module);
      if (there !== undefined) return there;
      const before = preload.get(module);
      const load = typeof before === 'function' ? before : this.#find(module, package_.get('path'), folder);
      const value = first(load(module)) ?? loaded.get(module) ?? true;
      loaded.set(module, value);
      return value;
    });
  }

  #find(module: string, paths: LuaValue, folder: string): Chunk['main'] {
    const tried: string[] = [];
    for (const pattern of String(paths).split(';')) {
      const file = textOf(pattern.replaceAll('?', module.replaceAll('.', '/')));
      const full = path.resolve(folder, file);
      if (fs.existsSync(full)) return this.compile(fs.readFileSync(full, 'latin1'), bytesOf(file)).main;
      tried.push(`\n\tno file '${bytesOf(file)}'`);
    }
    throw new LuaError(`module '${module}' not found:${tried.join('')}`);
  }
}

function debugLibrary(metatables: Metatables): LuaTable {
  return tableOf({
    traceback: (message) => {
      const lines: string[] = [typeof message === 'string' ? message : '', 'stack traceback:'];
      const stack = new Error().stack;
      for (let level = 1; positionOf(stack, level) !== ''; level++)
        lines.push(`\t${positionOf(stack, level)} in function`);
      return lines.join('\n').trimStart();
    },
    getinfo: (level) => {
      const [, source = '?', line = '0'] =
        /^(.*):(\d+):$/.exec(typeof level === 'number' ? positionOf(new Error().stack, level) : '') ?? [];
      return tableOf({ short_src: source, source: `@${source}`, currentline: Number(line), what: 'Lua', nups: 0 });
    },
    getmetatable: (value) =>
      value instanceof LuaTable ? value.meta : typeof value === 'string' ? metatables.text : undefined,
    sethook: () => [],
    gethook: () => undefined,
    getlocal: () => fail('debug.getlocal is not available here'),
  });
}
