/**
 * Text to bytes and back without loss: bytes that are no UTF-8 live in a string as lone low surrogates U+DC80..U+DCFF,
 * one a byte, and become those bytes again. Well-formed text, that is nearly all, goes through Node's own fast code.
 */
import { isUtf8 } from 'node:buffer';
import os from 'node:os';

/** The bytes of a text. Other lone surrogates become U+FFFD, as in Node. */
export function encodeText(text: string): Buffer {
  return text.isWellFormed() ? Buffer.from(text, 'utf8') : encodeEscaped(text);
}

/** Unit by unit; a unit takes three bytes at most, and a pair of them four. */
function encodeEscaped(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length * 3);
  let end = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const next = unit >= 0xd800 && unit <= 0xdbff ? text.charCodeAt(at + 1) : 0;
    if (next >= 0xdc00 && next <= 0xdfff) {
      end = putPoint(bytes, end, 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00));
      at++;
    } else if (unit >= 0xdc80 && unit <= 0xdcff) bytes[end++] = unit & 0xff;
    else end = putPoint(bytes, end, unit >= 0xd800 && unit <= 0xdfff ? 0xfffd : unit);
  }
  return bytes.subarray(0, end);
}

/** @returns where the bytes of the character end */
function putPoint(bytes: Buffer, start: number, point: number): number {
  let at = start;
  if (point < 0x80) bytes[at++] = point;
  else {
    if (point < 0x800) bytes[at++] = 0xc0 | (point >> 6);
    else {
      if (point < 0x10000) bytes[at++] = 0xe0 | (point >> 12);
      else {
        bytes[at++] = 0xf0 | (point >> 18);
        bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
      }
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
    }
    bytes[at++] = 0x80 | (point & 0x3f);
  }
  return at;
}

/** The text of bytes; those that are no UTF-8 are escaped. */
export function decodeText(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : decodeBroken(bytes);
}

/** Through UTF-16 in one buffer: pieces of text put together one by one would take 75 bytes a byte. */
function decodeBroken(bytes: Buffer): string {
  const units = new Uint16Array(bytes.length);
  let count = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    const point = length > 0 ? codePoint(bytes, at, length) : 0xdc00 + (bytes[at] as number);
    if (point > 0xffff) units[count++] = 0xd7c0 + (point >> 10);
    units[count++] = point > 0xffff ? 0xdc00 | (point & 0x3ff) : point;
    at += Math.max(length, 1);
  }
  if (os.endianness() === 'BE') Buffer.from(units.buffer).swap16();
  return Buffer.from(units.buffer, 0, count * 2).toString('utf16le');
}

/** How many bytes the character at `at` has; 0 for a bad byte. What is valid: the Unicode Standard, table 3-7. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > bytes.length) return 0;
  const second = bytes[at + 1] as number;
  if (second < (first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80)) return 0;
  if (second > (first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf)) return 0;
  for (let i = 2; i < length; i++) if (((bytes[at + i] as number) & 0xc0) !== 0x80) return 0;
  return length;
}

function codePoint(bytes: Buffer, at: number, length: number): number {
  let point = (bytes[at] as number) & (length === 1 ? 0x7f : 0x7f >> length);
  for (let i = 1; i < length; i++) point = (point << 6) | ((bytes[at + i] as number) & 0x3f);
  return point;
}
