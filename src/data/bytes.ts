/**
 * Text to bytes and back without loss: bytes that are no UTF-8 live in a string as lone low surrogates U+DC80..U+DCFF,
 * one a byte, and become those bytes again. Well-formed text, that is nearly all, goes through Node's own fast code.
 */
import { isUtf8 } from 'node:buffer';

/** The bytes of a text. Other lone surrogates become U+FFFD, as in Node. */
export function encodeText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const pieces: Buffer[] = [];
  let done = 0;
  for (const match of text.matchAll(ESCAPED)) {
    pieces.push(Buffer.from(text.slice(done, match.index), 'utf8'), escapedBytes(match[0]));
    done = match.index + match[0].length;
  }
  pieces.push(Buffer.from(text.slice(done), 'utf8'));
  return Buffer.concat(pieces);
}

/** Runs of escaped bytes. A low surrogate after a high one is half of a character, not a byte. */
const ESCAPED = /(?<![\ud800-\udbff])[\udc80-\udcff]+/g;

function escapedBytes(run: string): Buffer {
  const bytes = Buffer.allocUnsafe(run.length);
  for (let at = 0; at < run.length; at++) bytes[at] = run.charCodeAt(at) & 0xff;
  return bytes;
}

/** The text of bytes; those that are no UTF-8 are escaped. */
export function decodeText(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : decodeBroken(bytes);
}

function decodeBroken(bytes: Buffer): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length > 0) text += bytes.toString('utf8', at, at + length);
    else text += String.fromCharCode(0xdc00 + (bytes[at] as number));
    at += Math.max(length, 1);
  }
  return text;
}

/** How long the well-formed run of UTF-8 at `at` is: all ASCII that follows, or one character; 0 for a bad byte. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) {
    let end = at + 1;
    while (end < bytes.length && (bytes[end] as number) < 0x80) end++;
    return end - at;
  }
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  return length > 0 && at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}
