/**
 * What one output gives up: whole chunks, or single events of a batch whose others go on. It goes to the dead letters
 * and to the rejected chunks, where there are any; the source of the events waits until it has arrived there.
 */
import type { LogEvent } from '../data/event.ts';
import type { Logger } from '../log.ts';
import type { Batch, Clock } from '../plugin.ts';
import { type DeadLetters, type Letter, letterTime } from './dead_letters.ts';
import type { Delivery } from './delivery.ts';
import type { RejectedChunks } from './rejected.ts';

interface Discarded {
  readonly events: LogEvent[];
  readonly letters: Promise<'safe' | 'lost'>[];
}

export class GivenUp {
  /** The option dead_letter; set before the start. */
  deadLetters: DeadLetters | undefined;
  readonly #output: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** storage.keep.rejected. */
  readonly #rejected: RejectedChunks | undefined;
  readonly #discarded = new WeakMap<Batch, Discarded>();

  constructor(output: string, clock: Clock, log: Logger, rejected: RejectedChunks | undefined) {
    this.#output = output;
    this.#clock = clock;
    this.#log = log;
    this.#rejected = rejected;
  }

  /** Single events of a batch. */
  discard(batch: Batch, events: readonly LogEvent[], reason: string): void {
    const discarded = this.#discarded.get(batch) ?? { events: [], letters: [] };
    this.#discarded.set(batch, discarded);
    for (const event of events) discarded.events.push(event);
    if (this.deadLetters) discarded.letters.push(this.deadLetters.send(events, this.#letter(batch.tag, reason)));
  }

  /** How many events of a batch were discarded. */
  countOf(batch: Batch): number {
    return this.#discarded.get(batch)?.events.length ?? 0;
  }

  /** All that is left of a chunk. */
  bury(delivery: Delivery, reason: string): void {
    const { chunk, batch } = delivery;
    this.#rejected?.keep(chunk, this.#output);
    if (!this.deadLetters) return;
    const discarded = this.#discarded.get(batch) ?? { events: [], letters: [] };
    this.#discarded.set(batch, discarded);
    try {
      const events = batch === chunk ? chunk.eventsFromAnywhere() : batch.events;
      const gone = new Set(discarded.events);
      const rest = gone.size === 0 ? events : events.filter((event) => !gone.has(event));
      discarded.letters.push(this.deadLetters.send(rest, this.#letter(batch.tag, reason)));
    } catch (error) {
      this.#log.error(`[engine] chunk '${chunk.name}' cannot be kept as a dead letter: ${(error as Error).message}`);
    }
  }

  /** Whether all letters of a batch have arrived; undefined where there is none. */
  arrived(batch: Batch): Promise<'safe' | 'lost'> | undefined {
    const letters = this.#discarded.get(batch)?.letters ?? [];
    if (letters.length === 0) return undefined;
    return Promise.all(letters).then((outcomes) => (outcomes.includes('lost') ? 'lost' : 'safe'));
  }

  #letter(tag: string, reason: string): Letter {
    return { tag, reason, output: this.#output, time: letterTime(this.#clock.now()) };
  }
}
