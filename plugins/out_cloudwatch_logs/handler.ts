/**
 * The SDK's requests sent by the project's own HTTP client, as all outputs do: undici, the shared options for TLS,
 * proxies and timeouts. The SDK resolves endpoints, signs, and reads answers.
 *
 * A 200 of CloudWatch counts as soon as its head is there: what is cut off behind it has been accepted all the same.
 */
import type { CloudWatchLogsClientConfig } from '@aws-sdk/client-cloudwatch-logs';
import { CutAnswer, type HttpAnswer, type HttpClient, type HttpRequest } from '../../src/net/http_client.ts';

/** No answer, or one that is not CloudWatch's. `dropped`: the connection ended, so that a repetition is worth a try. */
export class NoAnswer extends Error {
  readonly dropped: boolean;
  constructor(message: string, dropped: boolean) {
    super(message);
    this.name = 'NoAnswer';
    this.dropped = dropped;
  }
}

/** What of the SDK's types is used here; they come in packages that belong to the SDK. */
interface Sent {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

interface Answered {
  readonly response: { statusCode: number; headers: Record<string, string>; body: Uint8Array };
}

type Handler = NonNullable<CloudWatchLogsClientConfig['requestHandler']>;

/** `sent` is told where each request goes that was answered. */
export function requestHandler(client: HttpClient, sent: (origin: string) => void): Handler {
  const handler = {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: (request: Sent, given?: { readonly abortSignal?: AbortSignal }) =>
      send(client, request, given?.abortSignal, sent),
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
  return handler as unknown as Handler;
}

async function send(
  client: HttpClient,
  request: Sent,
  signal: AbortSignal | undefined,
  sent: (origin: string) => void,
): Promise<Answered> {
  const { protocol, hostname, port, path, headers, method } = request;
  const origin = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
  // The SDK's chain of credentials sends its requests to STS and SSO through here as well.
  const isLogs = 'x-amz-target' in headers;
  const ask = headers['x-amz-target']?.endsWith('.PutLogEvents') ? answerOf : anyAnswerOf;
  const answer = await ask(client, {
    method: method as 'POST',
    origin,
    path,
    headers: Object.entries(headers).flat(),
    body: request.body ?? '',
    ...(signal ? { signal } : {}),
  });
  if (answer.status === 200 && isLogs) sent(origin);
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) if (value !== undefined) flat[name] = String(value);
  return { response: { statusCode: answer.status, headers: flat, body: Buffer.from(answer.text) } };
}

/** CloudWatch's answer to PutLogEvents: only what surely comes from it may count as accepted. @throws NoAnswer */
export async function answerOf(client: HttpClient, request: HttpRequest): Promise<HttpAnswer> {
  const answer = await anyAnswerOf(client, request);
  if (answer.status !== 200 || isCloudWatch(answer)) return answer;
  throw new NoAnswer('HTTP status 200, but not from CloudWatch: there is no x-amzn-requestid', true);
}

async function anyAnswerOf(client: HttpClient, request: HttpRequest): Promise<HttpAnswer> {
  try {
    return await client.request(request);
  } catch (error) {
    if (error instanceof CutAnswer && error.answer.status === 200 && isCloudWatch(error.answer))
      return { ...error.answer, text: '{}' };
    throw new NoAnswer(messageOf(error), isDropped(error));
  }
}

/** As Fluent Bit: cloudwatch/put-without-request-id. Other implementations are known by their content type. */
function isCloudWatch({ headers }: HttpAnswer): boolean {
  return headers['x-amzn-requestid'] !== undefined || /x-amz-json/.test(String(headers['content-type'] ?? ''));
}

const DROPPED = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

function isDropped(error: unknown): boolean {
  return error instanceof Error && DROPPED.has(String((error as { code?: unknown }).code));
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(': ');
  return error instanceof Error ? error.message || error.name : String(error);
}
