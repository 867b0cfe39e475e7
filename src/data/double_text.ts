/** Doubles as C's printf and Fluent Bit's JSON write them. */

/** C's `%.<digits>g`, with two digits at least. */
export function generalText(value: number, digits: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf';
  if (Object.is(value, -0)) return '-0';
  return layOut(exponential(value, digits - 1), digits);
}

/** The mantissa of 16 digits, with its point. */
const SIXTEEN_DIGITS = 17;

/**
 * A fraction in JSON: `%.16g` as in Fluent Bit, but one that has at most 16 digits is printed with them, although C may
 * see others: 8.7 is not printed as 8.699999999999999 (which users report as an error: fluent/fluent-bit#6447).
 */
export function fractionText(value: number): string {
  // These have an exponent, and are as in C.
  if (isTiny(value)) return generalText(value, 16);
  const shortest = value.toExponential();
  const digits = shortest.indexOf('e') - (value < 0 ? 1 : 0);
  return withEnd(layOut(digits <= SIXTEEN_DIGITS ? shortest : exponential(value, 15), 16));
}

/** What was rounded to a whole number is still seen to be a double. */
function withEnd(text: string): string {
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** `-1.250e+1` as `%g` writes it, where `digits` says from when on the exponent stays. */
function layOut(text: string, digits: number): string {
  const [mantissa = '', power = ''] = text.split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < digits) return trimZeros(withPoint(mantissa, exponent));
  return `${trimZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** C's `%.<decimals>e`: where a double lies in the middle between two, C takes the even one and JavaScript the larger. */
function exponential(value: number, decimals: number): string {
  const text = value.toExponential(decimals);
  const middle = /^(-?\d\.\d*?[02468])50*(e.*)$/.exec(value.toExponential(100));
  return middle?.[1]?.length === text.indexOf('e') ? `${middle[1]}${middle[2]}` : text;
}

/** `-1.25` and 1: `-12.5`. */
function withPoint(mantissa: string, exponent: number): string {
  const [, sign = '', first = '', rest = ''] = /^(-?)(\d)\.?(\d*)$/.exec(mantissa) ?? [];
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${first}${rest}`;
  return `${sign}${first}${rest.slice(0, exponent)}.${rest.slice(exponent)}`;
}

function trimZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '').replace(/\.$/, '') : digits;
}

/** As Fluent Bit: whole ones that fit into 64 bits with all digits and a point (`1.0`), others with 16 digits (`1e-07`). */
export function doubleText(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 63) return withEnd(generalText(value, 16));
  if (Object.is(value, -0)) return '-0.0';
  return `${Number.isSafeInteger(value) ? value : BigInt(value)}.0`;
}

/** Whether it is so small that C writes an exponent where JavaScript would not, or another one. */
export function isTiny(value: number): boolean {
  return value < 1e-4 && value > -1e-4 && value !== 0;
}

/** C's `%f`: six digits after the point. */
export function fixedText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  // toFixed falls back to an exponent from 1e21 on; such a double is whole.
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}.000000`;
  if (Object.is(value, -0)) return '-0.000000';
  return isSeventh(value) ? evenText(value) : value.toFixed(6);
}

/** Whether it has seven digits after the point, so that it lies in the middle between two texts of six. */
function isSeventh(value: number): boolean {
  return Number.isInteger(value * 128) && !Number.isInteger(value * 64);
}

function evenText(value: number): string {
  const cut = value.toFixed(7).slice(0, -1);
  return Number(cut.at(-1)) % 2 === 0 ? cut : value.toFixed(6);
}
