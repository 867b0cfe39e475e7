/** Whole pipelines out of plugins made in the test, on a virtual clock: no files, no sockets, no sleeps. */
import { type Fields, type LogEvent, NO_METADATA } from '../../src/data/event.ts';
import { Pipeline } from '../../src/engine/pipeline.ts';
import { Logger } from '../../src/log.ts';
import {
  type Batch,
  defineFilter,
  defineInput,
  defineOutput,
  type Filter,
  type FilterHost,
  type InputHost,
  OK,
  type Output,
  type OutputHost,
  type Soon,
  type Verdict,
} from '../../src/plugin.ts';
import type { Condition, InputSpec, OutputSpec, PipelineSpec, ProcessorSpec, ServiceSpec } from '../../src/spec.ts';
import { VirtualClock } from './host.ts';

const PLACE = { file: 'test.conf', line: 1, column: 1 };
const common = { alias: undefined, options: {}, section: [], place: PLACE, logLevel: undefined };

/** An input that a test drives by hand. */
export class HandInput {
  host!: InputHost;
  /** InputDefinition.canWait. */
  canWait = false;
  resumed = 0;
  started = false;
  stopped = false;
  stops = 0;
  closed = false;
  readonly outcomes: string[] = [];
  #next = 0;

  /** Emits events with ascending `n`; their settle is noted as `FIRST..LAST:outcome`. */
  emit(tag: string, count = 1, extra: Fields = {}): boolean {
    const first = this.#next;
    const events: LogEvent[] = [];
    for (let i = 0; i < count; i++)
      events.push({ seconds: 0, nanos: 0, metadata: NO_METADATA, body: { n: this.#next++, ...extra } });
    return this.host.emit(tag, events, (outcome) => {
      this.outcomes.push(`${first}..${this.#next === first ? first : first + count - 1}:${outcome}`);
    });
  }
}

/** An output that answers as the test says, and keeps what it was given. */
export class ScriptedOutput {
  host: OutputHost | undefined;
  /** One entry a flush: the values of `n`. */
  readonly batches: unknown[][] = [];
  readonly bodies: Fields[] = [];
  readonly tags: string[] = [];
  closed = false;
  /** Output.chunkBytes. */
  chunkBytes: number | undefined;
  answer: (batch: Batch, attempt: number, signal: AbortSignal) => Soon<Verdict>;
  constructor(answer: ScriptedOutput['answer'] = () => OK) {
    this.answer = answer;
  }
  asOutput(): Output {
    const self = this;
    return {
      get chunkBytes() {
        return self.chunkBytes;
      },
      flush: (batch, signal) => {
        this.batches.push(batch.events.map((event) => event.body.n));
        this.bodies.push(...batch.events.map((event) => event.body));
        this.tags.push(batch.tag);
        return this.answer(batch, this.batches.length, signal);
      },
      stop: () => {
        this.closed = true;
      },
    };
  }
  /** All numbers it ever got, sorted. */
  get numbers(): number[] {
    return (this.batches.flat() as number[]).sort((a, b) => a - b);
  }
}

export interface Plan {
  inputs: { hand: HandInput; spec?: Partial<InputSpec> }[];
  filters?: { make: (host: FilterHost) => Filter; match?: string }[];
  outputs: {
    scripted: ScriptedOutput;
    spec?: Partial<OutputSpec>;
    concurrency?: number;
    /** OutputDefinition.idleBytes. */
    idleBytes?: number;
    processors?: { make: (host: FilterHost) => Filter; condition?: Condition }[];
  }[];
  service?: Partial<ServiceSpec>;
}

const SERVICE: ServiceSpec = {
  flushMs: 1000,
  graceSeconds: 5,
  daemon: false,
  logLevel: 'info',
  logFile: undefined,
  logFormat: 'text',
  escapeUnicode: true,
  retryBaseSeconds: 5,
  retryCapSeconds: 2000,
  maxChunksUp: 128,
  httpServer: false,
  httpListen: '0.0.0.0',
  httpPort: 2020,
  hotReload: false,
  memLimitBytes: 128 * 2_048_000,
  storage: undefined,
  inheritedStorageType: undefined,
};

export interface Rig {
  pipeline: Pipeline;
  clock: VirtualClock;
  lines: string[];
  exits: number[];
}

export function inputSpec(index: number, hand: HandInput, spec: Partial<InputSpec> = {}): InputSpec {
  return {
    ...common,
    definition: defineInput({
      name: 'hand',
      summary: '',
      options: {},
      canWait: hand.canWait,
      create(_options, host) {
        hand.host = host;
        return {
          start: () => {
            hand.started = true;
          },
          resume: () => {
            hand.resumed++;
          },
          stop: () => {
            hand.stopped = true;
            hand.stops++;
          },
          close: () => {
            hand.closed = true;
          },
        };
      },
    }),
    name: `hand.${index}`,
    tag: undefined,
    memBufLimitBytes: undefined,
    storageType: 'memory',
    pauseOnChunksOverLimit: false,
    processors: [],
    routes: undefined,
    ...spec,
  };
}

function filterDefinition(make: (host: FilterHost) => Filter) {
  return defineFilter({ name: 'made', summary: '', options: {}, create: (_options, host) => make(host) });
}

export function processorSpec(make: (host: FilterHost) => Filter, condition?: Condition): ProcessorSpec {
  return { ...common, definition: filterDefinition(make), name: 'made.0', condition };
}

export function rig(plan: Plan): Rig {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const exits: number[] = [];
  const log = new Logger({
    level: 'debug',
    format: 'text',
    sink: { write: (line) => lines.push(line) },
    now: () => clock.now(),
  });
  const spec: PipelineSpec = {
    variables: new Map(),
    service: { ...SERVICE, ...plan.service },
    inputs: plan.inputs.map(({ hand, spec: own }, index) => inputSpec(index, hand, own)),
    filters: (plan.filters ?? []).map(({ make, match }, index) => ({
      ...common,
      definition: filterDefinition(make),
      name: `made.${index}`,
      match: match ?? '*',
      matchRegex: undefined,
    })),
    outputs: plan.outputs.map(({ scripted, spec: own, concurrency, idleBytes, processors }, index) => ({
      ...common,
      definition: defineOutput({
        name: 'scripted',
        summary: '',
        options: {},
        concurrency: concurrency ?? 1,
        idleBytes: idleBytes ?? 0,
        create(_options, host) {
          scripted.host = host;
          return scripted.asOutput();
        },
      }),
      name: `scripted.${index}`,
      match: '*',
      matchRegex: undefined,
      retryLimit: 1,
      workers: undefined,
      storageTotalLimitBytes: undefined,
      deadLetter: undefined,
      processors: (processors ?? []).map(({ make, condition }) => processorSpec(make, condition)),
      ...own,
    })),
    parsers: { parser: () => undefined, multilineParser: () => undefined },
  };
  const pipeline = new Pipeline(spec, { clock, log, exit: (code) => exits.push(code) });
  return { pipeline, clock, lines, exits };
}
