/**
 * A small writer of journal files, for tests: entries are appended as journald does it, objects first, then the arrays
 * and the header that lead to them. It makes what the real tools make only by chance: several writers, damage, an
 * unfinished end, every compression. There are no hash tables; readers that search by them find nothing.
 *
 * Source: https://systemd.io/JOURNAL_FILE_FORMAT/.
 */
import crypto from 'node:crypto';
import fs from 'node:fs';
import zlib from 'node:zlib';
import { packLz4 } from './lz4_pack.ts';

export type Packing = 'plain' | 'zstd' | 'lz4' | 'xz';

/** `[name, value]`; the value may be bytes. */
export type WrittenField = readonly [string, string | Buffer];

export interface WrittenEntry {
  readonly fields: readonly WrittenField[];
  /** Microseconds. By itself a millisecond after the one before. */
  readonly realtime?: number;
  readonly monotonic?: number;
  readonly seqnum?: number;
  readonly bootId?: string;
}

export interface WriterOptions {
  readonly compact?: boolean;
  readonly packing?: Packing;
  readonly fileId?: string;
  readonly machineId?: string;
  readonly seqnumId?: string;
  readonly bootId?: string;
  /** The number of the first entry. */
  readonly seqnum?: number;
  readonly realtime?: number;
}

export const ONLINE = 1;
export const ARCHIVED = 2;
export const BOOT = '0123456789abcdef0123456789abcdef';
const HEADER = 272;
const PACKINGS: Record<Packing, number> = { plain: 0, xz: 1, lz4: 2, zstd: 4 };

/** Values of fewer bytes are not compressed. */
const COMPRESSED_FROM = 100;

interface EntryArray {
  offset: number;
  capacity: number;
  used: number;
}

export class JournalWriter {
  readonly fileId: string;
  readonly seqnumId: string;
  /** Of every entry: where its object lies. */
  readonly entryOffsets: number[] = [];
  readonly dataOffsets: number[] = [];
  state = ONLINE;
  seqnum: number;
  realtime: number;
  monotonic = 1_000_000;
  readonly #options: WriterOptions;
  readonly #compact: boolean;
  readonly #data = new Map<string, number>();
  #bytes = Buffer.alloc(64 * 1024);
  #end = HEADER;
  #tail = 0;
  #array: EntryArray | undefined;
  #firstArray = 0;

  constructor(options: WriterOptions = {}) {
    this.#options = options;
    this.#compact = options.compact ?? true;
    this.fileId = options.fileId ?? crypto.randomBytes(16).toString('hex');
    this.seqnumId = options.seqnumId ?? this.fileId;
    this.seqnum = options.seqnum ?? 1;
    this.realtime = options.realtime ?? 1_767_225_600_000_000;
  }

  get count(): number {
    return this.entryOffsets.length;
  }

  append(entry: WrittenEntry): this {
    const { realtime = this.realtime, monotonic = this.monotonic, seqnum = this.seqnum } = entry;
    const items = entry.fields.map(([name, value]) => this.#addData(name, value));
    const width = this.#compact ? 4 : 16;
    const at = this.#add(3, 0, 48 + items.length * width);
    this.#number(at + 16, seqnum);
    this.#number(at + 24, realtime);
    this.#number(at + 32, monotonic);
    this.#bytes.write(entry.bootId ?? this.#options.bootId ?? BOOT, at + 40, 'hex');
    this.#number(at + 56, seqnum * 1_000_003);
    for (const [i, item] of items.entries())
      if (this.#compact) this.#bytes.writeUInt32LE(item, at + 64 + i * 4);
      else this.#number(at + 64 + i * 16, item);
    // A data object names the first entry that has it.
    for (const item of items) if (this.#bytes.readUInt32LE(item + 40) === 0) this.#number(item + 40, at);
    this.#link(at);
    [this.seqnum, this.realtime, this.monotonic] = [seqnum + 1, realtime + 1000, monotonic + 1000];
    return this;
  }

  /** One entry for each text, as MESSAGE. */
  messages(...texts: string[]): this {
    for (const text of texts) this.append({ fields: [['MESSAGE', text]] });
    return this;
  }

  /** The whole file as it is now. */
  bytes(): Buffer {
    this.#header();
    return Buffer.from(this.#bytes.subarray(0, this.#end));
  }

  /** Writes the file, or what is new of it into the same file, without cutting it in between. */
  save(path: string): this {
    const fd = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
    const bytes = this.bytes();
    fs.writeSync(fd, bytes, HEADER, bytes.length - HEADER, HEADER);
    fs.writeSync(fd, bytes, 0, HEADER, 0);
    fs.closeSync(fd);
    return this;
  }

  #addData(name: string, value: string | Buffer): number {
    const payload = Buffer.concat([Buffer.from(`${name}=`), Buffer.from(value)]);
    const key = payload.toString('latin1');
    const known = this.#data.get(key);
    if (known !== undefined) {
      this.#number(known + 56, this.#bytes.readUInt32LE(known + 56) + 1);
      return known;
    }
    const packing = payload.length < COMPRESSED_FROM ? 'plain' : (this.#options.packing ?? 'plain');
    const packed = pack(payload, packing);
    const head = this.#compact ? 72 : 64;
    const at = this.#add(1, PACKINGS[packing], head - 16 + packed.length);
    this.#number(at + 56, 1);
    packed.copy(this.#bytes, at + head);
    this.#data.set(key, at);
    this.dataOffsets.push(at);
    return at;
  }

  /** Makes room for an object. @returns its offset */
  #add(type: number, flags: number, length: number): number {
    const at = Math.ceil(this.#end / 8) * 8;
    this.#end = at + 16 + length;
    while (this.#end + 8 > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], this.#bytes.length * 2);
    this.#bytes[at] = type;
    this.#bytes[at + 1] = flags;
    this.#number(at + 8, 16 + length);
    this.#tail = at;
    return at;
  }

  #link(entry: number): void {
    const width = this.#compact ? 4 : 8;
    if (!this.#array || this.#array.used === this.#array.capacity) {
      const capacity = Math.max(4, (this.#array?.capacity ?? 0) * 2);
      const offset = this.#add(6, 0, 8 + capacity * width);
      if (this.#array) this.#number(this.#array.offset + 16, offset);
      else this.#firstArray = offset;
      this.#array = { offset, capacity, used: 0 };
    }
    const at = this.#array.offset + 24 + this.#array.used++ * width;
    if (this.#compact) this.#bytes.writeUInt32LE(entry, at);
    else this.#number(at, entry);
    this.entryOffsets.push(entry);
  }

  #header(): void {
    const { machineId = '11112222333344445555666677778888', packing = 'plain' } = this.#options;
    const flags =
      (packing === 'xz' ? 1 : packing === 'lz4' ? 2 : packing === 'zstd' ? 8 : 0) | (this.#compact ? 16 : 0);
    this.#bytes.write('LPKSHHRH', 0, 'latin1');
    this.#bytes.writeUInt32LE(flags, 12);
    this.#bytes[16] = this.state;
    this.#bytes.write(this.fileId, 24, 'hex');
    this.#bytes.write(machineId, 40, 'hex');
    this.#bytes.write(this.#options.bootId ?? BOOT, 56, 'hex');
    this.#bytes.write(this.seqnumId, 72, 'hex');
    this.#number(88, HEADER);
    this.#number(96, this.#end - HEADER);
    this.#number(136, this.#tail);
    this.#number(144, this.count + this.#data.size + 1);
    this.#number(152, this.count);
    this.#number(160, this.seqnum - 1);
    this.#number(168, this.#options.seqnum ?? 1);
    this.#number(176, this.#firstArray);
  }

  #number(at: number, value: number): void {
    this.#bytes.writeBigUInt64LE(BigInt(value), at);
  }
}

function pack(payload: Buffer, packing: Packing): Buffer {
  if (packing === 'zstd') return zlib.zstdCompressSync(payload);
  if (packing !== 'lz4') return payload;
  const length = Buffer.alloc(8);
  length.writeUInt32LE(payload.length);
  return Buffer.concat([length, packLz4(payload)]);
}
