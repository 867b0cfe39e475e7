/**
 * What a stand-in for CloudWatch Logs holds, and the rules by which it takes events: those of the API's documentation
 * and the messages of the real service.
 *
 * Source: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
 */
export interface StoredEvent {
  readonly timestamp: number;
  readonly message: string;
}

export interface StoredStream {
  readonly events: StoredEvent[];
}

export interface StoredGroup {
  readonly streams: Map<string, StoredStream>;
  readonly logGroupClass: string;
  retentionInDays: number | undefined;
}

/** An error as the service answers it. */
export class ServiceError extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

export interface PutInput {
  readonly logGroupName?: string;
  readonly logStreamName?: string;
  readonly logEvents?: readonly StoredEvent[];
}

export interface Rejected {
  tooOldLogEventEndIndex?: number;
  expiredLogEventEndIndex?: number;
  tooNewLogEventStartIndex?: number;
}

export const LIMITS = { batchBytes: 1_048_576, eventBytes: 1_048_576, events: 10_000, perEvent: 26 };
const DAY_MS = 86_400_000;
const RETENTION = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const invalid = (message: string): ServiceError => new ServiceError('InvalidParameterException', message);
const notFound = (what: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `The specified ${what} does not exist.`);

export class Store {
  readonly groups = new Map<string, StoredGroup>();
  /** Unix milliseconds; a test may stop it. */
  now: () => number;
  readonly limits = { ...LIMITS };

  constructor(now: () => number = Date.now) {
    this.now = now;
  }

  createGroup(name: string, logGroupClass = 'STANDARD'): void {
    checkName('logGroupName', name, /^[.\-_/#A-Za-z0-9]{1,512}$/, '[\\.\\-_/#A-Za-z0-9]+');
    if (this.groups.has(name))
      throw new ServiceError('ResourceAlreadyExistsException', 'The specified log group already exists');
    this.groups.set(name, { streams: new Map(), logGroupClass, retentionInDays: undefined });
  }

  setRetention(name: string, days: number): void {
    const group = this.group(name);
    if (!RETENTION.includes(days)) throw invalid(`Value '${days}' at 'retentionInDays' is not supported`);
    group.retentionInDays = days;
  }

  createStream(groupName: string, name: string): void {
    checkName('logStreamName', name, /^[^:*]{1,512}$/, '[^:*]*');
    const group = this.group(groupName);
    if (group.streams.has(name))
      throw new ServiceError('ResourceAlreadyExistsException', 'The specified log stream already exists');
    group.streams.set(name, { events: [] });
  }

  group(name: string): StoredGroup {
    const group = this.groups.get(name);
    if (!group) throw notFound('log group');
    return group;
  }

  stream(groupName: string, name: string): StoredStream {
    const stream = this.group(groupName).streams.get(name);
    if (!stream) throw notFound('log stream');
    return stream;
  }

  put({ logGroupName = '', logStreamName = '', logEvents = [] }: PutInput): Rejected | undefined {
    const group = this.group(logGroupName);
    const { events } = this.stream(logGroupName, logStreamName);
    this.#check(logEvents);
    const rejected = this.#rejected(logEvents, group.retentionInDays);
    const first = Math.max(rejected.tooOldLogEventEndIndex ?? 0, rejected.expiredLogEventEndIndex ?? 0);
    const taken = logEvents.slice(first, rejected.tooNewLogEventStartIndex);
    checkSpan(taken);
    for (const { timestamp, message } of taken) events.push({ timestamp, message });
    return Object.keys(rejected).length > 0 ? rejected : undefined;
  }

  #check(events: readonly StoredEvent[]): void {
    const { limits } = this;
    if (events.length === 0 || events.length > limits.events)
      throw invalid(
        `1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and ${limits.events}`,
      );
    let bytes = 0;
    let before = 0;
    for (const { timestamp, message } of events) {
      if (typeof message !== 'string' || message === '')
        throw invalid(
          "Value at 'logEvents.member.message' failed to satisfy constraint: Member must have length at least 1",
        );
      if (!Number.isSafeInteger(timestamp) || timestamp < 0)
        throw invalid(
          "Value at 'logEvents.member.timestamp' failed to satisfy constraint: Member must have value at least 0",
        );
      if (timestamp < before)
        throw invalid('Log events in a single PutLogEvents request must be in chronological order.');
      before = timestamp;
      const size = Buffer.byteLength(message) + limits.perEvent;
      if (size > limits.eventBytes)
        throw invalid(`Log event too large: ${size} bytes exceeds limit of ${limits.eventBytes}`);
      bytes += size;
    }
    if (bytes > limits.batchBytes)
      throw invalid(`Upload too large: ${bytes} bytes exceeds limit of ${limits.batchBytes}`);
  }

  #rejected(events: readonly StoredEvent[], retentionInDays: number | undefined): Rejected {
    const now = this.now();
    const rejected: Rejected = {};
    const before = (ms: number) => {
      const index = events.findIndex(({ timestamp }) => timestamp >= ms);
      return index < 0 ? events.length : index;
    };
    const tooOld = before(now - 14 * DAY_MS);
    if (tooOld > 0) rejected.tooOldLogEventEndIndex = tooOld;
    const expired = retentionInDays === undefined ? 0 : before(now - retentionInDays * DAY_MS);
    if (expired > tooOld) rejected.expiredLogEventEndIndex = expired;
    const tooNew = before(now + 7_200_000 + 1);
    if (tooNew < events.length) rejected.tooNewLogEventStartIndex = tooNew;
    return rejected;
  }
}

function checkSpan(events: readonly StoredEvent[]): void {
  const span = (events.at(-1)?.timestamp ?? 0) - (events[0]?.timestamp ?? 0);
  if (span > DAY_MS)
    throw invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
}

function checkName(what: string, name: string, pattern: RegExp, written: string): void {
  if (!pattern.test(name))
    throw invalid(
      `1 validation error detected: Value '${name}' at '${what}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${written}`,
    );
}
