/**
 * A stand-in for CloudWatch Logs: the JSON protocol of the service (`X-Amz-Target: Logs_20140328.ACTION`) over what
 * store.ts holds. Requests must be signed in form (the hash of the body is checked, the signature is not).
 */
import { createHash } from 'node:crypto';
import { type Answer, type Asked, type Behaviour, FaultServer, type FaultServerOptions } from '../fault_server.ts';
import { type PutInput, ServiceError, Store, type StoredEvent } from './store.ts';

interface Input extends PutInput {
  readonly logGroupClass?: string;
  readonly retentionInDays?: number;
  readonly logGroupNamePrefix?: string;
  readonly logStreamNamePrefix?: string;
  readonly logStreamNames?: readonly string[];
  readonly filterPattern?: string;
  readonly startTime?: number;
  readonly endTime?: number;
  readonly limit?: number;
  readonly nextToken?: string;
}

export class FakeCloudWatch {
  readonly store: Store;
  readonly server: FaultServer;
  /** Errors that the next requests of an action get, as the service would write them. */
  readonly errors: { action: string; type: string; message: string }[] = [];
  #requests = 0;

  constructor(options: FaultServerOptions & { readonly now?: () => number } = {}) {
    this.store = new Store(options.now);
    const behaviour: Behaviour = {
      action: actionOf,
      answer: (asked) => this.#answer(asked),
      throttled: () => this.#error(new ServiceError('ThrottlingException', 'Rate exceeded')),
      failed: () => ({ ...this.#error(new ServiceError('ServiceUnavailableException', 'try again')), status: 500 }),
    };
    this.server = new FaultServer(behaviour, options);
  }

  static start(options: ConstructorParameters<typeof FakeCloudWatch>[0] = {}): Promise<FakeCloudWatch> {
    const fake = new FakeCloudWatch(options);
    return fake.server.start().then(() => fake);
  }

  /** All messages of a stream, in the order in which they came. */
  messages(group: string, stream: string): string[] {
    return (
      this.store.groups
        .get(group)
        ?.streams.get(stream)
        ?.events.map(({ message }) => message) ?? []
    );
  }

  #answer(asked: Asked): Answer {
    try {
      checkSignature(asked);
      const action = actionOf(asked);
      const at = this.errors.findIndex((error) => error.action === action);
      const error = at < 0 ? undefined : this.errors.splice(at, 1)[0];
      if (error) throw new ServiceError(error.type, error.message);
      return this.#json(200, this.#act(action, JSON.parse(asked.body.toString('utf8')) as Input));
    } catch (error) {
      return this.#error(error as Error);
    }
  }

  #act(action: string, input: Input): unknown {
    const { store } = this;
    const { logGroupName = '', logStreamName = '' } = input;
    switch (action) {
      case 'PutLogEvents': {
        const rejectedLogEventsInfo = store.put(input);
        return { nextSequenceToken: '0', ...(rejectedLogEventsInfo && { rejectedLogEventsInfo }) };
      }
      case 'CreateLogGroup':
        store.createGroup(logGroupName, input.logGroupClass);
        return {};
      case 'CreateLogStream':
        store.createStream(logGroupName, logStreamName);
        return {};
      case 'PutRetentionPolicy':
        store.setRetention(logGroupName, input.retentionInDays ?? 0);
        return {};
      case 'DescribeLogGroups':
        return this.#describeGroups(input);
      case 'DescribeLogStreams':
        return this.#describeStreams(input);
      case 'FilterLogEvents':
        return this.#filter(input);
      default:
        throw new ServiceError('UnknownOperationException', `${action} is not known here`);
    }
  }

  #describeGroups({ logGroupNamePrefix = '' }: Input): unknown {
    const groups = [...this.store.groups].filter(([name]) => name.startsWith(logGroupNamePrefix));
    return {
      logGroups: groups.map(([logGroupName, { logGroupClass, retentionInDays }]) => ({
        logGroupName,
        logGroupClass,
        ...(retentionInDays && { retentionInDays }),
      })),
    };
  }

  #describeStreams({ logGroupName = '', logStreamNamePrefix = '' }: Input): unknown {
    const streams = [...this.store.group(logGroupName).streams].filter(([name]) =>
      name.startsWith(logStreamNamePrefix),
    );
    return {
      logStreams: streams.map(([logStreamName, { events }]) => ({
        logStreamName,
        ...(events.length > 0 && {
          firstEventTimestamp: events.reduce(
            (least, { timestamp }) => Math.min(least, timestamp),
            Number.MAX_SAFE_INTEGER,
          ),
          lastEventTimestamp: events.reduce((most, { timestamp }) => Math.max(most, timestamp), 0),
        }),
      })),
    };
  }

  /** A pattern is a text that the message must hold, with or without quotes; pages of `limit` events. */
  #filter(input: Input): unknown {
    const { logGroupName = '', logStreamNames, logStreamNamePrefix = '', limit = 10_000 } = input;
    const text = (input.filterPattern ?? '').replace(/^"(.*)"$/, '$1');
    const fits = ({ timestamp, message }: StoredEvent) =>
      timestamp >= (input.startTime ?? 0) &&
      timestamp < (input.endTime ?? Number.MAX_SAFE_INTEGER) &&
      message.includes(text);
    const found = [...this.store.group(logGroupName).streams]
      .filter(([name]) => (logStreamNames ? logStreamNames.includes(name) : name.startsWith(logStreamNamePrefix)))
      .flatMap(([logStreamName, { events }]) => events.filter(fits).map((event) => ({ logStreamName, ...event })))
      .sort((a, b) => a.timestamp - b.timestamp);
    const from = Number(input.nextToken ?? 0);
    const rest = from + limit < found.length;
    return { events: found.slice(from, from + limit), ...(rest && { nextToken: String(from + limit) }) };
  }

  #error(error: Error): Answer {
    const type = error instanceof ServiceError ? error.type : 'SerializationException';
    return this.#json(400, { __type: type, message: error.message });
  }

  #json(status: number, value: unknown): Answer {
    const id = `00000000-0000-4000-8000-${String(++this.#requests).padStart(12, '0')}`;
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-RequestId': id };
    return { status, headers, body: JSON.stringify(value) };
  }
}

function actionOf({ headers }: Asked): string {
  return String(headers['x-amz-target'] ?? '').replace('Logs_20140328.', '');
}

function checkSignature({ headers, body }: Asked): void {
  const signed =
    /^AWS4-HMAC-SHA256 Credential=\w+\/\d{8}\/[a-z0-9-]+\/logs\/aws4_request, SignedHeaders=\S+, Signature=[0-9a-f]{64}$/;
  if (!signed.test(headers.authorization ?? ''))
    throw new ServiceError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const hash = headers['x-amz-content-sha256'];
  if (hash !== undefined && hash !== createHash('sha256').update(body).digest('hex'))
    throw new ServiceError('InvalidSignatureException', 'The hash of the body is not the one that was signed');
}
