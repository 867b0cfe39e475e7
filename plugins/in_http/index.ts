/**
 * The `http` input: records in the bodies of POST requests, JSON or forms. The answer comes once they are taken; while
 * there is no room, requests wait before their body is read.
 */

import { type Accessor, compileAccessor } from '../../src/data/accessor.ts';
import { encodeText } from '../../src/data/bytes.ts';
import { type Fields, type LogEvent, NO_METADATA, timeAt, withField } from '../../src/data/event.ts';
import { type HttpAnswer, type HttpRequest, HttpServer } from '../../src/net/http_server.ts';
import { defineInput, type Input, type InputHost, OptionError } from '../../src/plugin.ts';
import { readForm, readJson } from './body.ts';
import { type Options, options } from './options.ts';
import { unpack } from './unpack.ts';

export default defineInput({
  name: 'http',
  summary: 'Takes records in POST requests, as JSON or forms.',
  options,
  create: (given, host) => new Http(given, host),
});

const STATUSES = [200, 201, 204];
const refusal = (text: string): HttpAnswer => ({ status: 400, body: `error: ${text}\n` });
const UNREADABLE = refusal('unable to process records');
const TOO_LARGE: HttpAnswer = { status: 413 };
/** A packed body may grow to so many times buffer_max_size. */
const GROWTH = 10;

class Http implements Input {
  readonly #given: Options;
  readonly #host: InputHost;
  readonly #tag: string;
  readonly #tagKey: Accessor | undefined;
  readonly #success: HttpAnswer;
  readonly #server: HttpServer;

  constructor(given: Options, host: InputHost) {
    this.#given = given;
    this.#host = host;
    this.#tag = host.tag ?? host.name;
    if (given.tag_key !== undefined) this.#tagKey = compileAccessor(given.tag_key);
    this.#success = { status: readStatus(given, host), headers: readHeaders(given.success_header) };
    this.#server = new HttpServer({
      address: { host: given.listen, port: given.port },
      given,
      limitBytes: given.buffer_max_size,
      http2: given.http2,
      handle: (request) => this.#handle(request),
      tooLarge: TOO_LARGE,
      invalid: refusal('invalid request'),
      log: (level, message) => host.log(level, message),
      clock: host.clock,
    });
  }

  start(): Promise<void> {
    return this.#server.start();
  }

  /** The port that it listens at; for tests, where the system chooses one. */
  get port(): number {
    return this.#server.port;
  }

  resume(): void {
    this.#server.resume();
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  describe(): string[] {
    return [`${this.#server.connections} connections, ${this.#server.waiting} requests wait`];
  }

  async #handle(request: HttpRequest): Promise<HttpAnswer> {
    const answer = await this.#take(request);
    this.#host.count(answer === this.#success ? 'requests_total' : 'refused_requests_total');
    return answer;
  }

  async #take({ method, url, headers, body }: HttpRequest): Promise<HttpAnswer> {
    if (!url.startsWith('/')) return refusal('invalid request');
    if (method !== 'POST') return refusal('invalid HTTP method');
    const type = headers['content-type'];
    if (type === undefined) return refusal("header 'Content-Type' is not set");
    const read = readerOf(type);
    if (!read) return refusal("invalid 'Content-Type'");
    if (body.length === 0) return refusal('no payload found');
    const encoding = headers['content-encoding'];
    const bytes = encoding === undefined ? body : await unpack(body, encoding, this.#given.buffer_max_size * GROWTH);
    if (bytes === 'too large') return TOO_LARGE;
    const records = typeof bytes === 'string' ? undefined : read(bytes);
    if (!records) return UNREADABLE;
    this.#emit(records, tagOfPath(url) ?? this.#tag, headers['x-forwarded-for']);
    return this.#success;
  }

  #emit(records: readonly Fields[], tag: string, forwarded: string | string[] | undefined): void {
    const { seconds, nanos } = timeAt(this.#host.clock.now());
    const source = this.#given.add_remote_addr ? firstAddress(forwarded) : undefined;
    const byTag = new Map<string, LogEvent[]>();
    for (const record of records) {
      const body = source === undefined ? record : this.#withSource(record, source);
      const event = { seconds, nanos, metadata: NO_METADATA, body };
      const own = this.#tagOf(record) ?? tag;
      const events = byTag.get(own);
      if (events) events.push(event);
      else byTag.set(own, [event]);
    }
    for (const [own, events] of byTag) if (!this.#host.emit(own, events)) this.#server.pause();
  }

  #tagOf(record: Fields): string | undefined {
    const value = this.#tagKey?.get(record);
    return typeof value === 'string' && value !== '' ? cleanTag(encodeText(value).toString('latin1')) : undefined;
  }

  /** What the record says itself stays. */
  #withSource(record: Fields, source: string): Fields {
    const { remote_addr_key: key } = this.#given;
    return Object.hasOwn(record, key) ? record : withField(record, key, source);
  }
}

type ReadBody = (bytes: Buffer) => Fields[] | undefined;

function readerOf(contentType: string): ReadBody | undefined {
  const type = contentType.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') return readJson;
  return type === 'application/x-www-form-urlencoded' ? readForm : undefined;
}

/** The path without its slash and its query; undefined for `/`. */
function tagOfPath(url: string): string | undefined {
  const query = url.indexOf('?');
  const path = url.slice(1, query < 0 ? url.length : query);
  return path === '' ? undefined : cleanTag(path);
}

/** As Fluent Bit; `bytes` has a character for each byte. */
function cleanTag(bytes: string): string {
  return bytes.replace(/[^A-Za-z0-9_.]/g, '_');
}

function firstAddress(forwarded: string | string[] | undefined): string | undefined {
  const first = [forwarded].flat()[0]?.split(',')[0]?.trim();
  return first === '' ? undefined : first;
}

function readStatus(given: Options, host: InputHost): number {
  const status = given.successful_response_code;
  if (STATUSES.includes(status)) return status;
  host.log('warn', `successful_response_code ${status} is none of ${STATUSES.join(', ')}; it is 201 then`);
  return 201;
}

/** @throws OptionError */
function readHeaders(texts: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const text of texts) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s+([\x20-\x7e]+)$/.exec(text.trim());
    if (!match) throw new OptionError(`'${text}' is no header; write NAME VALUE`, 'success_header');
    headers[match[1] as string] = match[2] as string;
  }
  return headers;
}
