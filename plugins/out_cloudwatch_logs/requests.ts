/**
 * Events of one stream to the bodies of PutLogEvents, each within all limits:
 *
 *     {"logGroupName":"..","logStreamName":"..","logEvents":[{"timestamp":1767225600000,"message":".."},...]}
 *
 * At most 10,000 events, less than 24 hours from the first to the last, in the order of their time (those of the same
 * millisecond as they came), and at most 1,048,576 bytes counted as Fluent Bit does: 76 and the names, and for each event
 * 42 and its message as it stands in the request. That is never less than what CloudWatch counts (the message as UTF-8
 * and 26) nor than the request itself. Pure; writes into a buffer that the caller brings.
 *
 * Source: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
 */
import type { LogEvent } from '../../src/data/event.ts';
import type { Progress } from '../../src/net/progress.ts';
import { type Messages, MOST_MESSAGE_BYTES } from './message.ts';
import type { Target } from './target.ts';

export const REQUEST_BYTES = 1_048_576;
const MOST_EVENTS = 10_000;
const DAY_MS = 86_400_000;
const HEAD_BYTES = 76;
const EVENT_BYTES = 42;
/** Times are written in at most 14 digits; CloudWatch takes none before 1970 and refuses those far away itself. */
const LATEST_MS = 99_999_999_999_999;

/** One request: its bytes, and the numbers of the events in it, in order. */
export interface Request {
  readonly body: Buffer;
  readonly numbers: readonly number[];
  /** Of an event that is split: how many of its pieces have been sent with this request; 0 where none is to come. */
  readonly unfinished: number;
}

/** A message that did not fit into the request before. */
interface Held {
  readonly text: string;
  readonly bytes: number;
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
  #held: Held | undefined;
  /** The pieces of the event at `#next`, and how many of them went into requests. */
  #pieces: string[] = [];
  #piece = 0;

  constructor(target: Target, order: number[], source: RequestSource) {
    this.target = target;
    this.#source = source;
    this.#order = byTime(order, source.events);
  }

  /** The next request, or undefined where nothing is left. */
  fill(buffer: Buffer): Request | undefined {
    const { events } = this.#source;
    const { head, group, stream } = this.target;
    const numbers: number[] = [];
    let at = buffer.write(head, 0);
    let size = HEAD_BYTES + Buffer.byteLength(group) + Buffer.byteLength(stream);
    let first = 0;
    let time = -1;
    let start = '';
    for (; this.#next < this.#order.length && numbers.length < MOST_EVENTS; ) {
      const number = this.#order[this.#next] as number;
      const ms = millisecondsOf(events[number] as LogEvent);
      if (numbers.length === 0) first = ms;
      else if (ms - first >= DAY_MS) break;
      const held = this.#held ?? this.#message(number);
      if (!held) continue;
      size += held.bytes + EVENT_BYTES;
      if (size > REQUEST_BYTES) {
        this.#held = held;
        break;
      }
      if (ms !== time) {
        time = ms;
        start = `{"timestamp":${ms},"message":"`;
      }
      at += buffer.write(`${numbers.length === 0 ? start : `,${start}`}${held.text}"}`, at);
      numbers.push(number);
      this.#advance();
    }
    if (numbers.length === 0) return undefined;
    at += buffer.write(']}', at);
    return { body: buffer.subarray(0, at), numbers, unfinished: this.#pieces.length > 0 ? this.#piece : 0 };
  }

  /** The message (or the next piece) of the event at `#next`; where there is none, goes on to the next event. */
  #message(number: number): Held | undefined {
    const { messages, progress, events } = this.#source;
    if (this.#pieces.length === 0) {
      const text = messages.text(events[number] as LogEvent);
      if (text === undefined || text === '') {
        if (text === '') progress.accept(number);
        else progress.refuse([number], 'they have no log_key');
        this.#next++;
        return undefined;
      }
      const bytes = messages.bytes(text);
      if (bytes <= MOST_MESSAGE_BYTES) return { text, bytes };
      this.#source.tooLarge(bytes);
      this.#pieces = messages.shorten(text);
      this.#piece = progress.pieces.get(number) ?? 0;
    }
    const text = this.#pieces[this.#piece] as string;
    return { text, bytes: messages.bytes(text) };
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
  let before = -1;
  let sorted = true;
  for (let i = 0; sorted && i < order.length; i++) {
    const ms = millisecondsOf(events[order[i] as number] as LogEvent);
    sorted = ms >= before;
    before = ms;
  }
  if (sorted) return order;
  return order.sort((a, b) => millisecondsOf(events[a] as LogEvent) - millisecondsOf(events[b] as LogEvent));
}
