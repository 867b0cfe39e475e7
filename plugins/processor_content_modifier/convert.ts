/**
 * Conversions between the types of values, as Fluent Bit's content_modifier makes them: a float becomes an integer by
 * rounding half away from zero and a text with 17 digits; a text becomes a number by what it begins with (else 0), and is
 * true only where it says so. Maps, lists and bytes cannot be converted. Pure.
 */
import { generalText } from '../../src/data/double_text.ts';
import { Float, type Value } from '../../src/data/event.ts';

/** undefined where there is no such conversion. */
export function convertValue(value: Value, type: 'string' | 'boolean' | 'int' | 'double'): Value | undefined {
  switch (type) {
    case 'string':
      return textOf(value);
    case 'boolean':
      return booleanOf(value);
    case 'int':
      return typeof value === 'string' ? integerFromText(value) : rounded(numberOf(value));
    default: {
      const number = typeof value === 'string' ? Number.parseFloat(value) || 0 : Number(numberOf(value) ?? Number.NaN);
      if (Number.isNaN(number)) return undefined;
      return Number.isInteger(number) || !Number.isFinite(number) ? new Float(number) : number;
    }
  }
}

/** The value as a text, or undefined for maps, lists and bytes. */
export function textOf(value: Value): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : generalText(value, 17);
  if (value instanceof Float) return generalText(value.value, 17);
  if (value === null || typeof value !== 'object') return String(value);
  return undefined;
}

function booleanOf(value: Value): boolean | undefined {
  if (typeof value === 'string') return value.toLowerCase() === 'true';
  const number = numberOf(value);
  return number === undefined ? undefined : Number(number) !== 0;
}

function numberOf(value: Value): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Float) return value.value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === null ? 0 : undefined;
}

const MAX_INT64 = (1n << 63n) - 1n;

/** As C's strtoimax; undefined where it does not fit into 64 bits. */
function integerFromText(text: string): Value | undefined {
  const match = /^\s*([+-]?)(\d+)/.exec(text);
  if (!match) return 0;
  const value = BigInt(match[2] as string) * (match[1] === '-' ? -1n : 1n);
  if (value > MAX_INT64 || value < -MAX_INT64 - 1n) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function rounded(value: number | bigint | undefined): Value | undefined {
  if (typeof value !== 'number') return value;
  const whole = Math.sign(value) * Math.round(Math.abs(value));
  if (Number.isSafeInteger(whole)) return whole + 0;
  if (!Number.isFinite(whole)) return undefined;
  const big = BigInt(whole);
  return big > MAX_INT64 || big < -MAX_INT64 - 1n ? undefined : big;
}
