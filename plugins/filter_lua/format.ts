/** `string.format`: C's printf, as far as Lua 5.1 and LuaJIT take it. */
import { integerArgument, numberArgument, textArgument } from './arguments.ts';
import { fail } from './errors.ts';
import { exponentText, generalText } from './numbers.ts';
import type { LuaValue } from './table.ts';

const DIRECTIVE = /%([-+ #0]*)(\d{0,2})(?:\.(\d{0,2}))?(.?)/gs;

interface Spec {
  readonly flags: string;
  readonly width: number;
  /** undefined where none is given. */
  readonly precision: number | undefined;
}

/** `show` is `tostring`, for `%s`. */
export function formatText(format: string, args: readonly LuaValue[], show: (value: LuaValue) => string): string {
  let at = 0;
  return format.replace(
    DIRECTIVE,
    (whole, flags: string, width: string, precision: string | undefined, kind: string) => {
      if (kind === '%') return '%';
      const spec = {
        flags,
        width: Number(width),
        precision: precision === undefined ? undefined : Number(precision),
      };
      if (at >= args.length) fail(`bad argument #${at + 2} to 'format' (no value)`);
      const value = args[at++];
      return directive(kind, spec, value, at + 1, show) ?? fail(`invalid option '${whole}' to 'format'`);
    },
  );
}

function directive(
  kind: string,
  spec: Spec,
  value: LuaValue,
  at: number,
  show: (value: LuaValue) => string,
): string | undefined {
  switch (kind) {
    case 's': {
      const text = show(value);
      return pad(spec.precision === undefined ? text : text.slice(0, spec.precision), spec, false);
    }
    case 'q':
      return quoted(textArgument(value, at, 'format'));
    case 'c':
      return pad(String.fromCharCode(integerArgument(value, at, 'format') & 0xff), spec, false);
    case 'd':
    case 'i':
      return signed(whole(numberArgument(value, at, 'format')), spec, 10);
    case 'u':
    case 'o':
    case 'x':
    case 'X':
      return unsigned(kind, whole(numberArgument(value, at, 'format')), spec);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      return float(kind, numberArgument(value, at, 'format'), spec);
    default:
      return undefined;
  }
}

/** As C casts a double to a 64-bit integer. */
function whole(value: number): bigint {
  return Number.isFinite(value) ? BigInt.asIntN(64, BigInt(Math.trunc(value))) : -(1n << 63n);
}

function signed(value: bigint, spec: Spec, base: number): string {
  const digits = (value < 0n ? -value : value).toString(base).padStart(spec.precision ?? 1, '0');
  return padNumber(signOf(value < 0n, spec.flags), digits, spec, spec.precision === undefined);
}

function unsigned(kind: string, value: bigint, spec: Spec): string {
  const base = kind === 'o' ? 8 : kind === 'u' ? 10 : 16;
  const digits = BigInt.asUintN(64, value)
    .toString(base)
    .padStart(spec.precision ?? 1, '0');
  const prefix = !spec.flags.includes('#') || value === 0n || kind === 'u' ? '' : kind === 'o' ? '0' : '0x';
  const text = padNumber(prefix, digits, spec, spec.precision === undefined);
  return kind === 'X' ? text.toUpperCase() : text;
}

function float(kind: string, value: number, spec: Spec): string {
  const negative = value < 0 || Object.is(value, -0);
  const size = Math.abs(value);
  const precision = spec.precision ?? 6;
  const lower = kind.toLowerCase();
  let digits: string;
  if (!Number.isFinite(value)) digits = Number.isNaN(value) ? 'nan' : 'inf';
  else if (lower === 'e') digits = exponentText(size, precision);
  else if (lower === 'f') digits = fixed(size, precision);
  else digits = generalText(size, precision, spec.flags.includes('#'));
  const text = padNumber(signOf(negative, spec.flags), digits, spec, Number.isFinite(value));
  return kind === lower ? text : text.toUpperCase();
}

/** `toFixed` writes an exponent from 1e21 on. */
function fixed(value: number, digits: number): string {
  if (value < 1e21) return value.toFixed(digits);
  return BigInt(value).toString() + (digits > 0 ? `.${'0'.repeat(digits)}` : '');
}

function signOf(negative: boolean, flags: string): string {
  if (negative) return '-';
  return flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
}

/** Zeros go between the sign and the digits. */
function padNumber(sign: string, digits: string, spec: Spec, zeros: boolean): string {
  if (zeros && spec.flags.includes('0') && !spec.flags.includes('-'))
    return sign + digits.padStart(spec.width - sign.length, '0');
  return pad(sign + digits, spec, false);
}

function pad(text: string, { flags, width }: Spec, zeros: boolean): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width, zeros ? '0' : ' ');
}

/** A text that Lua reads as the same text. */
function quoted(text: string): string {
  const inside = text.replace(/["\\\n\r\0]/g, (sign) =>
    sign === '\n' ? '\\\n' : sign === '\r' ? '\\r' : sign === '\0' ? '\\0' : `\\${sign}`,
  );
  return `"${inside}"`;
}
