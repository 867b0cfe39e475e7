/**
 * The questions that the filter puts to the API server, the kubelet or a folder, one at a time: the pod of a container, a
 * namespace. Each is one GET. Without a token nothing is asked for, as in Fluent Bit.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import {
  explicitAccess,
  KubeClient,
  KubeError,
  type KubeObject,
  type Namespace,
  type Pod,
} from '../../src/net/kube.ts';
import { SlowStart } from '../../src/net/slow_start.ts';
import { type Clock, OptionError } from '../../src/plugin.ts';
import type { Options } from './settings.ts';

const REQUEST_MS = 30_000;
const MOST_REQUESTS = 8;

export class Api {
  readonly server: KubeClient;
  readonly #kubelet: KubeClient | undefined;
  readonly #folder: string | undefined;
  readonly #limitBytes: number;
  readonly #gate: SlowStart;

  /** @throws OptionError for a URL that is none. */
  constructor(options: Options, clock: Clock) {
    this.#gate = new SlowStart(clock, MOST_REQUESTS);
    this.#folder = options.kube_meta_preload_cache_dir;
    this.#limitBytes = options.buffer_size <= 0 ? Number.POSITIVE_INFINITY : options.buffer_size;
    this.server = clientFor(originOf(options.kube_url), options, clock);
    const host = options.kubelet_host.includes(':') ? `[${options.kubelet_host}]` : options.kubelet_host;
    if (options.use_kubelet) this.#kubelet = clientFor(`https://${host}:${options.kubelet_port}`, options, clock);
  }

  /** @returns undefined where the answer is not of a pod. @throws where there is no answer. */
  async pod(namespace: string, name: string): Promise<Pod | undefined> {
    const kept = await this.#preloaded(`${namespace}_${name}.meta`);
    if (kept) return podIn(kept, namespace, name);
    if (this.#kubelet) return podIn(await this.#get(this.#kubelet, '/pods'), namespace, name);
    return this.#get<Pod>(
      this.server,
      `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`,
    );
  }

  async namespace(name: string): Promise<Namespace | undefined> {
    const kept = await this.#preloaded(`${name}.namespace_meta`);
    return kept ?? this.#get<Namespace>(this.server, `/api/v1/namespaces/${encodeURIComponent(name)}`);
  }

  async close(): Promise<void> {
    await Promise.all([this.server.close(), this.#kubelet?.close()]);
  }

  async #preloaded(file: string): Promise<KubeObject | undefined> {
    if (this.#folder === undefined || file.includes('/')) return undefined;
    const text = await fs.readFile(path.join(this.#folder, file), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as KubeObject);
  }

  /** As Fluent Bit (kubernetes/api-answer-is-empty): an empty answer is one that says nothing. */
  async #get<T>(client: KubeClient, url: string): Promise<T | undefined> {
    if ((await client.access.authorization()) === undefined) throw new Error('there is no token');
    const text = await this.#gate.run(() => client.getText(url, this.#limitBytes), isAnswer);
    if (text.trim() === '') return undefined;
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new KubeError(200, `the answer to GET ${url} is no JSON`);
    }
  }
}

function clientFor(url: string, options: Options, clock: Clock): KubeClient {
  const access = explicitAccess({
    url,
    // Over plain HTTP nobody needs them, and outside of a cluster the file is not there.
    ...(url.startsWith('https:') ? { caFile: options.kube_ca_file, caPath: options.kube_ca_path } : {}),
    tokenFile: options.kube_token_file,
    tokenCommand: options.kube_token_command,
    tokenTtlSeconds: options.kube_token_ttl,
    verify: options['tls.verify'],
    verifyHostname: options['tls.verify_hostname'],
    serverName: options['tls.vhost'],
    clock,
  });
  return new KubeClient({ access, clock, timeoutMs: options.kube_meta_io_timeout * 1000 || REQUEST_MS });
}

/** The server is well, it has not got or does not give what was asked for. */
function isAnswer(error: unknown): boolean {
  return error instanceof KubeError && error.status < 500 && error.status !== 429;
}

/** As Fluent Bit: only the scheme, the host and the port count. */
function originOf(url: string): string {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new OptionError(`'${url}' is no URL of an API server; write https://HOST:PORT`, 'kube_url');
  return new URL(url).origin;
}

/** The pod in a list, or the pod itself. Unlike Fluent Bit's, names are compared as a whole. */
function podIn(answer: unknown, namespace: string, name: string): Pod | undefined {
  const items: unknown = (answer as { items?: unknown } | undefined)?.items;
  if (!Array.isArray(items)) return answer as Pod | undefined;
  return items.find(
    (item: Pod | undefined) => item?.metadata?.name === name && item.metadata.namespace === namespace,
  ) as Pod | undefined;
}
