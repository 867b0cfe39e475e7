/**
 * The `loki` output: records to Grafana Loki, as JSON or as protobuf.
 *
 * Records of one label set go as one stream, in the order in which they came. What Loki took of a batch is remembered: a
 * retry sends only the rest. README.md tells which answer means what.
 */
import { estimateBytes, type LogEvent } from '../../src/data/event.ts';
import { toJson } from '../../src/data/json.ts';
import { HttpClient } from '../../src/net/http_client.ts';
import { standardOutput } from '../../src/net/stdout.ts';
import { type Batch, defineOutput, OK, type Output, type OutputHost, type Verdict } from '../../src/plugin.ts';
import { withAddress } from './address.ts';
import { Batcher } from './batcher.ts';
import { Load, newPart, type Part, type SplitSettings, split } from './load.ts';
import { options } from './options.ts';
import type { PackedEncoder } from './packed.ts';
import { judge, type SendSettings, send, sendBytes, type Trouble } from './send.ts';
import { compileEncoder, compilePacked, compileTenant, fixedHeaders, type Options, readLabels } from './settings.ts';
import { Streams } from './streams.ts';

export default defineOutput({
  name: 'loki',
  summary: 'Sends records to Grafana Loki.',
  options,
  concurrency: 2,
  concurrencyOf: ({ max_batch_bytes: maxBytes, entry_order: order }) =>
    maxBytes > 0 ? MOST_JOINED : order === 'increasing' ? 1 : 2,
  paceChunks: 2,
  create: (given, host) => new Loki(withAddress(given), host),
});

/** How many chunks go into one request (max_batch_bytes). They may be full ones, of 2 MB each. */
const MOST_JOINED = 16;

/** As JSON it is about twice that: what Loki's ingesters take by default is 4 MB, and less is in memory at a time. */
const CHUNK_BYTES = 1 << 20;

class Loki implements Output {
  readonly chunkBytes = CHUNK_BYTES;
  readonly #given: Options;
  readonly #host: OutputHost;
  readonly #client: HttpClient;
  readonly #sending: SendSettings;
  readonly #splitting: SplitSettings;
  readonly #batcher: Batcher | undefined;
  readonly #packed: PackedEncoder | undefined;
  readonly #parts = new WeakMap<Batch, Part>();
  #isFallingBack = false;

  constructor(given: Options, host: OutputHost) {
    const labels = readLabels(given, host);
    const encoder = compileEncoder(given, labels, host);
    const isSnappy = given.format === 'protobuf';
    const isPacked = !isSnappy && given.compress?.toLowerCase() === 'gzip';
    this.#given = given;
    this.#host = host;
    this.#client = new HttpClient({ host: given.host, port: given.port, options: given, clock: host.clock });
    this.#sending = {
      client: this.#client,
      encoder,
      path: given.uri.startsWith('/') ? given.uri : `/${given.uri}`,
      headers: fixedHeaders(given, encoder.contentType, isPacked),
      isPacked,
      isSnappy,
      clock: host.clock,
    };
    const streams = new Streams({
      pairs: labels,
      autoKubernetes: given.auto_kubernetes_labels,
      maxStreams: given.max_streams,
      clock: host.clock,
      warn: (message) => host.log('warn', message),
    });
    this.#packed = compilePacked(given, labels, streams, host);
    this.#splitting = {
      streams,
      tenantOf: compileTenant(given, host),
      tenant: given.tenant_id,
      order: given.entry_order,
      newest: new WeakMap(),
      maxBytes: given.max_batch_bytes,
    };
    if (given.max_batch_bytes > 0) this.#batcher = this.#makeBatcher();
  }

  #makeBatcher(): Batcher {
    const { max_batch_bytes: maxBytes, batch_wait: waitSeconds, entry_order: order } = this.#given;
    return new Batcher({
      maxBytes,
      maxParts: MOST_JOINED,
      waitMs: waitSeconds * 1000,
      isOneByOne: order === 'increasing',
      clock: this.#host.clock,
      send: (parts, signal) => this.#push(parts, signal),
    });
  }

  start(): Promise<void> {
    return this.#client.open();
  }

  stop(): Promise<void> {
    return this.#client.close();
  }

  async flush(batch: Batch, signal: AbortSignal): Promise<Verdict> {
    const part = this.#partOf(batch);
    const isWhole = part.progress.left === batch.count && !part.isTooLarge;
    if (this.#packed && batch.isPacked && isWhole) return this.#pushPacked(part, this.#packed, signal);
    if (this.#batcher) return this.#batcher.add(part, sizeOf(batch.events), signal);
    const [verdict] = await this.#push([part], signal);
    return verdict as Verdict;
  }

  #partOf(batch: Batch): Part {
    let part = this.#parts.get(batch);
    if (!part) {
      part = newPart(batch);
      this.#parts.set(batch, part);
    }
    return part;
  }

  async #push(parts: readonly Part[], signal: AbortSignal): Promise<Verdict[]> {
    const load = new Load(parts);
    const requests = split(load, this.#splitting);
    const isAllOrNothing = this.#tenantHandling === 'partial_error';
    if (isAllOrNothing) load.hold();
    const troubles = await send(load, requests, this.#sending, signal);
    if (isAllOrNothing && troubles.length === 0) load.countHeld();
    if (troubles.length < requests.length) this.#reached();
    if (this.#givesUpTenants(troubles, requests.length))
      for (const { request, verdict } of troubles)
        load.refuse(
          request.streams.flatMap(({ entries }) => entries.map(({ number }) => number)),
          verdict.reason,
        );
    const verdicts: Verdict[] = [];
    for (const part of parts) verdicts.push(await this.#verdict(part, troubles));
    return verdicts;
  }

  /** All of a batch, as it came. Only where Loki does not take it as a whole is it decoded. */
  async #pushPacked(part: Part, packed: PackedEncoder, signal: AbortSignal): Promise<Verdict> {
    const body = packed.encode(part.batch);
    const sent = await sendBytes(body, this.#splitting.tenant, this.#sending, signal);
    if (!(sent instanceof Error)) packed.giveBack(body);
    if (!(sent instanceof Error) && sent.status < 300) {
      this.#reached();
      return OK;
    }
    const load = new Load([part]);
    const requests = sent instanceof Error || sent.status >= 500 ? [] : split(load, this.#splitting);
    const trouble = judge(load, requests[0] ?? { tenant: '', streams: [] }, sent, this.#sending);
    if (!trouble?.isOutage) this.#reached();
    return this.#verdict(part, trouble ? [trouble] : []);
  }

  #givesUpTenants(troubles: readonly Trouble[], requests: number): boolean {
    return this.#tenantHandling === 'partial_success' && troubles.length > 0 && troubles.length < requests;
  }

  /** undefined where all have one tenant. */
  get #tenantHandling(): Options['tenant_id_key_error_handling'] | undefined {
    const { tenant_id_key: key, tenant_id_key_error_handling: handling } = this.#given;
    return key === undefined ? undefined : handling;
  }

  async #verdict(part: Part, troubles: readonly Trouble[]): Promise<Verdict> {
    const { batch, progress } = part;
    const done = progress.report(batch, batch.events, this.#host);
    const [first] = troubles;
    if (progress.left === 0 || !first) return done;
    if (troubles.every(({ isOutage }) => isOutage) && (await this.#fallback(part))) return OK;
    const afterMs = Math.max(...troubles.map(({ verdict }) => verdict.afterMs ?? 0));
    return afterMs > 0 ? { ...first.verdict, afterMs } : first.verdict;
  }

  #reached(): void {
    if (this.#isFallingBack) this.#host.log('info', 'Loki answers again: records go to it, not to the fallback');
    this.#isFallingBack = false;
  }

  /** Prints what is left, where the user wants that. @returns whether it did. */
  async #fallback(part: Part): Promise<boolean> {
    if (this.#given.fallback !== 'stdout') return false;
    part.outages++;
    if (part.outages < this.#given.fallback_after) return false;
    const { batch, progress } = part;
    let text = '';
    for (const [number, { body }] of batch.events.entries())
      if (!progress.isDone(number)) text += `${toJson(body, this.#host.escapeUnicode)}\n`;
    try {
      await standardOutput().write(Buffer.from(text));
    } catch (error) {
      this.#host.log('error', `the fallback cannot print: ${(error as Error).message}`);
      return false;
    }
    this.#host.count('fallback_records_total', progress.left);
    if (!this.#isFallingBack) this.#host.log('warn', 'Loki cannot be reached: records are printed to stdout instead');
    this.#isFallingBack = true;
    return true;
  }
}

function sizeOf(events: readonly LogEvent[]): number {
  let bytes = 0;
  for (const event of events) bytes += estimateBytes(event);
  return bytes;
}
