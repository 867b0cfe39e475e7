/** What a plugin sees of the engine: one host object an instance. */
import type { LogEvent } from '../data/event.ts';
import type { Logger } from '../log.ts';
import type { Counters } from '../metrics.ts';
import type {
  AnyDefinition,
  Batch,
  Clock,
  FilterHost,
  Host,
  InputHost,
  Level,
  MetricFamily,
  MultilineParser,
  OutputHost,
  PackedEvents,
  Parser,
  Property,
  Settle,
} from '../plugin.ts';
import type { Instance, Parsers } from '../spec.ts';
import type { Ingest } from './ingest.ts';
import type { OutputUnit } from './output_unit.ts';
import type { FilterUnit } from './stages.ts';

export interface HostEnvironment {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly parsers: Parsers;
  readonly signal: AbortSignal;
  readonly escapeUnicode: boolean;
  readonly variables: ReadonlyMap<string, string>;
}

class InstanceHost implements Host {
  readonly name: string;
  readonly alias: string | undefined;
  readonly section: readonly Property[];
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly escapeUnicode: boolean;
  readonly variables: ReadonlyMap<string, string>;
  readonly #env: HostEnvironment;

  constructor(instance: Instance<AnyDefinition>, env: HostEnvironment) {
    this.name = instance.name;
    this.alias = instance.alias;
    this.section = instance.section;
    this.signal = env.signal;
    this.clock = env.clock;
    this.escapeUnicode = env.escapeUnicode;
    this.variables = env.variables;
    this.#env = env;
  }
  log(level: Level, message: string): void {
    this.#env.log.log(level, message);
  }
  logs(level: Level): boolean {
    return this.#env.log.logs(level);
  }
  count(name: string, by = 1): void {
    this.#env.counters.add(name, by);
  }
  publish(family: MetricFamily): void {
    this.#env.counters.families.push(family);
  }
  parser(name: string): Parser | undefined {
    return this.#env.parsers.parser(name);
  }
  multilineParser(name: string): MultilineParser | undefined {
    return this.#env.parsers.multilineParser(name);
  }
}

export class EngineInputHost extends InstanceHost implements InputHost {
  readonly tag: string | undefined;
  readonly memBufLimitBytes: number | undefined;
  readonly #ingest: Ingest;
  readonly #exit: (code: number) => void;

  constructor(
    instance: Instance<AnyDefinition> & {
      readonly tag: string | undefined;
      readonly memBufLimitBytes: number | undefined;
    },
    env: HostEnvironment,
    ingest: Ingest,
    exit: (code: number) => void,
  ) {
    super(instance, env);
    this.tag = instance.tag;
    this.memBufLimitBytes = instance.memBufLimitBytes;
    this.#ingest = ingest;
    this.#exit = exit;
  }
  emit(tag: string, events: LogEvent[], settle?: Settle): boolean {
    return this.#ingest.emit(tag, events, settle);
  }
  emitPacked(tag: string, events: PackedEvents, settle?: Settle): boolean {
    return this.#ingest.emitPacked(tag, events, settle);
  }
  exit(code = 0): void {
    this.#exit(code);
  }
}

export class EngineFilterHost extends InstanceHost implements FilterHost {
  readonly #unit: FilterUnit;
  readonly #fallback: () => Ingest | undefined;
  readonly #exit: (code: number) => void;

  /** `fallback` gives the ingest for what a filter emits before any event went through it. */
  constructor(
    instance: Instance<AnyDefinition>,
    env: HostEnvironment,
    unit: FilterUnit,
    fallback: () => Ingest | undefined,
    exit: (code: number) => void,
  ) {
    super(instance, env);
    this.#unit = unit;
    this.#fallback = fallback;
    this.#exit = exit;
  }
  emit(tag: string, events: LogEvent[], settle?: Settle, everyFilter = false): boolean {
    const origin = this.#unit.origin ?? this.#fallback();
    if (origin) return origin.emitFrom(this.#unit, tag, events, settle, everyFilter);
    settle?.('lost');
    return true;
  }
  passOn(tag: string, events: LogEvent[], settle?: Settle): void {
    const origin = this.#unit.origin ?? this.#fallback();
    if (origin) origin.passOn(this.#unit, tag, events, settle);
    else settle?.('lost');
  }
  exit(code = 0): void {
    this.#exit(code);
  }
  hold(): Settle {
    return this.#unit.hold();
  }
}

export class EngineOutputHost extends InstanceHost implements OutputHost {
  readonly workers: number;
  /** Set once the instance is created: nothing is flushed before. */
  unit: OutputUnit | undefined;

  constructor(instance: Instance<AnyDefinition>, env: HostEnvironment, workers: number) {
    super(instance, env);
    this.workers = workers;
  }
  discard(batch: Batch, events: readonly LogEvent[], reason: string): void {
    this.unit?.discard(batch, events, reason);
  }
}
