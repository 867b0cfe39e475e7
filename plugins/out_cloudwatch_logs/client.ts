/**
 * The AWS SDK's client for CloudWatch Logs, set up for this output: requests go over the project's HTTP client, the
 * SDK's own retries are off (the engine's scheduler retries), and PutLogEvents takes a body that is ready made, since
 * building it from objects would cost more than all the rest.
 */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import {
  CloudWatchLogsClient,
  type CloudWatchLogsClientConfig,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  type PutLogEventsCommandInput,
  PutRetentionPolicyCommand,
  type RejectedLogEventsInfo,
} from '@aws-sdk/client-cloudwatch-logs';
import { assumeRole } from '../../src/net/aws_role.ts';
import { HttpClient } from '../../src/net/http_client.ts';
import type { OutputHost } from '../../src/plugin.ts';
import { DirectPut } from './direct.ts';
import { type Action, failureOf } from './failure.ts';
import { NoAnswer, requestHandler } from './handler.ts';
import type { Endpoint, GroupSettings, Options } from './settings.ts';
import type { Target } from './target.ts';

/** A PutLogEvents whose body is there already; a middleware puts it in the place of the SDK's own. */
interface ReadyInput extends PutLogEventsCommandInput {
  readonly readyBody: Uint8Array;
}

export interface ClientSettings {
  readonly given: Options;
  readonly endpoint: Endpoint;
  readonly group: GroupSettings;
  readonly host: OutputHost;
}

export class LogsClient {
  readonly #settings: ClientSettings;
  readonly #http: HttpClient;
  readonly #sdk: CloudWatchLogsClient;
  readonly #direct: DirectPut;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#http = httpClient(settings);
    const { given } = settings;
    this.#sdk = new CloudWatchLogsClient(
      configOf(settings, this.#http, (origin) => {
        this.#direct.origin = origin;
      }),
    );
    addMiddleware(this.#sdk, given);
    this.#direct = new DirectPut({
      sdk: this.#sdk,
      http: this.#http,
      region: given.region as string,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Logs_20140328.PutLogEvents',
        ...formatHeader(given),
      },
      userAgent: userAgent(given),
    });
  }

  /** Reads certificates. @throws OptionError */
  open(): Promise<void> {
    return this.#http.open();
  }

  async close(): Promise<void> {
    this.#sdk.destroy();
    await this.#http.close();
  }

  /** @throws Failure */
  put(target: Target, body: Uint8Array, signal: AbortSignal): Promise<RejectedLogEventsInfo | undefined> {
    return this.#call('PutLogEvents', () => {
      const { origin } = this.#direct;
      return origin === undefined ? this.#putBySdk(target, body, signal) : this.#direct.put(origin, body, signal);
    });
  }

  async #putBySdk(target: Target, body: Uint8Array, signal: AbortSignal): Promise<RejectedLogEventsInfo | undefined> {
    const input: ReadyInput = {
      logGroupName: target.group,
      logStreamName: target.stream,
      logEvents: [],
      readyBody: body,
    };
    const answer = await this.#sdk.send(new PutLogEventsCommand(input), { abortSignal: signal });
    return answer.rejectedLogEventsInfo;
  }

  /** @throws Failure */
  async createStream({ group, stream }: Target): Promise<void> {
    const input = { logGroupName: group, logStreamName: stream };
    await this.#create('CreateLogStream', () => this.#sdk.send(new CreateLogStreamCommand(input)));
  }

  /** With its retention, also where somebody else was faster in making it. @throws Failure */
  async createGroup(logGroupName: string): Promise<void> {
    const { class: logGroupClass, retentionDays: retentionInDays } = this.#settings.group;
    const input = { logGroupName, ...(logGroupClass ? { logGroupClass } : {}) };
    await this.#create('CreateLogGroup', () => this.#sdk.send(new CreateLogGroupCommand(input)));
    if (retentionInDays > 0)
      await this.#call('PutRetentionPolicy', () =>
        this.#sdk.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays })),
      );
  }

  async #create(action: Action, send: () => Promise<unknown>): Promise<void> {
    try {
      await this.#call(action, send);
    } catch (error) {
      if (failureOf(error, action).code !== 'ResourceAlreadyExistsException') throw error;
    }
  }

  /** As Fluent Bit (auto_retry_requests), once more at once where the connection ended without an answer. */
  async #call<T>(action: Action, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      const again = this.#settings.given.auto_retry_requests && error instanceof NoAnswer && error.dropped;
      if (!again) throw failureOf(error, action);
    }
    try {
      return await send();
    } catch (error) {
      throw failureOf(error, action);
    }
  }
}

function httpClient({ given, endpoint, host }: ClientSettings): HttpClient {
  return new HttpClient({
    host: endpoint.host ?? 'localhost',
    port: endpoint.port ?? 443,
    options: { ...given, tls: true },
    clock: host.clock,
  });
}

function configOf(
  settings: ClientSettings,
  http: HttpClient,
  sent: (origin: string) => void,
): CloudWatchLogsClientConfig {
  const { given, endpoint } = settings;
  const region = given.region as string;
  const { profile } = given;
  return {
    region,
    requestHandler: requestHandler(http, sent),
    maxAttempts: 1,
    // The same commands over and over: their chain of middleware is put together once.
    cacheMiddleware: true,
    sha256: Sha256,
    ...(profile === undefined ? {} : { profile }),
    ...(endpoint.host === undefined ? {} : { endpoint: urlOf(endpoint) }),
    ...(given.role_arn === undefined ? {} : { credentials: roleProvider(settings, given.role_arn, http) }),
  };
}

function urlOf({ tls, host = '', port }: Endpoint): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${tls ? 'https' : 'http'}://${name}${port === undefined ? '' : `:${port}`}`;
}

/** The SDK keeps what this gives until shortly before its end. */
function roleProvider({ given, host }: ClientSettings, roleArn: string, http: HttpClient) {
  const region = given.region as string;
  const { profile, external_id: externalId, sts_endpoint: stsEndpoint } = given;
  // Also what its chain of credentials asks for goes through the proxy of the environment.
  const base = new CloudWatchLogsClient({
    region,
    requestHandler: requestHandler(http, () => undefined),
    ...(profile === undefined ? {} : { profile }),
  });
  return async () =>
    assumeRole({ roleArn, externalId, region, stsEndpoint }, await base.config.credentials(), http, host.clock);
}

interface HttpParts {
  body?: unknown;
  headers: Record<string, string>;
}

const userAgent = ({ extra_user_agent: extra }: Options): string => `aws-fluent-bit-plugin-${extra}`;

const formatHeader = ({ log_format: format }: Options): Record<string, string> =>
  format === undefined ? {} : { 'x-amzn-logs-format': format };

/** Runs after the SDK has made its request, and before it is measured and signed. */
function addMiddleware(sdk: CloudWatchLogsClient, given: Options): void {
  const agent = userAgent(given);
  // What nobody needs here costs a tenth of a millisecond a request.
  for (const name of ['getUserAgentMiddleware', 'recursionDetectionMiddleware', 'loggerMiddleware'])
    sdk.middlewareStack.remove(name);
  sdk.middlewareStack.add(
    (next) => (args) => {
      const { readyBody } = args.input as Partial<ReadyInput>;
      const request = args.request as HttpParts;
      if (readyBody) {
        request.body = readyBody;
        Object.assign(request.headers, formatHeader(given));
      }
      return next(args);
    },
    { step: 'build', priority: 'high', name: 'readyBody' },
  );
  sdk.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as HttpParts;
      headers['user-agent'] = agent;
      return next(args);
    },
    { step: 'build', priority: 'low', name: 'userAgent' },
  );
}

/** The SDK's kind of hash over node:crypto. */
class Sha256 {
  readonly #secret: Parameters<typeof createHmac>[1] | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? undefined : bytesOf(secret);
    this.#hash = this.#start();
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {
    this.#hash = this.#start();
  }
  #start(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof data === 'string') return data;
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
