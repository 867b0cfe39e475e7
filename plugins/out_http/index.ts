/**
 * The `http` output: one request a chunk (or, with body_key, one a record) to an HTTP server.
 *
 * It sends and says what came of it; see `src/net/verdict.ts` for which answers are tried again. With body_key, records
 * that went through are not sent again when the rest of their chunk is.
 */
import { type Accessor, compileAccessor } from '../../src/data/accessor.ts';
import { encodeText } from '../../src/data/bytes.ts';
import type { LogEvent } from '../../src/data/event.ts';
import { type AwsAuth, readAwsAuth } from '../../src/net/aws_auth.ts';
import { COMPRESSIONS, type Compression, compress } from '../../src/net/compress.ts';
import { basicAuth, checkHeaderName, flatHeaders, headersOf, headerValue, readHeader } from '../../src/net/headers.ts';
import { type HttpAnswer, HttpClient, type HttpRequest } from '../../src/net/http_client.ts';
import { readOAuth2, type TokenSource } from '../../src/net/oauth2.ts';
import { orAborted } from '../../src/net/or_aborted.ts';
import { verdictOf, verdictOfError } from '../../src/net/verdict.ts';
import {
  type Batch,
  defineOutput,
  drop,
  OK,
  OptionError,
  type OptionsOf,
  type Output,
  type OutputHost,
  type Verdict,
} from '../../src/plugin.ts';
import { options } from './options.ts';
import { type Body, compilePayload, type Payload } from './payload.ts';

type Options = OptionsOf<typeof options>;
type Header = readonly [string, string];
type Request = HttpRequest & { readonly body: Uint8Array; readonly signal: AbortSignal };

export default defineOutput({
  name: 'http',
  summary: 'Sends records to an HTTP server.',
  options,
  concurrency: 2,
  create: (given, host) => new HttpOutput(given, host),
});

class HttpOutput implements Output {
  readonly #given: Options;
  readonly #host: OutputHost;
  readonly #client: HttpClient;
  readonly #payload: Payload;
  readonly #path: string;
  readonly #compression: Compression | undefined;
  readonly #fixed: readonly Header[];
  readonly #perRecord: { readonly body: Accessor; readonly headers: Accessor } | undefined;
  readonly #aws: AwsAuth | undefined;
  readonly #tokens: TokenSource | undefined;
  /** With body_key: how many records of a batch are done, and which were refused for which reason. */
  readonly #progress = new WeakMap<Batch, { done: number; readonly refused: Map<string, LogEvent[]> }>();
  /** Those whose unfit records are given up already. */
  readonly #discarded = new WeakSet<Batch>();

  constructor(given: Options, host: OutputHost) {
    checkProxy(given.proxy);
    this.#given = given;
    this.#host = host;
    this.#payload = compilePayload(given, host);
    this.#path = given.uri.startsWith('/') ? given.uri : `/${given.uri}`;
    this.#compression = readCompression(given.compress);
    this.#fixed = fixedHeaders(given);
    this.#perRecord = readPerRecord(given);
    const { host: name, port, proxy } = given;
    this.#client = new HttpClient({ host: name, port, proxy, options: given, clock: host.clock });
    this.#aws = readAwsAuth(given, this.#client, host.clock);
    this.#tokens = readOAuth2(given, host.clock);
    if (this.#aws && this.#tokens) throw new OptionError('aws_auth and oauth2.enable exclude each other', 'aws_auth');
  }

  async start(): Promise<void> {
    await Promise.all([this.#client.open(), this.#tokens?.open()]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#client.close(), this.#tokens?.close()]);
  }

  flush(batch: Batch, signal: AbortSignal): Promise<Verdict> {
    if (this.#perRecord) return this.#flushRecords(batch, signal);
    const head: Header[] = [['Content-Type', this.#payload.contentType]];
    const body = this.#payload.body(batch);
    if (body.unfit?.events.length === batch.count) return Promise.resolve(drop(body.unfit.reason));
    if (body.unfit && !this.#discarded.has(batch)) {
      this.#discarded.add(batch);
      this.#host.discard(batch, body.unfit.events, body.unfit.reason);
    }
    return this.#send(head, body, batch.tag, signal);
  }

  async #flushRecords(batch: Batch, signal: AbortSignal): Promise<Verdict> {
    const { events } = batch;
    const progress = this.#progress.get(batch) ?? { done: 0, refused: new Map<string, LogEvent[]>() };
    this.#progress.set(batch, progress);
    while (progress.done < events.length) {
      const event = events[progress.done] as LogEvent;
      const verdict = await this.#sendRecord(event, batch.tag, signal);
      if (verdict.kind === 'retry') return verdict;
      if (verdict.kind === 'drop') {
        const others = progress.refused.get(verdict.reason);
        if (others) others.push(event);
        else progress.refused.set(verdict.reason, [event]);
      }
      progress.done++;
    }
    return this.#giveUp(batch, progress.refused);
  }

  #giveUp(batch: Batch, refused: ReadonlyMap<string, readonly LogEvent[]>): Verdict {
    const count = [...refused.values()].reduce((sum, events) => sum + events.length, 0);
    if (count === batch.count) return drop([...refused.keys()].join('; '));
    for (const [reason, events] of refused) this.#host.discard(batch, events, reason);
    return OK;
  }

  #sendRecord(event: LogEvent, tag: string, signal: AbortSignal): Promise<Verdict> | Verdict {
    const value = this.#perRecord?.body.get(event.body);
    const headers = headersOf(this.#perRecord?.headers.get(event.body));
    if (headers && typeof value === 'string') return this.#send(headers, { bytes: encodeText(value) }, tag, signal);
    if (headers && value instanceof Uint8Array) return this.#send(headers, { bytes: value }, tag, signal);
    return drop('they have no text in body_key or no map in headers_key');
  }

  async #send(head: readonly Header[], body: Body, tag: string, signal: AbortSignal): Promise<Verdict> {
    const { header_tag: headerTag, http_method: method } = this.#given;
    const headers = [...head];
    if (headerTag !== undefined) headers.push([headerTag, headerValue(tag)]);
    if (this.#compression) headers.push(['Content-Encoding', this.#compression]);
    headers.push(...this.#fixed);
    try {
      const answer = await this.#request({
        method,
        path: this.#path,
        headers: flatHeaders(headers, this.#given.allow_duplicated_headers),
        body: this.#compression ? await compress(this.#compression, body.bytes) : body.bytes,
        signal,
      });
      // Without an answer the body may still be read.
      body.release?.();
      return verdictOf(answer, { quote: this.#given.log_response_payload, now: this.#host.clock.now() });
    } catch (error) {
      return verdictOfError(error);
    }
  }

  async #request(request: Request): Promise<HttpAnswer> {
    if (this.#aws)
      return this.#client.request({ ...request, headers: await orAborted(this.#aws.sign(request), request.signal) });
    if (!this.#tokens) return this.#client.request(request);
    const token = await orAborted(this.#tokens.header(), request.signal);
    const answer = await this.#client.request(withToken(request, token));
    if (answer.status !== 401) return answer;
    // The token may have been withdrawn: once more at once, with a new one.
    this.#tokens.refused(token);
    return this.#client.request(withToken(request, await orAborted(this.#tokens.header(), request.signal)));
  }
}

/** With this login and no other. */
function withToken(request: Request, token: string): Request {
  const headers = request.headers.filter((_, at, all) => all[at & ~1]?.toLowerCase() !== 'authorization');
  return { ...request, headers: [...headers, 'Authorization', token] };
}

function checkProxy(proxy: string | undefined): void {
  if (proxy !== undefined && !URL.canParse(proxy))
    throw new OptionError(`'${proxy}' is no proxy; write http://HOST:PORT`, 'proxy');
}

function readCompression(word: string | undefined): Compression | undefined {
  if (word === undefined) return undefined;
  const found = COMPRESSIONS.find((kind) => kind === word.toLowerCase());
  if (!found) throw new OptionError(`'${word}' is no compression; write ${COMPRESSIONS.join(' or ')}`, 'compress');
  return found;
}

function fixedHeaders(given: Options): Header[] {
  const headers: Header[] = [];
  if (given.header_tag !== undefined) checkHeaderName('header_tag', given.header_tag);
  if (given.http_user !== undefined) headers.push(['Authorization', basicAuth(given.http_user, given.http_passwd)]);
  headers.push(['User-Agent', 'Fluent-Bit']);
  return [...headers, ...given.header.map(readHeader)];
}

function readPerRecord(given: Options): { body: Accessor; headers: Accessor } | undefined {
  const { body_key: body, headers_key: headers } = given;
  if (body === undefined && headers === undefined) return undefined;
  if (body === undefined) throw new OptionError('headers_key needs body_key', 'headers_key');
  if (headers === undefined) throw new OptionError('body_key needs headers_key', 'body_key');
  return { body: compileAccessor(body), headers: compileAccessor(headers) };
}
