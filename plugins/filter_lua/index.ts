/**
 * The `lua` filter: a function in Lua keeps, changes, drops or splits each record.
 *
 * Lua 5.1 with LuaJIT's additions, compiled to JavaScript (`compile.ts`); the state lives as long as the filter, so
 * globals keep their values. As Fluent Bit: an error of the script, or a result that is no record, leaves all events of
 * the batch as they were. A call that takes too long is stopped and is such an error.
 */
import fs from 'node:fs';
import path from 'node:path';
import { standardOutput } from '../../src/net/stdout.ts';
import { defineFilter, type FilterHost, OptionError, type OptionsOf } from '../../src/plugin.ts';
import { LuaError, LuaSyntaxError, LuaTimeout, valueOfError } from './errors.ts';
import { options } from './options.ts';
import { LuaRunner } from './run.ts';
import { LuaState } from './state.ts';
import { LuaTable } from './table.ts';
import { bytesOf, textOf } from './text.ts';
import { Converter, FLB_NULL } from './values.ts';

type Options = OptionsOf<typeof options>;

export default defineFilter({
  name: 'lua',
  summary: 'Changes, drops or splits records with a function in Lua.',
  options,
  create: (given, host) => {
    const script = readScript(given, host);
    const output = new ScriptOutput(host);
    const state = new LuaState({
      limitSeconds: given.time_limit,
      now: () => host.clock.now(),
      monotonic: () => host.clock.monotonic(),
      random: () => host.clock.random(),
      folder: script.folder,
      write: (bytes) => output.write(bytes),
    });
    if (given.enable_flb_null) state.globals.setText('flb_null', FLB_NULL);
    state.globals.setText('FLB_ENV', variablesOf(host));
    load(state, script, given.call);
    const converter = new Converter({
      keepNull: given.enable_flb_null,
      intKeys: given.type_int_key ?? [],
      arrayKeys: given.type_array_key ?? [],
    });
    const runner = new LuaRunner(state, converter, host, given.call, given.time_as_table);
    return {
      filter: (events, tag) => {
        const kept = runner.run(events, tag);
        return output.pending ? output.pending.then(() => kept) : kept;
      },
      stop: () => output.pending,
    };
  },
});

/** As Fluent Bit: what @SET and YAML's `env` set, and HOSTNAME; the environment itself is os.getenv's. */
function variablesOf(host: FilterHost): LuaTable {
  const table = new LuaTable();
  for (const [name, value] of host.variables) if (value !== '') table.setText(bytesOf(name), bytesOf(value));
  return table;
}

interface Script {
  readonly text: string;
  readonly name: string;
  readonly folder: string;
}

/** How messages call the option `code`, as in Fluent Bit. */
const CODE_NAME = '[string "fluentbit.lua"]';

/** Beside the working directory, a relative path is looked up where the configuration stands. @throws OptionError */
function readScript({ script, code }: Options, host: FilterHost): Script {
  if (code !== undefined) return { text: bytesOf(code), name: CODE_NAME, folder: process.cwd() };
  if (script === undefined) throw new OptionError("one of 'script' and 'code' is needed", 'script');
  const written = host.section.find(({ key }) => key === 'script')?.place?.file;
  const beside = written === undefined ? script : path.resolve(path.dirname(written), script);
  const file = fs.existsSync(script) ? script : beside;
  try {
    return { text: fs.readFileSync(file, 'latin1'), name: bytesOf(script), folder: path.dirname(path.resolve(file)) };
  } catch (error) {
    throw new OptionError(`the script '${script}' cannot be read: ${(error as Error).message}`, 'script');
  }
}

/** Runs the script once, which defines its functions. @throws OptionError */
function load(state: LuaState, { text, name }: Script, call: string): void {
  const option = name === CODE_NAME ? 'code' : 'script';
  try {
    state.run(state.compile(text, name));
  } catch (error) {
    if (error instanceof LuaSyntaxError || error instanceof LuaTimeout)
      throw new OptionError(textOf(error.message), option);
    if (!(error instanceof LuaError || error instanceof RangeError)) throw error;
    throw new OptionError(`the script failed: ${textOf(String(valueOfError(error)))}`, option);
  }
  if (typeof state.globals.getText(bytesOf(call)) !== 'function')
    throw new OptionError(`the script has no function '${call}'`, 'call');
}

/** What scripts print goes to standard output; the filter waits for it, so that memory does not fill. */
class ScriptOutput {
  readonly #host: FilterHost;
  #failed = false;
  pending: Promise<void> | undefined;

  constructor(host: FilterHost) {
    this.#host = host;
  }

  write(bytes: string): void {
    const written = standardOutput()
      .write(Buffer.from(bytes, 'latin1'))
      .catch((error: Error) => {
        if (!this.#failed) this.#host.log('warn', `cannot write to standard output: ${error.message}`);
        this.#failed = true;
      })
      .then(() => {
        if (this.pending === written) this.pending = undefined;
      });
    this.pending = written;
  }
}
