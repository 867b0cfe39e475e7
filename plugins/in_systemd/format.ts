/**
 * The journal's file format, as numbers: where things lie in a header and in the objects after it, and the header read.
 *
 *     header | object | object | ...          all little-endian, all at multiples of 8, offsets from the file's begin
 *
 *     object       type u8, flags u8, 6 unused, size u64 (with this head, without padding), then
 *     data         hash, next in hash chain, next of field, first entry, entry array, number of entries: 6 × u64;
 *                  compact files: 2 × u32 more; then `NAME=value`, compressed where a flag says so
 *     entry        seqnum, realtime µs, monotonic µs: 3 × u64, boot id 16, xor hash u64, then for each field the offset
 *                  of its data object: u64 and a u64 hash, or in compact files a u32
 *     entry array  next array u64, then offsets of entries: u64, in compact files u32; 0 where none is yet
 *
 * Source: https://systemd.io/JOURNAL_FILE_FORMAT/. Only one program writes a file, at its end, while others read it;
 * everything that is read may be damaged, and is checked where it is used.
 */

export const TYPE_DATA = 1;
export const TYPE_ENTRY = 3;
export const TYPE_ENTRY_ARRAY = 6;

/** Flags of a data object. */
export const XZ = 1;
export const LZ4 = 2;
export const ZSTD = 4;

export const OBJECT_BYTES = 16;
export const ENTRY_BYTES = 64;
export const ENTRY_ARRAY_BYTES = 24;
/** Where a data object keeps the number of entries that refer to it. */
export const DATA_COUNT_AT = 56;
export const dataBytes = (isCompact: boolean): number => (isCompact ? 72 : 64);

/** The header of the first versions; later ones are longer, and nothing here needs what they added. */
export const HEADER_BYTES = 208;

const SIGNATURE = 'LPKSHHRH';
/** XZ, LZ4, keyed hashes, ZSTD, compact. */
const KNOWN_FLAGS = 0b11111;
const COMPACT = 1 << 4;

export interface Header {
  readonly fileId: string;
  readonly seqnumId: string;
  readonly isCompact: boolean;
  /** Nothing is added to it any more. */
  readonly isArchived: boolean;
  readonly headerBytes: number;
  /** The last object that was begun; what lies before it is complete. */
  readonly tailObject: number;
  readonly entries: number;
  readonly tailSeqnum: number;
  readonly entryArray: number;
}

/** The reason why a file cannot be read. `isFinal`: it will not get better by waiting. */
export class FormatError extends Error {
  readonly isFinal: boolean;
  constructor(message: string, isFinal: boolean) {
    super(message);
    this.name = 'FormatError';
    this.isFinal = isFinal;
  }
}

const STATES = 3;

/** @throws FormatError */
export function readHeader(bytes: Buffer): Header {
  if (bytes.length < HEADER_BYTES) throw new FormatError('it is shorter than a header', false);
  if (bytes.toString('latin1', 0, 8) !== SIGNATURE) throw new FormatError('it does not begin as a journal', false);
  const flags = bytes.readUInt32LE(12);
  if ((flags & ~KNOWN_FLAGS) !== 0)
    throw new FormatError(`it has features that are not known here (flags ${(flags >>> 0).toString(16)})`, true);
  const state = bytes.readUInt8(16);
  const headerBytes = readUInt64(bytes, 88);
  if (state >= STATES || headerBytes < HEADER_BYTES || headerBytes % 8 !== 0)
    throw new FormatError('its header is damaged', false);
  return {
    fileId: bytes.toString('hex', 24, 40),
    seqnumId: bytes.toString('hex', 72, 88),
    isCompact: (flags & COMPACT) !== 0,
    isArchived: state === 2,
    headerBytes,
    tailObject: readUInt64(bytes, 136),
    entries: readUInt64(bytes, 152),
    tailSeqnum: readUInt64(bytes, 160),
    entryArray: readUInt64(bytes, 176),
  };
}

function readUInt64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}

/** A u64 as a number: exact below 2^53; more is only found in damaged files. */
export function getUint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}
