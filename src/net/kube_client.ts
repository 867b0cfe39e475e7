/**
 * A client of the Kubernetes API over undici: short requests with an answer in JSON, and streams (a watch, a followed
 * log) that last for hours and can be paused.
 *
 * HTTP/1.1 only: over HTTP/2 a server takes some hundred streams a connection, and a stream that is not read holds up its
 * neighbours. Short requests share a few connections; every stream has one of its own, and who opens streams bounds
 * their number. When certificates change, new requests go over new connections and the old ones end with their
 * streams. A 401 makes the access read its credentials again; a short request is then tried once more.
 */
import type { Agent, Dispatcher } from 'undici';
import type { Clock } from '../plugin.ts';
import type { KubeAccess, KubeTls } from './kube_access.ts';
import { errorOf, KubeError } from './kube_error.ts';
import { type KubeStream, openStream, type StreamHandler } from './kube_stream.ts';
import { undiciPart } from './undici_parts.ts';

export type { KubeStream, StreamHandler } from './kube_stream.ts';

export interface KubeClientSettings {
  readonly access: KubeAccess;
  readonly clock: Clock;
  /** How long a short request may take, and the head of a stream's answer. */
  readonly timeoutMs?: number;
  /** How many connections short requests share. */
  readonly connections?: number;
}

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query, without the access's prefix. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** For PATCH: `application/merge-patch+json` and its like. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 30_000;
const CONNECTIONS = 8;
const USER_AGENT = 'sluice';
/** How much of a refusal is read. */
const REFUSAL_BYTES = 16 * 1024;

interface Agents {
  readonly tls: KubeTls;
  readonly short: Dispatcher;
  readonly long: Dispatcher;
}

export class KubeClient {
  readonly access: KubeAccess;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #connections: number;
  #agents: Promise<Agents> | undefined;
  #closed = false;

  constructor(settings: KubeClientSettings) {
    this.access = settings.access;
    this.#clock = settings.clock;
    this.#timeoutMs = settings.timeoutMs ?? TIMEOUT_MS;
    this.#connections = settings.connections ?? CONNECTIONS;
  }

  /** GET, the answer as JSON. @throws KubeError, or the error of the connection. */
  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.send<T>({ method: 'GET', path, ...(signal ? { signal } : {}) });
  }

  /** GET, the answer as it came. @throws KubeError, also for an answer over the limit, or the error of the connection. */
  getText(path: string, limitBytes = Number.POSITIVE_INFINITY): Promise<string> {
    return this.#sendTwice({ method: 'GET', path }, limitBytes);
  }

  /** @throws KubeError where the answer is no success, or the error of the connection. */
  async send<T>(request: KubeRequest): Promise<T> {
    const text = await this.#sendTwice(request);
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new KubeError(200, `the answer to ${request.method} ${request.path} is no JSON`);
    }
  }

  async #sendTwice(request: KubeRequest, limitBytes?: number): Promise<string> {
    try {
      return await this.#send(request, limitBytes);
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 401)) throw error;
      this.access.refused();
      return this.#send(request, limitBytes);
    }
  }

  /** Opens a stream. The handler is never called before this returns. */
  stream(path: string, handler: StreamHandler): KubeStream {
    const prepare = async () => {
      const { long } = await this.#ready();
      return {
        dispatcher: long,
        origin: this.access.origin,
        path: this.access.prefix + path,
        headers: await this.#headers(undefined),
        headersTimeoutMs: this.#timeoutMs,
      };
    };
    return openStream(prepare, {
      opened: () => handler.opened(),
      data: (bytes) => handler.data(bytes),
      ended: (error) => {
        if (error instanceof KubeError && error.status === 401) this.access.refused();
        handler.ended(error);
      },
    });
  }

  /** Ends every connection and stream. */
  async close(): Promise<void> {
    this.#closed = true;
    const agents = await this.#agents?.catch(() => undefined);
    await Promise.all([agents?.short.destroy(), agents?.long.destroy()]);
  }

  async #send(
    { method, path, body, contentType, signal }: KubeRequest,
    limitBytes = Number.POSITIVE_INFINITY,
  ): Promise<string> {
    const { short } = await this.#ready();
    const limit = AbortSignal.any([...(signal ? [signal] : []), AbortSignal.timeout(this.#timeoutMs)]);
    const answer = await short.request({
      origin: this.access.origin,
      path: this.access.prefix + path,
      method,
      headers: await this.#headers(body === undefined ? undefined : (contentType ?? 'application/json')),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: limit,
    });
    const { statusCode, headers } = answer;
    const text = await textOf(answer.body, statusCode, limitBytes);
    if (statusCode < 200 || statusCode > 299)
      throw errorOf(statusCode, text.slice(0, REFUSAL_BYTES), headers['retry-after']);
    return text;
  }

  async #headers(contentType: string | undefined): Promise<Record<string, string>> {
    const authorization = await this.access.authorization();
    return {
      accept: 'application/json',
      'user-agent': USER_AGENT,
      ...(authorization === undefined ? {} : { authorization }),
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    };
  }

  async #ready(): Promise<Agents> {
    const tls = await this.access.tls();
    const before = this.#agents;
    const last = await before?.catch(() => undefined);
    if (this.#closed) throw new Error('the client is closed');
    if (last?.tls === tls) return last;
    // Of several that came here at once, the first builds.
    if (this.#agents === before) {
      this.#agents = this.#build(tls);
      // Their streams go on; nothing new comes to them.
      last?.short.close().catch(() => undefined);
      last?.long.close().catch(() => undefined);
    }
    return this.#agents as Promise<Agents>;
  }

  /** undici is loaded here, so that a pipeline without Kubernetes does without it. */
  async #build(tls: KubeTls): Promise<Agents> {
    const connect = { ...tls, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000, ...SMALL } as Connect;
    const make = async (options: Agent.Options): Promise<Dispatcher> => {
      const { proxy: uri } = this.access;
      if (uri === undefined) return new (await undiciPart('agent'))({ ...options, connect });
      return new (await undiciPart('proxy-agent'))({ ...options, connect, requestTls: connect, uri });
    };
    const timeouts = { allowH2: false, headersTimeout: this.#timeoutMs };
    return {
      tls,
      short: await make({ ...timeouts, bodyTimeout: this.#timeoutMs, connections: this.#connections }),
      long: await make({ ...timeouts, bodyTimeout: 0 }),
    };
  }

  /** Time, for those who work with this client. */
  get clock(): Clock {
    return this.#clock;
  }
}

async function textOf(body: Dispatcher.ResponseData['body'], status: number, limitBytes: number): Promise<string> {
  if (limitBytes === Number.POSITIVE_INFINITY) return body.text();
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    // Leaving the loop ends the answer and its connection.
    if (bytes > limitBytes) throw new KubeError(status, `the answer is longer than ${limitBytes} bytes`, 'TooLong');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** What a socket may hold that nobody has read yet; there may be thousands of them. */
const SMALL = { highWaterMark: 16 * 1024 };

type Connect = NonNullable<Exclude<Agent.Options['connect'], (...args: never[]) => unknown>>;
