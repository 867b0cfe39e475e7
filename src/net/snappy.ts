/**
 * Snappy's block format, compression only: what `Content-Encoding: snappy` means to log servers.
 *
 *     varint      length of the plain bytes
 *     then, over and over:
 *     LLLLLL 00   literal: the length less one (60, 61, 62: one, two, three bytes of length follow), then the bytes
 *     LLLLLL 10   copy: the length less one, then two bytes of offset, low byte first
 *
 * A table of 2^14 places remembers where four bytes were seen last; blocks of 64 KiB keep offsets within two bytes.
 *
 * Source: github.com/google/snappy/blob/main/format_description.txt
 */

const BLOCK = 1 << 16;
const TABLE_BITS = 14;
/** A copy holds no more than this. */
const LONGEST_COPY = 64;

export function snappyCompress(plain: Uint8Array): Buffer {
  // More than the worst case: a literal and a copy after it take at most two bytes more than what they stand for.
  const out = Buffer.allocUnsafe(32 + plain.length + Math.ceil(plain.length / 6));
  const view = new DataView(plain.buffer, plain.byteOffset, plain.length);
  let at = putVarint(out, plain.length);
  const table = new Int32Array(1 << TABLE_BITS);
  for (let start = 0; start < plain.length; start += BLOCK) {
    table.fill(-1);
    at = compressBlock(plain, view, start, Math.min(start + BLOCK, plain.length), table, out, at);
  }
  return out.subarray(0, at);
}

function compressBlock(
  plain: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  table: Int32Array,
  out: Buffer,
  position: number,
): number {
  let at = position;
  let literal = start;
  let i = start;
  while (i + 4 <= end) {
    const word = view.getUint32(i, true);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - TABLE_BITS);
    const seen = table[slot] as number;
    table[slot] = i;
    if (seen < 0 || view.getUint32(seen, true) !== word) {
      i++;
      continue;
    }
    let length = 4;
    while (i + length < end && plain[seen + length] === plain[i + length]) length++;
    at = putLiteral(out, at, plain, literal, i);
    at = putCopies(out, at, i - seen, length);
    i += length;
    literal = i;
  }
  return putLiteral(out, at, plain, literal, end);
}

function putVarint(out: Buffer, value: number): number {
  let at = 0;
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) out[at++] = (rest & 0x7f) | 0x80;
  out[at++] = rest;
  return at;
}

function putLiteral(out: Buffer, position: number, plain: Uint8Array, start: number, end: number): number {
  if (start === end) return position;
  let at = position;
  const length = end - start - 1;
  if (length < 60) out[at++] = length << 2;
  else {
    const bytes = length < 0x100 ? 1 : 2;
    out[at++] = (59 + bytes) << 2;
    at = out.writeUIntLE(length, at, bytes);
  }
  out.set(plain.subarray(start, end), at);
  return at + length + 1;
}

function putCopies(out: Buffer, position: number, offset: number, length: number): number {
  let at = position;
  for (let rest = length; rest > 0; ) {
    const part = Math.min(rest, LONGEST_COPY);
    out[at++] = ((part - 1) << 2) | 2;
    at = out.writeUInt16LE(offset, at);
    rest -= part;
  }
  return at;
}
