/**
 * The payload of a compressed message, in the thread pool. Both gzip and zstd may have several members or frames one
 * after the other, as Fluentd makes them when it appends to a chunk. Node reads all members of gzip, but of zstd only
 * the first frame; so frames are told apart here:
 *
 *     28 b5 2f fd | descriptor | window? | dictionary? | size? | block .. block | checksum?
 *     5x 2a 4d 18 | length, 4 bytes | to be skipped
 *
 * Source: RFC 8878, 3.1.
 */
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { ForwardError } from '../../src/net/forward_message.ts';

const gunzip = promisify(zlib.gunzip);
const unzstd = promisify(zlib.zstdDecompress);

/** `limitBytes`: how long it may become. Rejects with a ForwardError. */
export async function unpack(kind: 'gzip' | 'zstd', bytes: Buffer, limitBytes: number): Promise<Buffer> {
  try {
    if (kind === 'gzip') return await gunzip(bytes, { maxOutputLength: limitBytes });
    return await unpackFrames(bytes, limitBytes);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new ForwardError(`a compressed message becomes longer than buffer_max_size, ${limitBytes} bytes`);
    throw new ForwardError(`a compressed message cannot be read: ${message}`);
  }
}

async function unpackFrames(bytes: Buffer, limitBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let left = limitBytes;
  for (let at = 0; at < bytes.length; ) {
    const end = frameEnd(bytes, at);
    if (!isSkipped(bytes, at)) {
      // Node takes no limit below 1: then a byte too many is let through.
      const part = await unzstd(bytes.subarray(at, end), { maxOutputLength: Math.max(left, 1) });
      left -= part.length;
      parts.push(part);
    }
    at = end;
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

const isSkipped = (bytes: Buffer, at: number): boolean => bytes.readUInt32LE(at) >>> 4 === 0x184d2a5;

/** Where the frame that begins at `at` ends. @throws RangeError where the bytes end before. */
function frameEnd(bytes: Buffer, at: number): number {
  if (isSkipped(bytes, at)) return at + 8 + bytes.readUInt32LE(at + 4);
  const descriptor = bytes.readUInt8(at + 4);
  const isSingle = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  let next = at + 5 + (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes;
  for (let isLast = false; !isLast; ) {
    const block = bytes.readUIntLE(next, 3);
    isLast = (block & 1) === 1;
    // A block of type 1 is one byte that repeats.
    next += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3);
  }
  return next + ((descriptor & 4) === 0 ? 0 : 4);
}
