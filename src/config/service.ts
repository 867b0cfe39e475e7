/**
 * The SERVICE section: its keys as a table, and the values that the engine gets. Several sections count as one and the
 * last value of a key wins. An unknown key is a warning, as Fluent Bit ignores it; Flush and Log_Level fail the start
 * where they do not read.
 */
import { OptionError, type OptionTable, readBoolean, readInteger, readSize } from '../options.ts';
import type { Level } from '../plugin.ts';
import type { ServiceSpec, StorageSpec, StorageType } from '../spec.ts';
import { type Diagnostics, guess } from './diagnostic.ts';
import { LEVEL_NAMES, readLevel, STORAGE_TYPES } from './shared.ts';
import type { Section, TreeProperty } from './tree.ts';

/** The size at which a chunk is closed. */
const CHUNK_BYTES = 2_048_000;

const NO_EFFECT = 'Accepted because Fluent Bit has it; no effect.';

export const SERVICE_OPTIONS = {
  flush: { type: 'number', default: '1', help: 'Seconds between two flushes.' },
  grace: { type: 'integer', default: '5', help: 'Seconds to deliver what is left after SIGTERM.' },
  daemon: { type: 'boolean', default: 'off', help: 'Not supported: runs in the foreground.' },
  log_file: { type: 'text', help: 'The file to log to; stderr without it.' },
  log_level: { type: 'text', default: 'info', help: 'off, error, warn, info, debug or trace.' },
  log_format: { type: 'text', default: 'text', oneOf: ['text', 'json'], help: 'text, or json: one object a line.' },
  parsers_file: { type: 'text', many: true, help: 'A file with parsers; may be given several times.' },
  plugins_file: { type: 'text', help: 'Not supported: Go plugins cannot be loaded.' },
  streams_file: { type: 'text', help: 'Not supported: there is no stream processor.' },
  'sp.convert_from_str_to_num': { type: 'boolean', help: NO_EFFECT },
  http_server: { type: 'boolean', default: 'off', help: 'The monitoring server.' },
  http_listen: { type: 'text', default: '0.0.0.0', help: 'The address of the monitoring server.' },
  http_port: { type: 'integer', default: '2020', help: 'The port of the monitoring server.' },
  health_check: { type: 'boolean', default: 'off', help: 'Answer at /api/v1/health.' },
  hc_errors_count: { type: 'integer', default: '5', help: 'Errors in a period before the health is bad.' },
  hc_retry_failure_count: { type: 'integer', default: '5', help: 'Chunks given up in a period before it is bad.' },
  hc_period: { type: 'integer', default: '60', help: 'The period of the health check in seconds.' },
  hc_throughput: { type: 'boolean', help: NO_EFFECT },
  hc_throughput_input_plugins: { type: 'text', help: NO_EFFECT },
  hc_throughput_output_plugins: { type: 'text', help: NO_EFFECT },
  hc_throughput_ratio_threshold: { type: 'number', help: NO_EFFECT },
  hc_throughput_min_failures: { type: 'integer', help: NO_EFFECT },
  mem_limit: {
    type: 'size',
    help: 'What all inputs together may hold in memory; storage.max_chunks_up × 2 MB without it.',
  },
  'storage.path': { type: 'text', help: 'The folder for chunks on disk.' },
  'storage.sync': { type: 'text', help: 'normal or full.' },
  'storage.metrics': { type: 'boolean', help: 'Answer at /api/v1/storage.' },
  'storage.checksum': { type: 'boolean', help: 'Check the CRC of chunks.' },
  'storage.backlog.mem_limit': { type: 'size', help: 'How much of the backlog may be in memory at once.' },
  'storage.backlog.flush_on_shutdown': {
    type: 'boolean',
    help: 'Wait for the backlog, too, when stopping (up to Grace).',
  },
  'storage.max_chunks_up': { type: 'integer', default: '128', help: 'How many chunks may be in memory.' },
  'storage.max_chunks_pause': { type: 'boolean', help: NO_EFFECT },
  'storage.delete_irrecoverable_chunks': { type: 'boolean', help: 'Delete chunks that cannot be read.' },
  'storage.trim_files': { type: 'boolean', help: 'No effect: chunk files are never longer than what is in them.' },
  'storage.type': { type: 'text', help: 'The storage of inputs that say none, with storage.inherit.' },
  'storage.inherit': { type: 'boolean', help: 'Whether storage.type is that of inputs that say none.' },
  'storage.keep.rejected': { type: 'boolean', help: 'Keep chunks that outputs refused or that were tried too often.' },
  'storage.rejected.path': { type: 'text', help: 'The folder for them below storage.path.' },
  'scheduler.base': { type: 'integer', default: '5', help: 'Seconds of the first backoff.' },
  'scheduler.cap': { type: 'integer', default: '2000', help: 'The longest backoff in seconds.' },
  'json.escape_unicode': { type: 'boolean', default: 'on', help: 'Write JSON in ASCII.' },
  'json.convert_nan_to_null': { type: 'boolean', help: NO_EFFECT },
  multiline_buffer_limit: { type: 'size', help: 'The longest multiline record.' },
  'dns.mode': { type: 'text', help: NO_EFFECT },
  'dns.resolver': { type: 'text', help: NO_EFFECT },
  'dns.prefer_ipv4': { type: 'boolean', help: NO_EFFECT },
  'dns.prefer_ipv6': { type: 'boolean', help: NO_EFFECT },
  'net.http_proxy': { type: 'text', help: NO_EFFECT },
  'net.no_proxy': { type: 'text', help: NO_EFFECT },
  coro_stack_size: { type: 'integer', help: NO_EFFECT },
  enable_chunk_trace: { type: 'boolean', help: NO_EFFECT },
  hot_reload: { type: 'boolean', default: 'off', help: 'Reload at SIGHUP.' },
  'hot_reload.ensure_thread_safety': { type: 'boolean', help: NO_EFFECT },
  'hot_reload.timeout': { type: 'integer', help: NO_EFFECT },
  'windows.maxstdio': { type: 'integer', help: NO_EFFECT },
} as const satisfies OptionTable;

/** Switches that are read, but that nothing acts on so far: to turn them on must not go unnoticed. */
const NOT_YET = ['http_server', 'hot_reload'] as const;

/** Reads all SERVICE sections. `level` is that of the command line (-v, -q), for a configuration that says none. */
export function readService(
  sections: readonly Section[],
  level: Level | null,
  env: Readonly<Record<string, string | undefined>>,
  diagnostics: Diagnostics,
): ServiceSpec {
  return new ServiceReader(sections, diagnostics).read(level, env);
}

class ServiceReader {
  readonly #last = new Map<string, TreeProperty>();
  readonly #diagnostics: Diagnostics;

  constructor(sections: readonly Section[], diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
    for (const section of sections) for (const property of section.properties) this.#take(property);
  }

  #take(property: TreeProperty): void {
    const { key, written, place } = property;
    if (!Object.hasOwn(SERVICE_OPTIONS, key)) {
      const names = Object.keys(SERVICE_OPTIONS);
      this.#diagnostics.warning(place, `SERVICE has no key '${written}' and ignores it${guess(key, names)}`);
    } else if (property.value !== '') this.#last.set(key, property);
  }

  read(level: Level | null, env: Readonly<Record<string, string | undefined>>): ServiceSpec {
    for (const key of NOT_YET)
      if (this.#boolean(key, false)) this.#unsupported(key, `'${key}' is not yet in Sluice and has no effect`);
    this.#unsupported('plugins_file', 'Go plugins (Plugins_File) cannot be loaded');
    this.#unsupported('streams_file', 'there is no stream processor (Streams_File)');
    if (this.#boolean('daemon', false))
      this.#unsupported('daemon', 'Daemon is not supported: this runs in the foreground; let systemd start it');
    const maxChunksUp = this.#positive('storage.max_chunks_up', 128);
    return {
      flushMs: this.#flush(),
      graceSeconds: this.#integer('grace', 5),
      daemon: false,
      logLevel: this.#level(level, env),
      logFile: this.#text('log_file'),
      logFormat: this.#text('log_format')?.toLowerCase() === 'json' ? 'json' : 'text',
      escapeUnicode: this.#boolean('json.escape_unicode', true),
      retryBaseSeconds: Math.max(this.#integer('scheduler.base', 5), 0),
      retryCapSeconds: Math.max(this.#integer('scheduler.cap', 2000), 0),
      maxChunksUp,
      httpServer: this.#boolean('http_server', false),
      httpListen: this.#text('http_listen') ?? '0.0.0.0',
      httpPort: this.#integer('http_port', 2020),
      hotReload: this.#boolean('hot_reload', false),
      memLimitBytes: this.#size('mem_limit', maxChunksUp * CHUNK_BYTES),
      storage: this.#storage(),
      inheritedStorageType: this.#inherited(),
    };
  }

  #storage(): StorageSpec | undefined {
    const path = this.#text('storage.path');
    if (path === undefined) return undefined;
    return {
      path,
      sync: this.#sync(),
      checksum: this.#boolean('storage.checksum', false),
      backlogMemLimitBytes: this.#size('storage.backlog.mem_limit', 5_000_000),
      flushBacklogOnShutdown: this.#boolean('storage.backlog.flush_on_shutdown', false),
      deleteIrrecoverableChunks: this.#boolean('storage.delete_irrecoverable_chunks', false),
      keepRejected: this.#boolean('storage.keep.rejected', false),
      rejectedPath: this.#text('storage.rejected.path') ?? 'rejected',
    };
  }

  /** As Fluent Bit: storage.type alone does nothing. */
  #inherited(): StorageType | undefined {
    const property = this.#last.get('storage.type');
    if (!property) return undefined;
    const value = STORAGE_TYPES.find((type) => type === property.value.toLowerCase());
    if (!value)
      this.#diagnostics.error(
        property.valuePlace,
        `'${property.value}' is no storage.type${guess(property.value, STORAGE_TYPES) || `; there are ${STORAGE_TYPES.join(', ')}`}`,
      );
    if (this.#boolean('storage.inherit', false)) return value;
    this.#unsupported('storage.type', 'storage.type in SERVICE has no effect without storage.inherit on');
    return undefined;
  }

  #sync(): 'normal' | 'full' {
    const property = this.#last.get('storage.sync');
    const value = property?.value.toLowerCase() ?? 'normal';
    if (property && value !== 'normal' && value !== 'full')
      this.#diagnostics.error(
        property.valuePlace,
        `'${property.value}' is no storage.sync; there are normal and full${guess(value, ['normal', 'full'])}`,
      );
    return value === 'full' ? 'full' : 'normal';
  }

  #size(key: string, fallback: number): number {
    const property = this.#last.get(key);
    if (!property) return fallback;
    try {
      const size = readSize(property.value);
      if (size > 0) return size;
      throw new OptionError(`'${key}' must be more than 0`);
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      this.#diagnostics.error(property.valuePlace, error.message);
      return fallback;
    }
  }

  #flush(): number {
    const property = this.#last.get('flush');
    if (!property) return 1000;
    const seconds = Number.parseFloat(property.value);
    if (seconds > 0 && seconds < 1e6) return seconds * 1000;
    this.#diagnostics.error(property.valuePlace, `Flush must be more than 0 seconds; '${property.value}' is not`);
    return 1000;
  }

  /** FLB_LOG_LEVEL wins over the file, the file over the command line. */
  #level(commandLine: Level | null, env: Readonly<Record<string, string | undefined>>): Level | null {
    const fromEnv = env.FLB_LOG_LEVEL === undefined ? undefined : readLevel(env.FLB_LOG_LEVEL);
    const property = this.#last.get('log_level');
    const level = property ? readLevel(property.value) : commandLine;
    if (level === undefined && property)
      this.#diagnostics.error(
        property.valuePlace,
        `'${property.value}' is no Log_Level${guess(property.value, LEVEL_NAMES) || `; there are ${LEVEL_NAMES.join(', ')}`}`,
      );
    return fromEnv !== undefined ? fromEnv : level === undefined ? 'info' : level;
  }

  #unsupported(key: string, message: string): void {
    const property = this.#last.get(key);
    if (property) this.#diagnostics.warning(property.place, message);
  }

  #text(key: string): string | undefined {
    return this.#last.get(key)?.value;
  }

  /** As atoi, but what holds no digits at all is surely a mistake. */
  #integer(key: string, fallback: number): number {
    const property = this.#last.get(key);
    if (!property) return fallback;
    if (!/^\s*[+-]?\d/.test(property.value))
      this.#diagnostics.warning(property.valuePlace, `'${property.value}' is no number; it counts as 0`);
    return readInteger(property.value);
  }

  #positive(key: string, fallback: number): number {
    const value = this.#integer(key, fallback);
    if (value > 0) return value;
    this.#diagnostics.warning(
      this.#last.get(key)?.valuePlace,
      `'${key}' must be more than 0; it is taken as ${fallback}`,
    );
    return fallback;
  }

  #boolean(key: string, fallback: boolean): boolean {
    const property = this.#last.get(key);
    if (!property) return fallback;
    try {
      return readBoolean(property.value);
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      this.#diagnostics.warning(property.valuePlace, `${error.message}; it counts as ${fallback ? 'on' : 'off'}`);
      return fallback;
    }
  }
}
