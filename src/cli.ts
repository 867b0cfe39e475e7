/**
 * The command line, as Fluent Bit's: `-i NAME -p key=value -o NAME -m '*'` make sections of a configuration in the
 * order given, as a file would; the rest says what to do. Options that mean nothing here are taken with a word about
 * it, so that a command that works with Fluent Bit works with Sluice.
 */
import { parseArgs } from 'node:util';
import { type Diagnostics, guess } from './config/diagnostic.ts';
import type { PluginKind } from './config/shared.ts';
import type { Section, TreeProperty } from './config/tree.ts';
import type { Place } from './options.ts';
import type { Level } from './plugin.ts';

export interface CommandLine {
  /** help and schema: of the plugin last named, if any. */
  readonly action: 'run' | 'dry-run' | 'check' | 'help' | 'schema' | 'version' | 'nothing';
  readonly plugin: { readonly kind: PluginKind; readonly name: string } | undefined;
  readonly file: string | undefined;
  readonly workdir: string | undefined;
  readonly strict: boolean;
  readonly logLevel: Level | null;
  readonly sections: readonly Section[];
  readonly parserFiles: readonly { readonly path: string; readonly place: Place }[];
}

interface CliOption {
  readonly short: string;
  readonly type: 'string' | 'boolean';
  readonly help: string;
  /** What its value is called in the help. */
  readonly value?: string;
}

export const CLI_OPTIONS: Readonly<Record<string, CliOption>> = {
  storage_path: { short: 'b', type: 'string', value: 'PATH', help: 'the folder for chunks on disk' },
  config: { short: 'c', type: 'string', value: 'FILE', help: 'the configuration, classic or YAML' },
  custom: { short: 'C', type: 'string', value: 'CUSTOM', help: 'not in Sluice' },
  daemon: { short: 'd', type: 'boolean', help: 'not in Sluice: it runs in the foreground' },
  'dry-run': { short: 'D', type: 'boolean', help: 'check the configuration, start nothing' },
  plugin: { short: 'e', type: 'string', value: 'FILE', help: 'not in Sluice: plugins in shared libraries' },
  flush: { short: 'f', type: 'string', value: 'SECONDS', help: 'seconds between two flushes (default: 1)' },
  filter: { short: 'F', type: 'string', value: 'FILTER', help: 'add a filter' },
  help: { short: 'h', type: 'boolean', help: 'print this help, or that of the plugin named before' },
  http: { short: 'H', type: 'boolean', help: 'start the monitoring server' },
  input: { short: 'i', type: 'string', value: 'INPUT', help: 'add an input' },
  'help-json': { short: 'J', type: 'boolean', help: 'print the options of the plugin named before as a JSON schema' },
  log_file: { short: 'l', type: 'string', value: 'FILE', help: 'log to a file' },
  http_listen: { short: 'L', type: 'string', value: 'ADDRESS', help: 'the address of the monitoring server' },
  match: { short: 'm', type: 'string', value: 'MATCH', help: "which tags, same as -p match='...'" },
  output: { short: 'o', type: 'string', value: 'OUTPUT', help: 'add an output' },
  prop: { short: 'p', type: 'string', value: 'KEY=VALUE', help: 'an option of the plugin named before' },
  port: { short: 'P', type: 'string', value: 'PORT', help: 'the port of the monitoring server (default: 2020)' },
  processor: { short: 'r', type: 'string', value: 'PROCESSOR', help: 'no effect: processors stand in YAML' },
  quiet: { short: 'q', type: 'boolean', help: 'log nothing' },
  parser: { short: 'R', type: 'string', value: 'FILE', help: 'a file with parsers' },
  coro_stack_size: { short: 's', type: 'string', value: 'BYTES', help: 'no effect' },
  sosreport: { short: 'S', type: 'boolean', help: 'not in Sluice' },
  tag: { short: 't', type: 'string', value: 'TAG', help: "the tag, same as -p tag='...'" },
  'sp-task': { short: 'T', type: 'string', value: 'SQL', help: 'not in Sluice: the stream processor' },
  verbose: { short: 'v', type: 'boolean', help: 'log more: -v debug, -vv trace' },
  version: { short: 'V', type: 'boolean', help: 'print the version' },
  workdir: { short: 'w', type: 'string', value: 'FOLDER', help: 'go to this folder first' },
  'disable-thread-safety-on-hot-reload': { short: 'W', type: 'boolean', help: 'no effect' },
  coro_collective_timeslice: { short: 'X', type: 'string', value: 'SECONDS', help: 'no effect' },
  'enable-hot-reload': { short: 'Y', type: 'boolean', help: 'reload the configuration at SIGHUP' },
  'enable-chunk-trace': { short: 'Z', type: 'boolean', help: 'no effect' },
  supervisor: { short: '', type: 'boolean', help: 'no effect: let systemd or Kubernetes start it again' },
  trace: { short: '', type: 'string', value: 'PIPELINE', help: 'no effect' },
  'trace-input': { short: '', type: 'string', value: 'INPUT', help: 'no effect' },
  'trace-output': { short: '', type: 'string', value: 'OUTPUT', help: 'no effect' },
  'trace-output-property': { short: '', type: 'string', value: 'KEY=VALUE', help: 'no effect' },
  // Not Fluent Bit's:
  strict: { short: '', type: 'boolean', help: 'a warning about the configuration is an error' },
};
/** Other long names for the same options. */
const LONG_ALIASES: Readonly<Record<string, string>> = { http_server: 'http', http_port: 'port' };
const SERVICE_KEYS: Readonly<Record<string, string>> = {
  storage_path: 'storage.path',
  flush: 'flush',
  log_file: 'log_file',
  http_listen: 'http_listen',
  port: 'http_port',
};
const SERVICE_SWITCHES: Readonly<Record<string, string>> = {
  http: 'http_server',
  'enable-hot-reload': 'hot_reload',
  daemon: 'daemon',
};
const PLUGIN_KINDS: Readonly<Record<string, PluginKind>> = { input: 'input', filter: 'filter', output: 'output' };
const LEVELS: readonly Level[] = ['info', 'debug', 'trace'];

/** Reads the arguments (without the program's name). Mistakes go to `diagnostics`. */
export function readCommandLine(args: readonly string[], diagnostics: Diagnostics): CommandLine {
  return new CliReader(args, diagnostics).read();
}

class CliReader {
  readonly #args: readonly string[];
  readonly #diagnostics: Diagnostics;
  readonly #text: string;
  readonly #sections: Section[] = [];
  readonly #parserFiles: { path: string; place: Place }[] = [];
  readonly #service: Section;
  #current: { section: Section; kind: PluginKind; name: string } | undefined;
  #action: CommandLine['action'] = 'run';
  #file: string | undefined;
  #workdir: string | undefined;
  #strict = false;
  #quiet = false;
  #verbosity = 0;

  constructor(args: readonly string[], diagnostics: Diagnostics) {
    this.#args = args;
    this.#diagnostics = diagnostics;
    this.#text = args.join(' ');
    this.#service = this.#section('service', this.#place(0));
    this.#sections.push(this.#service);
  }

  read(): CommandLine {
    const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {};
    for (const [name, { type, short }] of Object.entries(CLI_OPTIONS))
      options[name] = short ? { type, short } : { type };
    for (const [alias, name] of Object.entries(LONG_ALIASES))
      options[alias] = { type: CLI_OPTIONS[name]?.type ?? 'boolean' };
    const { tokens } = parseArgs({
      args: [...this.#args],
      options,
      strict: false,
      allowPositionals: true,
      tokens: true,
    });
    for (const token of tokens) {
      if (token.kind === 'positional') this.#positional(token.value, token.index);
      else if (token.kind === 'option')
        this.#option(LONG_ALIASES[token.name] ?? token.name, token.rawName, token.value, token.index);
    }
    if (this.#args.length === 0) this.#action = 'nothing';
    return {
      action: this.#action,
      plugin: this.#current && { kind: this.#current.kind, name: this.#current.name },
      file: this.#file,
      workdir: this.#workdir,
      strict: this.#strict || this.#action === 'check',
      logLevel: this.#quiet ? null : (LEVELS[Math.min(this.#verbosity, 2)] ?? 'info'),
      sections: this.#sections,
      parserFiles: this.#parserFiles,
    };
  }

  #positional(word: string, index: number) {
    if (index === 0 && word === 'check') this.#do('check');
    else this.#diagnostics.warning(this.#place(index), `the argument '${word}' is ignored`);
  }

  /** What was said first is done: `-i tail -h -V` prints the help, as getopt's loop does. */
  #do(action: CommandLine['action']) {
    const ends = this.#action === 'help' || this.#action === 'schema' || this.#action === 'version';
    if (!ends && !(this.#action === 'check' && action === 'dry-run')) this.#action = action;
  }

  #option(name: string, written: string, value: string | undefined, index: number) {
    const place = this.#place(index);
    const option = Object.hasOwn(CLI_OPTIONS, name) ? CLI_OPTIONS[name] : undefined;
    if (!option) {
      const hint = name.length > 1 ? guess(name, Object.keys(CLI_OPTIONS)) : '';
      return this.#diagnostics.error(place, `there is no option '${written}'${hint}`);
    }
    if (option.type === 'string' && value === undefined)
      return this.#diagnostics.error(place, `'${written}' needs a value: ${option.value}`);
    const kind = PLUGIN_KINDS[name];
    if (kind) this.#plugin(kind, value ?? '', place);
    else if (SERVICE_KEYS[name]) this.#add(this.#service, SERVICE_KEYS[name], value ?? '', place);
    else if (SERVICE_SWITCHES[name]) this.#add(this.#service, SERVICE_SWITCHES[name], 'on', place);
    else this.#other(name, written, value ?? '', place);
  }

  #other(name: string, written: string, value: string, place: Place) {
    switch (name) {
      case 'config':
        this.#file = value;
        return;
      case 'workdir':
        this.#workdir = value;
        return;
      case 'parser':
        this.#parserFiles.push({ path: value, place });
        return;
      case 'prop':
        return this.#property(value, place);
      case 'tag':
      case 'match':
        return this.#tagOrMatch(name, written, value, place);
      case 'quiet':
        this.#quiet = true;
        return;
      case 'verbose':
        this.#verbosity++;
        return;
      case 'strict':
        this.#strict = true;
        return;
      case 'dry-run':
      case 'help':
      case 'version':
        return this.#do(name);
      case 'help-json':
        return this.#do('schema');
      case 'plugin':
      case 'custom':
      case 'sp-task':
        return this.#diagnostics.error(place, `'${written}' is ${CLI_OPTIONS[name]?.help}`);
      default:
        return this.#diagnostics.note(place, `'${written}' has no effect in Sluice`);
    }
  }

  #plugin(kind: PluginKind, name: string, place: Place): void {
    const section = this.#section(kind, place);
    this.#sections.push(section);
    this.#current = { section, kind, name };
    this.#add(section, 'name', name, place);
  }

  #property(text: string, place: Place): void {
    const equal = text.indexOf('=');
    if (!this.#current) this.#diagnostics.warning(place, `'-p ${text}' is ignored: no -i, -F or -o stands before it`);
    else if (equal < 1) this.#diagnostics.warning(place, `'-p ${text}' is ignored: write -p key=value`);
    else this.#add(this.#current.section, text.slice(0, equal).trim(), text.slice(equal + 1), place);
  }

  #tagOrMatch(key: 'tag' | 'match', written: string, value: string, place: Place): void {
    const fits = this.#current && (key === 'tag' || this.#current.kind !== 'input');
    if (this.#current && fits) this.#add(this.#current.section, key, value, place);
    else
      this.#diagnostics.warning(
        place,
        `'${written}' is ignored: it belongs after ${key === 'tag' ? '-i' : '-F or -o'}`,
      );
  }

  #add(section: Section, key: string, value: string, place: Place): void {
    const property: TreeProperty = { key: key.toLowerCase(), written: key, value, place, valuePlace: place };
    section.properties.push(property);
  }

  #section(kind: PluginKind | 'service', place: Place): Section {
    return { kind, name: kind, place, properties: [], nested: [], folder: '', main: true };
  }

  /** The whole command line is the text; the column is where the argument begins. */
  #place(index: number): Place {
    const column = this.#args.slice(0, index).reduce((sum, word) => sum + word.length + 1, 1);
    return { file: 'command line', line: 1, column, length: (this.#args[index] ?? '').length, text: this.#text };
  }
}
