/**
 * Loads a script as a module: JavaScript or TypeScript, with whatever it imports. Its text, and that of files it imports
 * by path, goes through `instrument.ts` on the way. A file that did not change is the same module after a reload.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import module from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { OptionError } from '../../src/plugin.ts';
import { instrument } from './instrument.ts';
import type { Script } from './types.ts';

/** Marks the address of a module that belongs to a script; the value changes with the file. */
const MARK = 'sluice-script';
/** Marks one that is to stay as it was written. */
const PLAIN = '-plain';

export interface Loaded {
  readonly script: Script<object>;
  /** False where the loops of the script could not be found, so that nothing stops them. */
  readonly guarded: boolean;
}

let hooked = false;

/** @throws OptionError where the file cannot be read, does not compile, fails, or exports no function that answers at once. */
export async function loadScript(file: string): Promise<Loaded> {
  hook();
  let exported: { default?: unknown };
  let guarded = true;
  try {
    const address = `${pathToFileURL(file).href}?${MARK}=${fs.statSync(file).mtimeMs}`;
    exported = await import(address).catch((error) => {
      if (!(error instanceof SyntaxError)) throw error;
      guarded = false;
      return import(`${address}${PLAIN}`);
    });
  } catch (error) {
    throw new OptionError(`the script '${file}' cannot be loaded: ${describe(error, file)}`, 'script');
  }
  if (typeof exported.default !== 'function')
    throw new OptionError(`the script '${file}' must export a function: export default (event, tag) => ...`, 'script');
  if (exported.default.constructor.name === 'AsyncFunction')
    throw new OptionError(`the script '${file}' is asynchronous; an event does not wait`, 'script');
  return { script: exported.default as Script<object>, guarded };
}

/** Where a syntax error is, the error does not say: Node's own check does. */
function describe(error: unknown, file: string): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof SyntaxError) || !fs.existsSync(file)) return error.message;
  // What is no TypeScript failed before; its message says where.
  if (/\.m?ts$/.test(file)) return error.message;
  const input = sourceOf(file);
  const check = spawnSync(process.execPath, ['--check', '--input-type=module', '-'], { input, encoding: 'utf8' });
  const line = /^\[stdin\]:(\d+)$/m.exec(check.stderr)?.[1];
  return line === undefined ? error.message : `${error.message} (line ${line})`;
}

/** What scripts import by path is theirs, too; packages are not. */
function hook(): void {
  if (hooked) return;
  hooked = true;
  module.registerHooks({
    resolve(specifier, context, next) {
      const result = next(specifier, context);
      const { parentURL } = context;
      if (!parentURL?.includes(`?${MARK}=`) || !specifier.startsWith('.') || result.url.includes('?')) return result;
      const plain = parentURL.endsWith(PLAIN) ? PLAIN : '';
      return { ...result, url: `${result.url}?${MARK}=${fs.statSync(fileURLToPath(result.url)).mtimeMs}${plain}` };
    },
    load(url, context, next) {
      if (!url.includes(`?${MARK}=`) || !/\.m?[jt]s\?/.test(url)) return next(url, context);
      const file = fileURLToPath(url);
      const source = sourceOf(file);
      const text = url.endsWith(PLAIN) ? source : (instrument(source) ?? source);
      return { format: 'module', source: text, shortCircuit: true };
    },
  });
}

/** As JavaScript. @throws SyntaxError for TypeScript that is none */
function sourceOf(file: string): string {
  const written = fs.readFileSync(file, 'utf8');
  return /\.m?ts$/.test(file) ? withoutTypes(written) : written;
}

/** Node announces the function as experimental, though it does the same itself without a word. */
function withoutTypes(source: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return module.stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}
