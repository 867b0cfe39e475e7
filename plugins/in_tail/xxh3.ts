/**
 * XXH3, 64 bits, seed 0, for inputs of 0 .. 32 bytes: the hash that Fluent Bit keeps in its tail database as
 * `offset_marker`. In: bytes; out: the hash as the signed 64-bit integer that SQLite stores.
 *
 * Source: the xxHash specification (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), XXH3 for short inputs. It runs
 * once a committed batch, never once a line, so that plain BigInt arithmetic is quick enough (about 3 µs).
 */

const MASK = 0xffff_ffff_ffff_ffffn;
const PRIME64_1 = 0x9e3779b185ebca87n;
const PRIME64_2 = 0xc2b2ae3d27d4eb4fn;
const PRIME64_3 = 0x165667b19e3779f9n;
const PRIME_MX1 = 0x165667919e3779f9n;
const PRIME_MX2 = 0x9fb21c651e98df25n;

/** The first 72 bytes of XXH3's default secret; short inputs use no more. */
const SECRET = Buffer.from(
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f' +
    'cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c3c2852bb91c300cb',
  'hex',
);
const secret64 = (at: number): bigint => SECRET.readBigUInt64LE(at);

/** @throws RangeError for more than 32 bytes. */
export function xxh3(bytes: Uint8Array): bigint {
  if (bytes.length > 32) throw new RangeError('xxh3 here takes at most 32 bytes');
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return BigInt.asIntN(64, hash(data));
}

function hash(data: Buffer): bigint {
  const length = data.length;
  if (length > 16) return hash17to32(data);
  if (length > 8) return hash9to16(data);
  if (length >= 4) return hash4to8(data);
  if (length > 0) return hash1to3(data);
  return avalanche64(secret64(56) ^ secret64(64));
}

function hash1to3(data: Buffer): bigint {
  const first = data[0] ?? 0;
  const middle = data[data.length >> 1] ?? 0;
  const last = data[data.length - 1] ?? 0;
  const combined = ((first << 16) | (middle << 24) | last | (data.length << 8)) >>> 0;
  return avalanche64(BigInt(combined) ^ BigInt((SECRET.readUInt32LE(0) ^ SECRET.readUInt32LE(4)) >>> 0));
}

function hash4to8(data: Buffer): bigint {
  const low = BigInt(data.readUInt32LE(0));
  const high = BigInt(data.readUInt32LE(data.length - 4));
  let h = (high + (low << 32n)) ^ secret64(8) ^ secret64(16);
  h ^= rotateLeft(h, 49n) ^ rotateLeft(h, 24n);
  h = (h * PRIME_MX2) & MASK;
  h ^= (h >> 35n) + BigInt(data.length);
  h = (h * PRIME_MX2) & MASK;
  return h ^ (h >> 28n);
}

function hash9to16(data: Buffer): bigint {
  const low = data.readBigUInt64LE(0) ^ secret64(24) ^ secret64(32);
  const high = data.readBigUInt64LE(data.length - 8) ^ secret64(40) ^ secret64(48);
  return avalanche(BigInt(data.length) + swap(low) + high + fold(low * high));
}

function hash17to32(data: Buffer): bigint {
  const end = data.length - 16;
  return avalanche(BigInt(data.length) * PRIME64_1 + mix16(data, 0, 0) + mix16(data, end, 16));
}

function mix16(data: Buffer, at: number, secretAt: number): bigint {
  const low = data.readBigUInt64LE(at) ^ secret64(secretAt);
  const high = data.readBigUInt64LE(at + 8) ^ secret64(secretAt + 8);
  return fold(low * high);
}

/** The two halves of a 128-bit product, joined. */
function fold(product: bigint): bigint {
  return (product & MASK) ^ (product >> 64n);
}

function swap(value: bigint): bigint {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64LE(value);
  return bytes.readBigUInt64BE();
}

function rotateLeft(value: bigint, by: bigint): bigint {
  return ((value << by) | (value >> (64n - by))) & MASK;
}

function avalanche(value: bigint): bigint {
  let h = value & MASK;
  h ^= h >> 37n;
  h = (h * PRIME_MX1) & MASK;
  return h ^ (h >> 32n);
}

function avalanche64(value: bigint): bigint {
  let h = value & MASK;
  h ^= h >> 33n;
  h = (h * PRIME64_2) & MASK;
  h ^= h >> 29n;
  h = (h * PRIME64_3) & MASK;
  return h ^ (h >> 32n);
}
