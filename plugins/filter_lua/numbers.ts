/** Types, and numbers as Lua reads and prints them. */
import { numberOf } from './lexer.ts';
import { LuaTable, LuaThread, type LuaValue } from './table.ts';

export function typeName(value: LuaValue): string {
  switch (typeof value) {
    case 'undefined':
      return 'nil';
    case 'object':
      return value instanceof LuaTable ? 'table' : value instanceof LuaThread ? 'thread' : 'userdata';
    default:
      return typeof value;
  }
}

/** C's `%.14g`, in which Lua prints numbers. */
export function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e14) return Object.is(value, -0) ? '-0' : String(value);
  return generalText(value, 14, false);
}

/** C's `%g` with so many digits; `keepZeros` is its `#`. */
export function generalText(value: number, digits: number, keepZeros: boolean): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf';
  const places = Math.max(digits, 1);
  const exponent = value === 0 ? 0 : Number(value.toExponential(places - 1).split('e')[1]);
  const trim = (text: string) => (keepZeros || !text.includes('.') ? text : text.replace(/\.?0+$/, ''));
  const sign = Object.is(value, -0) ? '-' : '';
  if (exponent >= -4 && exponent < places) return sign + trim(value.toFixed(Math.min(100, places - 1 - exponent)));
  return sign + exponentText(value, places - 1, trim);
}

/** C's `%e`: at least two digits in the exponent. */
export function exponentText(value: number, digits: number, trim = (text: string) => text): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf';
  const [mantissa = '', exponent = '+0'] = value.toExponential(Math.min(digits, 100)).split('e');
  return `${trim(mantissa)}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

const NUMBER =
  /^[ \t\n\v\f\r]*([+-]?)((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|0[xX][0-9a-fA-F.]+(?:[pP][+-]?\d+)?)[ \t\n\v\f\r]*$/;

/** A number, or what a text says that is one; undefined for all else. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const match = NUMBER.exec(value);
  if (!match) return undefined;
  const number = numberOf(match[2] as string);
  return match[1] === '-' ? -number : number;
}

/** As `tonumber(text, base)`. */
export function toNumberInBase(text: string, base: number): number | undefined {
  const match = /^\s*(-?)(?:0[xX])?([0-9a-zA-Z]+)\s*$/.exec(
    base === 16 ? text : text.replace(/^(\s*-?)0[xX]/, '$10\u0001'),
  );
  let value = 0;
  for (const digit of match?.[2] ?? '') {
    const number = Number.parseInt(digit, 36);
    if (number >= base) return undefined;
    value = value * base + number;
  }
  return match ? (match[1] === '-' ? -value : value) : undefined;
}
