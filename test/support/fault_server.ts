/**
 * An HTTP or HTTPS server whose requests meet faults: the outside of the stand-ins for CloudWatch Logs and Loki. What a
 * request does is given by them; a fault decides whether it is done and what of the answer arrives.
 */
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Fault, Faults } from './faults.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export interface Behaviour {
  /** The name that faults go by. */
  action(asked: Asked): string;
  answer(asked: Asked): Answer;
  throttled(): Answer;
  failed(): Answer;
}

export interface FaultServerOptions {
  readonly port?: number;
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer };
  readonly seed?: number;
}

/** Emits `request` with the action's name after each answer. */
export class FaultServer extends EventEmitter {
  readonly faults: Faults;
  readonly #behaviour: Behaviour;
  readonly #server: http.Server | https.Server;
  readonly #tls: boolean;
  /** How many requests were answered or met a fault, by action. */
  readonly counts: Record<string, number> = {};
  /** While false, connections are refused. */
  #port = 0;

  constructor(behaviour: Behaviour, options: FaultServerOptions = {}) {
    super();
    this.faults = new Faults(options.seed);
    this.#behaviour = behaviour;
    this.#port = options.port ?? 0;
    this.#tls = options.tls !== undefined;
    const take: http.RequestListener = (request, response) => this.#take(request, response);
    this.#server = options.tls ? https.createServer({ ...options.tls }, take) : http.createServer(take);
    this.#server.keepAliveTimeout = 60_000;
  }

  /** Also after `stop`: on the same port again. */
  async start(): Promise<this> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `${this.#tls ? 'https' : 'http'}://127.0.0.1:${this.#port}`;
  }

  #take(request: http.IncomingMessage, response: http.ServerResponse): void {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const asked = { method, path: url, headers, body: Buffer.concat(pieces) };
      const action = this.#behaviour.action(asked);
      const fault = this.faults.of(action);
      this.counts[action] = (this.counts[action] ?? 0) + 1;
      if (fault?.kind === 'delay') setTimeout(() => this.#answerLate(asked, response), fault.ms);
      else this.#answer(asked, response, fault);
      this.emit('request', action);
    });
  }

  /** Not done where the connection has ended by then: who asked could not be told, and would ask again. */
  #answerLate(asked: Asked, response: http.ServerResponse): void {
    if (!response.socket?.destroyed) this.#answer(asked, response, undefined);
  }

  #answer(asked: Asked, response: http.ServerResponse, fault: Fault | undefined): void {
    const behaviour = this.#behaviour;
    const { socket } = response;
    switch (fault?.kind) {
      case 'throttle':
        send(response, behaviour.throttled());
        break;
      case 'error':
        send(response, behaviour.failed());
        break;
      case 'hang':
        break;
      case 'drop':
        socket?.destroy();
        break;
      case 'lost':
        behaviour.answer(asked);
        socket?.destroy();
        break;
      case 'cut':
        cut(response, behaviour.answer(asked));
        break;
      default:
        send(response, behaviour.answer(asked));
    }
  }
}

function send(response: http.ServerResponse, { status, headers, body = '' }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** The head and one byte of the body; the rest was promised. */
function cut(response: http.ServerResponse, { status, headers, body = '' }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': Math.max(Buffer.byteLength(body), 2) });
  response.write(body.slice(0, 1) || ' ', () => response.socket?.destroy());
}
