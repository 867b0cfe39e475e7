/**
 * Numbers and texts as C's library converts them, where users see the result: strtoimax and atof, casts.
 */
import { Float, type Value } from './event.ts';

const MAX_INT64 = (1n << 63n) - 1n;
const MAX_UINT64 = (1n << 64n) - 1n;

/** As C's strtoimax: what the text begins with, held within 64 bits with a sign; no digits are 0. */
export function leadingInt64(text: string): bigint {
  const value = leadingInteger(text, 10);
  if (value > MAX_INT64) return MAX_INT64;
  return value < -MAX_INT64 - 1n ? -MAX_INT64 - 1n : value;
}

/** As C's strtoumax: the same without a sign, where a minus counts from 2^64 downwards. */
export function leadingUint64(text: string, base: 10 | 16): bigint {
  const value = leadingInteger(text, base);
  return value > MAX_UINT64 || value < -MAX_UINT64 ? MAX_UINT64 : BigInt.asUintN(64, value);
}

function leadingInteger(text: string, base: 10 | 16): bigint {
  const pattern = base === 10 ? /^[ \t-\r]*([+-]?)(\d+)/ : /^[ \t-\r]*([+-]?)(?:0x)?([0-9a-f]+)/i;
  const match = pattern.exec(text);
  if (!match) return 0n;
  const value = BigInt(base === 16 ? `0x${match[2]}` : (match[2] as string));
  return match[1] === '-' ? -value : value;
}

/** As C's atof: the number that the text begins with, else 0. */
export function leadingDouble(text: string): number {
  const special = /^[ \t-\r]*([+-]?)(?:(inf)|(nan)|0x([0-9a-f]+))/i.exec(text);
  if (!special) return Number.parseFloat(text) || 0;
  const [, sign, infinite, none, hex] = special;
  const value = infinite ? Number.POSITIVE_INFINITY : none ? Number.NaN : Number(`0x${hex}`);
  return sign === '-' ? -value : value;
}

/** An integer of 64 bits as records hold it. */
export function integerValue(value: bigint): Value {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** A double as records hold it. */
export function doubleValue(value: number): Value {
  return Number.isInteger(value) || !Number.isFinite(value) ? new Float(value) : value;
}

/** A cast in C from double to an integer: towards zero; what does not fit is what x86 makes of it. */
export function truncateToInt64(value: number): bigint {
  const whole = Math.trunc(value);
  if (Number.isFinite(whole) && whole >= -(2 ** 63) && whole < 2 ** 63) return BigInt(whole);
  return -(1n << 63n);
}
