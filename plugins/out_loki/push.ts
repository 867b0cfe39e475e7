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
import type { LogEvent } from '../../src/data/event.ts';
import type { LineOf } from './lines.ts';
import type { MetadataOf, MetadataPairs } from './metadata.ts';
import { fitName } from './pairs.ts';
import type { Measured } from './refusal.ts';
import type { Stream } from './streams.ts';

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
/** A string takes at most three bytes of UTF-8 for each of its units. */
const MOST_BYTES_A_UNIT = 3;

/** Larger buffers, and more of them, are not kept. */
const KEEP_BYTES = 8 << 20;
const KEEP_BUFFERS = 4;

/** A buffer that grows. */
class Output {
  #buffer: Buffer;
  at = 0;
  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }
  text(text: string): void {
    this.#room(text.length * MOST_BYTES_A_UNIT);
    this.at += this.#buffer.write(text, this.at);
  }
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.at);
  }
  #room(bytes: number): void {
    if (this.at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.at + bytes));
    this.#buffer.copy(larger, 0, 0, this.at);
    this.#buffer = larger;
  }
}

/** `line` must give text that is escaped already. */
export class JsonEncoder implements Encoder {
  readonly contentType = 'application/json';
  readonly #settings: EncoderSettings;
  /** Of requests that are over: memory outside of V8's heap is freed late, and a megabyte for each request adds up. */
  readonly #free: Buffer[] = [];

  constructor(settings: EncoderSettings) {
    this.#settings = settings;
  }

  encode(streams: readonly StreamEntries[], { events, tagOf }: PushSource): Uint8Array {
    const { metadata, line, wholeLine } = this.#settings;
    const out = new Output(this.#free.pop() ?? Buffer.allocUnsafeSlow(FIRST_BYTES));
    let head = '{"streams":[{"stream":';
    for (const { stream, entries } of streams) {
      const lineOf = stream.capped ? wholeLine : line;
      head += `${stream.key},"values":[`;
      for (const { number, seconds, nanos } of entries) {
        const { body } = events[number] as LogEvent;
        const pairs = metadata ? `,${JSON.stringify(metadata(body, tagOf(number)))}` : '';
        out.text(`${head}["${nanoseconds(seconds, nanos)}","${lineOf(body)}"${pairs}]`);
        head = ',';
      }
      head = ']},{"stream":';
    }
    out.text(']}]}');
    return out.bytes;
  }

  measure({ body }: LogEvent, tag: string, { capped }: Stream): Measured {
    const { metadata, line, wholeLine } = this.#settings;
    return measured(JSON.parse(`"${(capped ? wholeLine : line)(body)}"`), metadata?.(body, tag));
  }

  giveBack(bytes: Uint8Array): void {
    const { buffer } = bytes;
    if (this.#free.length < KEEP_BUFFERS && buffer.byteLength <= KEEP_BYTES) this.#free.push(Buffer.from(buffer));
  }
}

/** Nanoseconds since 1970 as text; a double could not hold them. */
export function nanoseconds(seconds: number, nanos: number): string {
  if (seconds > 0) return seconds + String(1_000_000_000 + nanos).slice(1);
  return String(BigInt(seconds) * 1_000_000_000n + BigInt(nanos));
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
