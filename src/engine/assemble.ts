/**
 * Builds the parts of a pipeline out of its spec: outputs first, then filters, then inputs, each created by its
 * plugin. Nothing is started and nothing touches the network or a file here, so that `--dry-run` can do it, too; all
 * instances that cannot be created are reported, not only the first.
 */
import { compileCondition } from '../data/condition.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { AnyDefinition, Clock, FilterHost, Input, InputHost, OutputHost } from '../plugin.ts';
import type { FilterSpec, InputSpec, Instance, OutputSpec, PipelineSpec, ProcessorSpec } from '../spec.ts';
import { Backlog } from './backlog.ts';
import { MemoryBudget } from './budget.ts';
import { DeadLetterFile, DeadLetterOutput, type DeadLetters } from './dead_letters.ts';
import { EngineFilterHost, EngineInputHost, EngineOutputHost, type HostEnvironment } from './hosts.ts';
import { Ingest } from './ingest.ts';
import { OutputUnit } from './output_unit.ts';
import { RejectedChunks } from './rejected.ts';
import { compileMatching, compileRouter, perTag } from './routes.ts';
import type { Scheduler } from './scheduler.ts';
import { FilterUnit } from './stages.ts';
import { ChunkStore } from './storage.ts';

export interface AssembleDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly scheduler: Scheduler;
  readonly signal: AbortSignal;
  readonly exit: (code: number) => void;
  readonly progress: () => void;
}

/** An instance that its plugin refused to create. */
export interface InstanceError {
  readonly instance: Instance<AnyDefinition>;
  readonly error: Error;
}

export interface InputUnit {
  readonly spec: InputSpec;
  readonly input: Input;
  readonly ingest: Ingest;
}

export interface Parts {
  readonly inputs: readonly InputUnit[];
  readonly filters: readonly FilterUnit[];
  readonly outputs: readonly OutputUnit[];
  /** Where chunks are kept on disk, and what earlier runs left there; undefined without storage.path. */
  readonly storage: { readonly store: ChunkStore; readonly backlog: Backlog } | undefined;
  readonly errors: readonly InstanceError[];
}

export async function assemble(spec: PipelineSpec, deps: AssembleDeps): Promise<Parts> {
  return new Assembler(spec, deps).run();
}

class Assembler {
  readonly #spec: PipelineSpec;
  readonly #deps: AssembleDeps;
  readonly #errors: InstanceError[] = [];
  readonly #ingests: Ingest[] = [];
  /** Processors too: they are stopped as filters are. */
  readonly #units: FilterUnit[] = [];
  readonly #store: ChunkStore | undefined;

  constructor(spec: PipelineSpec, deps: AssembleDeps) {
    this.#spec = spec;
    this.#deps = deps;
    const { storage } = spec.service;
    if (storage) this.#store = new ChunkStore(storage, deps.clock, deps.log);
  }

  async run(): Promise<Parts> {
    const outputs: OutputUnit[] = [];
    for (const output of this.#spec.outputs) {
      const unit = await this.#output(output);
      if (unit) outputs.push(unit);
    }
    for (const unit of outputs) unit.givenUp.deadLetters = this.#deadLetters(unit, outputs);
    const filters: FilterUnit[] = [];
    for (const filter of this.#spec.filters) {
      const unit = await this.#filter(filter, compileMatching(filter), undefined);
      if (unit) filters.push(unit);
    }
    const fits = this.#fits(outputs);
    const outputsFor = perTag((tag) => outputs.filter((unit) => fits.get(unit)?.(tag)));
    const inputs = await this.#inputs(filters, outputs, outputsFor);
    const storage = this.#store && { store: this.#store, backlog: this.#backlog(this.#store, outputs, outputsFor) };
    return { inputs, filters: this.#units, outputs, storage, errors: this.#errors };
  }

  #deadLetters({ spec }: OutputUnit, outputs: readonly OutputUnit[]): DeadLetters | undefined {
    const { deadLetter } = spec;
    if (!deadLetter) return undefined;
    if (deadLetter.kind === 'file') return new DeadLetterFile(deadLetter.name, this.#deps.log);
    const target = outputs.find(({ label, spec }) => label === deadLetter.name || spec.name === deadLetter.name);
    return target && new DeadLetterOutput(target);
  }

  #backlog(store: ChunkStore, outputs: readonly OutputUnit[], outputsFor: Ingest['settings']['outputsFor']): Backlog {
    const { log, metrics, progress } = this.#deps;
    const inMemory = this.#spec.inputs.filter(({ storageType }) => storageType !== 'filesystem');
    const backlog = new Backlog({
      spec: store.spec,
      descriptors: store.descriptors,
      log,
      counters: metrics.counters('input', 'storage_backlog'),
      skip: new Set(inMemory.map(({ name }) => name)),
      outputs,
      outputsFor,
      progress,
    });
    for (const unit of outputs)
      unit.disk.backlog = { bytes: () => backlog.bytesFor(unit), giveUpOldest: () => backlog.giveUpOldest(unit) };
    return backlog;
  }

  async #create<T>(instance: Instance<AnyDefinition>, create: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await create();
    } catch (error) {
      this.#errors.push({ instance, error: error as Error });
      return undefined;
    }
  }

  #env(kind: 'input' | 'filter' | 'output', instance: Instance<AnyDefinition>): HostEnvironment {
    const { clock, log, metrics, signal } = this.#deps;
    return {
      clock,
      log: log.child(`${kind}:${instance.definition.name}:${instance.alias ?? instance.name}`, instance.logLevel),
      counters: metrics.counters(kind, instance.name),
      parsers: this.#spec.parsers,
      signal,
      escapeUnicode: this.#spec.service.escapeUnicode,
      variables: this.#spec.variables,
    };
  }

  async #output(spec: OutputSpec): Promise<OutputUnit | undefined> {
    const env = this.#env('output', spec);
    const host = new EngineOutputHost(spec, env, Math.max(1, spec.workers ?? 1));
    const create = spec.definition.create as (
      options: unknown,
      host: OutputHost,
    ) => ReturnType<typeof spec.definition.create>;
    const output = await this.#create(spec, () => create(spec.options, host));
    const processors = await this.#processors(spec.processors);
    if (!output) return undefined;
    const { clock, log, scheduler, signal, progress } = this.#deps;
    const { storage } = this.#spec.service;
    host.unit = new OutputUnit(spec, output, processors, {
      clock,
      log,
      scheduler,
      counters: env.counters,
      signal,
      rejected: storage?.keepRejected ? new RejectedChunks(storage, log) : undefined,
      deleteBroken: storage?.deleteIrrecoverableChunks ?? false,
      progress,
    });
    return host.unit;
  }

  async #processors(specs: readonly ProcessorSpec[]): Promise<FilterUnit[]> {
    const units: FilterUnit[] = [];
    for (const spec of specs) {
      const condition = spec.condition && compileCondition(spec.condition);
      const unit = await this.#filter(spec, () => true, condition);
      if (unit) units.push(unit);
    }
    return units;
  }

  async #filter(
    spec: FilterSpec | ProcessorSpec,
    matches: (tag: string) => boolean,
    condition: ConstructorParameters<typeof FilterUnit>[2],
  ): Promise<FilterUnit | undefined> {
    const env = this.#env('filter', spec);
    const unit = new FilterUnit(spec.name, matches, condition, env.counters, env.log);
    const host = new EngineFilterHost(spec, env, unit, () => this.#ingests[0], this.#deps.exit);
    const create = spec.definition.create as (
      options: unknown,
      host: FilterHost,
    ) => ReturnType<typeof spec.definition.create>;
    const filter = await this.#create(spec, () => create(spec.options, host));
    if (!filter) return undefined;
    unit.filter = filter;
    this.#units.push(unit);
    return unit;
  }

  async #inputs(
    filters: readonly FilterUnit[],
    outputs: readonly OutputUnit[],
    outputsFor: Ingest['settings']['outputsFor'],
  ): Promise<InputUnit[]> {
    const budget = new MemoryBudget(this.#spec.service.memLimitBytes);
    const filtersFor = perTag((tag) => filters.filter((unit) => unit.matches(tag)));
    const units: InputUnit[] = [];
    for (const spec of this.#spec.inputs) {
      const unit = await this.#input(spec, { budget, filtersFor, outputsFor, outputs });
      if (unit) units.push(unit);
    }
    return units;
  }

  /** As Fluent Bit: one input and one output without any Match belong together. */
  #fits(outputs: readonly OutputUnit[]): Map<OutputUnit, (tag: string) => boolean> {
    const alone = this.#spec.inputs.length === 1 && this.#spec.outputs.length === 1;
    return new Map(
      outputs.map((unit) => {
        const unmatched = unit.spec.match === undefined && unit.spec.matchRegex === undefined;
        return [unit, alone && unmatched ? () => true : compileMatching(unit.spec)];
      }),
    );
  }

  async #input(
    spec: InputSpec,
    shared: Pick<Ingest['settings'], 'filtersFor' | 'outputsFor'> & {
      budget: MemoryBudget;
      outputs: readonly OutputUnit[];
    },
  ): Promise<InputUnit | undefined> {
    const { outputs, budget, ...common } = shared;
    const disk = spec.storageType === 'filesystem' && this.#store && { store: this.#store, folder: spec.name };
    const env = this.#env('input', spec);
    let created: Input | undefined;
    const ingest = new Ingest({
      ...common,
      label: spec.alias ?? spec.name,
      buffer: {
        limitBytes: spec.memBufLimitBytes ?? 0,
        budget,
        clock: this.#deps.clock,
        disk: disk || undefined,
        isRing: spec.storageType === 'memrb',
        canWait: spec.definition.canWait,
        maxChunks: disk && spec.pauseOnChunksOverLimit ? this.#spec.service.maxChunksUp : undefined,
      },
      processors: await this.#processors(spec.processors),
      router: spec.routes && compileRouter(spec.routes, outputs),
      counters: env.counters,
      log: this.#deps.log,
      resume: () => created?.resume?.(),
      progress: this.#deps.progress,
    });
    this.#ingests.push(ingest);
    const host = new EngineInputHost(spec, env, ingest, this.#deps.exit);
    const create = spec.definition.create as (
      options: unknown,
      host: InputHost,
    ) => ReturnType<typeof spec.definition.create>;
    created = await this.#create(spec, () => create(spec.options, host));
    return created && { spec, input: created, ingest };
  }
}
