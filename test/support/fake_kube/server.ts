/**
 * A Kubernetes API server for tests and for trying things out: pods with logs, namespaces, ConfigMaps and Leases, over
 * HTTP or HTTPS. What it does is what the API reference and the kubelet's source say; tests drive it with the real
 * kubectl and with @kubernetes/client-node to keep it honest.
 *
 *     const fake = await FakeKube.start();
 *     const pod = fake.pod({ name: 'web-0', containers: ['app', 'proxy'] });
 *     pod.write('hello', 'app');
 *     fake.faults.add({ match: /\/log/, status: 500, times: 1 });
 */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { KubeObject } from '../../../src/net/kube_types.ts';
import { discover } from './discovery.ts';
import { Faults } from './faults.ts';
import { serveLog } from './log_api.ts';
import { FakePod, type PodPlan } from './pod.ts';
import type { Selection } from './selectors.ts';
import { type Collection, ObjectStore, Refused } from './store.ts';
import { Watch } from './watch_api.ts';

export interface FakeKubeOptions {
  readonly port?: number;
  /** PEM; with `ca`, clients with a certificate of that authority need no token. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string };
  /** The tokens that are let in; without this, everybody is. */
  readonly tokens?: readonly string[];
}

const KINDS: Readonly<Record<Collection, readonly [kind: string, apiVersion: string]>> = {
  pods: ['Pod', 'v1'],
  namespaces: ['Namespace', 'v1'],
  configmaps: ['ConfigMap', 'v1'],
  leases: ['Lease', 'coordination.k8s.io/v1'],
};

interface Route {
  readonly collection: Collection;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly isLog: boolean;
}

export class FakeKube {
  readonly store = new ObjectStore();
  readonly faults = new Faults();
  /** `GET /api/v1/pods?watch=true...`, one a request. */
  readonly requests: string[] = [];
  /** The tokens that are let in; undefined: everybody is. */
  tokens: Set<string> | undefined;
  readonly #server: http.Server | https.Server;
  readonly #isTls: boolean;
  readonly #pods = new Map<string, FakePod>();
  readonly #watches = new Set<Watch>();
  /** Answers that last: watches and followed logs. */
  readonly #streams = new Map<ServerResponse, string>();

  private constructor(options: FakeKubeOptions) {
    this.tokens = options.tokens && new Set(options.tokens);
    this.#isTls = options.tls !== undefined;
    const answer = (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response);
    this.#server = options.tls
      ? https.createServer(
          { ...options.tls, requestCert: options.tls.ca !== undefined, rejectUnauthorized: false },
          answer,
        )
      : http.createServer(answer);
    this.#server.requestTimeout = 0;
    this.namespace('default');
  }

  static async start(options: FakeKubeOptions = {}): Promise<FakeKube> {
    const fake = new FakeKube(options);
    await new Promise<void>((done) => fake.#server.listen(options.port ?? 0, '127.0.0.1', done));
    return fake;
  }

  get url(): string {
    return `${this.#isTls ? 'https' : 'http'}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  namespace(name: string, labels: Record<string, string> = {}, annotations: Record<string, string> = {}): void {
    const metadata = { name, labels: { 'kubernetes.io/metadata.name': name, ...labels }, annotations };
    this.store.put('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata } as KubeObject);
  }

  /** Makes a pod, and its namespace where it is not there. */
  pod(plan: PodPlan): FakePod {
    const { namespace = 'default', name } = plan;
    if (!this.store.get('namespaces', '', namespace)) this.namespace(namespace);
    const pod = new FakePod(this.store, plan);
    this.#pods.set(`${namespace}/${name}`, pod);
    return pod;
  }

  /** How many requests fit. */
  count(match: RegExp): number {
    return this.requests.filter((request) => match.test(request)).length;
  }

  /** How many answers are under way whose request fits. */
  open(match: RegExp): number {
    return [...this.#streams.values()].filter((request) => match.test(request)).length;
  }

  /** Cuts the connections of running streams, without an end. @returns how many. */
  cut(match: RegExp = /./, howMany = Number.POSITIVE_INFINITY): number {
    let cut = 0;
    for (const [response, request] of this.#streams) {
      if (cut >= howMany) break;
      if (!match.test(request)) continue;
      response.destroy();
      cut++;
    }
    return cut;
  }

  /** Sends every watch that wants them a bookmark. */
  bookmark(): void {
    for (const watch of this.#watches) watch.bookmark(KINDS[watch.request.collection][0]);
  }

  /** Forgets the history, and tells running watches that they are too old. */
  expire(): void {
    this.store.compact();
    for (const watch of this.#watches) watch.fail(410, 'Expired', 'too old resource version');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = `${request.method} ${request.url}`;
    this.requests.push(line);
    const fault = this.faults.take(line);
    if (fault && fault.status === undefined) {
      request.socket.destroy();
      return;
    }
    try {
      if (fault) {
        if (fault.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(fault.retryAfterSeconds));
        throw new Refused(fault.status as number, reasonOf(fault.status as number), fault.message ?? 'on demand');
      }
      if (!this.#isKnown(request)) throw new Refused(401, 'Unauthorized', 'Unauthorized');
      await this.#route(request, response, line);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refuse(response, error);
    }
  }

  #isKnown(request: IncomingMessage): boolean {
    if (!this.tokens) return true;
    if (this.#isTls && (request.socket as TLSSocket).authorized) return true;
    return this.tokens.has(request.headers.authorization?.replace(/^Bearer /, '') ?? '');
  }

  async #route(request: IncomingMessage, response: ServerResponse, line: string): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const known = discover(url.pathname);
    if (known !== undefined) return json(response, known);
    const route = routeOf(url.pathname);
    if (!route) throw new Refused(404, 'NotFound', 'the server could not find the requested resource');
    const query = url.searchParams;
    if (request.method !== 'GET') return json(response, await this.#write(request, route));
    if (route.isLog) {
      this.#keep(response, line);
      return serveLog(this.#podOf(route), query, response);
    }
    if (query.get('watch') === 'true' || query.get('watch') === '1') return this.#watch(route, query, response, line);
    json(response, route.name === undefined ? this.#list(route, query) : this.#object(route));
  }

  #podOf({ namespace = '', name = '' }: Route): FakePod {
    const pod = this.#pods.get(`${namespace}/${name}`);
    if (!pod || !this.store.get('pods', namespace, name))
      throw new Refused(404, 'NotFound', `pods "${name}" not found`);
    return pod;
  }

  #object({ collection, namespace = '', name = '' }: Route): KubeObject {
    const found = this.store.get(collection, namespace, name);
    if (!found) throw new Refused(404, 'NotFound', `${collection} "${name}" not found`);
    return found;
  }

  #list(route: Route, query: URLSearchParams): unknown {
    const [kind, apiVersion] = KINDS[route.collection];
    // From the cache there are no pages, as in most versions of the real server.
    const limit = query.get('resourceVersion') === '0' ? 0 : Number(query.get('limit') ?? 0);
    const page = this.store.list(route.collection, selectionOf(route, query), limit, query.get('continue') ?? '');
    return {
      kind: `${kind}List`,
      apiVersion,
      metadata: {
        resourceVersion: page.version,
        ...(page.continue ? { continue: page.continue, remainingItemCount: page.remaining } : {}),
      },
      items: page.items,
    };
  }

  #watch(route: Route, query: URLSearchParams, response: ServerResponse, line: string): void {
    const version = Number(query.get('resourceVersion') ?? 0);
    const request = {
      collection: route.collection,
      selection: selectionOf(route, query),
      version: version > 0 ? version : undefined,
      timeoutSeconds: query.has('timeoutSeconds') ? Number(query.get('timeoutSeconds')) : undefined,
      bookmarks: query.get('allowWatchBookmarks') === 'true',
    };
    this.#keep(response, line);
    const watch = new Watch(this.store, request, response);
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
  }

  async #write(request: IncomingMessage, route: Route): Promise<KubeObject> {
    const { collection, namespace = '', name } = route;
    if (request.method === 'DELETE') return this.store.delete(collection, namespace, name ?? '');
    const body = JSON.parse(await textOf(request)) as KubeObject;
    const metadata = { ...body.metadata, name: name ?? body.metadata?.name ?? '', namespace };
    const before = this.store.get(collection, namespace, metadata.name);
    if (request.method === 'POST' && before)
      throw new Refused(409, 'AlreadyExists', `${collection} "${metadata.name}" already exists`);
    if (request.method !== 'POST' && !before)
      throw new Refused(404, 'NotFound', `${collection} "${metadata.name}" not found`);
    const [kind, apiVersion] = KINDS[collection];
    const object = request.method === 'PATCH' ? merge(before, body) : body;
    const named = { ...(object as KubeObject).metadata, name: metadata.name, namespace };
    return this.store.put(collection, { ...(object as KubeObject), kind, apiVersion, metadata: named });
  }

  #keep(response: ServerResponse, line: string): void {
    this.#streams.set(response, line);
    response.on('close', () => this.#streams.delete(response));
  }
}

function routeOf(pathname: string): Route | undefined {
  const match =
    /^\/(?:api\/v1|apis\/coordination\.k8s\.io\/v1)(?:\/namespaces\/([^/]+))?\/(pods|configmaps|leases)(?:\/([^/]+)(\/log)?)?$/.exec(
      pathname,
    );
  if (match) {
    const [, namespace, collection, name, log] = match;
    return { collection: collection as Collection, namespace, name, isLog: log !== undefined };
  }
  const [, name] = /^\/api\/v1\/namespaces(?:\/([^/]+))?$/.exec(pathname) ?? [undefined, null];
  return name === null ? undefined : { collection: 'namespaces', namespace: undefined, name, isLog: false };
}

function selectionOf({ namespace, name }: Route, query: URLSearchParams): Selection {
  const fields = [query.get('fieldSelector') ?? '', name === undefined ? '' : `metadata.name=${name}`];
  return {
    namespace,
    labels: query.get('labelSelector') ?? undefined,
    fields: fields.filter((one) => one !== '').join(','),
  };
}

/** A merge patch, as RFC 7386 has it. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = { ...(typeof target === 'object' ? target : {}) };
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  return merged;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

function json(response: ServerResponse, body: unknown): void {
  const isText = typeof body === 'string';
  response.writeHead(200, { 'content-type': isText ? 'text/plain' : 'application/json' });
  response.end(isText ? body : JSON.stringify(body));
}

function refuse(response: ServerResponse, { status, reason, message }: Refused): void {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status };
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function reasonOf(status: number): string {
  const reasons: Readonly<Record<number, string>> = {
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    410: 'Expired',
    429: 'TooManyRequests',
    500: 'InternalError',
  };
  return reasons[status] ?? '';
}
