/**
 * One request under way, as undici tells of it: its answer or why there is none, by a time limit and the caller's signal.
 * undici's own `request` makes a stream of every answer, which takes longer than all that a log server has to say.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Clock } from '../plugin.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The beginning of the body, at most `KEPT_BYTES`. */
  readonly text: string;
}

/** How much of an answer is kept, for logs. */
const KEPT_BYTES = 16 * 1024;

/** The head of an answer came and the rest did not: what the server said it did, it may have done. */
export class CutAnswer extends Error {
  readonly answer: HttpAnswer;
  constructor(answer: HttpAnswer, cause: unknown) {
    super(`the answer, HTTP status ${answer.status}, was cut off`, { cause });
    this.answer = answer;
  }
}

export interface Limits {
  readonly clock: Clock;
  /** For the whole answer; 0: none. */
  readonly seconds: number;
  /** Aborted when nobody waits any longer. */
  readonly signal: AbortSignal | undefined;
}

export class Exchange implements Dispatcher.DispatchHandler {
  /** @throws (rejects) the error of the connection, a CutAnswer, or one that says that the time was over. */
  readonly answer: Promise<HttpAnswer>;
  readonly #limits: Limits;
  readonly #cancel: (() => void) | undefined;
  #resolve!: (answer: HttpAnswer) => void;
  #reject!: (error: unknown) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #head: Omit<HttpAnswer, 'text'> | undefined;
  #pieces: Buffer[] = [];
  #kept = 0;
  /** Why it was ended from this side. */
  #ended: Error | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { signal, clock, seconds } = limits;
    signal?.addEventListener('abort', this.#giveUp);
    if (signal?.aborted) this.#giveUp();
    if (seconds > 0)
      this.#cancel = clock.after(seconds * 1000, () => this.#end(new Error(`no answer within ${seconds} seconds`)));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#ended) controller.abort(this.#ended);
    else this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // 100 to 199 announce an answer.
    if (status >= 200) this.#head = { status, headers };
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (this.#kept < KEPT_BYTES) this.#pieces.push(piece);
    this.#kept += piece.length;
  }

  onResponseEnd(): void {
    this.#release();
    const text = Buffer.concat(this.#pieces).subarray(0, KEPT_BYTES).toString('utf8');
    const answer = { ...(this.#head as Omit<HttpAnswer, 'text'>), text };
    // undici gives the connection back with an immediate of its own: a request before that would open another one.
    setImmediate(() => setImmediate(() => this.#resolve(answer)));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }

  /** Also called where the request could not even begin. */
  fail(error: unknown): void {
    this.#release();
    const reason = this.#ended ?? error;
    this.#reject(this.#head ? new CutAnswer({ ...this.#head, text: '' }, reason) : reason);
  }

  readonly #giveUp = (): void => this.#end(new Error('the request was given up'));

  #end(reason: Error): void {
    this.#ended = reason;
    // A request that still waits for a connection is ended when it gets one.
    if (this.#controller) this.#controller.abort(reason);
    else this.fail(reason);
  }

  #release(): void {
    this.#cancel?.();
    this.#limits.signal?.removeEventListener('abort', this.#giveUp);
  }
}
