/**
 * The running pipeline: starts what `assemble` built, ticks the flush, and shuts down in order: inputs stop reading,
 * filters give back what they hold, everything in memory is sealed, waiting retries are tried at once, and after Grace
 * at the latest whatever is left is given back to its source as lost (an offset not committed is read again).
 */
import type { Logger } from '../log.ts';
import { Metrics } from '../metrics.ts';
import type { Clock, Soon } from '../plugin.ts';
import type { PipelineSpec } from '../spec.ts';
import { assemble, type InstanceError, type Parts } from './assemble.ts';
import { dumpState } from './dump.ts';
import { Scheduler } from './scheduler.ts';

export type { InstanceError } from './assemble.ts';

export interface PipelineDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** An input asks for the end of the program (Exit_On_Eof); who gets the call stops the pipeline. */
  readonly exit: (code: number) => void;
}

/** A retry that falls due just when Grace ends is still made (as Fluent Bit: retry/stop-no-limits). */
const LAST_RETRY_MS = 250;
/** How long an output may take to close after the end of Grace. */
const CLOSE_LIMIT_MS = 1000;

export class Pipeline {
  readonly spec: PipelineSpec;
  readonly metrics = new Metrics();
  readonly #deps: PipelineDeps;
  readonly #scheduler: Scheduler;
  readonly #abort = new AbortController();
  #parts: Parts | undefined;
  #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new';
  #stopped: Promise<void> | undefined;
  /** Begun once, however often the pipeline is told to stop: plugins are stopped once. */
  #draining: Promise<void> | undefined;
  #cancelTick = () => {};
  #progress = () => {};

  constructor(spec: PipelineSpec, deps: PipelineDeps) {
    this.spec = spec;
    this.#deps = deps;
    this.#scheduler = new Scheduler(deps.clock, spec.service.retryBaseSeconds, spec.service.retryCapSeconds);
  }

  /** Creates every instance and starts none. @returns those that their plugins refused. */
  async prepare(): Promise<readonly InstanceError[]> {
    this.#parts ??= await assemble(this.spec, {
      clock: this.#deps.clock,
      log: this.#deps.log,
      metrics: this.metrics,
      scheduler: this.#scheduler,
      signal: this.#abort.signal,
      exit: (code) => this.#deps.exit(code),
      progress: () => this.#progress(),
    });
    return this.#parts.errors;
  }

  /** @throws the first error of an instance that cannot be created or started; what was started is stopped again. */
  async start(): Promise<void> {
    const [refused] = await this.prepare();
    if (refused) throw refused.error;
    const { inputs, filters, outputs, storage } = this.#parts as Parts;
    this.#state = 'running';
    try {
      storage?.store.prepare();
      storage?.backlog.scan();
      for (const unit of outputs) await named(unit.label, 'output', () => unit.output.start?.());
      storage?.backlog.deliver();
      for (const unit of filters) await named(unit.name, 'filter', () => unit.start());
      for (const { spec, input } of inputs) await named(spec.alias ?? spec.name, 'input', () => input.start());
    } catch (error) {
      await this.abort();
      throw error;
    }
    this.#tick();
  }

  #tick(): void {
    this.#cancelTick = this.#deps.clock.after(this.spec.service.flushMs, () => {
      this.#sealAll();
      if (this.#state === 'running') this.#tick();
    });
  }

  #sealAll(): void {
    for (const { ingest } of this.#parts?.inputs ?? []) ingest.buffer.sealAll();
  }

  /** Stops gracefully; resolves when all is closed, after Grace and a second at the latest. */
  stop(): Promise<void> {
    this.#stopped ??= this.#shutdown(this.spec.service.graceSeconds * 1000 + LAST_RETRY_MS);
    return this.#stopped;
  }

  /** Stops at once: nothing is waited for but files being closed. */
  async abort(): Promise<void> {
    this.#abort.abort();
    await this.#shutdown(0);
  }

  async #shutdown(graceMs: number): Promise<void> {
    const parts = this.#parts;
    if (!parts || this.#state === 'stopped') return;
    this.#state = 'stopping';
    this.#cancelTick();
    let cancelGrace = () => {};
    const over = new Promise<void>((resolve) => {
      if (graceMs > 0) cancelGrace = this.#deps.clock.after(graceMs, resolve);
      else resolve();
    });
    this.#draining ??= this.#drain(parts);
    await Promise.race([this.#draining, over]);
    cancelGrace();
    await this.#close(parts);
  }

  async #drain(parts: Parts): Promise<void> {
    const { log } = this.#deps;
    await Promise.all(
      parts.inputs.map(({ spec, input }) => {
        log.info(`[input] pausing ${spec.alias ?? spec.name}`);
        return this.#quietly(`stop of ${spec.name}`, () => input.stop());
      }),
    );
    const passed = async () => {
      for (const { ingest } of parts.inputs) await ingest.idle();
    };
    await passed();
    for (const unit of parts.filters) {
      await this.#quietly(`stop of ${unit.name}`, () => unit.stop());
      // What it gave back must have passed the filters after it before these stop.
      await passed();
    }
    this.#sealAll();
    parts.storage?.backlog.hold();
    this.#scheduler.hurry();
    await new Promise<void>((resolve) => {
      this.#progress = () => {
        this.#sealAll();
        if (!parts.storage?.backlog.busy && parts.inputs.every(({ ingest }) => !ingest.busy)) resolve();
      };
      this.#progress();
    });
  }

  async #close(parts: Parts): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#progress = () => {};
    this.#scheduler.stop();
    this.#abort.abort();
    // What is still open in memory belongs to no output yet: sealing it makes every event answerable.
    this.#sealAll();
    // What is on disk is safe: the next run delivers it.
    await parts.storage?.store.close();
    let pending = 0;
    let records = 0;
    for (const unit of parts.outputs) {
      pending += unit.pending;
      records += unit.abandon();
    }
    if (records > 0)
      this.#deps.log.warn(
        `[engine] ${records} records were not delivered within the grace period: they are read again where the source keeps them`,
      );
    for (const unit of parts.outputs)
      await this.#limited(this.#quietly(`close of ${unit.label}`, () => unit.output.stop?.()));
    for (const { spec, input } of parts.inputs) await this.#quietly(`close of ${spec.name}`, () => input.close?.());
    for (const line of this.#summary(parts)) this.#deps.log.info(`[engine] ${line}`);
    this.#deps.log.info(`[engine] service has stopped (${pending} pending tasks)`);
  }

  /** What went in and what became of it: the proof that nothing was lost, or the number of what was. */
  #summary(parts: Parts): string[] {
    const lines: string[] = [];
    for (const { spec } of parts.inputs) {
      const counters = this.metrics.counters('input', spec.name);
      const unrouted = counters.get('input_dropped_records_total');
      lines.push(
        `${spec.alias ?? spec.name}: ${counters.get('input_records_total')} records read, ${unrouted} without an output`,
      );
    }
    for (const { spec, label } of parts.outputs) {
      const counters = this.metrics.counters('output', spec.name);
      const dropped = counters.get('output_dropped_records_total');
      lines.push(`${label}: ${counters.get('output_proc_records_total')} records delivered, ${dropped} dropped`);
    }
    return lines;
  }

  #limited(work: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#deps.clock.after(CLOSE_LIMIT_MS, resolve);
      work.finally(() => {
        cancel();
        resolve();
      });
    });
  }

  async #quietly(what: string, work: () => Soon<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.log.error(`[engine] ${what} failed: ${(error as Error).message}`);
    }
  }

  /** Lines for the state dump (SIGCONT). */
  describe(): string[] {
    return this.#parts ? dumpState(this.#parts, this.#scheduler.waiting) : [];
  }
}

async function named(label: string, kind: string, start: () => Soon<void>): Promise<void> {
  try {
    await start();
  } catch (error) {
    throw new Error(`failed initialize ${kind} ${label}: ${(error as Error).message}`, { cause: error });
  }
}
