/**
 * A Loki that checks what Loki 3 checks, and says it in its words (words.ts): labels (syntax, how many, how long), entries
 * (too old, too new, too far behind their stream, too long), the rate of a stream, the length of a request; and that
 * answers query_range. The good entries of a refused request are kept, as in Loki. Faults (errors, delays, cut connections)
 * are set from outside.
 *
 * Source: pkg/validation/validate.go, pkg/distributor and pkg/ingester/stream.go of grafana/loki
 */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodePush, labelsText, type PushedEntry, type PushedStream } from './decode.ts';
import { ingesterBlock, isoTime, labelsOfLoki, oneText, type Rejected } from './words.ts';

export interface Limits {
  readonly maxLabelNames: number;
  readonly maxLabelNameLength: number;
  readonly maxLabelValueLength: number;
  readonly maxLineBytes: number;
  readonly rejectOldMs: number;
  readonly graceMs: number;
  /** How far an entry may be behind the newest of its stream. */
  readonly outOfOrderMs: number;
  /** How much of one request a stream takes before its rate limit. */
  readonly streamBytes: number;
  /** The longest body of a request. */
  readonly requestBytes: number;
}

const LIMITS: Limits = {
  maxLabelNames: 15,
  maxLabelNameLength: 1024,
  maxLabelValueLength: 2048,
  maxLineBytes: 256 * 1024,
  rejectOldMs: 7 * 24 * 3600 * 1000,
  graceMs: 10 * 60 * 1000,
  outOfOrderMs: 3600 * 1000,
  streamBytes: 15 << 20,
  requestBytes: 100 << 20,
};

export type Fault =
  | { readonly status: number; readonly text?: string; readonly headers?: Record<string, string> }
  /** The connection is cut: before anything was taken, or after all was. */
  | { readonly cut: 'before' | 'after' }
  /** No answer ever comes, and nothing was taken. */
  | { readonly hangs: true };

/** An empty text: nothing is wrong. */
interface Wrong {
  readonly status: number;
  readonly text: string;
}

interface Stored {
  readonly labels: Readonly<Record<string, string>>;
  readonly entries: PushedEntry[];
  newest: bigint;
}

export class FakeLoki {
  readonly #limits: Limits;
  readonly #now: () => number;
  #server = http.createServer((request, response) => this.#serve(request, response));
  /** tenant → labels → stream. */
  readonly #tenants = new Map<string, Map<string, Stored>>();
  /** Asked for every push; undefined: none. */
  fault: () => Fault | undefined = () => undefined;
  delayMs = 0;
  requests = 0;
  port = 0;

  constructor(limits: Partial<Limits> = {}, now: () => number = Date.now) {
    this.#limits = { ...LIMITS, ...limits };
    this.#now = now;
  }

  async start(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** Nobody listens until `comeBack`. */
  async goAway(): Promise<void> {
    await this.stop();
    this.#server = http.createServer((request, response) => this.#serve(request, response));
  }

  async comeBack(): Promise<void> {
    await this.start(this.port);
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** All lines of a tenant ('' is the one without a header), by the text of their labels. */
  lines(tenant = ''): Record<string, string[]> {
    const streams = [...(this.#tenants.get(tenant) ?? [])];
    return Object.fromEntries(streams.map(([labels, { entries }]) => [labels, entries.map(({ line }) => line)]));
  }

  entries(tenant = ''): readonly PushedEntry[] {
    return [...(this.#tenants.get(tenant)?.values() ?? [])].flatMap(({ entries }) => entries);
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    const parts: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://loki');
      const tenant = String(request.headers['x-scope-orgid'] ?? '');
      const answer = (status: number, text = '', headers: Record<string, string> = {}) =>
        setTimeout(() => response.writeHead(status, headers).end(text), this.delayMs);
      if (url.pathname === '/ready') answer(200, 'ready\n');
      else if (url.pathname === '/loki/api/v1/query_range') this.#query(url, tenant, answer);
      else if (url.pathname !== '/loki/api/v1/push') answer(404, '404 page not found\n');
      else if (request.method !== 'POST') answer(405);
      else this.#push(request, Buffer.concat(parts), tenant, answer);
    });
  }

  #push(
    { headers, socket }: http.IncomingMessage,
    body: Buffer,
    tenant: string,
    answer: (status: number, text?: string, headers?: Record<string, string>) => void,
  ): void {
    this.requests++;
    const fault = this.fault();
    if (fault && 'status' in fault) {
      answer(fault.status, fault.text ?? '', fault.headers);
      return;
    }
    if (fault && 'hangs' in fault) return;
    if (fault?.cut === 'before') {
      socket.destroy();
      return;
    }
    if (body.length > this.#limits.requestBytes) {
      answer(413, 'request body too large\n');
      return;
    }
    let wrong: Wrong;
    try {
      const streams = decodePush(String(headers['content-type']), headers['content-encoding'], body);
      wrong = this.#takeAll(streams, tenant);
    } catch (error) {
      answer(400, `${(error as Error).message}\n`);
      return;
    }
    if (fault?.cut === 'after') socket.destroy();
    else if (wrong.text !== '') answer(wrong.status, `${wrong.text}\n`);
    else answer(204);
  }

  /** What the ingesters say comes first, and then nothing of what the distributor says. */
  #takeAll(streams: readonly PushedStream[], tenant: string): Wrong {
    const errors: string[] = [];
    const blocks: Wrong[] = [];
    for (const stream of streams) this.#take(stream, tenant, errors, blocks);
    const [first] = blocks;
    if (!first) return { status: 400, text: oneText(errors) };
    return { status: first.status, text: blocks.map(({ text }) => text).join('\n') };
  }

  /** What is right of the stream is kept. */
  #take({ labels, entries }: PushedStream, tenant: string, errors: string[], blocks: Wrong[]): void {
    const text = labelsText(labels);
    const wrong = this.#checkLabels(labels);
    if (wrong) {
      errors.push(wrong);
      return;
    }
    const streams = this.#tenants.get(tenant) ?? new Map<string, Stored>();
    this.#tenants.set(tenant, streams);
    const stored = streams.get(text) ?? { labels, entries: [], newest: 0n };
    const rejected: Rejected[] = [];
    const room = { bytes: this.#limits.streamBytes };
    for (const entry of entries) {
      const error = this.#checkEntry(entry, labelsOfLoki(labels));
      const reason = error ?? this.#checkPlace(entry, stored, room);
      if (error) errors.push(error);
      else if (reason) rejected.push({ entry, reason });
      else {
        stored.entries.push(entry);
        if (entry.ns > stored.newest) stored.newest = entry.ns;
      }
    }
    if (stored.entries.length > 0) streams.set(text, stored);
    if (rejected.length === 0) return;
    const status = rejected.at(-1)?.reason.startsWith('Per stream') ? 429 : 400;
    blocks.push({ status, text: ingesterBlock(rejected, entries.length, labels) });
  }

  #checkLabels(labels: Readonly<Record<string, string>>): string | undefined {
    const text = labelsText(labels);
    const { maxLabelNames, maxLabelNameLength, maxLabelValueLength } = this.#limits;
    const names = Object.keys(labels);
    if (names.length === 0) return 'error at least one label pair is required per stream';
    if (names.length > maxLabelNames)
      return `entry for stream '${text}' has ${names.length} label names; limit ${maxLabelNames}`;
    for (const name of names) {
      if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
        return `couldn't parse labels: 1:2: parse error: unexpected "${name}"`;
      if (name.length > maxLabelNameLength) return `stream '${text}' has label name too long: '${name}'`;
      const value = labels[name] as string;
      if (value.length > maxLabelValueLength) return `stream '${text}' has label value too long: '${value}'`;
    }
    return undefined;
  }

  #checkEntry({ ns, line }: PushedEntry, text: string): string | undefined {
    const { maxLineBytes, rejectOldMs, graceMs } = this.#limits;
    const now = this.#now();
    const ms = Number(ns / 1_000_000n);
    const size = Buffer.byteLength(line);
    if (ms < now - rejectOldMs)
      return `entry for stream '${text}' has timestamp too old: ${isoTime(ms)}, oldest acceptable timestamp is: ${isoTime(now - rejectOldMs)}`;
    if (ms > now + graceMs) return `entry for stream '${text}' has timestamp too new: ${isoTime(ms)}`;
    if (size > maxLineBytes)
      return `Max entry size '${maxLineBytes}' bytes exceeded for stream '${text}' while adding an entry with length '${size}' bytes`;
    return undefined;
  }

  #checkPlace({ ns, line }: PushedEntry, { newest, labels }: Stored, room: { bytes: number }): string | undefined {
    const { outOfOrderMs, streamBytes } = this.#limits;
    const size = Buffer.byteLength(line);
    if (size > room.bytes)
      return `Per stream rate limit exceeded (limit: ${streamBytes}B/sec) while attempting to ingest for stream '${labelsOfLoki(labels)}' totaling ${size}B, consider splitting a stream via additional labels or contact your Loki administrator to see if the limit can be increased`;
    room.bytes -= size;
    const oldest = newest - BigInt(outOfOrderMs) * 1_000_000n;
    if (ns >= oldest) return undefined;
    const [own, limit] = [ns, oldest].map((time) => isoTime(Number(time / 1_000_000n)));
    return `entry too far behind, entry timestamp is: ${own}, oldest acceptable timestamp is: ${limit}`;
  }

  #query(
    url: URL,
    tenant: string,
    answer: (status: number, text: string, headers?: Record<string, string>) => void,
  ): void {
    const query = url.searchParams.get('query') ?? '{}';
    const wanted = [...query.matchAll(/(\w+)\s*(=~?|!=)\s*"((?:\\.|[^"\\])*)"/g)];
    const limit = Number(url.searchParams.get('limit') ?? 100);
    const start = BigInt(url.searchParams.get('start') ?? 0);
    const end = BigInt(url.searchParams.get('end') ?? BigInt(Number.MAX_SAFE_INTEGER) * 1_000_000n);
    const fits = (labels: Readonly<Record<string, string>>) =>
      wanted.every(([, name = '', op, value = '']) => {
        const own = labels[name] ?? '';
        if (op === '=~') return new RegExp(`^(?:${value})$`).test(own);
        return (own === value) === (op === '=');
      });
    let left = limit;
    const result = [...(this.#tenants.get(tenant)?.values() ?? [])]
      .filter(({ labels }) => fits(labels))
      .map(({ labels, entries }) => {
        const values = entries
          .filter(({ ns }) => ns >= start && ns < end)
          .slice(0, Math.max(left, 0))
          .map(({ ns, line, metadata }) => [String(ns), line, metadata]);
        left -= values.length;
        return { stream: labels, values };
      });
    const body = JSON.stringify({ status: 'success', data: { resultType: 'streams', result } });
    answer(200, body, { 'content-type': 'application/json' });
  }
}
