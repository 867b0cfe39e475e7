/**
 * Keys of maps that are no text. MessagePack has them (1, nil, true, bytes), objects here do not: such a key is a string
 * of the units U+DD00..U+DDFF, one for each byte of its MessagePack. So it comes out as it came in, keeps its place, and
 * is never taken for a text of the same look (1 and "1"). No other text holds these units, but for a JSON that was written
 * to: an escape of half a pair in that range.
 */
import { skipValue } from './msgpack_scan.ts';

const FIRST_UNIT = 0xdd00;

/** Cheap: for every key. */
export function isOddKey(key: string): boolean {
  const unit = key.charCodeAt(0);
  return unit >= FIRST_UNIT && unit <= 0xddff;
}

/** `bytes`: one value of MessagePack that is no str. */
export function oddKeyOf(bytes: Uint8Array): string {
  let key = '';
  for (const byte of bytes) key += String.fromCharCode(FIRST_UNIT + byte);
  return key;
}

/** The MessagePack of a key; undefined where it is a text after all. */
export function oddKeyBytes(key: string): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(key.length);
  for (let at = 0; at < key.length; at++) {
    const byte = key.charCodeAt(at) - FIRST_UNIT;
    if (byte < 0 || byte > 0xff) return undefined;
    bytes[at] = byte;
  }
  const type = bytes[0] as number;
  const isText = (type >= 0xa0 && type < 0xc0) || (type >= 0xd9 && type <= 0xdb);
  return !isText && skipValue(bytes, 0) === bytes.length ? bytes : undefined;
}
