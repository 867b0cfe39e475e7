/**
 * One answer that comes by and by: a watch or a followed log, handed over in the pieces in which it arrives.
 *
 * A paused stream reads nothing more from its connection, so that the server has to wait; up to one read (64 kB) that
 * is already here may still be handed over. `ended` is called exactly once, at the latest; nothing after it.
 */
import type { Dispatcher } from 'undici';
import { errorOf } from './kube_error.ts';

export interface StreamHandler {
  /** The answer is a success; its body follows. */
  opened(): void;
  /** The bytes are the handler's. */
  data(bytes: Buffer): void;
  /** Undefined at an orderly end, or after `close`; a KubeError where the server refused. */
  ended(error: Error | undefined): void;
}

export interface KubeStream {
  pause(): void;
  resume(): void;
  /** Ends it; `ended` follows. */
  close(): void;
}

export interface PreparedStream {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly headersTimeoutMs: number;
}

const REFUSAL_BYTES = 16 * 1024;

export function openStream(prepare: () => Promise<PreparedStream>, handler: StreamHandler): KubeStream {
  const stream = new Stream(handler);
  prepare().then(
    (prepared) => stream.start(prepared),
    (error) => stream.end(error as Error),
  );
  return stream;
}

class Stream implements KubeStream, Dispatcher.DispatchHandler {
  readonly #handler: StreamHandler;
  #controller: Dispatcher.DispatchController | undefined;
  #state: 'waiting' | 'open' | 'refused' | 'ended' = 'waiting';
  #paused = false;
  #closed = false;
  #status = 0;
  #retryAfter: string | string[] | undefined;
  #refusal: Buffer[] = [];
  #refusalBytes = 0;

  constructor(handler: StreamHandler) {
    this.#handler = handler;
  }

  start({ dispatcher, origin, path, headers, headersTimeoutMs }: PreparedStream): void {
    if (this.#closed) {
      this.end(undefined);
      return;
    }
    try {
      const options = {
        origin,
        path,
        method: 'GET',
        headers,
        headersTimeout: headersTimeoutMs,
        bodyTimeout: 0,
      } as const;
      dispatcher.dispatch(options, this);
    } catch (error) {
      this.end(error as Error);
    }
  }

  pause(): void {
    this.#paused = true;
    if (this.#state === 'open') this.#controller?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#state === 'open') this.#controller?.resume();
  }

  close(): void {
    if (this.#closed || this.#state === 'ended') return;
    this.#closed = true;
    this.#controller?.abort(new Error('closed'));
  }

  end(error: Error | undefined): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#refusal = [];
    this.#handler.ended(this.#closed ? undefined : error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#closed) controller.abort(new Error('closed'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200 || this.#state !== 'waiting') return;
    this.#status = status;
    this.#state = status < 300 ? 'open' : 'refused';
    this.#retryAfter = headers['retry-after'];
    if (this.#state !== 'open') return;
    this.#handler.opened();
    if (this.#paused) controller.pause();
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.#state === 'open') {
      if (this.#closed) return;
      this.#handler.data(bytes);
      if (this.#paused) controller.pause();
    } else if (this.#refusalBytes < REFUSAL_BYTES) {
      this.#refusal.push(bytes);
      this.#refusalBytes += bytes.length;
    }
  }

  onResponseEnd(): void {
    const refusal = () => errorOf(this.#status, Buffer.concat(this.#refusal).toString('utf8'), this.#retryAfter);
    this.end(this.#state === 'refused' ? refusal() : undefined);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.end(error);
  }
}
