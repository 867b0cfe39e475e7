/**
 * The `forward` output: sends batches to Fluent Bit, Fluentd, Sluice and all that speak their Forward protocol.
 *
 * Events that came as msgpack and that nobody looked into go on as they came. Where there are several servers, a batch
 * goes to another one when a connection cannot be made; when one breaks in the middle of a batch the scheduler tries
 * again. What of a batch was acknowledged is not sent again.
 */
import path from 'node:path';
import { optionName, readOptions } from '../../src/options.ts';
import {
  type Batch,
  defineOutput,
  OK,
  OptionError,
  type Output,
  type OutputHost,
  retry,
  type Verdict,
} from '../../src/plugin.ts';
import { Balancer } from './balancer.ts';
import type { Connection } from './connection.ts';
import type { Message } from './messages.ts';
import { type Options, options } from './options.ts';
import { Target } from './target.ts';
import { readUpstream, type UpstreamNode } from './upstream.ts';

export default defineOutput({
  name: 'forward',
  summary: 'Sends records to Fluentd, Fluent Bit and all that speak their Forward protocol.',
  options,
  concurrency: 2,
  create: (given, host) => new Forward(given, host),
});

/** What is left to send of a batch that was tried before. */
interface Progress {
  readonly target: Target;
  readonly messages: Message[];
}

class Forward implements Output {
  readonly #given: Options;
  readonly #host: OutputHost;
  #balancer: Balancer;
  readonly #progress = new WeakMap<Batch, Progress>();

  constructor(given: Options, host: OutputHost) {
    this.#given = given;
    this.#host = host;
    this.#balancer = this.#balance([new Target(given, host.clock)]);
  }

  async start(): Promise<void> {
    const { upstream } = this.#given;
    if (upstream !== undefined) {
      const nodes = await readUpstream(upstream, this.#folder, process.env);
      this.#balancer = this.#balance(nodes.map((node) => this.#targetOf(node)));
    }
    for (const target of this.#balancer.targets) await target.open();
  }

  stop(): void {
    for (const target of this.#balancer.targets) target.close();
  }

  async flush(batch: Batch, signal: AbortSignal): Promise<Verdict> {
    const tried = new Set<Target>();
    let reason = '';
    for (let target = this.#balancer.next(tried); target && !signal.aborted; target = this.#balancer.next(tried)) {
      tried.add(target);
      let connection: Connection;
      try {
        connection = await target.take(signal);
      } catch (error) {
        reason = this.#failed(target, error);
        continue;
      }
      return this.#send(batch, target, connection, signal);
    }
    return retry(reason === '' ? 'the delivery was given up' : reason);
  }

  async #send(batch: Batch, target: Target, connection: Connection, signal: AbortSignal): Promise<Verdict> {
    const wasKept = connection.uses > 0;
    const messages = await this.#messagesFor(batch, target);
    const accepted = new Set<Message>();
    try {
      await connection.send(messages, signal, (index) => accepted.add(messages[index] as Message));
      target.give(connection);
      this.#balancer.worked(target);
      return OK;
    } catch (error) {
      target.drop(connection);
      this.#progress.set(batch, { target, messages: messages.filter((message) => !accepted.has(message)) });
      // A kept connection may have ended while nobody used it: that says nothing about the server.
      if (wasKept && !signal.aborted && connection.wasStale) return this.flush(batch, signal);
      return retry(this.#failed(target, error));
    }
  }

  async #messagesFor(batch: Batch, target: Target): Promise<Message[]> {
    const known = this.#progress.get(batch);
    return known?.target === target ? known.messages : target.format.messages(batch);
  }

  #failed(target: Target, error: unknown): string {
    const text = error instanceof AggregateError ? error.errors.map((one) => one.message).join(', ') : undefined;
    const reason = `${target.name}: ${text || (error as Error).message}`;
    if (!this.#host.signal.aborted) this.#balancer.failed(target, reason);
    return reason;
  }

  #balance(targets: readonly Target[]): Balancer {
    return new Balancer(targets, this.#host.clock, (level, message) => this.#host.log(level, message));
  }

  /** Where the configuration lies. */
  get #folder(): string {
    const file = this.#host.section.find(({ key }) => key === 'upstream')?.place?.file;
    return file === undefined ? '.' : path.dirname(file);
  }

  /** The options of the section, but those that the node has. */
  #targetOf({ name, weight, properties }: UpstreamNode): Target {
    const named = new Set(properties.map(({ key }) => optionName(options, key)));
    const shared = this.#host.section.filter(({ key }) => {
      const option = optionName(options, key);
      return option !== undefined && option !== 'upstream' && option !== 'unix_path' && !named.has(option);
    });
    try {
      return new Target(readOptions(options, [...shared, ...properties]), this.#host.clock, name, weight);
    } catch (error) {
      throw new OptionError(`node '${name}': ${(error as Error).message}`, 'upstream');
    }
  }
}
