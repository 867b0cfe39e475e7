/**
 * LZ4 blocks, unpacked. In: the compressed block; out: exactly as many bytes as its maker noted.
 *
 *     sequence: token (4 bits: number of literals, 4 bits: length of the match - 4), more length bytes while they are
 *     255, the literals, the match's distance u16 little-endian, more length bytes; the last one ends at its literals
 *
 * Source: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md.
 */

const MIN_MATCH = 4;

/** @returns undefined where the block is damaged. */
export function unpackLz4(block: Buffer, length: number): Buffer | undefined {
  const out = Buffer.allocUnsafe(length);
  let from = 0;
  let to = 0;
  while (from < block.length) {
    const token = block[from++] as number;
    let literals = token >> 4;
    for (let more = literals === 15 ? 255 : 0; more === 255; literals += more) more = block[from++] ?? 0;
    if (from + literals > block.length || to + literals > length) return undefined;
    block.copy(out, to, from, from + literals);
    from += literals;
    to += literals;
    if (from === block.length) break;
    const distance = (block[from] as number) | ((block[from + 1] ?? 0) << 8);
    from += 2;
    let match = token & 15;
    for (let more = match === 15 ? 255 : 0; more === 255; match += more) more = block[from++] ?? 0;
    match += MIN_MATCH;
    if (distance === 0 || distance > to || to + match > length) return undefined;
    if (distance >= match) out.copyWithin(to, to - distance, to - distance + match);
    else for (let i = 0; i < match; i++) out[to + i] = out[to + i - distance] as number;
    to += match;
  }
  return to === length ? out : undefined;
}
