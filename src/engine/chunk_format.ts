/**
 * The layout of a chunk file, Fluent Bit's own, so that either program delivers what the other left behind:
 *
 *     offset  bytes  what (integers big-endian)
 *     0       2      C1 00
 *     2       4      CRC32 (zlib's) of everything from byte 22 to the end of the content; 0 where none is kept
 *     6       4      0
 *     10      4      N, the length of the content; 0: up to the end of the file
 *     14      8      0
 *     22      2      M, the length of the metadata
 *     24      M      F1 77 TYPE FLAGS tag; without F1 77 (an old file) all of it is the tag
 *     24+M    N      the content: events in msgpack, side by side
 *
 * TYPE is 0 for logs. With FLAGS the chunk goes to named outputs only, and after the tag follow
 *
 *     00, u16 length of what follows, u16 number of routes, their output numbers (u16, with flag 4 u32 each),
 *     with flag 2 the lengths of the labels (u16 each, bit 15: the label is an Alias) and the labels,
 *     with flag 8 the lengths of the plugins' names (u16 each) and the names
 *
 * Source: github.com/fluent/fluent-bit, lib/chunkio and src/flb_input_chunk.c, and files that Fluent Bit 5.1.1 wrote.
 */
import zlib from 'node:zlib';
import { decodeText, encodeText } from '../data/bytes.ts';

export const HEAD_BYTES = 24;
/** Where the CRC begins, and what is rewritten when the content grows: CRC, four zeros, N. */
export const PATCH_AT = 2;
const CRC_FROM = 22;
const LOGS = 0;
const HAS_ROUTES = 1;
const HAS_LABELS = 2;
const WIDE_NUMBERS = 4;
const HAS_PLUGINS = 8;
const IS_ALIAS = 0x8000;

/** An output that a chunk goes to, whatever its Match says. */
export interface DirectRoute {
  /** The output's number among all. */
  readonly number: number;
  /** Its Alias or, where it has none, its name with the number. */
  readonly label: string;
  readonly isAlias: boolean;
  readonly plugin: string;
}

export interface ChunkHead {
  readonly tag: string;
  /** 0: logs. */
  readonly type: number;
  readonly routes: readonly DirectRoute[] | undefined;
  readonly contentAt: number;
  /** undefined: up to the end of the file. */
  readonly contentLength: number | undefined;
  readonly crc: number;
}

/** A file that is no chunk; the message says why. */
export class ChunkFormatError extends Error {}

/** The head of a new chunk file: everything before the content, with N 0. */
export function encodeHead(tag: string, routes?: readonly DirectRoute[]): Buffer {
  const metadata = encodeMetadata(tag, routes);
  const head = Buffer.alloc(HEAD_BYTES + metadata.length);
  head[0] = 0xc1;
  head.writeUInt16BE(metadata.length, CRC_FROM);
  metadata.copy(head, HEAD_BYTES);
  return head;
}

/** A whole file without metadata: what Fluent Bit makes of a chunk that an output refused. */
export function encodeRejected(content: Uint8Array, checked: boolean): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = 0xc1;
  const crc = checked ? zlib.crc32(content, checksumOfHead(head)) : 0;
  encodePatch(crc, content.length).copy(head, PATCH_AT);
  return Buffer.concat([head, content]);
}

function encodeMetadata(tag: string, routes: readonly DirectRoute[] | undefined): Buffer {
  const fixed = [0xf1, 0x77, LOGS, routes ? HAS_ROUTES | HAS_LABELS | HAS_PLUGINS : 0];
  const parts: Uint8Array[] = [Buffer.from(fixed), encodeText(tag)];
  if (routes) {
    const body = encodeRoutes(routes);
    parts.push(Buffer.from([0]), u16(body.length), body);
  }
  const metadata = Buffer.concat(parts);
  if (metadata.length > 0xffff)
    throw new ChunkFormatError('the tag and its routes are longer than a chunk file can hold');
  return metadata;
}

function encodeRoutes(routes: readonly DirectRoute[]): Buffer {
  const labels = routes.map(({ label }) => encodeText(label));
  const plugins = routes.map(({ plugin }) => encodeText(plugin));
  return Buffer.concat([
    u16(routes.length),
    ...routes.map(({ number }) => u16(number)),
    ...labels.map((label, i) => u16(label.length | (routes[i]?.isAlias ? IS_ALIAS : 0))),
    ...labels,
    ...plugins.map((plugin) => u16(plugin.length)),
    ...plugins,
  ]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** The twelve bytes from PATCH_AT on, once the content has this length. */
export function encodePatch(crc: number, contentLength: number): Buffer {
  const patch = Buffer.alloc(12);
  patch.writeUInt32BE(crc);
  patch.writeUInt32BE(contentLength, 8);
  return patch;
}

/** The CRC of a head that `encodeHead` made, to go on with by the content. */
export function checksumOfHead(head: Uint8Array): number {
  return zlib.crc32(head.subarray(CRC_FROM));
}

export function checksum(bytes: Uint8Array, before: number): number {
  return zlib.crc32(bytes, before);
}

/**
 * Reads the head out of a file's beginning, which holds all of the metadata.
 * @throws ChunkFormatError
 */
export function readHead(bytes: Buffer): ChunkHead {
  if (bytes.length < HEAD_BYTES) throw new ChunkFormatError(`it has ${bytes.length} bytes, less than a chunk's head`);
  if (bytes[0] !== 0xc1 || bytes[1] !== 0) throw new ChunkFormatError('it does not begin like a chunk (C1 00)');
  const contentAt = HEAD_BYTES + bytes.readUInt16BE(CRC_FROM);
  if (contentAt > bytes.length) throw new ChunkFormatError('it ends within its metadata');
  const length = bytes.readUInt32BE(10);
  const metadata = bytes.subarray(HEAD_BYTES, contentAt);
  return {
    ...readMetadata(metadata),
    contentAt,
    contentLength: length === 0 ? undefined : length,
    crc: bytes.readUInt32BE(2),
  };
}

function readMetadata(metadata: Buffer): Pick<ChunkHead, 'tag' | 'type' | 'routes'> {
  if (metadata[0] !== 0xf1 || metadata[1] !== 0x77) return { tag: decodeText(metadata), type: LOGS, routes: undefined };
  const type = metadata[2] ?? LOGS;
  const flags = metadata[3] ?? 0;
  const end = flags === 0 ? -1 : metadata.indexOf(0, 4);
  const tag = decodeText(metadata.subarray(4, end < 0 ? metadata.length : end));
  if (end < 0 || (flags & HAS_ROUTES) === 0) return { tag, type, routes: undefined };
  return { tag, type, routes: readRoutes(metadata.subarray(end + 3), flags) };
}

/** @throws ChunkFormatError where the routes end too early. */
function readRoutes(bytes: Buffer, flags: number): DirectRoute[] {
  try {
    let at = 2;
    const count = bytes.readUInt16BE(0);
    const width = flags & WIDE_NUMBERS ? 4 : 2;
    if (count * width > bytes.length) throw new RangeError();
    const numbers = Array.from({ length: count }, (_, i) => bytes.readUIntBE(at + i * width, width));
    at += count * width;
    const texts = (): { text: string; isAlias: boolean }[] => {
      const lengths = Array.from({ length: count }, (_, i) => bytes.readUInt16BE(at + i * 2));
      at += count * 2;
      return lengths.map((length) => {
        const from = at;
        at += length & ~IS_ALIAS;
        if (at > bytes.length) throw new RangeError();
        return { text: decodeText(bytes.subarray(from, at)), isAlias: (length & IS_ALIAS) !== 0 };
      });
    };
    const labels = flags & HAS_LABELS ? texts() : [];
    const plugins = flags & HAS_PLUGINS ? texts() : [];
    return numbers.map((number, i) => ({
      number,
      label: labels[i]?.text ?? '',
      isAlias: labels[i]?.isAlias ?? false,
      plugin: plugins[i]?.text ?? '',
    }));
  } catch (error) {
    if (error instanceof RangeError) throw new ChunkFormatError('the routes in its metadata end too early');
    throw error;
  }
}

/**
 * The content of a whole file. `checked`: whether the CRC must be right.
 * @throws ChunkFormatError
 */
export function readContent(bytes: Buffer, checked: boolean): { head: ChunkHead; content: Buffer } {
  const head = readHead(bytes);
  // Room that was set aside and never written to: an empty chunk.
  const whole = bytes[head.contentAt] === 0 ? head.contentAt : bytes.length;
  const end = head.contentLength === undefined ? whole : head.contentAt + head.contentLength;
  if (end > bytes.length)
    throw new ChunkFormatError(
      `its content should have ${head.contentLength} bytes and has ${bytes.length - head.contentAt}`,
    );
  if (checked && zlib.crc32(bytes.subarray(CRC_FROM, end)) !== head.crc)
    throw new ChunkFormatError('its checksum is wrong');
  return { head, content: bytes.subarray(head.contentAt, end) };
}
