/**
 * One watch of the Kubernetes API: lines of JSON, `{"type":"ADDED","object":{...}}`, handed over as they come.
 *
 * It ends by itself after some minutes, as the server is asked to; a server that forgets it is left a little later. An
 * event that is no JSON, or of type ERROR, ends it with an error.
 */
import type { KubeClient, KubeStream } from './kube_client.ts';
import { KubeError } from './kube_error.ts';
import type { KubeObject, Status } from './kube_types.ts';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

export interface WatchHandler {
  opened(): void;
  event(event: WatchEvent): void;
  /** Once; undefined at an orderly end. */
  ended(error: Error | undefined): void;
}

const SHORTEST_SECONDS = 240;
const LONGEST_SECONDS = 480;
const FORGOTTEN_AFTER_MS = 30_000;

/** @param path with its query, without what makes it a watch. @returns what closes it. */
export function openWatch(client: KubeClient, path: string, version: string, handler: WatchHandler): () => void {
  const { clock } = client;
  // Spread, so that the watches of many clients do not end together.
  const seconds = Math.round(SHORTEST_SECONDS + clock.random() * (LONGEST_SECONDS - SHORTEST_SECONDS));
  const query = new URLSearchParams({ watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(seconds) });
  query.set('resourceVersion', version);
  const lines = new Lines();
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    stream.close();
  };
  const stream: KubeStream = client.stream(`${path}${path.includes('?') ? '&' : '?'}${query}`, {
    opened: () => handler.opened(),
    data(bytes) {
      for (const line of lines.push(bytes)) {
        if (failure) return;
        const event = readEvent(line);
        if (event instanceof Error) fail(event);
        else handler.event(event);
      }
    },
    ended(error) {
      cancel();
      handler.ended(failure ?? error);
    },
  });
  const cancel = clock.after(seconds * 1000 + FORGOTTEN_AFTER_MS, () => stream.close(), true);
  return () => stream.close();
}

function readEvent(line: string): WatchEvent | Error {
  let event: WatchEvent;
  try {
    event = JSON.parse(line) as WatchEvent;
  } catch {
    return new Error('the watch sent a line that is no JSON');
  }
  if (event?.type === 'ERROR') {
    const { code, message, reason } = event.object as Status;
    return new KubeError(code ?? 500, message ?? 'the watch failed', reason);
  }
  return event?.type && event.object ? event : new Error('the watch sent something that is no event');
}

const LINE_BREAK = 10;

class Lines {
  #waiting: Buffer[] = [];

  push(bytes: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LINE_BREAK); end >= 0; end = bytes.indexOf(LINE_BREAK, start)) {
      const line = this.#join(bytes.subarray(start, end));
      if (line !== '') lines.push(line);
      start = end + 1;
    }
    if (start < bytes.length) this.#waiting.push(bytes.subarray(start));
    return lines;
  }

  #join(end: Buffer): string {
    if (this.#waiting.length === 0) return end.toString('utf8');
    const text = Buffer.concat([...this.#waiting, end]).toString('utf8');
    this.#waiting = [];
    return text;
  }
}
