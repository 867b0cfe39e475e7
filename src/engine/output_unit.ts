/**
 * One output at work: the chunks that are routed to it, how many are under way at once, and what becomes of each
 * verdict. A chunk that waits for its retry is out of the queue, so it holds up nobody; a slow output fills its own
 * queue and nobody else's. Attempts and backoff are known here and in the scheduler alone.
 */
import type { LogEvent } from '../data/event.ts';
import type { Logger } from '../log.ts';
import type { Counters } from '../metrics.ts';
import { type Batch, type Clock, OK, type Output, retry, type Verdict } from '../plugin.ts';
import type { OutputSpec } from '../spec.ts';
import type { Chunk } from './chunk.ts';
import { ChunkFormatError, type DirectRoute } from './chunk_format.ts';
import { Delivery } from './delivery.ts';
import { DeliveryLog } from './delivery_log.ts';
import { DiskShare } from './disk_share.ts';
import { GivenUp } from './given_up.ts';
import type { RejectedChunks } from './rejected.ts';
import type { Scheduler } from './scheduler.ts';
import type { FilterUnit } from './stages.ts';

export interface OutputEnvironment {
  readonly clock: Clock;
  readonly log: Logger;
  readonly scheduler: Scheduler;
  readonly counters: Counters;
  readonly signal: AbortSignal;
  /** storage.keep.rejected. */
  readonly rejected: RejectedChunks | undefined;
  /** storage.delete_irrecoverable_chunks. */
  readonly deleteBroken: boolean;
  /** Called when a delivery stands still: answered, or waiting for its retry. */
  readonly progress: () => void;
}

export class OutputUnit {
  readonly spec: OutputSpec;
  readonly output: Output;
  /** The alias, or the instance's name: what log lines and routes call it. */
  readonly label: string;
  readonly disk: DiskShare;
  readonly givenUp: GivenUp;
  readonly #env: OutputEnvironment;
  readonly #log: DeliveryLog;
  /** How many batches it takes at once. */
  readonly concurrency: number;
  readonly #idleBytes: number;
  /** How many full chunks keep it busy. */
  readonly paceChunks: number;
  readonly #processors: readonly FilterUnit[];
  readonly #queue: Delivery[] = [];
  readonly #open = new Set<Delivery>();
  #inFlight = 0;
  #pumping = false;
  #nextId = 0;

  constructor(spec: OutputSpec, output: Output, processors: readonly FilterUnit[], env: OutputEnvironment) {
    this.spec = spec;
    this.output = output;
    this.label = spec.alias ?? spec.name;
    this.#env = env;
    this.#log = new DeliveryLog(this.label, env.counters, env.log);
    this.#processors = processors;
    this.disk = new DiskShare(spec.storageTotalLimitBytes);
    this.givenUp = new GivenUp(this.label, env.clock, env.log, env.rejected);
    // An output that must see one batch after the other (1) does so whatever Workers says.
    this.#idleBytes = spec.definition.idleBytes ?? 0;
    const of = spec.definition.concurrencyOf as ((options: unknown) => number) | undefined;
    const own = of?.(spec.options) ?? spec.definition.concurrency;
    this.concurrency = own === 1 ? 1 : Math.max(own, spec.workers ?? 0);
    this.paceChunks = Math.min(this.concurrency, spec.definition.paceChunks ?? 8);
  }

  /** Takes a sealed chunk on; `answer` is called once. */
  accept(chunk: Chunk, input: string, answer: (outcome: 'safe' | 'lost') => void): void {
    const delivery = new Delivery(chunk, input, this.#nextId++, answer);
    for (const old of this.disk.makeRoomFor(delivery, this.#open)) this.#giveUp(old, 'storage.total_limit_size');
    this.#open.add(delivery);
    this.disk.add(delivery);
    this.#queue.push(delivery);
    this.#pump();
  }

  /** The chunk makes room for newer ones, unless it is in hand: its events count as dropped. */
  giveUp(chunk: Chunk, reason: string): void {
    const delivery = this.#of(chunk);
    if (delivery && delivery.state !== 'flushing') this.#giveUp(delivery, reason);
  }

  /** Events of a chunk that made room for newer ones before it was handed over. */
  lost(count: number, name: string): void {
    this.#log.madeRoom(name, count, 'storage.total_limit_size');
  }

  #giveUp(delivery: Delivery, reason: string): void {
    const { chunk } = delivery;
    this.#log.madeRoom(chunk.name, chunk.count, reason, delivery);
    const at = this.#queue.indexOf(delivery);
    if (at >= 0) this.#queue.splice(at, 1);
    this.#answer(delivery, 'safe');
  }

  #of(chunk: Chunk): Delivery | undefined {
    for (const delivery of this.#open) if (delivery.chunk === chunk) return delivery;
    return undefined;
  }

  hasInHand(chunk: Chunk): boolean {
    return this.#of(chunk)?.state === 'flushing';
  }

  /** In hand or in the queue, and not waiting for a retry. */
  isBusyWith(chunk: Chunk): boolean {
    const state = this.#of(chunk)?.state;
    return state === 'flushing' || state === 'queued';
  }

  /** As a chunk file names it. */
  asRoute(): DirectRoute {
    const { name, alias, definition } = this.spec;
    const number = Number(name.slice(name.lastIndexOf('.') + 1));
    return { number, label: alias ?? name, isAlias: alias !== undefined, plugin: definition.name };
  }

  /** What makes one full request; undefined: nobody knows, or there is no such thing. */
  get chunkBytes(): number | undefined {
    return this.output.chunkBytes;
  }

  /** Whether a chunk of this size should go now, rather than grow by about `step`. */
  wants(size: number, step: number): boolean {
    const { chunkBytes } = this;
    return (chunkBytes !== undefined && size + step >= chunkBytes) || (this.idle && size >= this.#idleBytes);
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
    this.givenUp.discard(batch, events, reason);
    this.#log.discarded(batch, events.length, reason);
  }

  /** Gives up on everything: the shutdown's grace is over. @returns how many events are in no file. */
  abandon(): number {
    let events = 0;
    for (const delivery of [...this.#open]) {
      if (!delivery.chunk.isDurable) events += delivery.chunk.count;
      this.#answer(delivery, 'lost');
    }
    this.#queue.length = 0;
    return events;
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#inFlight < this.concurrency) {
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
      const batch = delivery.take(this.#processors);
      verdict =
        batch instanceof Promise ? batch.then((ready) => this.#send(delivery, ready)) : this.#send(delivery, batch);
    } catch (error) {
      verdict = failed(error as Error);
    }
    if (verdict instanceof Promise)
      verdict.then(
        (value) => this.#settled(delivery, value),
        (error: Error) => {
          if (error instanceof ChunkFormatError) this.#broken(delivery, error);
          else this.#settled(delivery, failed(error));
        },
      );
    else this.#settled(delivery, verdict);
  }

  #send({ chunk }: Delivery, batch: Batch): Verdict | Promise<Verdict> {
    if (chunk.tornBytes > 0) {
      this.#log.torn(chunk);
      chunk.tornBytes = 0;
    }
    // The output's processors left nothing: there is nothing to send.
    return batch.count === 0 ? OK : this.output.flush(batch, this.#env.signal);
  }

  /** The file holds no chunk: it is left alone, and never stands in the way of another. */
  #broken(delivery: Delivery, error: Error): void {
    const { chunk } = delivery;
    const { deleteBroken } = this.#env;
    this.#log.broken(chunk, error, deleteBroken);
    if (!deleteBroken) chunk.quarantine();
    this.#inFlight--;
    delivery.leave();
    if (delivery.state === 'flushing') this.#answer(delivery, 'safe');
    this.#pump();
  }

  #settled(delivery: Delivery, verdict: Verdict): void {
    this.#inFlight--;
    delivery.leave();
    if (delivery.state === 'flushing') this.#judge(delivery, verdict);
    this.#pump();
  }

  #judge(delivery: Delivery, verdict: Verdict): void {
    const left = delivery.batch.count - this.givenUp.countOf(delivery.batch);
    if (verdict.kind === 'retry') {
      this.#retry(delivery, verdict, left);
      return;
    }
    if (verdict.kind === 'drop') {
      this.#log.refused(delivery, left, verdict.reason);
      this.givenUp.bury(delivery, verdict.reason);
      this.#end(delivery);
      return;
    }
    this.#log.arrived(delivery, left);
    this.#end(delivery);
  }

  /** `left`: how many events it is about. */
  #retry(delivery: Delivery, verdict: Verdict & { kind: 'retry' }, left: number): void {
    const { scheduler } = this.#env;
    if (delivery.attempts > this.spec.retryLimit) {
      if (this.spec.retryLimit === 0) this.#log.neverRetried(delivery, left, verdict.reason);
      else this.#log.retriesOver(delivery, left, verdict.reason);
      this.givenUp.bury(delivery, verdict.reason);
      this.#end(delivery);
      return;
    }
    const delayMs = scheduler.delayMs(delivery.attempts, verdict.afterMs);
    this.#log.willRetry(delivery, left, delayMs, verdict.reason);
    delivery.state = 'waiting';
    scheduler.wait(delayMs, () => {
      if (delivery.state !== 'waiting') return;
      delivery.state = 'queued';
      this.#queue.push(delivery);
      this.#pump();
    });
    // Other routes may still want it hot; they then read it from its bytes, which is right, only slower. Last, since a
    // paused input may go on at once.
    delivery.chunk.chill();
    this.#env.progress();
  }

  /** The delivery is over; its source waits until what was given up of it has arrived elsewhere. */
  #end(delivery: Delivery): void {
    const letters = this.givenUp.arrived(delivery.batch);
    if (!letters) this.#answer(delivery, 'safe');
    else
      letters.then((outcome) => {
        // Answered meanwhile: the shutdown's grace is over.
        if (delivery.state !== 'answered') this.#answer(delivery, outcome);
      });
  }

  #answer(delivery: Delivery, outcome: 'safe' | 'lost'): void {
    delivery.state = 'answered';
    this.#open.delete(delivery);
    this.disk.remove(delivery);
    delivery.answer(outcome);
  }
}

function failed(error: Error): Verdict {
  return retry(`it failed unexpectedly: ${error.message}`);
}
