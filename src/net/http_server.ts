/**
 * An HTTP server for plugins: every request, whatever its method, path or type, becomes one call with its whole body.
 * HTTP/1.1 and HTTP/2 are spoken at one port, with TLS (chosen by ALPN) or without it (an HTTP/2 client begins with its
 * preface). Routing, bodies and limits are fastify's.
 *
 * While `pause` holds, requests wait before their body is read, so that TCP holds the senders up.
 */
import http from 'node:http';
import http2 from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { OptionsOf } from '../options.ts';
import type { Clock, Level, Soon } from '../plugin.ts';
import type { LISTEN_OPTIONS, TLS_LISTEN_OPTIONS } from './options.ts';
import { type Address, type Listener, listen, peerName } from './socket.ts';
import { readServerTls } from './tls.ts';

export interface HttpRequest {
  readonly method: string;
  /** As it was sent: with its query, not decoded, a character for each byte. */
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  /** Empty where there is none. */
  readonly body: Buffer;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpServerOptions {
  readonly address: Address;
  readonly given: OptionsOf<typeof LISTEN_OPTIONS & typeof TLS_LISTEN_OPTIONS>;
  /** Larger bodies are answered with `tooLarge`. */
  readonly limitBytes: number;
  readonly http2: boolean;
  /** Must not throw. */
  handle(request: HttpRequest): Soon<HttpAnswer>;
  /** The answer to a body over the limit. */
  readonly tooLarge: HttpAnswer;
  /** The answer to what cannot be read as a request with a body. */
  readonly invalid: HttpAnswer;
  log(level: Level, message: string): void;
  readonly clock: Clock;
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** Longer than the idle time of the usual proxies, so that it is they who close. */
const KEEP_ALIVE_MS = 72_000;
/** How long a stop waits for answers. */
const STOP_MS = 1000;
const EMPTY = Buffer.alloc(0);

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #sockets = new Set<Socket>();
  readonly #urls = new WeakMap<object, string>();
  #listener: Listener | undefined;
  #http1: http.Server | undefined;
  #http2: http2.Http2Server | undefined;
  /** Requests that wait for room: what lets them go on. */
  #waiting: (() => void)[] = [];
  #isPaused = false;
  #busy = 0;
  #whenIdle: (() => void) | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Requests that wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** @throws the system's error, or OptionError */
  async start(): Promise<void> {
    const { address, given, http2: speaksTwo } = this.#options;
    const app = this.#makeApp();
    await app.ready();
    // All paths are one to the router, also those that it would refuse.
    const route = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      this.#urls.set(request, request.url ?? '/');
      request.url = '/';
      app.routing(request, response);
    };
    this.#http1 = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, route);
    this.#http1.on('clientError', (error, socket) => this.#refuse(error, socket as Socket));
    // It listens through another server, but only then looks after requests that never end (300 s, headers 60 s).
    this.#http1.emit('listening');
    if (speaksTwo) {
      // The types know only one kind of request; fastify takes both.
      this.#http2 = http2.createServer(route as unknown as (request: http2.Http2ServerRequest) => void);
      this.#http2.on('sessionError', (error: Error) => this.#options.log('debug', error.message));
    }
    const protocols = speaksTwo ? ['h2', 'http/1.1'] : ['http/1.1'];
    this.#listener = await listen({
      address,
      backlog: given['net.backlog'],
      tls: given.tls ? { ...(await readServerTls(given)), ALPNProtocols: protocols } : undefined,
      onConnection: (socket) => this.#accept(socket),
      onFailure: (reason) => this.#options.log('warn', reason),
    });
    this.#options.log('info', `listening on ${this.#listener.name}`);
  }

  /** Requests wait from now on. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Takes no more requests; those that are being answered are, for at most a second. */
  async stop(): Promise<void> {
    this.#listener?.close();
    const idle = new Promise<void>((done) => {
      this.#whenIdle = done;
    });
    const waiting = this.#waiting.length;
    if (this.#busy > waiting) {
      const cancel = this.#options.clock.after(STOP_MS, () => this.#whenIdle?.());
      await idle;
      cancel();
    }
    for (const socket of this.#sockets) socket.destroy();
    this.#http1?.close();
  }

  #makeApp(): FastifyInstance {
    const { limitBytes, invalid } = this.#options;
    const app = fastify({
      logger: false,
      bodyLimit: limitBytes,
      frameworkErrors: (_error, _request, reply) => answer(reply, invalid),
    });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    app.addHook('onRequest', (_request, reply) => this.#admit(reply));
    app.setErrorHandler((error: FastifyError, _request, reply) => {
      const isLarge = error.code === 'FST_ERR_CTP_BODY_TOO_LARGE';
      return answer(reply, isLarge ? this.#options.tooLarge : invalid);
    });
    app.setNotFoundHandler((request, reply) => this.#handle(request, reply));
    app.all('/', (request, reply) => this.#handle(request, reply));
    return app;
  }

  /** A request may go on once there is room. */
  async #admit({ raw }: FastifyReply): Promise<void> {
    this.#busy++;
    raw.once('close', () => this.#release());
    if (!this.#isPaused) return;
    await new Promise<void>((go) => {
      this.#waiting.push(go);
    });
  }

  #release(): void {
    this.#busy--;
    if (this.#busy <= this.#waiting.length) this.#whenIdle?.();
  }

  async #handle({ method, raw, headers, body }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const bytes = Buffer.isBuffer(body) ? body : EMPTY;
    const url = this.#urls.get(raw) ?? '/';
    return answer(reply, await this.#options.handle({ method, url, headers, body: bytes }));
  }

  #accept(socket: Socket): void {
    const { given } = this.#options;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', (error) => this.#options.log('debug', `${peerName(socket)}: ${error.message}`));
    const silentMs = given['net.io_timeout'] * 1000;
    if (silentMs > 0) socket.setTimeout(silentMs, () => socket.destroy());
    const chosen = (socket as Partial<TLSSocket>).alpnProtocol;
    if (!this.#http2) this.#http1?.emit('connection', socket);
    else if (chosen === 'h2') this.#http2.emit('connection', socket);
    else if (typeof chosen === 'string') this.#http1?.emit('connection', socket);
    else this.#detect(socket);
  }

  /** The first bytes tell which version it is. */
  #detect(socket: Socket): void {
    const waitMs = this.#options.given['net.accept_timeout'] * 1000;
    const cancel = waitMs > 0 ? this.#options.clock.after(waitMs, () => socket.destroy(), true) : undefined;
    const give = (): void => cancel?.();
    socket.once('close', give);
    socket.once('end', () => socket.destroy());
    const look = (): void => {
      const bytes: Buffer | null = socket.read();
      if (bytes === null) return;
      socket.unshift(bytes);
      const length = Math.min(bytes.length, PREFACE.length);
      const isTwo = bytes.compare(PREFACE, 0, length, 0, length) === 0;
      if (isTwo && length < PREFACE.length) return;
      give();
      socket.off('readable', look);
      socket.off('close', give);
      socket.removeAllListeners('end');
      (isTwo ? this.#http2 : this.#http1)?.emit('connection', socket);
      socket.resume();
    };
    socket.on('readable', look);
  }

  #refuse(error: Error, socket: Socket): void {
    this.#options.log('debug', `${peerName(socket)}: ${error.message}`);
    const { status, body = '' } = this.#options.invalid;
    if (socket.writable)
      socket.end(
        `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    else socket.destroy();
  }
}

function answer(reply: FastifyReply, { status, body = '', headers }: HttpAnswer): FastifyReply {
  reply.code(status);
  if (headers) reply.headers(headers);
  if (body !== '') reply.type('text/plain');
  return reply.send(body === '' ? undefined : body);
}
