/**
 * What the configuration hands to the engine: everything read, checked, with its defaults, and frozen. Nothing here
 * knows how it was written; only `place` remembers where.
 */
import type { Place, Property } from './options.ts';
import type {
  AnyDefinition,
  FilterDefinition,
  InputDefinition,
  Level,
  MultilineParser,
  OutputDefinition,
  Parser,
  ProcessorDefinition,
} from './plugin.ts';

/** A configured plugin. */
export interface Instance<D extends AnyDefinition> {
  readonly definition: D;
  /** `tail.0`: numbered over all instances of its kind (inputs, filters, outputs), as Fluent Bit does. */
  readonly name: string;
  readonly alias: string | undefined;
  /** The plugin's own options, read, with defaults: what `definition.create` takes. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly section: readonly Property[];
  readonly place: Place;
  /** Log_Level of this instance; undefined: the service's. `off` is null. */
  readonly logLevel: Level | null | undefined;
}

/** A test on one field of a record; `field` is a record accessor (`$level`, `$req['path']`) or a plain key. */
export interface ConditionRule {
  readonly field: string;
  readonly op: 'eq' | 'neq' | 'gt' | 'lt' | 'gte' | 'lte' | 'regex' | 'not_regex' | 'in' | 'not_in' | 'exists';
  readonly value: string | number | boolean | readonly string[];
  /** True where the field is looked up in the event's metadata. */
  readonly inMetadata: boolean;
}

export interface Condition {
  readonly op: 'and' | 'or';
  readonly rules: readonly ConditionRule[];
}

/** One entry of an input's `routes` (YAML): events that meet the condition go to these outputs only. */
export interface RouteRule {
  readonly name: string;
  /** undefined: every event. `default`: those that no other rule took. */
  readonly condition: Condition | 'default' | undefined;
  /** Aliases, names or plugins of outputs; of several that are meant the first counts. */
  readonly outputs: readonly string[];
  /** What to take where there is no such output, by its name. */
  readonly fallbacks?: ReadonlyMap<string, string>;
}

export type StorageType = 'memory' | 'filesystem' | 'memrb';

export interface ProcessorSpec extends Instance<FilterDefinition | ProcessorDefinition> {
  readonly condition: Condition | undefined;
}

export interface InputSpec extends Instance<InputDefinition> {
  readonly tag: string | undefined;
  readonly memBufLimitBytes: number | undefined;
  readonly storageType: StorageType;
  readonly pauseOnChunksOverLimit: boolean;
  readonly processors: readonly ProcessorSpec[];
  /** undefined: by Match of the outputs. */
  readonly routes: readonly RouteRule[] | undefined;
}

/** Match and Match_Regex: either is enough. Both undefined: never, unless it is the only output of the only input. */
export interface Matching {
  readonly match: string | undefined;
  readonly matchRegex: string | undefined;
}

export interface FilterSpec extends Instance<FilterDefinition>, Matching {}

export interface OutputSpec extends Instance<OutputDefinition>, Matching {
  /** Retries after the first try; 0: none, the chunk is dropped; Infinity: no limit. */
  readonly retryLimit: number;
  /** Workers as written, or undefined. */
  readonly workers: number | undefined;
  readonly storageTotalLimitBytes: number | undefined;
  /** Where what it gives up goes; undefined: nowhere. */
  readonly deadLetter: { readonly kind: 'file' | 'output'; readonly name: string } | undefined;
  readonly processors: readonly ProcessorSpec[];
}

/** SERVICE storage.*: there where storage.path is. */
export interface StorageSpec {
  readonly path: string;
  /** What "on disk" means: in the hands of the system, or (full) on the disk itself. */
  readonly sync: 'normal' | 'full';
  readonly checksum: boolean;
  /** How much of what an earlier run left may be in memory at once. */
  readonly backlogMemLimitBytes: number;
  readonly flushBacklogOnShutdown: boolean;
  readonly deleteIrrecoverableChunks: boolean;
  readonly keepRejected: boolean;
  /** The name of the folder below `path`. */
  readonly rejectedPath: string;
}

export interface ServiceSpec {
  readonly flushMs: number;
  readonly graceSeconds: number;
  readonly daemon: boolean;
  readonly logLevel: Level | null;
  readonly logFile: string | undefined;
  readonly logFormat: 'text' | 'json';
  readonly escapeUnicode: boolean;
  /** scheduler.base and scheduler.cap, in seconds. */
  readonly retryBaseSeconds: number;
  readonly retryCapSeconds: number;
  readonly maxChunksUp: number;
  readonly httpServer: boolean;
  readonly httpListen: string;
  readonly httpPort: number;
  readonly hotReload: boolean;
  /** What all inputs together may hold in memory. */
  readonly memLimitBytes: number;
  readonly storage: StorageSpec | undefined;
  /** storage.type of inputs that say none. */
  readonly inheritedStorageType: StorageType | undefined;
}

/** Compiled at first use, kept afterwards. */
export interface Parsers {
  parser(name: string): Parser | undefined;
  multilineParser(name: string): MultilineParser | undefined;
}

export interface PipelineSpec {
  readonly service: ServiceSpec;
  readonly inputs: readonly InputSpec[];
  readonly filters: readonly FilterSpec[];
  readonly outputs: readonly OutputSpec[];
  readonly parsers: Parsers;
  /** What @SET and YAML's `env` set, and HOSTNAME; for plugins that let scripts read them. */
  readonly variables: ReadonlyMap<string, string>;
}
