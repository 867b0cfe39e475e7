/** Numbers in decimal digits, written straight into bytes. Making a string first takes five times as long. */

const ZERO = 0x30;
const POINT = 0x2e;

/**
 * Writes a whole number from 0 to 999,999,999 in decimal digits.
 * @returns where it ends; there must be room for nine bytes
 */
export function writeDigits(out: Uint8Array, at: number, value: number): number {
  let end = at + 1;
  for (let limit = 10; value >= limit; limit *= 10) end++;
  for (let i = end - 1, rest = value; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    out[i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

/** Below this `writeDigits` writes it. */
export const DIGITS_LIMIT = 1_000_000_000;

/**
 * The same for a fraction of at most three digits after the point, such as a duration in milliseconds: as `String` has it.
 * @returns where it ends, -1 for any other number; there must be room for ten bytes
 */
export function writeThousandths(out: Uint8Array, at: number, value: number): number {
  const thousandths = Math.round(value * 1000);
  // Doubles keep fifteen digits, so that no other text of so few digits stands for the same double.
  if (!(value > 0 && thousandths < DIGITS_LIMIT && thousandths / 1000 === value)) return -1;
  const whole = Math.floor(value);
  let end = writeDigits(out, at, whole);
  out[end++] = POINT;
  for (let rest = thousandths - whole * 1000, unit = 100; rest > 0; unit /= 10) {
    const digit = Math.floor(rest / unit);
    out[end++] = ZERO + digit;
    rest -= digit * unit;
  }
  return end;
}
