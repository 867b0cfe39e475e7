/** Keys that are no text (odd_keys.ts), for where a text has to stand. */
import { decodeText } from './bytes.ts';
import { Float, type Value } from './event.ts';
import { decodeValue } from './msgpack_reader.ts';
import { isOddKey, oddKeyBytes } from './odd_keys.ts';

/** What such a key is; undefined for one that is a text. */
export function oddKeyValue(key: string): Value | undefined {
  const bytes = isOddKey(key) ? oddKeyBytes(key) : undefined;
  return bytes && decodeValue(bytes);
}

/** A key as text: 1 as `1`, nil as `null`, bytes as what they spell. */
export function keyText(key: string): string {
  const value = oddKeyValue(key);
  return value === undefined ? key : valueText(value);
}

function valueText(value: Value): string {
  if (value instanceof Uint8Array) return decodeText(Buffer.from(value));
  if (value instanceof Float) return String(value.value);
  if (value === null || typeof value !== 'object') return String(value);
  return Array.isArray(value) ? '[]' : '{}';
}
