/**
 * The contract between Sluice and its plugins: everything that an input, a filter, a processor or an output may know.
 *
 * A plugin is a folder whose `index.ts` exports by default what `defineInput`, `defineFilter`, `defineProcessor` or
 * `defineOutput` returns. `create` validates its options and never touches the network or a file; `start` opens.
 * Buffering, retries, back-pressure and acknowledgement live outside: a plugin reads, changes or sends events.
 */
import type { LogEvent } from './data/event.ts';
import type { MetricFamily } from './metrics.ts';
import type { OptionsOf, OptionTable, Place, Property } from './options.ts';

export type { Fields, LogEvent } from './data/event.ts';
export type { FamilySample, MetricFamily } from './metrics.ts';
export { OptionError, type OptionsOf, type OptionTable, type Property } from './options.ts';

export type Soon<T> = T | Promise<T>;
export type Level = 'error' | 'warn' | 'info' | 'debug' | 'trace';

/**
 * Called once, when the source need not keep these events any longer: they are `safe` (delivered at every output, or
 * durable on disk, or given up by a policy that the user chose and that was counted) or `lost` (the pipeline stopped
 * before that: read them again after a restart).
 */
export type Settle = (outcome: 'safe' | 'lost') => void;

/** Time and chance; tests bring their own. */
export interface Clock {
  /** Unix milliseconds, with a fraction where the system has one. */
  now(): number;
  /** Milliseconds that only go forward, for measuring. */
  monotonic(): number;
  /** @returns a function that cancels the timer. The timer keeps the process alive unless `unref` is true. */
  after(ms: number, run: () => void, unref?: boolean): () => void;
  /** 0 <= value < 1. */
  random(): number;
}

/**
 * One compiled [PARSER]. Called once a line: `seconds` and `nanos` are the time the event gets where the text holds
 * none. Returns undefined where the text does not fit; the text is never changed.
 */
export interface Parser {
  readonly name: string;
  parse(text: string, seconds: number, nanos: number): LogEvent | undefined;
}

/** A rule of a multiline parser: from one of `from`, a line that fits `test` leads to `to`. */
export interface MultilineRule {
  readonly from: readonly string[];
  readonly to: string;
  readonly test: (text: string) => boolean;
}

/** One compiled [MULTILINE_PARSER], own or built in; `parsers/multiline.ts` holds the machine that runs it. */
export interface MultilineParser {
  readonly name: string;
  readonly type: 'regex' | 'endswith' | 'equal';
  readonly rules: readonly MultilineRule[];
  /** For endswith and equal: the text that ends a group (or, negated, goes on). */
  readonly matchText?: string;
  readonly negate: boolean;
  readonly flushMs: number;
  readonly keyContent?: string;
  readonly keyPattern?: string;
  readonly keyGroup?: string;
  /** The [PARSER] that a line goes through first (cri, docker). */
  readonly parser?: Parser;
  /** Multiline_Buffer_Limit: the longest record of type regex; 0: no limit; undefined: the default. */
  readonly limitBytes?: number;
}

export interface Host {
  /** `tail.0`: the plugin's name and its number among all instances of its kind. */
  readonly name: string;
  readonly alias: string | undefined;
  /** Every property that the user wrote, in order, also the shared ones (Match, Tag). */
  readonly section: readonly Property[];
  /** Aborted when the instance must stop at once. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** SERVICE json.escape_unicode: whether JSON is written in ASCII, as Fluent Bit does by default. */
  readonly escapeUnicode: boolean;
  /** What @SET and YAML's `env` set. */
  readonly variables: ReadonlyMap<string, string>;
  /** One sentence; nothing per event. */
  log(level: Level, message: string): void;
  /** True where a message of this level would be written. */
  logs(level: Level): boolean;
  /** Adds to a counter of this instance; `name` in the words of a metric: `long_lines_skipped_total`. */
  count(name: string, by?: number): void;
  /** Shows a metric of the plugin's own, under its own name, beside those of Sluice; called in `create`. */
  publish(family: MetricFamily): void;
  parser(name: string): Parser | undefined;
  multilineParser(name: string): MultilineParser | undefined;
}

/** Events as msgpack: `[[time, metadata], body]` or `[time, body]`, side by side. */
export interface PackedEvents {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Told once nobody uses the bytes any more, so that they may be written to again. It may also never come. */
  readonly release?: (() => void) | undefined;
}

export interface InputHost extends Host {
  /** The user's Tag; without one, inputs take `name`. */
  readonly tag: string | undefined;
  /** Mem_Buf_Limit, or undefined: what an input may hold before `emit` says false. */
  readonly memBufLimitBytes: number | undefined;
  /**
   * Hands events over; the array and the events are the engine's from then on. `settle` is called once they are safe,
   * for events of one tag in the order in which they were emitted.
   * @returns false when the input should wait for `resume` before it emits more (what was handed over was taken).
   */
  emit(tag: string, events: LogEvent[], settle?: Settle): boolean;
  /**
   * The same for events that came as msgpack. They are decoded only where a filter, a processor or an output looks
   * into them; otherwise they go to outputs and to the disk as they came. Must be whole events and nothing else.
   */
  emitPacked(tag: string, events: PackedEvents, settle?: Settle): boolean;
  /** Ends the whole program after what was emitted is delivered (Exit_On_Eof and its like). */
  exit(code?: number): void;
}

export interface Input {
  start(): Soon<void>;
  /** Called after `emit` returned false, when there is room again. */
  resume?(): void;
  /** Stops reading; may emit what it holds (an unfinished multiline group) before it resolves. */
  stop(): Soon<void>;
  /** Called last, when no settle will come any more: commits what is left to commit and closes. */
  close?(): Soon<void>;
  /** Lines for the state dump (SIGCONT). */
  describe?(): string[];
}

export interface FilterHost extends Host {
  /**
   * Sends events through the filters from the first one on, as Fluent Bit's emitters do, but never through this
   * filter again unless `everyFilter`; for events that a filter makes or gives back later.
   * @returns false where these events were emitted too often already, which is a loop of filters: they were not taken,
   * and `settle` will not be called.
   */
  emit(tag: string, events: LogEvent[], settle?: Settle, everyFilter?: boolean): boolean;
  /** Sends events that this filter kept on to what comes after it, as if `filter` had returned them. */
  passOn(tag: string, events: LogEvent[], settle?: Settle): void;
  /**
   * To be called inside `filter` when events are kept for later: the source waits until the returned function is
   * called, or handed to `emit` or `passOn` as its settle. Call it once.
   */
  hold(): Settle;
  /** Ends the whole program, as an input's `exit` does. */
  exit(code?: number): void;
}

export interface Filter {
  /** Called before the inputs start. Does not wait for a network. */
  start?(): Soon<void>;
  /**
   * All events have the same tag. Returns the same array where nothing changes; an empty one drops them. Bodies may
   * be shared: replace `event.body`, do not write into it. A promise only when it must wait.
   */
  filter(events: LogEvent[], tag: string): Soon<LogEvent[]>;
  /** Emits what it holds. */
  stop?(): Soon<void>;
}

export interface OutputHost extends Host {
  /** The Workers option, at least 1: how many batches may be under way at once. */
  readonly workers: number;
  /**
   * Gives up some events of a batch whose others go on, inside its `flush`: they are counted as dropped with this
   * reason, logged, and go to the dead letters where there are any. The verdict then speaks of the others. Not to be
   * called for all of a batch (that is the verdict `drop`), nor twice for the same event.
   */
  discard(batch: Batch, events: readonly LogEvent[], reason: string): void;
}

export interface Output {
  start?(): Soon<void>;
  /**
   * Sends one batch and says what happened. `signal` is aborted when nobody waits for the answer any longer. A retry
   * hands over the same Batch object, so an output may remember by it (in a WeakMap) what was accepted already.
   */
  flush(batch: Batch, signal: AbortSignal): Soon<Verdict>;
  /**
   * Chunks should not be larger than this, since it makes one full request: what was learned from the batches before
   * (`Batch.size`). Asked often; undefined: not known.
   */
  readonly chunkBytes?: number | undefined;
  /** Closes; called once, when no flush is under way. */
  stop?(): Soon<void>;
}

/** A sealed chunk as an output sees it. May be read more than once; the events are read-only. */
export interface Batch extends Iterable<LogEvent> {
  readonly tag: string;
  readonly count: number;
  /** About how many bytes its events took as MessagePack when they came, before the output's own processors. */
  readonly size: number;
  /** The events, decoded where they were cold. */
  readonly events: readonly LogEvent[];
  /** They are MessagePack now: `pieces` costs nothing, and `events` has to decode them. */
  readonly isPacked: boolean;
  /** Fluent Bit's chunk content: msgpack `[[EventTime, metadata], body]`, side by side. */
  bytes(): Uint8Array;
  /** The same in pieces of whole events, which spares joining them. Valid until the flush is over. */
  pieces(): readonly Uint8Array[];
}

export type Verdict =
  | { readonly kind: 'ok' }
  /** Never to be tried again; counted as dropped with this reason. */
  | { readonly kind: 'drop'; readonly reason: string }
  /** To be tried again by the scheduler; `afterMs` (a Retry-After) replaces the backoff. */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: number };

export const OK: Verdict = Object.freeze({ kind: 'ok' });
export const drop = (reason: string): Verdict => ({ kind: 'drop', reason });
export const retry = (reason: string, afterMs?: number): Verdict =>
  afterMs === undefined ? { kind: 'retry', reason } : { kind: 'retry', reason, afterMs };

interface Definition<K extends string, H extends Host, P> {
  readonly kind: K;
  readonly name: string;
  readonly summary: string;
  readonly options: OptionTable;
  create(options: never, host: H): Soon<P>;
}
export interface InputDefinition extends Definition<'input', InputHost, Input> {
  /**
   * Its source keeps what was not read yet (files, a journal): it may be told to wait as soon as its outputs fall
   * behind, long before Mem_Buf_Limit, since events that wait as objects cost memory and time.
   */
  readonly canWait: boolean;
}
export interface FilterDefinition extends Definition<'filter', FilterHost, Filter> {
  /**
   * It keeps events for later, and its source has to wait for them; behind an output nobody waits. As a processor of an
   * output it is refused, or, where Fluent Bit takes it there, warned about.
   */
  readonly behindOutput?: 'refuse' | 'warn';
}
export type ProcessorDefinition = Definition<'processor', FilterHost, Filter>;
export interface OutputDefinition extends Definition<'output', OutputHost, Output> {
  /** How many batches may be under way at once where the user does not say (Workers). */
  readonly concurrency: number;
  /** The same where it depends on the options. */
  readonly concurrencyOf?: (options: never) => number;
  /**
   * A chunk of this size goes at once where the output is idle; 256 kB by default. More where a request has its price,
   * so that it goes as full as it can be.
   */
  readonly idleBytes?: number;
  /**
   * How many full chunks keep it busy (at most 8, and at most its concurrency); inputs that can wait read no further
   * ahead. Fewer where the concurrency is there for many small chunks.
   */
  readonly paceChunks?: number;
}
export type AnyDefinition = InputDefinition | FilterDefinition | ProcessorDefinition | OutputDefinition;

/** What is written to define a plugin. */
export interface Blueprint<T extends OptionTable, H extends Host, P> {
  readonly name: string;
  /** One sentence for `--help` and the README. */
  readonly summary: string;
  readonly options: T;
  /** Checks values and builds the instance; never touches the network or a file. @throws OptionError */
  create(options: OptionsOf<T>, host: H): Soon<P>;
}

export function defineInput<const T extends OptionTable>(
  blueprint: Blueprint<T, InputHost, Input> & { readonly canWait?: boolean },
): InputDefinition {
  return { kind: 'input', canWait: false, ...blueprint } as InputDefinition;
}

export function defineFilter<const T extends OptionTable>(
  blueprint: Blueprint<T, FilterHost, Filter> & Pick<FilterDefinition, 'behindOutput'>,
): FilterDefinition {
  return { kind: 'filter', ...blueprint } as FilterDefinition;
}

/** A filter that stands only under `processors` of an input or an output. */
export function defineProcessor<const T extends OptionTable>(
  blueprint: Blueprint<T, FilterHost, Filter>,
): ProcessorDefinition {
  return { kind: 'processor', ...blueprint } as ProcessorDefinition;
}

export function defineOutput<const T extends OptionTable>(
  blueprint: Blueprint<T, OutputHost, Output> & {
    readonly concurrency?: number;
    readonly concurrencyOf?: (options: OptionsOf<T>) => number;
    readonly idleBytes?: number;
    readonly paceChunks?: number;
  },
): OutputDefinition {
  return { kind: 'output', concurrency: 1, ...blueprint } as OutputDefinition;
}

/** The list of all plugins (plugins/index.ts): a plugin that is not configured is never loaded. */
export interface PluginIndex {
  readonly inputs: Readonly<Record<string, () => Promise<{ default: InputDefinition }>>>;
  readonly filters: Readonly<Record<string, () => Promise<{ default: FilterDefinition }>>>;
  readonly processors: Readonly<Record<string, () => Promise<{ default: ProcessorDefinition }>>>;
  readonly outputs: Readonly<Record<string, () => Promise<{ default: OutputDefinition }>>>;
}

export type { Place };
