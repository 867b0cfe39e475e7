/**
 * LZ4 blocks, packed: simple and not very dense, for tests of the unpacker.
 *
 * Source: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md.
 */

/** The last bytes of a block are literals, as the format wants it. */
const LAST_LITERALS = 12;

export function packLz4(bytes: Buffer): Buffer {
  const out: Buffer[] = [];
  const seen = new Map<number, number>();
  let done = 0;
  for (let at = 0; at + LAST_LITERALS <= bytes.length; ) {
    const word = bytes.readUInt32LE(at);
    const before = seen.get(word);
    seen.set(word, at);
    if (before === undefined || at - before > 0xffff) {
      at++;
      continue;
    }
    let length = 4;
    while (at + length + 5 < bytes.length && bytes[before + length] === bytes[at + length]) length++;
    out.push(sequence(bytes.subarray(done, at), at - before, length));
    at += length;
    done = at;
  }
  out.push(sequence(bytes.subarray(done), 0, 0));
  return Buffer.concat(out);
}

function sequence(literals: Buffer, distance: number, match: number): Buffer {
  const extra = Math.max(match - 4, 0);
  const token = (Math.min(literals.length, 15) << 4) | Math.min(extra, 15);
  const head = Buffer.concat([Buffer.from([token]), more(literals.length), literals]);
  if (distance === 0) return head;
  return Buffer.concat([head, Buffer.from([distance & 0xff, distance >> 8]), more(extra)]);
}

function more(length: number): Buffer {
  if (length < 15) return Buffer.alloc(0);
  const left = length - 15;
  return Buffer.concat([Buffer.alloc(Math.floor(left / 255), 255), Buffer.from([left % 255])]);
}
