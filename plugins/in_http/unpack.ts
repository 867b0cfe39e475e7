/** Bodies as their Content-Encoding says: gzip, deflate, zstd, or several of them. In: bytes; out: bytes, within a limit. */
import { promisify } from 'node:util';
import zlib from 'node:zlib';

type Unpack = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const UNPACKERS: Readonly<Record<string, Unpack>> = {
  gzip: promisify(zlib.gunzip) as Unpack,
  'x-gzip': promisify(zlib.gunzip) as Unpack,
  deflate: promisify(zlib.inflate) as Unpack,
  zlib: promisify(zlib.inflate) as Unpack,
  zstd: promisify(zlib.zstdDecompress) as Unpack,
};

export type Unpacked = Buffer | 'unknown' | 'broken' | 'too large';

export async function unpack(body: Buffer, encodings: string | undefined, limitBytes: number): Promise<Unpacked> {
  let bytes = body;
  for (const name of (encodings ?? '').toLowerCase().split(',').reverse()) {
    const encoding = name.trim();
    if (encoding === '' || encoding === 'identity') continue;
    const unpacker = Object.hasOwn(UNPACKERS, encoding) ? UNPACKERS[encoding] : undefined;
    if (!unpacker) return 'unknown';
    try {
      bytes = await unpacker(bytes, { maxOutputLength: limitBytes });
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'broken';
    }
  }
  return bytes;
}
