/**
 * The `cloudwatch_logs` output: events to Amazon CloudWatch Logs, through the AWS SDK.
 *
 * Limits are held before a request is made (requests.ts), streams and groups are made once (streams.ts), and what was
 * accepted of a batch is remembered (progress.ts): a retry sends only the rest. README.md tells which answer means what.
 */
import type { LogEvent } from '../../src/data/event.ts';
import { orAborted } from '../../src/net/or_aborted.ts';
import { Progress } from '../../src/net/progress.ts';
import {
  type Batch,
  defineOutput,
  OptionError,
  type Output,
  type OutputHost,
  retry,
  type Verdict,
} from '../../src/plugin.ts';
import { BufferPool } from './buffers.ts';
import { LogsClient } from './client.ts';
import { readEmf } from './emf.ts';
import { adviceOn, type Failure } from './failure.ts';
import { Messages } from './message.ts';
import { options } from './options.ts';
import { REQUEST_BYTES, Requests } from './requests.ts';
import { Send } from './send.ts';
import { type Options, readEndpoint, readGroup, readNames } from './settings.ts';
import { Slots } from './slots.ts';
import { Streams } from './streams.ts';
import { type Target, Targets } from './target.ts';

export default defineOutput({
  name: 'cloudwatch_logs',
  summary: 'Sends records to Amazon CloudWatch Logs.',
  options,
  concurrency: 8,
  idleBytes: 1_048_576,
  paceChunks: 2,
  create: (given, host) => new CloudWatchLogs(given, host),
});

/** Events differ in size: a chunk that is thought to make a request may be a little more than one. */
const FILL = 0.97;

/** As Fluent Bit a request goes whenever the stream changes (cloudwatch/template-interleaved-streams), up to so many more. */
const MORE_REQUESTS = 8;

/** Numbers of events one after the other that go to the same target. */
type Run = readonly [Target, number[]];

class CloudWatchLogs implements Output {
  readonly #host: OutputHost;
  readonly #client: LogsClient;
  readonly #targets: Targets;
  readonly #messages: Messages;
  readonly #slots: Slots;
  readonly #streams: Streams;
  readonly #buffers = new BufferPool();
  readonly #progress = new WeakMap<Batch, Progress>();
  readonly #sequence: number[] = [];
  /** So large may chunks be that make one request. */
  chunkBytes: number | undefined;
  /** Failures that were explained since the last success. */
  readonly #explained = new Set<string>();

  constructor(given: Options, host: OutputHost) {
    if (given.tls) throw new OptionError("this output speaks TLS anyway and has no option 'tls'", 'tls');
    if (given.region === undefined) throw new OptionError("'region' is missing", 'region');
    const { log_group_name_key: groupKey, log_stream_name_key: streamKey } = given;
    const group = readGroup(given, host);
    this.#host = host;
    this.#targets = new Targets(readNames(given), { group: groupKey, stream: streamKey });
    this.#messages = new Messages({
      logKey: given.log_key,
      escapeUnicode: host.escapeUnicode,
      removed: [
        ...(groupKey !== undefined && given.remove_log_group_name_key ? [groupKey] : []),
        ...(streamKey !== undefined && given.remove_log_stream_name_key ? [streamKey] : []),
      ],
      tooLarge: given.event_too_large,
      emf: readEmf(given.metric_namespace, given.metric_dimensions, given.log_format),
    });
    this.#client = new LogsClient({ given, endpoint: readEndpoint(given), group, host });
    this.#slots = new Slots(given.max_requests);
    this.#streams = new Streams(this.#client, this.#slots, {
      createGroup: group.create,
      createStream: given.auto_create_stream,
      created: (what) => host.log('info', `made ${what}`),
    });
  }

  start(): Promise<void> {
    return this.#client.open();
  }

  stop(): Promise<void> {
    return this.#client.close();
  }

  async flush(batch: Batch, signal: AbortSignal): Promise<Verdict> {
    const { events } = batch;
    const progress = this.#progressOf(batch);
    const tooLarge: number[] = [];
    const source = { events, messages: this.#messages, progress, tooLarge: (bytes: number) => tooLarge.push(bytes) };
    const send = new Send({
      client: this.#client,
      streams: this.#streams,
      slots: this.#slots,
      buffers: this.#buffers,
      source,
      signal,
      failed: (failure, target) => this.#explain(failure, target),
    });
    const runs = this.#group(batch, events, progress).map(([target, order]) => new Requests(target, order, source));
    const left = progress.left;
    // What was sent by then counts, and the rest is left.
    await orAborted(send.all(runs), signal).catch(() => undefined);
    if (progress.left < left) this.#explained.clear();
    // Where a batch has several targets, each request is a small one, whatever the size of the chunk.
    const isOne = runs.length === 1 && left === batch.count && progress.left === 0;
    this.chunkBytes = isOne ? (batch.size / send.acceptedBytes) * REQUEST_BYTES * FILL : undefined;
    this.#sayTooLarge(tooLarge);
    const verdict = progress.report(batch, events, this.#host);
    if (progress.left === 0) return verdict;
    return retry(send.failure?.message ?? 'the request was given up');
  }

  #progressOf(batch: Batch): Progress {
    let progress = this.#progress.get(batch);
    if (!progress) {
      progress = new Progress(batch.count);
      this.#progress.set(batch, progress);
    }
    return progress;
  }

  /** The events that are left, in runs to the same target, in order. */
  #group(batch: Batch, events: readonly LogEvent[], progress: Progress): Run[] {
    const { fixed } = this.#targets;
    const { left } = progress;
    const only = fixed && left > 0 && left === events.length && this.#targets.of(events[0] as LogEvent, batch.tag);
    if (only) return [[only, this.#upTo(left)]];
    const runs: Run[] = [];
    let run: Run | undefined;
    for (let number = 0; number < events.length; number++) {
      if (progress.isDone(number)) continue;
      const own = fixed && run ? run[0] : this.#targets.of(events[number] as LogEvent, batch.tag);
      if (!own) {
        progress.refuse([number], 'they name no log group or log stream');
        continue;
      }
      if (run?.[0] !== own) {
        run = [own, []];
        runs.push(run);
      }
      run[1].push(number);
    }
    return joinRuns(runs);
  }

  /** 0, 1, 2 and so on: a copy, since it may be sorted. */
  #upTo(count: number): number[] {
    while (this.#sequence.length < count) this.#sequence.push(this.#sequence.length);
    return this.#sequence.slice(0, count);
  }

  /** Said once until something goes through again; the engine's log names every retry. */
  #explain(failure: Failure, { group, stream }: Target): void {
    const advice = adviceOn(failure);
    const about = `${failure.code} ${failure.action} ${group}`;
    if (advice === undefined || this.#explained.has(about)) return;
    this.#explained.add(about);
    this.#host.log('error', `${failure.message} (log group ${group}, log stream ${stream}): ${advice}`);
  }

  #sayTooLarge(sizes: readonly number[]): void {
    if (sizes.length === 0) return;
    this.#host.count('large_records_total', sizes.length);
    const most = sizes.reduce((a, b) => Math.max(a, b));
    this.#host.log(
      'warn',
      `${sizes.length} records are larger than CloudWatch takes (up to ${most} bytes); event_too_large says what becomes of them`,
    );
  }
}

/** Each run is a request of its own as long as that makes few more of them; else a target's events go together. */
function joinRuns(runs: Run[]): Run[] {
  if (runs.length === 1) return runs;
  const joined = new Map<Target, Run>();
  for (const [target, numbers] of runs) {
    const run = joined.get(target);
    if (run) for (const number of numbers) run[1].push(number);
    else joined.set(target, [target, [...numbers]]);
  }
  return runs.length - joined.size > MORE_REQUESTS ? [...joined.values()] : runs;
}
