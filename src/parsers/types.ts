/** Types: what the values of a regex, ltsv or logfmt parser become (`status:integer ratio:float ok:bool`). */
import { Float, type Value } from '../data/event.ts';

export type Convert = (text: string) => Value;

const UINT64_MAX = 2n ** 64n - 1n;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

const narrow = (value: bigint): Value =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;

/** The leading number, else 0; beyond 64 bits the nearest that fits. */
function toInteger(text: string): Value {
  const digits = /^\s*([+-]?\d+)/.exec(text)?.[1];
  if (digits === undefined) return 0;
  if (digits.length < 15) return Number(digits);
  const value = BigInt(digits.replace('+', ''));
  return narrow(value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : value);
}

/** As C's strtoull with base 16: a sign wraps around, and what is too large is the largest. */
function toHex(text: string): Value {
  const match = /^\s*([+-]?)(?:0[xX])?([0-9a-fA-F]+)/.exec(text);
  if (!match) return 0;
  const value = BigInt(`0x${match[2]}`);
  if (value > UINT64_MAX) return UINT64_MAX;
  return narrow(match[1] === '-' && value > 0n ? UINT64_MAX + 1n - value : value);
}

function toFloat(text: string): Value {
  const value = Number.parseFloat(text);
  if (Number.isNaN(value)) return new Float(0);
  return Number.isInteger(value) ? new Float(value) : value;
}

function toBoolean(text: string): Value {
  const word = text.slice(0, 5).toLowerCase();
  return word.startsWith('true') ? true : word === 'false' ? false : text;
}

const CONVERTERS: Readonly<Record<string, Convert>> = {
  integer: toInteger,
  float: toFloat,
  bool: toBoolean,
  hex: toHex,
};

/**
 * Keys whose type is string, or one that is unknown (`int`), stay text and are not in the map. As Fluent Bit: the key ends
 * at the first colon, and of two types of a key the first counts.
 */
export function compileTypes(text: string | undefined): ReadonlyMap<string, Convert> {
  const types = new Map<string, Convert>();
  const named = new Set<string>();
  for (const word of wordsOf(text)) {
    const at = word.indexOf(':');
    const key = word.slice(0, at);
    if (at < 0 || named.has(key)) continue;
    named.add(key);
    const type = word.slice(at + 1).toLowerCase();
    if (Object.hasOwn(CONVERTERS, type)) types.set(key, CONVERTERS[type] as Convert);
  }
  return types;
}

/** Whether there are types at all, whatever they are. */
export function hasTypes(text: string | undefined): boolean {
  return wordsOf(text).length > 0;
}

function wordsOf(text: string | undefined): string[] {
  return (text ?? '').split(' ').filter((word) => word !== '');
}
