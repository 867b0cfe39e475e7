/**
 * Lines to the body of a push request. Pure.
 *
 *     {"streams":[{"stream":{"job":"x"},"values":[["1767225600000000000","line"],["..","..",{"trace":"1"}]]}]}
 *
 * or, as Loki's own clients send it, protobuf compressed as one block of snappy:
 *
 *     PushRequest  1: Stream...            Stream  1: labels, `{job="x"}`   2: Entry...
 *     Entry        1: Timestamp  2: line  3: Pair...         Timestamp  1: seconds  2: nanos     Pair  1: name  2: value
 *
 * Source: grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs and pkg/push/push.proto of grafana/loki
 */
import { encodeText } from '../../src/data/bytes.ts';
import type { Fields, LogEvent } from '../../src/data/event.ts';
import { BufferPool } from '../../src/net/buffer_pool.ts';
import type { LineOf, WriteLine } from './lines.ts';
import type { MetadataOf, MetadataPairs } from './metadata.ts';
import { fitName } from './pairs.ts';
import type { Measured } from './refusal.ts';
import type { Stream } from './streams.ts';
import { nanoseconds, TimeDigits } from './time_digits.ts';

/** One stream's share of a request. */
export interface StreamEntries {
  readonly stream: Stream;
  readonly entries: readonly Entry[];
}

/** A line to be sent: its number in the load, and its time. */
export interface Entry {
  readonly number: number;
  readonly seconds: number;
  readonly nanos: number;
}

export interface EncoderSettings {
  readonly line: LineOf;
  /** For streams over the limit of the guard: what would be labels stays in the line. */
  readonly wholeLine: LineOf;
  readonly metadata: MetadataOf | undefined;
}

export interface JsonSettings extends EncoderSettings {
  /** The same lines, written straight into the request. */
  readonly write: WriteLine;
  readonly writeWhole: WriteLine;
}

/** What a request is made of. */
export interface PushSource {
  readonly events: readonly LogEvent[];
  tagOf(number: number): string;
}

export interface Encoder {
  readonly contentType: string;
  /** The bytes are the caller's until it gives them back. */
  encode(streams: readonly StreamEntries[], source: PushSource): Uint8Array;
  /** How large an event becomes for Loki. Slow; asked where Loki refuses something. */
  measure(event: LogEvent, tag: string, stream: Stream): Measured;
  /** Nobody reads these bytes any longer: the next request may be written over them. */
  giveBack?(bytes: Uint8Array): void;
}

const FIRST_BYTES = 1 << 20;
/** What is kept of the buffers of requests that are over: memory outside of V8's heap is freed late, and adds up. */
const KEEP_BYTES = 8 << 20;
/** A string takes at most three bytes of UTF-8 for each of its units. */
const MOST_BYTES_A_UNIT = 3;
/** The time and the punctuation of an entry. */
const ENTRY_BYTES = 64;
const NEXT = Buffer.from(',["');
const BETWEEN = Buffer.from('","');

/** `line` and `write` must give text that is escaped already. */
export class JsonEncoder implements Encoder {
  readonly contentType = 'application/json';
  readonly #settings: JsonSettings;
  readonly #pool = new BufferPool(KEEP_BYTES);
  readonly #times = new TimeDigits();
  #out: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(settings: JsonSettings) {
    this.#settings = settings;
  }

  encode(streams: readonly StreamEntries[], { events, tagOf }: PushSource): Uint8Array {
    const { metadata, write, writeWhole } = this.#settings;
    this.#out = this.#pool.take(FIRST_BYTES);
    this.#at = 0;
    let head = '{"streams":[{"stream":';
    for (const { stream, entries } of streams) {
      const writeLine = stream.capped ? writeWhole : write;
      this.#text(`${head}${stream.key},"values":[`);
      let skip = 1;
      for (const { number, seconds, nanos } of entries) {
        const { body } = events[number] as LogEvent;
        this.#time(seconds, nanos, skip);
        this.#line(body, writeLine);
        if (metadata) this.#text(`",${JSON.stringify(metadata(body, tagOf(number)))}]`);
        else this.#close();
        skip = 0;
      }
      head = ']},{"stream":';
    }
    this.#text(']}]}');
    const out = this.#out;
    this.#out = Buffer.alloc(0);
    return out.subarray(0, this.#at);
  }

  /** `skip`: how much of what stands before an entry is left out. */
  #time(seconds: number, nanos: number, skip: number): void {
    if (this.#at + ENTRY_BYTES > this.#out.length) this.#grow();
    const out = this.#out;
    let at = this.#at;
    for (let i = skip; i < NEXT.length; i++) out[at++] = NEXT[i] as number;
    if (seconds > 0) at = this.#times.write(out, at, seconds, nanos);
    else at += out.write(nanoseconds(seconds, nanos), at, 'latin1');
    for (let i = 0; i < BETWEEN.length; i++) out[at++] = BETWEEN[i] as number;
    this.#at = at;
  }

  #line(body: Fields, write: WriteLine): void {
    for (;;) {
      const end = write(body, this.#out, this.#at);
      if (end >= 0) {
        this.#at = end;
        return;
      }
      this.#grow();
    }
  }

  #close(): void {
    if (this.#at + 2 > this.#out.length) this.#grow();
    this.#out[this.#at++] = 0x22;
    this.#out[this.#at++] = 0x5d;
  }

  #text(text: string): void {
    while (this.#at + text.length * MOST_BYTES_A_UNIT > this.#out.length) this.#grow();
    this.#at += this.#out.write(text, this.#at);
  }

  #grow(): void {
    const larger = this.#pool.take(this.#out.length * 2);
    this.#out.copy(larger, 0, 0, this.#at);
    this.#pool.give(this.#out);
    this.#out = larger;
  }

  measure({ body }: LogEvent, tag: string, { capped }: Stream): Measured {
    const { metadata, line, wholeLine } = this.#settings;
    return measured(JSON.parse(`"${(capped ? wholeLine : line)(body)}"`), metadata?.(body, tag));
  }

  giveBack({ buffer }: Uint8Array): void {
    this.#pool.give(Buffer.from(buffer));
  }
}

/** `line` must give plain text. */
export class ProtobufEncoder implements Encoder {
  readonly contentType = 'application/x-protobuf';
  readonly #settings: EncoderSettings;

  constructor(settings: EncoderSettings) {
    this.#settings = settings;
  }

  encode(streams: readonly StreamEntries[], source: PushSource): Uint8Array {
    const parts: Uint8Array[] = [];
    for (const share of streams) {
      const inner = this.#stream(share, source);
      parts.push(header(1, inner.length), inner);
    }
    return Buffer.concat(parts);
  }

  measure({ body }: LogEvent, tag: string, { capped }: Stream): Measured {
    const { metadata, line, wholeLine } = this.#settings;
    return measured((capped ? wholeLine : line)(body), metadata?.(body, tag));
  }

  #stream({ stream, entries }: StreamEntries, { events, tagOf }: PushSource): Buffer {
    const { metadata, line, wholeLine } = this.#settings;
    const lineOf = stream.capped ? wholeLine : line;
    const parts: Uint8Array[] = [];
    pushText(parts, 1, labelsText(stream.labels));
    for (const { number, seconds, nanos } of entries) {
      const { body } = events[number] as LogEvent;
      const entry: Uint8Array[] = [];
      pushBytes(entry, 1, Buffer.concat([varintField(1, BigInt(seconds)), varintField(2, BigInt(nanos))]));
      pushText(entry, 2, lineOf(body));
      if (metadata)
        for (const [name, value] of Object.entries(metadata(body, tagOf(number)))) {
          const pair: Uint8Array[] = [];
          pushText(pair, 1, name);
          pushText(pair, 2, value);
          pushBytes(entry, 3, Buffer.concat(pair));
        }
      pushBytes(parts, 2, Buffer.concat(entry));
    }
    return Buffer.concat(parts);
  }
}

function measured(line: string, metadata: MetadataPairs = {}): Measured {
  const pairs = Object.entries(metadata);
  const metadataBytes = pairs.reduce((sum, pair) => sum + encodeText(pair[0] + pair[1]).length, 0);
  return { lineBytes: encodeText(line).length, metadataBytes, metadataCount: pairs.length };
}

/** `{app="web", job="x"}`, in the order of names, quoted as Go does. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  const names = Object.keys(labels).sort();
  return `{${names.map((name) => `${fitName(name)}=${JSON.stringify((labels[name] as string).toWellFormed())}`).join(', ')}}`;
}

function pushText(parts: Uint8Array[], field: number, text: string): void {
  pushBytes(parts, field, encodeText(text));
}

function pushBytes(parts: Uint8Array[], field: number, bytes: Uint8Array): void {
  parts.push(header(field, bytes.length), bytes);
}

/** The head of a field of wire type 2: bytes with their length before them. */
function header(field: number, length: number): Uint8Array {
  return Uint8Array.of((field << 3) | 2, ...varint(BigInt(length)));
}

function varintField(field: number, value: bigint): Uint8Array {
  return value === 0n ? new Uint8Array(0) : Uint8Array.of(field << 3, ...varint(BigInt.asUintN(64, value)));
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return bytes;
}
