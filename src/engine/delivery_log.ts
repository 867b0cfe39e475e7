/**
 * What is counted and said of an output's deliveries, in the words of Fluent Bit's log lines where it has some: an
 * operator who searches for them finds them. Nothing here decides anything.
 */
import type { Logger } from '../log.ts';
import type { Counters } from '../metrics.ts';
import type { Batch } from '../plugin.ts';
import type { Chunk } from './chunk.ts';
import type { Delivery } from './delivery.ts';

export class DeliveryLog {
  readonly #label: string;
  readonly #counters: Counters;
  readonly #log: Logger;

  /** `label`: what log lines call the output. */
  constructor(label: string, counters: Counters, log: Logger) {
    this.#label = label;
    this.#counters = counters;
    this.#log = log;
  }

  /** Arrived, `count` events of it. */
  arrived(delivery: Delivery, count: number): void {
    const { chunk, attempts } = delivery;
    this.#counters.add('output_proc_records_total', count);
    this.#counters.add('output_proc_bytes_total', chunk.size);
    if (attempts > 1)
      this.#log.info(
        `[engine] flush chunk '${chunk.name}' succeeded at retry ${attempts - 1}: ${this.#path(delivery)}`,
      );
  }

  refused(delivery: Delivery, count: number, reason: string): void {
    this.#counters.add('output_errors_total');
    this.#dropped(count, reason);
    this.#log.error(
      `[engine] chunk '${delivery.chunk.name}' was refused and is dropped, ${count} records: ${reason}: ${this.#path(delivery)}`,
    );
  }

  /** Some of a batch were refused. */
  discarded(batch: Batch, count: number, reason: string): void {
    this.#dropped(count, reason);
    this.#log.error(
      `[engine] ${count} of ${batch.count} records with tag '${batch.tag}' were refused and are dropped: ${reason}: output=${this.#label}`,
    );
  }

  willRetry(delivery: Delivery, count: number, delayMs: number, reason: string): void {
    this.#counters.add('output_retries_total');
    this.#counters.add('output_retried_records_total', count);
    this.#log.warn(
      `[engine] failed to flush chunk '${delivery.chunk.name}', retry in ${Math.round(delayMs / 1000)} seconds: ${reason}: ${this.#path(delivery)}`,
    );
  }

  neverRetried(delivery: Delivery, count: number, reason: string): void {
    this.#dropped(count, 'no retries');
    this.#log.error(
      `[engine] chunk '${delivery.chunk.name}' is not retried (no retry config), ${count} records dropped: ${reason}: ${this.#path(delivery)}`,
    );
  }

  retriesOver(delivery: Delivery, count: number, reason: string): void {
    this.#counters.add('output_retries_failed_total');
    this.#dropped(count, 'retry limit');
    this.#log.error(
      `[engine] chunk '${delivery.chunk.name}' cannot be retried, ${count} records dropped: ${reason}: ${this.#path(delivery)}`,
    );
  }

  /** A chunk makes room for newer ones; before it was handed over where there is no delivery. */
  madeRoom(chunkName: string, count: number, reason: string, delivery?: Delivery): void {
    this.#dropped(count, reason);
    const where = delivery ? this.#path(delivery) : `output=${this.#label}`;
    this.#log.error(
      `[engine] chunk '${chunkName}' makes room for newer ones (${reason}), ${count} records dropped: ${where}`,
    );
  }

  torn(chunk: Chunk): void {
    this.#log.warn(
      `[storage] the end of chunk '${chunk.name}' is torn: ${chunk.count} whole records are delivered, ${chunk.tornBytes} bytes after them are left out`,
    );
  }

  broken(chunk: Chunk, error: Error, isDeleted: boolean): void {
    this.#counters.add('output_broken_chunks_total');
    const fate = isDeleted ? 'it is deleted' : 'it is left where it is';
    this.#log.error(
      `[storage] chunk '${chunk.file?.path ?? chunk.name}' cannot be delivered: ${error.message}; ${fate}`,
    );
  }

  #dropped(count: number, reason: string): void {
    this.#counters.add('output_dropped_records_total', count, reason);
  }

  #path({ id, input }: Pick<Delivery, 'id' | 'input'>): string {
    return `task_id=${id}, input=${input} > output=${this.#label}`;
  }
}
