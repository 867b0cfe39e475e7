/**
 * A watch as the API server sends it: changes since a version, an object that begins or ceases to fit the selectors as
 * ADDED or DELETED, bookmarks where they are asked for, its end after timeoutSeconds, and 410 as an event where the
 * version is forgotten.
 */
import type { ServerResponse } from 'node:http';
import { type Selection, selects } from './selectors.ts';
import { type Change, type Collection, type ObjectStore, Refused } from './store.ts';

export interface WatchRequest {
  readonly collection: Collection;
  readonly selection: Selection;
  readonly version: number | undefined;
  readonly timeoutSeconds: number | undefined;
  readonly bookmarks: boolean;
}

export class Watch {
  readonly request: WatchRequest;
  readonly #store: ObjectStore;
  readonly #response: ServerResponse;

  constructor(store: ObjectStore, request: WatchRequest, response: ServerResponse) {
    this.#store = store;
    this.request = request;
    this.#response = response;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    try {
      this.#begin();
    } catch (error) {
      if (error instanceof Refused) this.fail(error.status, error.reason, error.message);
      else throw error;
    }
  }

  bookmark(kind: string): void {
    if (!this.request.bookmarks) return;
    this.#send('BOOKMARK', { kind, apiVersion: 'v1', metadata: { resourceVersion: String(this.#store.version) } });
  }

  /** Ends with an event of type ERROR. */
  fail(code: number, reason: string, message: string): void {
    this.#send('ERROR', { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });
    this.#response.end();
  }

  #begin(): void {
    const { collection, selection, version, timeoutSeconds } = this.request;
    let from = version;
    if (from === undefined) {
      // Without a version: first what there is.
      const page = this.#store.list(collection, selection, 0, '');
      for (const object of page.items) this.#send('ADDED', object);
      from = Number(page.version);
    }
    const stop = this.#store.watch(collection, from, (change) => this.#take(change));
    const timer =
      timeoutSeconds === undefined ? undefined : setTimeout(() => this.#response.end(), timeoutSeconds * 1000);
    timer?.unref();
    this.#response.on('close', () => {
      stop();
      clearTimeout(timer);
    });
  }

  #take({ type, object, before }: Change): void {
    const fits = type !== 'DELETED' && selects(this.request.selection, object);
    const fitted = before !== undefined && selects(this.request.selection, before);
    if (fits) this.#send(fitted ? 'MODIFIED' : 'ADDED', object);
    else if (fitted) this.#send('DELETED', object);
  }

  #send(type: string, object: unknown): void {
    this.#response.write(`${JSON.stringify({ type, object })}\n`);
  }
}
