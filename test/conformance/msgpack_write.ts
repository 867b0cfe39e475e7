/**
 * Writes what the cases say is sent, as msgpack: `{"$ext": type, "$hex": ...}` is an extension value, `{"$hex": ...}` a bin
 * value, `{"$pack": [...], "gzip": true, "str": true}` entries side by side. Of its own, as the reader is.
 */
import zlib from 'node:zlib';

interface Special {
  $ext?: number;
  $hex?: string;
  $pack?: unknown[];
  gzip?: boolean;
  zstd?: boolean;
  str?: boolean;
}

export function packMsgpack(value: unknown): Buffer {
  if (value === null || value === undefined) return Buffer.from([0xc0]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
  if (typeof value === 'number') return packNumber(value);
  if (typeof value === 'string') return packText(Buffer.from(value));
  if (Array.isArray(value))
    return Buffer.concat([head([0x90, 15], undefined, 0xdc, value.length), ...value.map(packMsgpack)]);
  return packObject(value as Special);
}

function packObject(value: Special): Buffer {
  if (value.$ext !== undefined) return packExt(value.$ext, Buffer.from(value.$hex ?? '', 'hex'));
  if (value.$hex !== undefined) return packBin(Buffer.from(value.$hex, 'hex'));
  if (value.$pack) {
    const plain = Buffer.concat(value.$pack.map(packMsgpack));
    const bytes = value.gzip ? zlib.gzipSync(plain) : value.zstd ? zlib.zstdCompressSync(plain) : plain;
    return value.str ? packText(bytes) : packBin(bytes);
  }
  const entries = Object.entries(value);
  const parts = entries.flatMap(([key, one]) => [packMsgpack(key), packMsgpack(one)]);
  return Buffer.concat([head([0x80, 15], undefined, 0xde, entries.length), ...parts]);
}

function packNumber(value: number): Buffer {
  if (!Number.isInteger(value)) {
    const bytes = Buffer.alloc(9, 0xcb);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (value >= -32 && value < 128) return Buffer.from([value & 0xff]);
  const isShort = value >= 0 && value < 2 ** 32;
  const bytes = Buffer.alloc(isShort ? 5 : 9, isShort ? 0xce : value < 0 ? 0xd3 : 0xcf);
  if (isShort) bytes.writeUInt32BE(value, 1);
  else if (value < 0) bytes.writeBigInt64BE(BigInt(value), 1);
  else bytes.writeBigUInt64BE(BigInt(value), 1);
  return bytes;
}

const packText = (bytes: Buffer): Buffer => Buffer.concat([head([0xa0, 31], 0xd9, 0xda, bytes.length), bytes]);
const packBin = (bytes: Buffer): Buffer => Buffer.concat([head(undefined, 0xc4, 0xc5, bytes.length), bytes]);

function packExt(type: number, bytes: Buffer): Buffer {
  const fixed = [1, 2, 4, 8, 16].indexOf(bytes.length);
  const code = fixed < 0 ? [0xc7, bytes.length] : [0xd4 + fixed];
  return Buffer.concat([Buffer.from([...code, type & 0xff]), bytes]);
}

/** `short`: the type that holds the length itself, up to a limit; `bits8`, `bits16` and the one after it: with a length. */
function head(short: [number, number] | undefined, bits8: number | undefined, bits16: number, length: number): Buffer {
  if (short && length <= short[1]) return Buffer.from([short[0] | length]);
  if (bits8 !== undefined && length < 0x100) return Buffer.from([bits8, length]);
  if (length < 0x10000) return Buffer.from([bits16, length >> 8, length & 0xff]);
  const bytes = Buffer.alloc(5, bits16 + 1);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}
