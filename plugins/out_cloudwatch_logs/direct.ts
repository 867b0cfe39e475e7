/**
 * PutLogEvents without the SDK's chain of middleware, which takes a millisecond of CPU a request, a fifth of all the work
 * of a pipeline to CloudWatch. The SDK stays the one that knows: it makes the first request, and this learns from it
 * where requests go; credentials and the offset of the clock are asked of it every time. After an error that may be
 * about these (a signature, a token), the next request is the SDK's again.
 */
import type { CloudWatchLogsClient, RejectedLogEventsInfo } from '@aws-sdk/client-cloudwatch-logs';
import { signAws } from '../../src/net/aws_sign.ts';
import type { HttpAnswer, HttpClient } from '../../src/net/http_client.ts';
import { answerOf } from './handler.ts';

/** An error as the SDK would throw it, as far as failure.ts looks at it. */
class AnsweredError extends Error {
  readonly $metadata: { readonly httpStatusCode: number };
  constructor(name: string, message: string, status: number) {
    super(message);
    this.name = name;
    this.$metadata = { httpStatusCode: status };
  }
}

export interface DirectSettings {
  readonly sdk: CloudWatchLogsClient;
  readonly http: HttpClient;
  readonly region: string;
  /** Of every request, besides those that sign it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Not signed, as with the SDK: proxies may change it. */
  readonly userAgent: string;
}

export class DirectPut {
  readonly #settings: DirectSettings;
  /** Where the SDK sends its requests; undefined as long as it has not sent any. */
  origin: string | undefined;
  #lastOrigin = '';
  #lastHost = '';

  constructor(settings: DirectSettings) {
    this.#settings = settings;
  }

  /** @throws NoAnswer, or what looks like an error of the SDK. */
  async put(origin: string, body: Uint8Array, signal: AbortSignal): Promise<RejectedLogEventsInfo | undefined> {
    const { sdk, http, region, headers } = this.#settings;
    const keys = await sdk.config.credentials();
    const head = { ...headers, host: this.#hostOf(origin) };
    const scope = { region, service: 'logs', now: Date.now() + (sdk.config.systemClockOffset ?? 0) };
    const signed = signAws({ method: 'POST', path: '/', headers: head, body }, keys, scope);
    const answer = await answerOf(http, {
      method: 'POST',
      origin,
      path: '/',
      headers: listed({ ...signed, 'user-agent': this.#settings.userAgent }),
      body,
      signal,
    });
    if (answer.status === 200) return rejectedOf(answer);
    const error = errorOf(answer);
    if (/Signature|Token|Client|Credential|Expired|Skewed/.test(error.name)) this.origin = undefined;
    throw error;
  }

  #hostOf(origin: string): string {
    if (origin !== this.#lastOrigin) [this.#lastOrigin, this.#lastHost] = [origin, new URL(origin).host];
    return this.#lastHost;
  }
}

/** Names and values in turn. */
function listed(headers: Readonly<Record<string, string>>): string[] {
  const list: string[] = [];
  for (const name in headers) list.push(name, headers[name] as string);
  return list;
}

function rejectedOf({ text }: HttpAnswer): RejectedLogEventsInfo | undefined {
  if (!text.includes('rejectedLogEventsInfo')) return undefined;
  return (JSON.parse(text) as { rejectedLogEventsInfo?: RejectedLogEventsInfo }).rejectedLogEventsInfo;
}

/** `{"__type":"com.amazonaws...#ThrottlingException","message":".."}`, or whatever a proxy says. */
function errorOf({ status, headers, text }: HttpAnswer): AnsweredError {
  let type = String(headers['x-amzn-errortype'] ?? '');
  let message = text;
  try {
    const value = JSON.parse(text) as { __type?: unknown; code?: unknown; message?: unknown; Message?: unknown };
    type ||= String(value.__type ?? value.code ?? '');
    message = String(value.message ?? value.Message ?? 'UnknownError');
  } catch {
    // No JSON: the text says what it says.
  }
  return new AnsweredError(type.replace(/^.*#|[:,].*$/g, '') || 'Error', message, status);
}
