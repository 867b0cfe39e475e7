/**
 * Events of one stream to the bodies of PutLogEvents, each within all limits:
 *
 *     {"logGroupName":"..","logStreamName":"..","logEvents":[{"timestamp":1767225600000,"message":".."},...]}
 *
 * At most 10,000 events, less than 24 hours from the first to the last, in the order of their time (those of the same
 * millisecond as they came), and at most 1,048,576 bytes as CloudWatch counts them: each message as UTF-8, and 26. The request
 * itself, with all its escapes, may be longer, up to twice as long. Fluent Bit counts the escapes, so that it needs a seventh more
 * requests for records that are JSON. Pure; writes into a buffer that the caller brings.
 *
 * Source: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
 */
import type { LogEvent } from '../../src/data/event.ts';
import type { Progress } from '../../src/net/progress.ts';
import { type Message, type Messages, MOST_MESSAGE_BYTES } from './message.ts';
import type { Target } from './target.ts';

export const REQUEST_BYTES = 1_048_576;
const MOST_EVENTS = 10_000;
const DAY_MS = 86_400_000;
const EVENT_BYTES = 26;
/** What there must be room for behind a message. */
const TAIL_BYTES = 4;
/** `{}` */
const EMPTY_BYTES = 2;
const QUOTE = 0x22;
const CLOSE = 0x7d;
const ZERO = 0x30;
const MESSAGE_KEY_BYTES = ',"message":"'.length;
/** Times are written in at most 14 digits; CloudWatch takes none before 1970 and refuses those far away itself. */
const LATEST_MS = 99_999_999_999_999;

/** One request: its bytes, and the numbers of the events in it, in order. */
export interface Request {
  readonly body: Buffer;
  readonly numbers: readonly number[];
  /** What counts against the limit of a request. */
  readonly size: number;
  /** Of an event that is split: how many of its pieces have been sent with this request; 0 where none is to come. */
  readonly unfinished: number;
}

export interface RequestSource {
  readonly events: readonly LogEvent[];
  readonly messages: Messages;
  readonly progress: Progress;
  /** Told of a message that was too long; once an event. */
  tooLarge(bytes: number): void;
}

export class Requests {
  readonly target: Target;
  readonly #source: RequestSource;
  /** Numbers of events, by time. */
  readonly #order: readonly number[];
  #next = 0;
  /** A message that did not fit into the request before. */
  #held: Message | undefined;
  /** The pieces of the event at `#next`, and how many of them went into requests. */
  #pieces: string[] = [];
  #piece = 0;
  /** The request that is being filled: how far it is, and what it counts. */
  #buffer = Buffer.alloc(0) as Buffer;
  #at = 0;
  #size = 0;
  #numbers: number[] = [];
  /** What stands before a message of this time. */
  #headMs = -1;
  #headBytes = new Uint8Array(0);

  constructor(target: Target, order: number[], source: RequestSource) {
    this.target = target;
    this.#source = source;
    this.#order = byTime(order, source.events);
  }

  /** The next request, or undefined where nothing is left. */
  fill(buffer: Buffer): Request | undefined {
    const { events } = this.#source;
    this.#buffer = buffer;
    this.#numbers = [];
    this.#at = buffer.write(this.target.head, 0);
    this.#size = 0;
    for (let first = 0; this.#next < this.#order.length && this.#numbers.length < MOST_EVENTS; ) {
      const number = this.#order[this.#next] as number;
      const ms = millisecondsOf(events[number] as LogEvent);
      if (this.#numbers.length === 0) first = ms;
      else if (ms - first >= DAY_MS) break;
      if (!this.#add(number, ms)) break;
    }
    if (this.#numbers.length === 0) return undefined;
    this.#at += buffer.write(']}', this.#at);
    const unfinished = this.#pieces.length > 0 ? this.#piece : 0;
    return { body: buffer.subarray(0, this.#at), numbers: this.#numbers, size: this.#size, unfinished };
  }

  /** Adds the event at `#next`, or a piece of it, or leaves it out; false where the request is full. */
  #add(number: number, ms: number): boolean {
    const begin = this.#head(ms);
    if (!this.#held && this.#pieces.length === 0) {
      const { messages, events } = this.#source;
      const end = messages.write(events[number] as LogEvent, this.#buffer, begin);
      const bytes = end - begin;
      if (end > 0 && bytes > EMPTY_BYTES && bytes <= MOST_MESSAGE_BYTES) {
        const size = bytes - messages.extra + EVENT_BYTES;
        if (this.#size + size > REQUEST_BYTES) return false;
        this.#close(number, end, size);
        return true;
      }
    }
    const held = this.#held ?? this.#message(number);
    if (!held) return true;
    // Two pieces of an event in one request could not be told apart where it is answered.
    if (this.#pieces.length > 0 && this.#numbers.at(-1) === number) return false;
    const size = held.size + EVENT_BYTES;
    if (this.#size + size > REQUEST_BYTES || begin + held.bytes + TAIL_BYTES > this.#buffer.length) {
      this.#held = held;
      return false;
    }
    this.#close(number, begin + this.#buffer.write(held.text, begin), size);
    return true;
  }

  /** What stands before a message. @returns where the message begins; nothing of it counts until `#close`. */
  #head(ms: number): number {
    if (ms !== this.#headMs) this.#setHead(ms);
    // The first one needs no comma.
    const bytes = this.#numbers.length === 0 ? this.#headBytes.subarray(1) : this.#headBytes;
    this.#buffer.set(bytes, this.#at);
    return this.#at + bytes.length;
  }

  /** Within a second only the last three digits change. */
  #setHead(ms: number): void {
    const bytes = this.#headBytes;
    const before = this.#headMs;
    this.#headMs = ms;
    const rest = ms % 1000;
    if (before < 0 || ms < 1000 || ms - rest !== before - (before % 1000)) {
      this.#headBytes = Buffer.from(`,{"timestamp":${ms},"message":"`);
      return;
    }
    const end = bytes.length - MESSAGE_KEY_BYTES;
    bytes[end - 1] = ZERO + (rest % 10);
    bytes[end - 2] = ZERO + (Math.floor(rest / 10) % 10);
    bytes[end - 3] = ZERO + Math.floor(rest / 100);
  }

  #close(number: number, end: number, size: number): void {
    this.#buffer[end] = QUOTE;
    this.#buffer[end + 1] = CLOSE;
    this.#at = end + 2;
    this.#size += size;
    this.#numbers.push(number);
    this.#advance();
  }

  /** The message (or the next piece) of the event at `#next`; where there is none, goes on to the next event. */
  #message(number: number): Message | undefined {
    const { messages, progress, events } = this.#source;
    if (this.#pieces.length === 0) {
      const message = messages.of(events[number] as LogEvent);
      if (message === undefined || message === 'empty') {
        if (message === 'empty') progress.accept(number);
        else progress.refuse([number], 'they have no log_key');
        this.#next++;
        return undefined;
      }
      if (message.bytes <= MOST_MESSAGE_BYTES) return message;
      this.#source.tooLarge(message.bytes);
      this.#pieces = messages.shorten(message.text);
      this.#piece = progress.pieces.get(number) ?? 0;
    }
    return messages.message(this.#pieces[this.#piece] as string);
  }

  #advance(): void {
    this.#held = undefined;
    if (++this.#piece < this.#pieces.length) return;
    this.#pieces = [];
    this.#piece = 0;
    this.#next++;
  }
}

function millisecondsOf({ seconds, nanos }: LogEvent): number {
  const ms = seconds * 1000 + Math.floor(nanos / 1e6);
  return ms < 0 ? 0 : Math.min(ms, LATEST_MS);
}

/** Nearly always they are in order already. */
function byTime(order: number[], events: readonly LogEvent[]): number[] {
  for (let i = 1; i < order.length; i++) {
    const before = events[order[i - 1] as number] as LogEvent;
    const event = events[order[i] as number] as LogEvent;
    // Whole milliseconds are worked out only where the nanoseconds do not tell.
    const rises = event.seconds === before.seconds ? event.nanos >= before.nanos : event.seconds > before.seconds;
    if (!rises && millisecondsOf(event) < millisecondsOf(before))
      return order.sort((a, b) => millisecondsOf(events[a] as LogEvent) - millisecondsOf(events[b] as LogEvent));
  }
  return order;
}
