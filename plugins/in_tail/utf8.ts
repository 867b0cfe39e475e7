/**
 * Bytes that should be UTF-8 to strings. Bytes that are none stay: byte NN becomes the lone surrogate U+DCNN (Python's
 * "surrogateescape"), which the encoders of outputs turn back. In: a part of a buffer; out: a string of its own.
 *
 * What is valid is the Unicode Standard's table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
import { isUtf8 } from 'node:buffer';

/** Decodes `bytes[start, end)`. Fast where it is valid UTF-8. */
export function decodeUtf8(bytes: Buffer, start: number, end: number): string {
  return isUtf8(bytes.subarray(start, end)) ? bytes.toString('utf8', start, end) : decodeBroken(bytes, start, end);
}

function decodeBroken(bytes: Buffer, start: number, end: number): string {
  let text = '';
  let validFrom = start;
  let at = start;
  while (at < end) {
    const length = sequenceLength(bytes, at, end);
    if (length > 0) {
      at += length;
      continue;
    }
    if (at > validFrom) text += bytes.toString('utf8', validFrom, at);
    text += String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
    at++;
    validFrom = at;
  }
  return at > validFrom ? text + bytes.toString('utf8', validFrom, at) : text;
}

/** How many bytes the character at `at` has; 0 where there is no valid one. */
function sequenceLength(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > end) return 0;
  const second = bytes[at + 1] ?? 0;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let i = 2; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

/** The largest cut <= `end` that does not divide a character of `bytes` (from `start` on). */
export function cutBeforeCharacter(bytes: Buffer, start: number, end: number): number {
  for (let back = 1; back <= 3 && end - back >= start; back++) {
    const byte = bytes[end - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte < 0xc2 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte <= 0xf4 ? 4 : 1;
    return length > back ? end - back : end;
  }
  return end;
}
