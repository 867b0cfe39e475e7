/**
 * A batch as messages of the Forward protocol, as Fluent Bit sends them:
 *
 *     [tag, [event, ..], options?]                    a tag for all: one message (several where it would be very long)
 *     [tag, bin, {size, compressed, ..}]              the same, compressed
 *     [tag, time, record, options]                    a tag out of each record: a message an event
 *
 * The options are, in this order and where they are asked for: chunk, size, compressed, fluent_signal, those of
 * add_option, metadata. A chunk is known by the hash of its events, so the same batch always gives the same messages.
 */
import { createHash } from 'node:crypto';
import { type Fields, NO_METADATA, setField } from '../../src/data/event.ts';
import { encodeEvents, encodeValue } from '../../src/data/msgpack.ts';
import { compileTemplate, type Template } from '../../src/data/template.ts';
import { compress } from '../../src/net/compress.ts';
import { type Entries, type Form, inForm, splitEntries } from '../../src/net/forward_entries.ts';
import { type Batch, OptionError } from '../../src/plugin.ts';
import type { Options } from './options.ts';

export interface Message {
  /** The bytes, in pieces. */
  readonly parts: readonly Uint8Array[];
  /** What the server has to acknowledge; undefined where nothing is waited for. */
  readonly chunk: string | undefined;
}

/** Receivers refuse messages over 6 MB by default, and a chunk of the engine may come near to that. */
const LIMIT_BYTES = 4_000_000;

export class MessageFormat {
  readonly #given: Options;
  readonly #tag: Template | undefined;
  readonly #isPerRecord: boolean;
  readonly #form: Form;
  readonly #compression: 'gzip' | 'zstd' | undefined;
  readonly #extra: readonly (readonly [string, string])[];
  readonly #sendsOptions: boolean;

  /** @throws OptionError where options do not fit together. */
  constructor(given: Options) {
    this.#given = given;
    this.#tag = given.tag === undefined ? undefined : compileTemplate(given.tag);
    this.#isPerRecord = (this.#tag?.roots.length ?? 0) > 0;
    this.#compression = readCompression(given, this.#isPerRecord);
    this.#extra = given.add_option.map(readExtra);
    this.#form = given.time_as_integer ? 'seconds' : given.retain_metadata_in_forward_mode ? 'pair' : 'plain';
    const isAsked = given.send_options || given.require_ack_response || this.#extra.length > 0;
    this.#sendsOptions = isAsked || this.#compression !== undefined;
  }

  messages(batch: Batch): Message[] | Promise<Message[]> {
    return this.#isPerRecord ? this.#perRecord(batch) : this.#forAll(batch);
  }

  async #forAll(batch: Batch): Promise<Message[]> {
    const tag = encodeValue(this.#tag ? this.#tag.fill({}, batch.tag) : batch.tag);
    let pieces = batch.pieces();
    // As Fluent Bit: with metadata events go as they are, which may be without, where they came packed.
    if (this.#form !== 'pair') pieces = pieces.map((piece) => inForm(this.#form, piece, batch.count));
    const messages: Message[] = [];
    for (const entries of splitEntries(pieces, batch.count, LIMIT_BYTES))
      messages.push(await this.#message(tag, entries));
    return messages;
  }

  async #message(tag: Uint8Array, { pieces, count }: Entries): Promise<Message> {
    const chunk = this.#given.require_ack_response ? chunkOf(pieces) : undefined;
    const kind = this.#compression;
    const packed = kind && (await compress(kind, Buffer.concat(pieces)));
    const head = Buffer.concat([
      Buffer.from([this.#sendsOptions ? 0x93 : 0x92]),
      tag,
      packed ? header(0xc6, packed.length) : header(0xdd, count),
    ]);
    const parts = [head, ...(packed ? [packed] : pieces)];
    if (!this.#sendsOptions) return { parts, chunk };
    const options: Fields = { ...(chunk === undefined ? {} : { chunk }), size: count };
    if (kind) options.compressed = kind;
    return { parts: [...parts, this.#options(options)], chunk };
  }

  #perRecord(batch: Batch): Message[] {
    const tag = this.#tag as Template;
    const form = this.#form === 'seconds' ? 'seconds' : 'plain';
    return batch.events.map((event, index) => {
      const packed = inForm(form, encodeEvents([{ ...event, metadata: NO_METADATA }]), 1);
      // Without its first byte, an event is a time and a record.
      const parts = [Buffer.from([0x94]), encodeValue(tag.fill(event.body, batch.tag)), packed.subarray(1)];
      const chunk = this.#given.require_ack_response ? chunkOf([packed], index) : undefined;
      const metadata = event.metadata === NO_METADATA ? undefined : event.metadata;
      return {
        parts: [Buffer.concat([...parts, this.#options(chunk === undefined ? {} : { chunk }, metadata)])],
        chunk,
      };
    });
  }

  #options(first: Fields, metadata?: Fields): Uint8Array {
    const options: Fields = { ...first, fluent_signal: 0 };
    for (const [name, value] of this.#extra) setField(options, name, value);
    if (metadata) options.metadata = metadata;
    return encodeValue(options);
  }
}

/** As Fluent Bit: 16 bytes of the hash. `index` keeps events apart that are alike. */
function chunkOf(pieces: readonly Uint8Array[], index?: number): string {
  const hash = createHash('sha512');
  for (const piece of pieces) hash.update(piece);
  if (index !== undefined) hash.update(String(index));
  return hash.digest().subarray(0, 16).toString('base64');
}

/** Four bytes of length, whatever it is: 0xc6 a bin, 0xdd an array. A short array is one byte, as Fluent Bit sends it. */
function header(type: number, length: number): Buffer {
  if (type === 0xdd && length < 16) return Buffer.from([0x90 | length]);
  const bytes = Buffer.alloc(5, type);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

function readCompression(given: Options, isPerRecord: boolean): 'gzip' | 'zstd' | undefined {
  const word = given.compress?.toLowerCase();
  if (word === undefined || word === 'text') return undefined;
  if (word !== 'gzip' && word !== 'zstd')
    throw new OptionError(`'${given.compress}' is no compression; write gzip or zstd`, 'compress');
  if (given.time_as_integer) throw new OptionError('compress does not go with time_as_integer', 'compress');
  if (isPerRecord) throw new OptionError('compress does not go with a tag out of the record', 'compress');
  return word;
}

function readExtra(text: string): [string, string] {
  const match = /^(\S+)\s+(.+)$/.exec(text.trim());
  if (!match) throw new OptionError('write an option as NAME VALUE', 'add_option');
  return [match[1] as string, match[2] as string];
}
