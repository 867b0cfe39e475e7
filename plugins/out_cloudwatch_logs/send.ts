/**
 * One try of one batch: makes the streams that are missing, sends each stream's requests one after the other and several
 * streams side by side, and notes in the batch's progress what became of each event.
 *
 * As in Fluent Bit a stream is made before the events of the stream before it are sent. A failure of one stream leaves
 * the others going; one that all would meet (throttling, no answer) ends the try.
 */
import type { RejectedLogEventsInfo } from '@aws-sdk/client-cloudwatch-logs';
import type { BufferPool } from './buffers.ts';
import type { LogsClient } from './client.ts';
import { type Failure, failureOf } from './failure.ts';
import { type Request, type RequestSource, Requests } from './requests.ts';
import type { Slots } from './slots.ts';
import type { Streams } from './streams.ts';
import type { Target } from './target.ts';

/** How many more requests the search for the bad events of a refused request may take, in one try. */
const SEARCH_REQUESTS = 64;

export interface SendSettings {
  readonly client: Pick<LogsClient, 'put'>;
  readonly streams: Streams;
  readonly slots: Slots;
  readonly buffers: BufferPool;
  readonly source: RequestSource;
  readonly signal: AbortSignal;
  /** Told of every failure. */
  failed(failure: Failure, target: Target): void;
}

export class Send {
  readonly #settings: SendSettings;
  readonly #flying = new Set<Promise<void>>();
  #searches = 0;
  #stopped = false;
  /** How much was accepted, as it counts against the limit of a request. */
  acceptedBytes = 0;
  /** The first failure after which events are left to be sent. */
  failure: Failure | undefined;

  constructor(settings: SendSettings) {
    this.#settings = settings;
  }

  /** Never throws; `failure` says whether something is left. */
  async all(runs: readonly Requests[]): Promise<void> {
    let before: Requests | undefined;
    for (const run of runs) {
      if (this.#over) break;
      const ready = await this.#ready(run.target);
      if (before) this.#launch(before);
      before = ready ? run : undefined;
    }
    if (before) this.#launch(before);
    await Promise.all(this.#flying);
  }

  get #over(): boolean {
    return this.#stopped || this.#settings.signal.aborted;
  }

  async #ready(target: Target): Promise<boolean> {
    if (target.ready === true) return true;
    try {
      await this.#settings.streams.ready(target);
      return true;
    } catch (error) {
      this.#note(failureOf(error, 'CreateLogStream'), target);
      return false;
    }
  }

  #note(failure: Failure, target: Target): void {
    this.failure ??= failure;
    if (failure.kind === 'throttled' || failure.kind === 'unreachable') this.#stopped = true;
    if (!this.#settings.signal.aborted) this.#settings.failed(failure, target);
  }

  /** Requests to one stream, of other batches as well, go one after the other: it keeps their order. */
  #launch(run: Requests): void {
    const { target } = run;
    // Its place in the queue is before that of streams which are made from now on.
    const turn = target.pending++ === 0 ? this.#settings.slots.take() : undefined;
    const task = turn ? this.#sendAll(run, turn) : target.last.then(() => this.#sendAll(run));
    target.last = task;
    this.#flying.add(task);
    const done = () => {
      target.pending--;
      this.#flying.delete(task);
    };
    task.then(done, done);
  }

  async #sendAll(run: Requests, first?: Promise<void>): Promise<void> {
    const { slots, buffers } = this.#settings;
    for (let turn = first; ; turn = undefined) {
      await (turn ?? slots.take());
      const buffer = buffers.take();
      const request = this.#over ? undefined : run.fill(buffer);
      if (!request) {
        slots.give('unused');
        buffers.give(buffer);
        return;
      }
      const failure = await this.#put(run.target, request);
      if (failure) {
        if (!(await this.#recover(run.target, request, failure))) return;
      } else buffers.give(buffer);
    }
  }

  /** Uses up a slot that was taken. */
  async #put(target: Target, request: Request): Promise<Failure | undefined> {
    const { client, signal, slots } = this.#settings;
    try {
      const rejected = await client.put(target, request.body, signal);
      slots.give('ok');
      this.#accepted(request, rejected);
      return undefined;
    } catch (error) {
      const failure = failureOf(error, 'PutLogEvents');
      slots.give(failure.kind === 'throttled' ? 'throttled' : 'failed');
      return failure;
    }
  }

  #accepted({ numbers, unfinished, size }: Request, rejected: RejectedLogEventsInfo | undefined): void {
    const { progress } = this.#settings.source;
    this.acceptedBytes += size;
    if (rejected) {
      const { tooNewLogEventStartIndex: tooNew, tooOldLogEventEndIndex: tooOld } = rejected;
      const { expiredLogEventEndIndex: expired } = rejected;
      if (tooOld !== undefined)
        progress.refuse(numbers.slice(0, tooOld), 'CloudWatch takes no events of over 14 days ago');
      if (expired !== undefined)
        progress.refuse(
          numbers.slice(0, expired),
          'CloudWatch takes no events older than the retention of their group',
        );
      if (tooNew !== undefined)
        progress.refuse(numbers.slice(tooNew), 'CloudWatch takes no events of more than 2 hours in the future');
    }
    const whole = unfinished > 0 ? numbers.length - 1 : numbers.length;
    for (let i = 0; i < whole; i++) progress.accept(numbers[i] as number);
    if (unfinished > 0) progress.pieces.set(numbers[whole] as number, unfinished);
  }

  /** Whether the run can go on. */
  async #recover(target: Target, request: Request, failure: Failure): Promise<boolean> {
    if (failure.kind === 'missing') return this.#makeAndPut(target, request);
    if (failure.kind === 'refused') return this.#search(target, request.numbers, failure);
    this.#note(failure, target);
    return false;
  }

  async #makeAndPut(target: Target, request: Request): Promise<boolean> {
    this.#settings.streams.forget(target);
    if (!(await this.#ready(target))) return false;
    await this.#settings.slots.take();
    const failure = await this.#put(target, request);
    if (failure) this.#note(failure, target);
    return !failure;
  }

  /** Finds by halving which events of a refused request are bad; the others are sent. */
  async #search(target: Target, numbers: readonly number[], failure: Failure): Promise<boolean> {
    const { progress } = this.#settings.source;
    const only = numbers[0] as number;
    if (numbers.length === 1 || namesTarget(failure)) {
      // As Fluent Bit, a request is not given up the first time: cloudwatch/put-invalid-parameter.
      if (this.#searches > 0 || progress.suspects.has(only)) progress.refuse(numbers, failure.message);
      else {
        progress.suspects.add(only);
        this.#note(failure, target);
      }
      return true;
    }
    const middle = numbers.length >> 1;
    for (const half of [numbers.slice(0, middle), numbers.slice(middle)]) {
      if (this.#over || ++this.#searches > SEARCH_REQUESTS) {
        this.#note(failure, target);
        return false;
      }
      if (!(await this.#sendHalf(target, half))) return false;
    }
    return true;
  }

  async #sendHalf(target: Target, numbers: number[]): Promise<boolean> {
    const { slots, buffers, source } = this.#settings;
    await slots.take();
    const buffer = buffers.take();
    const request = new Requests(target, numbers, source).fill(buffer);
    if (!request) {
      slots.give('unused');
      return true;
    }
    const failure = await this.#put(target, request);
    return failure ? this.#recover(target, request, failure) : true;
  }
}

/** Whether it is the names that are refused, so that no event of the request is to blame. */
function namesTarget({ message }: Failure): boolean {
  return /logStreamName|logGroupName/.test(message);
}
