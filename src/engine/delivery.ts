/**
 * A delivery: a chunk on its way to one output. It knows its state and how often it was tried, and makes the batch that
 * the output gets: the chunk itself, or what the output's processors make of copies of its events.
 */
import type { LogEvent } from '../data/event.ts';
import type { Batch } from '../plugin.ts';
import type { Chunk } from './chunk.ts';
import { ProcessedBatch } from './processed_batch.ts';
import type { FilterUnit } from './stages.ts';

export class Delivery {
  readonly chunk: Chunk;
  /** Whose events they are, for log lines. */
  readonly input: string;
  readonly id: number;
  /** Called once. */
  readonly answer: (outcome: 'safe' | 'lost') => void;
  /** What its file took on disk when it came. */
  readonly diskBytes: number;
  /** How often it was tried. */
  attempts = 0;
  state: 'queued' | 'flushing' | 'waiting' | 'answered' = 'queued';
  /** What the processors made of the chunk, kept for its retries: a processor must see an event once. */
  #processed: Batch | undefined;
  #usesChunk = false;

  constructor(chunk: Chunk, input: string, id: number, answer: (outcome: 'safe' | 'lost') => void) {
    this.chunk = chunk;
    this.input = input;
    this.id = id;
    this.answer = answer;
    this.diskBytes = chunk.diskBytes;
  }

  /** What an output saw of it: its verdict speaks of this. */
  get batch(): Batch {
    return this.#processed ?? this.chunk;
  }

  /** The batch, ready to be read until `leave`. A promise where the chunk is on disk or a processor has to wait. */
  take(processors: readonly FilterUnit[]): Batch | Promise<Batch> {
    if (this.#processed) return this.#processed;
    this.#usesChunk = true;
    const loading = this.chunk.load();
    if (loading) return loading.then(() => this.#process(processors));
    return this.#process(processors);
  }

  /** The output is done with the batch, for now. */
  leave(): void {
    if (this.#usesChunk) this.chunk.unload();
    this.#usesChunk = false;
  }

  #process(processors: readonly FilterUnit[]): Batch | Promise<Batch> {
    if (processors.length === 0) return this.chunk;
    const { tag, size } = this.chunk;
    const keep = (events: readonly LogEvent[]) => {
      this.#processed = new ProcessedBatch(tag, events, size);
      return this.#processed;
    };
    const run = (events: LogEvent[], from: number): Batch | Promise<Batch> => {
      let now = events;
      for (let i = from; i < processors.length && now.length > 0; i++) {
        const result = (processors[i] as FilterUnit).apply(now, tag, undefined, undefined);
        if (result instanceof Promise) return result.then((next) => run(next, i + 1));
        now = result;
      }
      return keep(now);
    };
    return run(
      this.chunk.events.map((event) => ({ ...event })),
      0,
    );
  }
}
