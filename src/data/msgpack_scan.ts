/**
 * Walks over MessagePack without making values of it: how many whole events stand side by side in some bytes, and where
 * the last whole one ends. Nothing is allocated, nesting costs no stack, and no length that the bytes claim is believed
 * beyond what is there.
 *
 * Source: github.com/msgpack/msgpack/blob/master/spec.md
 */

/** Values nested deeper are not read, and written as nil: a hostile record must not overflow the stack. */
export const MAX_DEPTH = 512;

/** The bytes end within the value. */
export const INCOMPLETE = -1;
/** The byte C1, which means nothing, or not what has to stand here. */
export const INVALID = -2;

/** Extra bytes of the fixed types from C0 on: -1 has a length of its own, -2 does not exist. */
const FIXED = [0, -2, 0, 0, -1, -1, -1, -1, -1, -1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17];

/** How many values are left at each level of nesting. One for all calls: a walk never waits. */
const LEFT = new Float64Array(MAX_DEPTH + 2);

/**
 * @returns where the value that begins at `at` ends, or INCOMPLETE or INVALID, which is also said of values that are
 * nested deeper than the decoder takes.
 */
export function skipValue(bytes: Uint8Array, at: number): number {
  const end = bytes.length;
  let pending = 1;
  let next = at;
  let level = 0;
  LEFT[0] = 1;
  while (pending > 0) {
    while (LEFT[level] === 0) level--;
    LEFT[level] = (LEFT[level] as number) - 1;
    // Every value takes a byte at least: a count that cannot be met is found out at once.
    if (pending > end - next) return INCOMPLETE;
    const type = bytes[next++] as number;
    pending--;
    if (type < 0x80 || type >= 0xe0) continue;
    let inside = 0;
    if (type >= 0xa0 && type < 0xc0) next += type & 31;
    else if (type < 0x90) inside = (type & 15) * 2;
    else if (type < 0xa0) inside = type & 15;
    else {
      const width = lengthBytes(type);
      if (width === 0) {
        const fixed = FIXED[type - 0xc0] as number;
        if (fixed === -2) return INVALID;
        next += fixed;
      } else {
        if (next + width > end) return INCOMPLETE;
        const length = unsigned(bytes, next, width);
        next += width;
        if (type >= 0xde) inside = length * 2;
        else if (type >= 0xdc) inside = length;
        else next += length + (type >= 0xc7 && type <= 0xc9 ? 1 : 0);
      }
    }
    if (next > end) return INCOMPLETE;
    if (inside === 0) continue;
    if (++level > MAX_DEPTH) return INVALID;
    LEFT[level] = inside;
    pending += inside;
  }
  return next;
}

/** How many bytes of length stand after this type; 0: none. */
function lengthBytes(type: number): number {
  if (type >= 0xde) return type === 0xde ? 2 : 4;
  if (type >= 0xdc) return type === 0xdc ? 2 : 4;
  if (type >= 0xd9) return 1 << (type - 0xd9);
  if (type >= 0xc7) return type <= 0xc9 ? 1 << (type - 0xc7) : 0;
  return type >= 0xc4 ? 1 << (type - 0xc4) : 0;
}

function unsigned(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + (bytes[at + i] as number);
  return value;
}

export interface Scan {
  /** Whole events. */
  readonly count: number;
  /** Where the last of them ends. */
  readonly end: number;
  /** Whether all of them are `[[time, metadata], record]`. */
  readonly arePairs: boolean;
  /** Why the walk ended: all of it, within an event, or at something that is none. */
  readonly stop: 'end' | 'incomplete' | 'invalid';
}

/** Counts the events from the beginning of `bytes` on. */
export function scanEvents(bytes: Uint8Array): Scan {
  let count = 0;
  let at = 0;
  let arePairs = true;
  while (at < bytes.length) {
    const next = skipEvent(bytes, at);
    if (next < 0) return { count, end: at, arePairs, stop: next === INCOMPLETE ? 'incomplete' : 'invalid' };
    if (bytes[at + 1] !== 0x92 || bytes[at] !== 0x92) arePairs = false;
    at = next;
    count++;
  }
  return { count, end: at, arePairs, stop: 'end' };
}

/** An event is `[time, record]` or `[[time, metadata], record]`: see `msgpack.ts`. */
function skipEvent(bytes: Uint8Array, at: number): number {
  const items = arrayAt(bytes, at, 2);
  if (items < 0) return items;
  const isPair = isArray(bytes[items]);
  const time = isPair ? arrayAt(bytes, items, 2) : items;
  if (time < 0) return time;
  let next = skipValue(bytes, time);
  if (next >= 0 && !isTime(bytes, time)) return INVALID;
  if (next >= 0 && isPair) next = mapAt(bytes, next);
  return next < 0 ? next : mapAt(bytes, next);
}

/** @returns where the first item of an array of at least `count` begins. */
function arrayAt(bytes: Uint8Array, at: number, count: number): number {
  const type = bytes[at];
  if (type === undefined) return INCOMPLETE;
  if (type === (0x90 | count)) return at + 1;
  const width = type === 0xdc ? 2 : type === 0xdd ? 4 : 0;
  if (width === 0) return INVALID;
  if (at + 1 + width > bytes.length) return INCOMPLETE;
  return unsigned(bytes, at + 1, width) === count ? at + 1 + width : INVALID;
}

function mapAt(bytes: Uint8Array, at: number): number {
  const type = bytes[at];
  if (type === undefined) return INCOMPLETE;
  const isMap = (type >= 0x80 && type < 0x90) || type === 0xde || type === 0xdf;
  return isMap ? skipValue(bytes, at) : INVALID;
}

const isArray = (type: number | undefined): boolean =>
  type !== undefined && ((type >= 0x90 && type < 0xa0) || type === 0xdc || type === 0xdd);

/** A finite number, or an EventTime: the extension type 0 with eight bytes. */
function isTime(bytes: Uint8Array, at: number): boolean {
  const type = bytes[at] as number;
  if (type === 0xd7) return bytes[at + 1] === 0;
  if (type === 0xc7) return bytes[at + 1] === 8 && bytes[at + 2] === 0;
  if (type === 0xca || type === 0xcb) return isNumber(bytes, at + 1, type === 0xca ? 0x80 : 0xf0);
  return type < 0x80 || type >= 0xe0 || (type >= 0xcc && type <= 0xd3);
}

/** All bits of the exponent are set in what is no number; `low`: those of them in the second byte. */
function isNumber(bytes: Uint8Array, at: number, low: number): boolean {
  return ((bytes[at] as number) & 0x7f) !== 0x7f || ((bytes[at + 1] as number) & low) !== low;
}
