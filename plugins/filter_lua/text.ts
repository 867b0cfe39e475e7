/**
 * Texts of records and texts of Lua: the first are Unicode (with bytes that are no UTF-8 as lone surrogates), the second
 * hold one byte of UTF-8 in each character. Of ASCII, which is nearly all, both are the same.
 */
import { decodeText, encodeText } from '../../src/data/bytes.ts';

const NOT_ASCII = /[^\x00-\x7f]/;

export function bytesOf(text: string): string {
  return NOT_ASCII.test(text) ? encodeText(text).toString('latin1') : text;
}

export function textOf(bytes: string): string {
  return NOT_ASCII.test(bytes) ? decodeText(Buffer.from(bytes, 'latin1')) : bytes;
}
