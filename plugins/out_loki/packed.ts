/**
 * A batch that came as MessagePack (forward, chunks on disk), to the body of a push request, without decoding it: the same
 * bytes as JsonEncoder makes of its events (push.ts), three times as fast (bench/forward.ts).
 *
 *     pieces of events ─┬▶ one label set for all: written one after the other
 *                       └▶ labels from records: sorted by label set first, by the bytes of the fields they come from
 */
import type { Fields, LogEvent } from '../../src/data/event.ts';
import { decodeValue, Reader } from '../../src/data/msgpack.ts';
import { skipValue } from '../../src/data/msgpack_scan.ts';
import type { PackedJson } from '../../src/data/packed_json.ts';
import { BufferPool } from '../../src/net/buffer_pool.ts';
import type { Batch } from '../../src/plugin.ts';
import type { Stream, Streams } from './streams.ts';
import { nanoseconds, TimeDigits } from './time_digits.ts';

export interface PackedSettings {
  readonly streams: Streams;
  readonly line: PackedJson;
  /** For streams over the limit of the guard. */
  readonly wholeLine: PackedJson;
}

/** How much longer the text is, about. */
const GROWTH = 1.5;
/** What is kept of the buffers of requests that are over. */
const KEEP_BYTES = 8 << 20;
/** The time and the punctuation of an entry. */
const ENTRY_BYTES = 64;
const NEXT = Buffer.from(',["');
const BETWEEN = Buffer.from('","');
const AFTER = Buffer.from('"]');

/** Where an event is: in which piece, and where it begins there. */
type Places = number[];

export class PackedEncoder {
  readonly #settings: PackedSettings;
  readonly #pool = new BufferPool(KEEP_BYTES);
  readonly #roots: RootFields;
  #out: Buffer = Buffer.alloc(0);
  #at = 0;
  readonly #times = new TimeDigits();

  constructor(settings: PackedSettings) {
    this.#settings = settings;
    this.#roots = new RootFields(settings.streams.roots);
  }

  /** The bytes are the caller's until it gives them back. */
  encode(batch: Batch): Buffer {
    const { streams } = this.#settings;
    streams.turn();
    const pieces = batch.pieces().map((piece) => Buffer.from(piece.buffer, piece.byteOffset, piece.length));
    this.#out = this.#pool.take(Math.ceil(pieces.reduce((sum, { length }) => sum + length, 0) * GROWTH));
    this.#at = 0;
    if (streams.roots.length === 0) this.#all(pieces, streams.of({}, batch.tag));
    else this.#sorted(pieces, batch.tag);
    this.#text(']}]}');
    const { length } = this.#out;
    const whole = this.#out;
    this.#out = Buffer.alloc(0);
    return length === this.#at ? whole : whole.subarray(0, this.#at);
  }

  /** Nobody reads these bytes any longer. */
  giveBack(bytes: Buffer): void {
    this.#pool.give(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.buffer.byteLength - bytes.byteOffset));
  }

  #all(pieces: readonly Buffer[], stream: Stream): void {
    const json = this.#begin(stream, '{"streams":[{"stream":');
    let isFirst = true;
    for (const piece of pieces)
      for (let at = 0; at < piece.length; isFirst = false) at = this.#entry(piece, at, json, isFirst);
  }

  #sorted(pieces: readonly Buffer[], tag: string): void {
    const { streams } = this.#settings;
    const byStream = new Map<Stream, Places>();
    let stream: Stream | undefined;
    let places: Places = [];
    for (const [number, piece] of pieces.entries())
      for (let at = 0; at < piece.length; ) {
        const from = at;
        at = this.#roots.read(piece, at);
        if (!stream || this.#roots.haveChanged) {
          stream = streams.of(this.#roots.fields(piece, from), tag);
          places = byStream.get(stream) ?? [];
          byStream.set(stream, places);
        }
        places.push(number, from);
      }
    let head = '{"streams":[{"stream":';
    for (const [one, all] of byStream) {
      const json = this.#begin(one, head);
      for (let i = 0; i < all.length; i += 2)
        this.#entry(pieces[all[i] as number] as Buffer, all[i + 1] as number, json, i === 0);
      head = ']},{"stream":';
    }
    this.#roots.forget();
  }

  #begin(stream: Stream, head: string): PackedJson {
    this.#text(`${head}${stream.key},"values":[`);
    return stream.capped ? this.#settings.wholeLine : this.#settings.line;
  }

  /** @returns where the next event begins. */
  #entry(bytes: Buffer, at: number, json: PackedJson, isFirst: boolean): number {
    const time = bytes[at + 1] === 0x92 ? at + 2 : at + 1;
    if (bytes[at] !== 0x92 || bytes[time] !== 0xd7 || bytes[time + 1] !== 0)
      return this.#oddEntry(bytes, at, json, isFirst);
    const seconds = bytes.readUInt32BE(time + 2);
    const nanos = Math.min(bytes.readUInt32BE(time + 6), 999_999_999);
    if (seconds === 0 || seconds >= 0xc0000000) return this.#oddEntry(bytes, at, json, isFirst);
    const record = time === at + 1 ? time + 10 : skipValue(bytes, time + 10);
    for (;;) {
      const out = this.#room(ENTRY_BYTES);
      let to = this.#at;
      for (let i = isFirst ? 1 : 0; i < NEXT.length; i++) out[to++] = NEXT[i] as number;
      to = this.#times.write(out, to, seconds, nanos);
      for (let i = 0; i < BETWEEN.length; i++) out[to++] = BETWEEN[i] as number;
      const end = json.write(bytes, record, out, to);
      if (this.#finish(end)) return json.next;
    }
  }

  /** Any other form of event, or a time before 1970. */
  #oddEntry(bytes: Buffer, at: number, json: PackedJson, isFirst: boolean): number {
    const { event, end: next } = readEvent(bytes, at);
    for (;;) {
      this.#room(ENTRY_BYTES);
      const head = `${isFirst ? '' : ','}["${nanoseconds(event.seconds, event.nanos)}","`;
      const to = this.#at + this.#out.write(head, this.#at, 'latin1');
      if (this.#finish(json.writeBody(event.body, this.#out, to))) return next;
    }
  }

  /** `end`: where the line ends, or -1: then there is room for it the next time. */
  #finish(end: number): boolean {
    if (end < 0 || end + AFTER.length > this.#out.length) {
      this.#grow();
      return false;
    }
    this.#out[end] = AFTER[0] as number;
    this.#out[end + 1] = AFTER[1] as number;
    this.#at = end + 2;
    return true;
  }

  #text(text: string): void {
    const bytes = Buffer.from(text);
    this.#room(bytes.length).set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #room(bytes: number): Buffer {
    while (this.#at + bytes > this.#out.length) this.#grow();
    return this.#out;
  }

  #grow(): void {
    const larger = this.#pool.take(this.#out.length * 2);
    this.#out.copy(larger, 0, 0, this.#at);
    this.#pool.give(this.#out);
    this.#out = larger;
  }
}

function readEvent(bytes: Buffer, at: number): { event: LogEvent; end: number } {
  const reader = new Reader(bytes.subarray(at));
  const event = reader.event();
  return { event, end: at + reader.at };
}

/** The top-level fields from which labels are made, found in records without decoding the rest. */
class RootFields {
  readonly #names: readonly string[];
  readonly #raws: readonly Buffer[];
  /** The bytes that each had in the record before; empty: it was not there. */
  readonly #last: Buffer[];
  /** Where each is in this record: begin and end, in turn. */
  readonly #found: Int32Array;
  #isOdd = false;
  #isKnown = false;
  haveChanged = true;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#raws = names.map((name) => Buffer.from(name));
    this.#last = names.map(() => Buffer.alloc(0));
    this.#found = new Int32Array(names.length * 2);
  }

  forget(): void {
    this.#isKnown = false;
  }

  /** Looks at the event at `at`. @returns where the next one begins. */
  read(bytes: Buffer, at: number): number {
    this.#found.fill(0);
    const next = this.#scan(bytes, at);
    this.#isOdd = next < 0;
    if (next < 0) {
      this.#isKnown = false;
      this.haveChanged = true;
      return skipValue(bytes, at);
    }
    this.haveChanged = !this.#isKnown;
    for (let i = 0; i < this.#last.length; i++) {
      const begin = this.#found[i * 2] as number;
      const end = this.#found[i * 2 + 1] as number;
      const last = this.#last[i] as Buffer;
      if (end - begin === last.length && bytes.compare(last, 0, last.length, begin, end) === 0) continue;
      this.#last[i] = Buffer.from(bytes.subarray(begin, end));
      this.haveChanged = true;
    }
    this.#isKnown = true;
    return next;
  }

  /** Of the event that was read: these fields, or more of them. */
  fields(bytes: Buffer, at: number): Fields {
    if (this.#isOdd) return readEvent(bytes, at).event.body;
    const fields: Fields = {};
    for (const [i, name] of this.#names.entries()) {
      const last = this.#last[i] as Buffer;
      if (last.length > 0) fields[name] = decodeValue(last);
    }
    return fields;
  }

  /** @returns where the event ends; -1 where it has an unusual form. */
  #scan(bytes: Buffer, from: number): number {
    if (bytes[from] !== 0x92) return -1;
    const record = skipValue(bytes, from + 1);
    const type = bytes[record] as number;
    const isShort = type >= 0x80 && type < 0x90;
    if (!isShort && type !== 0xde) return -1;
    const count = isShort ? type & 15 : bytes.readUInt16BE(record + 1);
    let at = record + (isShort ? 1 : 3);
    for (let i = 0; i < count; i++) {
      const key = bytes[at] as number;
      const begin = key >= 0xa0 && key < 0xc0 ? at + 1 : key === 0xd9 ? at + 2 : -1;
      if (begin < 0) return -1;
      const value = begin + (key === 0xd9 ? (bytes[at + 1] as number) : key & 31);
      at = skipValue(bytes, value);
      this.#note(bytes, begin, value, at);
    }
    return at;
  }

  #note(bytes: Buffer, begin: number, value: number, end: number): void {
    for (let i = 0; i < this.#raws.length; i++) {
      const raw = this.#raws[i] as Buffer;
      if (raw.length !== value - begin || bytes.compare(raw, 0, raw.length, begin, value) !== 0) continue;
      this.#found[i * 2] = value;
      this.#found[i * 2 + 1] = end;
      return;
    }
  }
}
