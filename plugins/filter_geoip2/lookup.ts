/**
 * Look-ups in a database of MaxMind (GeoIP2, GeoLite2 and their like), over the package maxmind. A value found becomes
 * one of a record: doubles stay doubles, also whole ones; maps, lists and 128-bit integers become null, as Fluent Bit
 * has it.
 *
 * Source: maxmind.github.io/MaxMind-DB
 */

import { integerValue } from '../../src/data/c_number.ts';
import { Float, type Value } from '../../src/data/event.ts';

/** The value at a path within what is known of an address; null where there is none. */
export type Lookup = (address: string, path: readonly string[]) => Value;

/** Loads the whole file into memory. @throws where it cannot be read or is no database. */
export async function openDatabase(file: string): Promise<Lookup> {
  const { open, validate } = await import('maxmind');
  const reader = await open<never>(file, { cache: { max: 10_000 } });
  keepWholeDoubles(reader);
  return (address, path) => (validate(address) ? valueAt(reader.get(address), path) : null);
}

interface Decoder {
  decodeDouble?: (offset: number) => unknown;
  decodeFloat?: (offset: number) => unknown;
}

/** The package gives 52.0 as 52; its decoder is told to give a `Float`. Without that (in another version) it is 52. */
function keepWholeDoubles(reader: object): void {
  const { decoder } = reader as { decoder?: Decoder };
  for (const name of ['decodeDouble', 'decodeFloat'] as const) {
    const decode = decoder?.[name];
    if (!decoder || typeof decode !== 'function') continue;
    decoder[name] = (offset) => {
      const value = decode.call(decoder, offset);
      return typeof value === 'number' && Number.isInteger(value) ? new Float(value) : value;
    };
  }
}

function valueAt(entry: unknown, path: readonly string[]): Value {
  let value: unknown = entry;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return null;
    value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
  return asValue(value);
}

const MAX_UINT64 = (1n << 64n) - 1n;

function asValue(value: unknown): Value {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return value > MAX_UINT64 ? null : integerValue(value);
    default:
      if (value instanceof Float) return value;
      return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : null;
  }
}
