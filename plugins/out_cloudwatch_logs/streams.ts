/**
 * Makes groups and streams that are missing, each once although many batches want it at the same time. The stream is
 * made before its first events are sent, as in Fluent Bit, and remembered.
 */
import type { LogsClient } from './client.ts';
import { Failure, failureOf } from './failure.ts';
import type { Slots } from './slots.ts';
import type { Target } from './target.ts';

export interface StreamSettings {
  readonly createGroup: boolean;
  readonly createStream: boolean;
  created(what: string): void;
}

export class Streams {
  readonly #client: Pick<LogsClient, 'createGroup' | 'createStream'>;
  readonly #slots: Slots;
  readonly #settings: StreamSettings;
  /** Groups that are being made. */
  readonly #groups = new Map<string, Promise<void>>();

  constructor(client: Pick<LogsClient, 'createGroup' | 'createStream'>, slots: Slots, settings: StreamSettings) {
    this.#client = client;
    this.#slots = slots;
    this.#settings = settings;
  }

  /** Resolves when events can be sent. @throws Failure */
  async ready(target: Target): Promise<void> {
    if (target.ready === true) return;
    if (target.ready === false) {
      target.ready = this.#settings.createStream ? this.#make(target) : Promise.resolve();
      target.ready.then(
        () => {
          target.ready = true;
        },
        () => {
          target.ready = false;
        },
      );
    }
    await target.ready;
  }

  /** CloudWatch says that it is not there. */
  forget(target: Target): void {
    if (target.ready === true) target.ready = false;
  }

  async #make(target: Target): Promise<void> {
    await this.#slots.take();
    let outcome: 'ok' | 'throttled' | 'failed' = 'ok';
    try {
      await this.#makeStream(target);
    } catch (error) {
      const failure = failureOf(error, 'CreateLogStream');
      outcome = failure.kind === 'throttled' ? 'throttled' : 'failed';
      throw failure;
    } finally {
      this.#slots.give(outcome);
    }
  }

  async #makeStream(target: Target): Promise<void> {
    try {
      await this.#client.createStream(target);
    } catch (error) {
      const failure = failureOf(error, 'CreateLogStream');
      if (failure.kind !== 'missing') throw failure;
      if (!this.#settings.createGroup) throw missingGroup(target, failure);
      await this.#group(target.group);
      await this.#client.createStream(target);
    }
    this.#settings.created(`log stream ${target.stream} in log group ${target.group}`);
  }

  #group(name: string): Promise<void> {
    let making = this.#groups.get(name);
    if (!making) {
      making = this.#client.createGroup(name).then(() => this.#settings.created(`log group ${name}`));
      this.#groups.set(name, making);
      const done = () => this.#groups.delete(name);
      making.then(done, done);
    }
    return making;
  }
}

function missingGroup({ group }: Target, { code, action }: Failure): Failure {
  return new Failure(
    'target',
    code,
    action,
    `the log group ${group} is not there: make it, or turn auto_create_group on`,
  );
}
