/**
 * The fields of one file: data objects, decoded. Most fields of an entry (host, unit, command) are one object that many
 * entries refer to, so those are kept decoded; that makes reading an entry a look-up a field.
 *
 * The memory is bounded: only short values are kept, of the two generations with the last few thousand.
 */
import zlib from 'node:zlib';
import { decodeText } from '../../src/data/bytes.ts';
import { DATA_COUNT_AT, dataBytes, getUint64, LZ4, TYPE_DATA, XZ, ZSTD } from './format.ts';
import type { JournalFile } from './journal_file.ts';
import { unpackLz4 } from './lz4.ts';
import type { Matches } from './matches.ts';

/** The name of fields of one file. */
export interface Name {
  /** As the options want it. */
  readonly key: string;
  /** The number of the last entry in which it was met: cheaper than to ask the event for the key. */
  entry: number;
}

export interface Field {
  readonly name: Name;
  readonly value: string;
  /** The field is _SYSTEMD_UNIT. */
  readonly isUnit: boolean;
  /** The number of the match that it is; -1: none. */
  readonly match: number;
}

export interface FieldOptions {
  readonly lowercase: boolean;
  readonly stripUnderscores: boolean;
  readonly matches: Matches;
  /** A field cannot be read; said for each of them. */
  unreadable(reason: string, file: JournalFile): void;
}

/** Larger ones are left out: the journal itself allows 768 MiB, which would be more than the rest of the program. */
const MAX_FIELD_BYTES = 16 * 1024 * 1024;
const KEPT_CHARACTERS = 512;
const GENERATION = 2048;
const UNIT = '_SYSTEMD_UNIT';
const EQUALS = 61;

export class FieldReader {
  readonly #file: JournalFile;
  readonly #options: FieldOptions;
  readonly #head: number;
  #young = new Map<number, Field>();
  #old = new Map<number, Field>();
  readonly #names = new Map<string, Name>();
  #entry = 0;

  constructor(file: JournalFile, options: FieldOptions) {
    this.#file = file;
    this.#options = options;
    this.#head = dataBytes(file.isCompact);
  }

  /** To be called before the fields of an entry are read. @returns a number that no other entry has */
  begin(): number {
    if (this.#names.size > GENERATION) this.forget();
    return ++this.#entry;
  }

  /** The field whose object lies at `offset`; undefined where it cannot be read. */
  at(offset: number): Field | undefined {
    const kept = this.#young.get(offset);
    return kept ?? this.#promote(offset) ?? this.#read(offset);
  }

  /** The number of the match that the field at `offset` is; -1: none. Cheaper than `at` for what is not kept. */
  matchAt(offset: number): number {
    const kept = this.#young.get(offset) ?? this.#promote(offset);
    if (kept) return kept.match;
    if (!this.#locate(offset)) return -1;
    const { bytes, view, at } = this.#file.data;
    const isPlain = view.getUint8(at + 1) === 0;
    if (isPlain && view.getUint32(at + DATA_COUNT_AT, true) < 2)
      return this.#options.matches.find(bytes, at + this.#head, getUint64(view, at + 8) - this.#head);
    return this.#read(offset)?.match ?? -1;
  }

  /** A field is left out for another reason. */
  leaveOut(reason: string): void {
    this.#fail(reason);
  }

  forget(): void {
    this.#young.clear();
    this.#old.clear();
    this.#names.clear();
  }

  #promote(offset: number): Field | undefined {
    const kept = this.#old.get(offset);
    if (kept) this.#keep(offset, kept);
    return kept;
  }

  #keep(offset: number, field: Field): void {
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(offset, field);
  }

  /** Points the file to a whole data object, where there is one. */
  #locate(offset: number): boolean {
    const { data, headerBytes } = this.#file;
    if (offset < headerBytes || offset % 8 !== 0 || !data.locate(offset, this.#head)) return false;
    const bytes = getUint64(data.view, data.at + 8);
    if (data.view.getUint8(data.at) !== TYPE_DATA || bytes <= this.#head) return false;
    return bytes <= MAX_FIELD_BYTES && data.locate(offset, bytes);
  }

  #read(offset: number): Field | undefined {
    if (!this.#locate(offset)) return this.#fail('is damaged or larger than 16 MiB');
    const { bytes, view, at } = this.#file.data;
    const isShared = view.getUint32(at + DATA_COUNT_AT, true) > 1;
    const end = at + getUint64(view, at + 8);
    const flags = view.getUint8(at + 1) & (XZ | LZ4 | ZSTD);
    const field =
      flags === 0 ? this.#decode(bytes, at + this.#head, end) : this.#unpack(bytes, at + this.#head, end, flags);
    if (isShared && field && field.value.length <= KEPT_CHARACTERS) this.#keep(offset, field);
    return field;
  }

  #unpack(bytes: Buffer, start: number, end: number, flags: number): Field | undefined {
    const packed = bytes.subarray(start, end);
    if (flags === XZ) return this.#fail('is compressed with XZ, which this program cannot read');
    const plain = flags === ZSTD ? unpackZstd(packed) : flags === LZ4 ? unpackSized(packed) : undefined;
    return plain ? this.#decode(plain, 0, plain.length) : this.#fail('cannot be decompressed');
  }

  #decode(bytes: Buffer, start: number, end: number): Field | undefined {
    const equals = bytes.indexOf(EQUALS, start);
    if (equals < 0 || equals >= end) return this.#fail('has no name');
    const written = bytes.toString('latin1', start, equals);
    const match = this.#options.matches.find(bytes, start, end - start);
    const value = decodeText(bytes.subarray(equals + 1, end));
    return { name: this.#nameOf(written), value, isUnit: written === UNIT, match };
  }

  /** `written`: one character a byte. */
  #nameOf(written: string): Name {
    const kept = this.#names.get(written);
    if (kept) return kept;
    const stripped = this.#options.stripUnderscores && written.startsWith('_') ? written.slice(1) : written;
    const cased = this.#options.lowercase
      ? stripped.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase())
      : stripped;
    const name = this.#shared(decodeText(Buffer.from(cased, 'latin1')));
    this.#names.set(written, name);
    return name;
  }

  /** Without their underscores or capitals, two names may be the same. */
  #shared(key: string): Name {
    for (const name of this.#names.values()) if (name.key === key) return name;
    return { key, entry: 0 };
  }

  #fail(reason: string): undefined {
    this.#options.unreadable(reason, this.#file);
  }
}

function unpackZstd(packed: Buffer): Buffer | undefined {
  try {
    return zlib.zstdDecompressSync(packed, { maxOutputLength: MAX_FIELD_BYTES });
  } catch {
    return undefined;
  }
}

/** LZ4 with its length, u64, before it. */
function unpackSized(packed: Buffer): Buffer | undefined {
  if (packed.length < 8 || packed.readUInt32LE(4) !== 0) return undefined;
  const length = packed.readUInt32LE(0);
  return length > MAX_FIELD_BYTES || length > packed.length * 255 ? undefined : unpackLz4(packed.subarray(8), length);
}
