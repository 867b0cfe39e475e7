/**
 * What the options of a tail input mean: checked, with units, and with the parsers found. Made once, by `create`;
 * touches no file.
 */
import { type InputHost, type MultilineParser, OptionError, type OptionsOf, type Parser } from '../../src/plugin.ts';
import { type EncodingChoice, readEncoding } from './encoding.ts';
import { compileExclude, Glob } from './glob.ts';
import type { TAIL_OPTIONS } from './options.ts';
import { compileTag, type TagOf } from './tag.ts';

export type TailOptions = OptionsOf<typeof TAIL_OPTIONS>;

export interface DatabaseSettings {
  readonly path: string;
  /** PRAGMA synchronous: 0 off, 1 normal, 2 full, 3 extra. */
  readonly sync: number;
  readonly exclusive: boolean;
  readonly journalMode: string;
  readonly compareName: boolean;
}

/** How lines become events. */
export type Joining =
  | { readonly kind: 'none' }
  | { readonly kind: 'multiline'; readonly parsers: readonly MultilineParser[] }
  | {
      readonly kind: 'first-line';
      readonly first: Parser;
      readonly others: readonly Parser[];
      readonly flushMs: number;
    }
  | { readonly kind: 'docker'; readonly first: Parser | undefined; readonly flushMs: number };

export interface Settings {
  readonly globs: readonly Glob[];
  isExcluded(path: string): boolean;
  readonly tagOf: TagOf;
  readonly key: string;
  readonly pathKey: string | undefined;
  readonly offsetKey: string | undefined;
  readonly parser: Parser | undefined;
  readonly joining: Joining;
  readonly encoding: EncodingChoice;
  readonly fromHeadAtStart: boolean;
  readonly fromHeadLater: boolean;
  readonly refreshMs: number;
  readonly watcherMs: number;
  readonly pollMs: number;
  readonly rotateWaitMs: number;
  /** 0: none are ignored. */
  readonly ignoreOlderMs: number;
  readonly ignoreActiveOlder: boolean;
  /** Buffer_Max_Size: a line, its newline and one byte must fit. */
  readonly bufferMaxBytes: number;
  readonly longLines: 'split' | 'skip' | 'truncate';
  readonly skipEmptyLines: boolean;
  /** The most that is read before others get a turn. */
  readonly batchBytes: number;
  /** The most that is read of one file in one turn. */
  readonly readBytes: number;
  readonly inotify: boolean;
  readonly exitOnEof: boolean;
  readonly maxOpenFiles: number;
  readonly database: DatabaseSettings | undefined;
}

/**
 * Measured on lines of 250 bytes (Node 24): 0.10 µs a line with 64 KiB, 0.11 with 128 KiB, 0.22 with 256 KiB, whose
 * strings V8 keeps among its large objects. A string that an event holds on to pins this much memory, too.
 */
const READ_BYTES = 64 * 1024;

/** @throws OptionError */
export function readSettings(options: TailOptions, host: InputHost): Settings {
  checkTimes(options);
  if (options.path.length === 0) throw new OptionError("no input 'path' was given", 'path');
  const excludes = (options.exclude_path ?? []).map(compileExclude);
  const joining = readJoining(options, host);
  return {
    globs: options.path.map((pattern) => new Glob(pattern)),
    isExcluded: (path) => excludes.some((excludes) => excludes(path)),
    tagOf: compileTag(host.tag ?? host.name, options.tag_regex),
    key: options.key,
    pathKey: options.path_key,
    offsetKey: options.offset_key,
    parser: joining.kind === 'first-line' ? undefined : findParser(options, host),
    joining,
    encoding: readEncoding(options['unicode.encoding'], options['generic.encoding']),
    fromHeadAtStart: options.read_from_head,
    fromHeadLater: options.read_newly_discovered_files_from_head || options.read_from_head,
    refreshMs: options.refresh_interval * 1000,
    watcherMs: Math.max(options.watcher_interval * 1000, 100),
    pollMs: options.progress_check_interval * 1000 + options.progress_check_interval_nsec / 1e6,
    rotateWaitMs: options.rotate_wait * 1000,
    ignoreOlderMs: options.ignore_older * 1000,
    ignoreActiveOlder: options.ignore_active_older_files,
    bufferMaxBytes: Math.max(options.buffer_max_size, 16),
    longLines: options.skip_long_lines ? 'skip' : options.truncate_long_lines ? 'truncate' : 'split',
    skipEmptyLines: options.skip_empty_lines,
    batchBytes: Math.max(Math.min(options.static_batch_size, options.event_batch_size), 1),
    readBytes: readBytes(host.memBufLimitBytes),
    inotify: options.inotify_watcher,
    exitOnEof: options.exit_on_eof,
    maxOpenFiles: options.max_open_files,
    database: readDatabase(options, host),
  };
}

/** A small Mem_Buf_Limit asks for small steps, or one turn would be over it many times. */
function readBytes(memBufLimitBytes: number | undefined): number {
  if (memBufLimitBytes === undefined || memBufLimitBytes <= 0) return READ_BYTES;
  return Math.min(Math.max(Math.floor(memBufLimitBytes / 4), 4096), READ_BYTES);
}

function checkTimes(options: TailOptions): void {
  if (options.refresh_interval <= 0)
    throw new OptionError("invalid 'refresh_interval' config value", 'refresh_interval');
  if (options.rotate_wait <= 0) throw new OptionError("invalid 'rotate_wait' config value", 'rotate_wait');
  if (options.buffer_chunk_size > options.buffer_max_size)
    throw new OptionError('buffer_max_size must be >= buffer_chunk_size', 'buffer_max_size');
}

/** As Fluent Bit: a parser that is not there is an error in the log, and lines come as they are. */
function findParser(options: TailOptions, host: InputHost): Parser | undefined {
  if (options.parser === undefined) return undefined;
  const parser = host.parser(options.parser);
  if (!parser) host.log('error', `parser '${options.parser}' is not registered`);
  return parser;
}

function readJoining(options: TailOptions, host: InputHost): Joining {
  const names = options['multiline.parser'].flat();
  if (names.length > 0) return readMultiline(names, host);
  if (options.docker_mode && options.multiline)
    throw new OptionError('Docker mode cannot be enabled when multiline is enabled', 'docker_mode');
  if (options.docker_mode) return readDockerMode(options, host);
  return options.multiline ? readFirstLine(options, host) : { kind: 'none' };
}

/** As Fluent Bit: the longest timeout counts, and one below half a second fails the start. */
function readMultiline(names: readonly string[], host: InputHost): Joining {
  const parsers = names.map((name) => findMultiline(name, host));
  const flushMs = Math.max(...parsers.map((parser) => parser.flushMs));
  if (flushMs < 500) throw new OptionError(`a flush timeout of ${flushMs} ms is too short`, 'multiline.parser');
  return { kind: 'multiline', parsers };
}

function findMultiline(name: string, host: InputHost): MultilineParser {
  const parser = host.multilineParser(name);
  if (!parser) throw new OptionError(`multiline parser '${name}' is not registered`, 'multiline.parser');
  return parser;
}

function readDockerMode(options: TailOptions, host: InputHost): Joining {
  const name = options.docker_mode_parser;
  const first = name === undefined ? undefined : host.parser(name);
  if (name !== undefined && !first) host.log('error', `parser '${name}' is not registered`);
  return { kind: 'docker', first, flushMs: Math.max(options.docker_mode_flush, 1) * 1000 };
}

function readFirstLine(options: TailOptions, host: InputHost): Joining {
  if (options.parser_firstline === undefined)
    throw new OptionError('multiline: no parser defined for firstline', 'parser_firstline');
  if (options.parser !== undefined) host.log('warn', "on multiline mode 'Parser' is not allowed (parser disabled)");
  const need = (name: string, option: string): Parser => {
    const parser = host.parser(name);
    if (!parser) throw new OptionError(`multiline: invalid parser '${name}'`, option);
    return parser;
  };
  const others = host.section.filter(({ key }) => /^parser_\d+$/.test(key));
  return {
    kind: 'first-line',
    first: need(options.parser_firstline, 'parser_firstline'),
    others: others.map(({ key, value }) => need(value, key)),
    flushMs: Math.max(options.multiline_flush, 1) * 1000,
  };
}

const SYNC: Readonly<Record<string, number>> = { off: 0, normal: 1, full: 2, extra: 3 };

function readDatabase(options: TailOptions, host: InputHost): DatabaseSettings | undefined {
  if (options.db === undefined) return undefined;
  const sync = SYNC[options['db.sync'].toLowerCase()];
  if (sync === undefined) host.log('error', "invalid database 'db.sync' value");
  return {
    path: options.db,
    sync: sync ?? 1,
    exclusive: options['db.locking'],
    journalMode: options['db.journal_mode'],
    compareName: options['db.compare_filename'],
  };
}
