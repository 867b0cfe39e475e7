/** Doubles as C's printf and Fluent Bit's JSON write them. */

/** C's `%.<digits>g`. */
export function generalText(value: number, digits: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf';
  if (Object.is(value, -0)) return '-0';
  const scientific = value.toExponential(digits - 1);
  const exponent = value === 0 ? 0 : Number(scientific.split('e')[1]);
  if (exponent >= -4 && exponent < digits) return trimZeros(value.toPrecision(digits));
  const [mantissa = '', power = ''] = scientific.split('e');
  const sign = power.startsWith('-') ? '-' : '+';
  return `${trimZeros(mantissa)}e${sign}${power.replace(/^[+-]/, '').padStart(2, '0')}`;
}

function trimZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}

/** As Fluent Bit: whole ones that fit into 64 bits with all digits and a point (`1.0`), others with 16 digits (`1e-07`). */
export function doubleText(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 63) return generalText(value, 16);
  if (Object.is(value, -0)) return '-0.0';
  return `${Number.isSafeInteger(value) ? value : BigInt(value)}.0`;
}

/** Whether it is so small that C writes an exponent where JavaScript would not, or another one. */
export function isTiny(value: number): boolean {
  return value < 1e-4 && value > -1e-4 && value !== 0;
}
