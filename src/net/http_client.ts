/**
 * HTTP for outputs, over undici: one client per output instance, connections kept and used again, an answer within a
 * time or an error, and the proxy of the environment.
 *
 * A request is sent exactly once: whether it is repeated is for the scheduler to decide, by the verdict that
 * `verdict.ts` makes of its outcome. HTTP/1.1 only: log servers gain nothing from HTTP/2, and its connections have limits
 * of their own.
 */
import net from 'node:net';
import type { Dispatcher } from 'undici';
import type { OptionsOf } from '../options.ts';
import type { Clock } from '../plugin.ts';
import { Exchange, type HttpAnswer } from './exchange.ts';
import type { HTTP_OPTIONS, NET_OPTIONS, TLS_OPTIONS } from './options.ts';
import { lookupFor } from './socket.ts';
import { readTls } from './tls.ts';
import { undiciPart } from './undici_parts.ts';

export interface HttpClientSettings {
  readonly host: string;
  readonly port: number;
  /** The values of the shared options. */
  readonly options: OptionsOf<typeof NET_OPTIONS & typeof TLS_OPTIONS & typeof HTTP_OPTIONS>;
  /** `http://host:port` of a proxy that the configuration names. */
  readonly proxy?: string | undefined;
  readonly clock: Clock;
  /** Where HTTP_PROXY and NO_PROXY are looked up. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface HttpRequest {
  readonly method: 'POST' | 'PUT' | 'GET';
  /** `https://host:port`, where it is not the client's own. */
  readonly origin?: string;
  /** With its query. */
  readonly path: string;
  /** Names and values in turn; a name may come twice. */
  readonly headers: readonly string[];
  readonly body: string | Uint8Array;
  /** Aborted when nobody waits any longer. */
  readonly signal?: AbortSignal;
}

export { CutAnswer, type HttpAnswer } from './exchange.ts';

export class HttpClient {
  readonly #settings: HttpClientSettings;
  readonly #origin: string;
  #dispatcher: Promise<Dispatcher> | undefined;

  constructor(settings: HttpClientSettings) {
    this.#settings = settings;
    const host = net.isIPv6(settings.host) ? `[${settings.host}]` : settings.host;
    // As an origin, so that a port that goes without saying does not stand in the Host header.
    this.#origin = new URL(`${settings.options.tls ? 'https' : 'http'}://${host}:${settings.port}`).origin;
  }

  /** Name and port as they stand in the Host header. */
  get hostHeader(): string {
    return new URL(this.#origin).host;
  }

  /** Reads certificates; called when the output starts, so that a wrong file is seen then. @throws OptionError */
  async open(): Promise<void> {
    await this.#ready();
  }

  /** @throws the error of the connection, a CutAnswer, or one that says that the time was over. */
  async request(request: HttpRequest): Promise<HttpAnswer> {
    const dispatcher = await this.#ready();
    const { options, clock } = this.#settings;
    const exchange = new Exchange({ clock, seconds: options['http.response_timeout'], signal: request.signal });
    const { method, path, headers, body, origin = this.#origin } = request;
    try {
      dispatcher.dispatch({ origin, method, path, headers: headers as string[], body }, exchange);
    } catch (error) {
      exchange.fail(error);
    }
    return exchange.answer;
  }

  async close(): Promise<void> {
    const dispatcher = await this.#dispatcher?.catch(() => undefined);
    await dispatcher?.destroy();
  }

  #ready(): Promise<Dispatcher> {
    this.#dispatcher ??= buildDispatcher(this.#settings);
    return this.#dispatcher;
  }
}

/** undici is loaded here, so that a pipeline without HTTP does without it. */
async function buildDispatcher(settings: HttpClientSettings): Promise<Dispatcher> {
  const { options } = settings;
  const connect = await connectOptions(settings);
  const milliseconds = (seconds: number) => Math.round(seconds * 1000);
  const common = {
    connect,
    allowH2: false,
    pipelining: options['net.keepalive'] ? 1 : 0,
    keepAliveTimeout: milliseconds(options['net.keepalive_idle_timeout']),
    // The whole answer has a deadline of its own; undici's own limits would only get in its way.
    headersTimeout: milliseconds(options['net.io_timeout']),
    bodyTimeout: milliseconds(options['http.read_idle_timeout'] || options['net.io_timeout']),
    ...(options['net.keepalive_max_recycle'] > 0 ? { maxRequestsPerClient: options['net.keepalive_max_recycle'] } : {}),
    ...(options['net.max_worker_connections'] > 0 ? { connections: options['net.max_worker_connections'] } : {}),
  };
  const proxied = { ...common, requestTls: connect, proxyTunnel: options.tls };
  if (settings.proxy !== undefined) return new (await undiciPart('proxy-agent'))({ ...proxied, uri: settings.proxy });
  const env = settings.env ?? process.env;
  const proxy = options['net.proxy_env_ignore'] ? undefined : env.HTTP_PROXY || env.http_proxy;
  if (!proxy) return new (await undiciPart('agent'))(common);
  // As Fluent Bit, HTTP_PROXY serves for https as well.
  const noProxy = env.NO_PROXY ?? env.no_proxy ?? '';
  const EnvHttpProxyAgent = await undiciPart('env-http-proxy-agent');
  return new EnvHttpProxyAgent({ ...proxied, httpProxy: proxy, httpsProxy: proxy, noProxy });
}

type Connect = NonNullable<Exclude<import('undici').Agent.Options['connect'], (...args: never[]) => unknown>>;

async function connectOptions({ options }: HttpClientSettings): Promise<Connect> {
  const source = options['net.source_address'];
  const idle = options['net.tcp_keepalive_time'];
  const family = options.ipv6 ? 6 : undefined;
  const lookup = lookupFor(options);
  return {
    ...(options.tls ? await readTls(options) : {}),
    timeout: Math.round(options['net.connect_timeout'] * 1000),
    keepAlive: options['net.tcp_keepalive'],
    ...(idle > 0 ? { keepAliveInitialDelay: idle * 1000 } : {}),
    ...(source === undefined ? {} : { localAddress: source }),
    ...(family === undefined ? {} : { family }),
    ...(lookup === undefined ? {} : { lookup }),
  } as Connect;
}
