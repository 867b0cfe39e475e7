/**
 * One connection to a Forward server: the handshake where there is a shared key, then messages, each waited for until
 * the system has taken it or, with acknowledgements, until the server has.
 *
 * Used by one batch at a time. What goes wrong is a rejection, after which the connection is closed.
 */
import type net from 'node:net';
import { getField, isFields, type Value } from '../../src/data/event.ts';
import { MsgpackError, Reader } from '../../src/data/msgpack.ts';
import { ClientHandshake, type ClientKeys } from '../../src/net/forward_auth.ts';
import { ForwardError } from '../../src/net/forward_message.ts';
import type { Clock } from '../../src/plugin.ts';
import type { Message } from './messages.ts';

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly keys: ClientKeys | undefined;
  /** How long the server may take to take or to answer; 0: no limit. */
  readonly ioSeconds: number;
  /** How long it may take to acknowledge; 0: no limit. */
  readonly ackSeconds: number;
}

/** Acknowledgements and greetings are short. */
const LIMIT_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

export class Connection {
  /** How many batches it has carried. */
  uses = 0;
  /** Called when the connection ends by itself. */
  onClose: () => void = () => undefined;
  readonly #socket: net.Socket;
  readonly #options: ConnectionOptions;
  #got: Buffer = NOTHING;
  readonly #values: Value[] = [];
  #error: Error | undefined;
  #hasAnswered = false;
  #isLate = false;
  /** Ends the wait that is under way. */
  #wake: (() => void) | undefined;

  constructor(socket: net.Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('end', () => this.#fail(new Error('the server closed the connection')));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection is closed')));
  }

  get isUsable(): boolean {
    return this.#error === undefined;
  }

  /** True where it broke without a word from the server, and not because the time was over. */
  get wasStale(): boolean {
    return !this.#hasAnswered && !this.#isLate;
  }

  close(): void {
    this.#fail(new Error('the connection is closed'));
    this.#socket.destroy();
  }

  /** To be called first. Rejects where server and client do not know each other. */
  async logIn(signal: AbortSignal): Promise<void> {
    const { keys, ioSeconds, clock } = this.#options;
    if (!keys) return;
    const handshake = new ClientHandshake(keys);
    // A server that needs no key says nothing, so there is a limit in any case.
    const end = this.#limit(ioSeconds || 10, 'no answer', clock, signal);
    try {
      this.#socket.write(handshake.ping(await this.#next()));
      handshake.check(await this.#next());
    } finally {
      end();
    }
  }

  /** @param accepted told the number of each message that the server has acknowledged, or taken. */
  async send(messages: readonly Message[], signal: AbortSignal, accepted: (index: number) => void): Promise<void> {
    const { ioSeconds, ackSeconds, clock } = this.#options;
    this.uses++;
    this.#hasAnswered = false;
    const awaited = new Map<string, number[]>();
    for (const [index, { chunk }] of messages.entries())
      if (chunk !== undefined) awaited.set(chunk, [...(awaited.get(chunk) ?? []), index]);
    const seconds = awaited.size > 0 ? ackSeconds : ioSeconds;
    const end = this.#limit(seconds, awaited.size > 0 ? 'no acknowledgement' : 'not taken', clock, signal);
    try {
      await this.#write(messages);
      for (const [index, { chunk }] of messages.entries()) if (chunk === undefined) accepted(index);
      while (awaited.size > 0) this.#acknowledge(await this.#next(), awaited, accepted);
    } finally {
      end();
    }
  }

  #acknowledge(value: Value, awaited: Map<string, number[]>, accepted: (index: number) => void): void {
    const chunk = isFields(value) ? getField(value, 'ack') : undefined;
    const indexes = typeof chunk === 'string' ? awaited.get(chunk) : undefined;
    const index = indexes?.shift();
    if (typeof chunk !== 'string' || index === undefined)
      throw new ForwardError('the server acknowledged something else');
    if (indexes?.length === 0) awaited.delete(chunk);
    accepted(index);
  }

  async #write(messages: readonly Message[]): Promise<void> {
    let isTaken = false;
    this.#socket.cork();
    for (const { parts } of messages) for (const part of parts) this.#socket.write(part);
    this.#socket.write(NOTHING, () => {
      isTaken = true;
      this.#wake?.();
    });
    this.#socket.uncork();
    while (!isTaken) await this.#wait();
  }

  /** The next value that the server sends. */
  async #next(): Promise<Value> {
    while (this.#values.length === 0) await this.#wait();
    return this.#values.shift() as Value;
  }

  /** Until something happens. Rejects where the connection has ended. */
  async #wait(): Promise<void> {
    if (!this.#error)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#wake = undefined;
    if (this.#error) throw this.#error;
  }

  #take(bytes: Buffer): void {
    this.#hasAnswered = true;
    this.#got = this.#got.length === 0 ? bytes : Buffer.concat([this.#got, bytes]);
    const reader = new Reader(this.#got);
    try {
      while (!reader.done) this.#values.push(reader.value());
    } catch (error) {
      if (!(error instanceof MsgpackError && error.incomplete)) this.#fail(error as Error);
    }
    this.#got = this.#got.subarray(reader.at);
    if (this.#got.length > LIMIT_BYTES) this.#fail(new ForwardError('the server sends what is no answer'));
    this.#wake?.();
  }

  #fail(error: Error): void {
    if (this.#error) return;
    this.#error = error;
    this.onClose();
    this.#wake?.();
  }

  /** @returns what ends the limit. */
  #limit(seconds: number, what: string, clock: Clock, signal: AbortSignal): () => void {
    const late = (): void => {
      this.#isLate = true;
      this.#fail(new Error(`${what} within ${seconds} seconds`));
    };
    const giveUp = (): void => this.#fail(new Error('the delivery was given up'));
    const cancel = seconds > 0 ? clock.after(seconds * 1000, late) : undefined;
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    return () => {
      cancel?.();
      signal.removeEventListener('abort', giveUp);
    };
  }
}
