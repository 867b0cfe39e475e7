/**
 * Writes a whole number from 0 to 999,999,999 in decimal digits. Making a string of it first takes five times as long.
 * @returns where it ends; there must be room for nine bytes
 */
export function writeDigits(out: Uint8Array, at: number, value: number): number {
  let end = at + 1;
  for (let limit = 10; value >= limit; limit *= 10) end++;
  for (let i = end - 1, rest = value; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    out[i] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

/** Below this `writeDigits` writes it. */
export const DIGITS_LIMIT = 1_000_000_000;
