/**
 * A Forward client as careful as Fluentd's: every message asks for an acknowledgement, and one that does not get it is
 * sent again, over a new connection. It sends numbered events, a few messages ahead.
 */
import net from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import type { Fields } from '../../src/data/event.ts';
import { decodeValue, encodeValue } from '../../src/data/msgpack.ts';

const AHEAD = 8;
const EVENTS_A_MESSAGE = 40;

export class Sender {
  readonly name: string;
  readonly #port: number;
  readonly #waiting = new Map<string, Uint8Array>();
  #socket: net.Socket | undefined;
  #answers = Buffer.alloc(0);
  #ended = false;
  sent = 0;

  constructor(name: string, port: number) {
    this.name = name;
    this.#port = port;
  }

  /** Sends events until there are `count`, a message at most; waits while too many are without their answer. */
  send(count: number): void {
    if (this.sent >= count || this.#waiting.size >= AHEAD || !this.#socket?.writable) return;
    const entries = [];
    while (entries.length < EVENTS_A_MESSAGE && this.sent < count)
      entries.push([1_700_000_000, { log: `${this.name}=${String(this.sent++).padStart(7, '0')};` }]);
    const chunk = `${this.name}-${this.sent}`;
    const message = encodeValue([this.name, entries, { chunk }]);
    this.#waiting.set(chunk, message);
    this.#socket.write(message);
  }

  get unanswered(): number {
    return this.#waiting.size;
  }

  /** Keeps a connection until `end`. */
  async run(): Promise<void> {
    while (!this.#ended) {
      await this.#connection();
      await after(50);
    }
  }

  end(): void {
    this.#ended = true;
    this.#socket?.destroy();
  }

  #connection(): Promise<void> {
    const socket = net.connect(this.#port, '127.0.0.1');
    this.#answers = Buffer.alloc(0);
    socket.on('connect', () => {
      this.#socket = socket;
      for (const message of this.#waiting.values()) socket.write(message);
    });
    socket.on('data', (data) => this.#take(data));
    socket.on('error', () => {});
    return new Promise((resolve) => {
      socket.on('close', () => {
        this.#socket = undefined;
        resolve();
      });
    });
  }

  /** Answers are maps of one short text: `81 a3 'ack' (a0|length or d9 length) chunk`. */
  #take(data: Buffer): void {
    this.#answers = Buffer.concat([this.#answers, data]);
    for (;;) {
      const length = answerLength(this.#answers);
      if (length === 0 || this.#answers.length < length) return;
      const answer = decodeValue(this.#answers.subarray(0, length)) as Fields;
      this.#waiting.delete(String(answer.ack));
      this.#answers = this.#answers.subarray(length);
    }
  }
}

/** 0: not enough is there to know. */
function answerLength(bytes: Buffer): number {
  const head = bytes[5];
  if (head === undefined) return 0;
  return head === 0xd9 ? 7 + (bytes[6] ?? 256) : 6 + (head & 31);
}
