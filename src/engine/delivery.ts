/**
 * One output at work: the chunks that are routed to it, how many are under way at once, and what becomes of each
 * verdict. A chunk that waits for its retry is out of the queue, so it holds up nobody; a slow output fills its own
 * queue and nobody else's. Attempts and backoff are known here and in the scheduler alone.
 */
import type { LogEvent } from '../data/event.ts';
import type { Logger } from '../log.ts';
import type { Counters } from '../metrics.ts';
import { type Batch, type Output, retry, type Verdict } from '../plugin.ts';
import type { OutputSpec } from '../spec.ts';
import { type Chunk, ProcessedBatch } from './chunk.ts';
import type { Scheduler } from './scheduler.ts';
import type { FilterUnit } from './stages.ts';

/** A chunk on a route. */
interface Delivery {
  readonly chunk: Chunk;
  readonly input: string;
  readonly id: number;
  readonly answer: (outcome: 'safe' | 'lost') => void;
  /** What the output's processors made of the chunk, kept for its retries: a processor must see an event once. */
  batch: Batch | undefined;
  /** How often it was tried. */
  attempts: number;
  state: 'queued' | 'flushing' | 'waiting' | 'answered';
}

export interface OutputEnvironment {
  readonly log: Logger;
  readonly scheduler: Scheduler;
  readonly counters: Counters;
  readonly signal: AbortSignal;
}

export class OutputUnit {
  readonly spec: OutputSpec;
  readonly output: Output;
  /** The alias, or the instance's name: what log lines and routes call it. */
  readonly label: string;
  readonly #env: OutputEnvironment;
  readonly #concurrency: number;
  readonly #processors: readonly FilterUnit[];
  readonly #queue: Delivery[] = [];
  readonly #open = new Set<Delivery>();
  /** How many events of a batch the output gave up while the others go on. */
  readonly #discarded = new WeakMap<Batch, number>();
  #inFlight = 0;
  #pumping = false;
  #nextId = 0;

  constructor(spec: OutputSpec, output: Output, processors: readonly FilterUnit[], env: OutputEnvironment) {
    this.spec = spec;
    this.output = output;
    this.label = spec.alias ?? spec.name;
    this.#env = env;
    this.#processors = processors;
    // An output that must see one batch after the other (1) does so whatever Workers says.
    const own = spec.definition.concurrency;
    this.#concurrency = own === 1 ? 1 : Math.max(own, spec.workers ?? 0);
  }

  /** Takes a sealed chunk on; `answer` is called once. */
  accept(chunk: Chunk, input: string, answer: (outcome: 'safe' | 'lost') => void): void {
    const delivery: Delivery = {
      chunk,
      input,
      id: this.#nextId++,
      answer,
      batch: undefined,
      attempts: 0,
      state: 'queued',
    };
    this.#open.add(delivery);
    this.#queue.push(delivery);
    this.#pump();
  }

  /** Nothing is under way or queued; what waits for a retry does not count. */
  get idle(): boolean {
    return this.#inFlight === 0 && this.#queue.length === 0;
  }

  get pending(): number {
    return this.#open.size;
  }

  get waitingForRetry(): number {
    let count = 0;
    for (const delivery of this.#open) if (delivery.state === 'waiting') count++;
    return count;
  }

  /** OutputHost.discard. */
  discard(batch: Batch, events: readonly LogEvent[], reason: string): void {
    if (events.length === 0) return;
    this.#discarded.set(batch, (this.#discarded.get(batch) ?? 0) + events.length);
    this.#env.counters.add('output_dropped_records_total', events.length, reason);
    this.#env.log.error(
      `[engine] ${events.length} of ${batch.count} records with tag '${batch.tag}' were refused and are dropped: ${reason}: output=${this.label}`,
    );
  }

  /** Gives up on everything: the shutdown's grace is over. */
  abandon(): number {
    let events = 0;
    for (const delivery of [...this.#open]) {
      events += delivery.chunk.count;
      this.#answer(delivery, 'lost');
    }
    this.#queue.length = 0;
    return events;
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#inFlight < this.#concurrency) {
      const next = this.#queue.shift();
      if (!next) break;
      this.#flush(next);
    }
    this.#pumping = false;
  }

  #flush(delivery: Delivery): void {
    this.#inFlight++;
    delivery.state = 'flushing';
    delivery.attempts++;
    let verdict: Verdict | Promise<Verdict>;
    try {
      const batch = this.#prepare(delivery);
      verdict =
        batch instanceof Promise
          ? batch.then((ready) => this.output.flush(ready, this.#env.signal))
          : this.output.flush(batch, this.#env.signal);
    } catch (error) {
      verdict = retry(`it failed unexpectedly: ${(error as Error).message}`);
    }
    if (verdict instanceof Promise)
      verdict.then(
        (value) => this.#settled(delivery, value),
        (error: Error) => this.#settled(delivery, retry(`it failed unexpectedly: ${error.message}`)),
      );
    else this.#settled(delivery, verdict);
  }

  /** The chunk itself, or what the output's processors make of copies of its events. */
  #prepare(delivery: Delivery): Batch | Promise<Batch> {
    if (this.#processors.length === 0) return delivery.chunk;
    if (delivery.batch) return delivery.batch;
    const { tag } = delivery.chunk;
    const keep = (events: readonly LogEvent[]) => {
      delivery.batch = new ProcessedBatch(tag, events);
      return delivery.batch;
    };
    const copies = delivery.chunk.events.map((event) => ({ ...event }));
    const run = (events: LogEvent[], from: number): Batch | Promise<Batch> => {
      let now = events;
      for (let i = from; i < this.#processors.length && now.length > 0; i++) {
        const result = (this.#processors[i] as FilterUnit).apply(now, tag, undefined, undefined);
        if (result instanceof Promise) return result.then((next) => run(next, i + 1));
        now = result;
      }
      return keep(now);
    };
    return run(copies, 0);
  }

  #settled(delivery: Delivery, verdict: Verdict): void {
    this.#inFlight--;
    if (delivery.state === 'flushing') this.#judge(delivery, verdict);
    this.#pump();
  }

  #judge(delivery: Delivery, verdict: Verdict): void {
    const { chunk } = delivery;
    const { counters, log } = this.#env;
    const left = (delivery.batch ?? chunk).count - (this.#discarded.get(delivery.batch ?? chunk) ?? 0);
    if (verdict.kind === 'retry') {
      this.#retry(delivery, verdict);
      return;
    }
    if (verdict.kind === 'drop') {
      counters.add('output_errors_total');
      counters.add('output_dropped_records_total', left, verdict.reason);
      log.error(
        `[engine] chunk '${chunk.name}' was refused and is dropped, ${left} records: ${verdict.reason}: ${this.#path(delivery)}`,
      );
    } else {
      counters.add('output_proc_records_total', left);
      counters.add('output_proc_bytes_total', chunk.size);
      if (delivery.attempts > 1)
        log.info(
          `[engine] flush chunk '${chunk.name}' succeeded at retry ${delivery.attempts - 1}: ${this.#path(delivery)}`,
        );
    }
    this.#answer(delivery, 'safe');
  }

  #retry(delivery: Delivery, verdict: Verdict & { kind: 'retry' }): void {
    const { chunk } = delivery;
    const { counters, log, scheduler } = this.#env;
    if (delivery.attempts > this.spec.retryLimit) {
      const never = this.spec.retryLimit === 0;
      if (!never) counters.add('output_retries_failed_total');
      counters.add('output_dropped_records_total', chunk.count, never ? 'no retries' : 'retry limit');
      log.error(
        never
          ? `[engine] chunk '${chunk.name}' is not retried (no retry config), ${chunk.count} records dropped: ${verdict.reason}: ${this.#path(delivery)}`
          : `[engine] chunk '${chunk.name}' cannot be retried, ${chunk.count} records dropped: ${verdict.reason}: ${this.#path(delivery)}`,
      );
      this.#answer(delivery, 'safe');
      return;
    }
    const delayMs = scheduler.delayMs(delivery.attempts, verdict.afterMs);
    counters.add('output_retries_total');
    counters.add('output_retried_records_total', chunk.count);
    log.warn(
      `[engine] failed to flush chunk '${chunk.name}', retry in ${Math.round(delayMs / 1000)} seconds: ${verdict.reason}: ${this.#path(delivery)}`,
    );
    delivery.state = 'waiting';
    scheduler.wait(delayMs, () => {
      if (delivery.state !== 'waiting') return;
      delivery.state = 'queued';
      this.#queue.push(delivery);
      this.#pump();
    });
    // Other routes may still want it hot; they then read it from its bytes, which is right, only slower. Last, since a
    // paused input may go on at once.
    chunk.chill();
  }

  /** In the words of Fluent Bit's log lines. */
  #path(delivery: Delivery): string {
    return `task_id=${delivery.id}, input=${delivery.input} > output=${this.label}`;
  }

  #answer(delivery: Delivery, outcome: 'safe' | 'lost'): void {
    delivery.state = 'answered';
    this.#open.delete(delivery);
    delivery.answer(outcome);
  }
}
