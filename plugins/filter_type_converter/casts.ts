/**
 * The conversions of `type_converter`, as Fluent Bit makes them: a string gives the number it begins with (0 counts as
 * no number, except for float), integers wrap around within 64 bits, a float loses its fraction towards zero and prints
 * with 16 digits. undefined: it cannot be converted.
 */
import {
  doubleValue,
  integerValue,
  leadingDouble,
  leadingInt64,
  leadingUint64,
  truncateToInt64,
} from '../../src/data/c_number.ts';
import { doubleText } from '../../src/data/double_text.ts';
import { Float, type Value } from '../../src/data/event.ts';

export type Source = 'string' | 'int' | 'uint' | 'float';
type Target = 'int' | 'uint' | 'float' | 'hex' | 'string' | 'bool';
export type Cast = (value: Value) => Value | undefined;

const TARGETS: readonly Target[] = ['int', 'uint', 'float', 'hex', 'string', 'bool'];

/** `type` may be the beginning of a type's name, as in Fluent Bit: `str`. undefined where it is none. */
export function compileCast(source: Source, type: string): Cast | undefined {
  const word = type.toLowerCase();
  const target = word === '' ? undefined : TARGETS.find((name) => name.startsWith(word));
  if (target === undefined) return undefined;
  switch (source) {
    case 'string':
      return (value) => (typeof value === 'string' ? fromString(value, target) : undefined);
    case 'int':
      return target === 'int' ? never : integers((value) => BigInt.asIntN(64, value), target);
    case 'uint':
      return target === 'uint' ? never : integers((value) => BigInt.asUintN(64, value), target);
    default:
      return floats(target);
  }
}

/** As Fluent Bit: a type is not converted to itself. */
const never: Cast = () => undefined;

function fromString(text: string, target: Target): Value | undefined {
  switch (target) {
    case 'int':
      return integerValue(leadingInt64(text)) || undefined;
    case 'uint':
      return integerValue(leadingUint64(text, 10)) || undefined;
    case 'hex':
      return integerValue(leadingUint64(text, 16)) || undefined;
    case 'float':
      return doubleValue(leadingDouble(text));
    case 'bool':
      return /^true/i.test(text) ? true : /^false/i.test(text) ? false : undefined;
    default:
      return undefined;
  }
}

function integers(wrap: (value: bigint) => bigint, target: Target): Cast {
  return (value) => {
    const isInteger = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
    if (!isInteger) return undefined;
    const integer = wrap(BigInt(value));
    switch (target) {
      case 'string':
        return String(integer);
      case 'float':
        return doubleValue(Number(integer));
      case 'int':
        return integerValue(BigInt.asIntN(64, integer));
      case 'uint':
        return integerValue(BigInt.asUintN(64, integer));
      default:
        return undefined;
    }
  };
}

function floats(target: Target): Cast {
  return (value) => {
    if (!(value instanceof Float) && (typeof value !== 'number' || Number.isInteger(value))) return undefined;
    const double = Number(value);
    switch (target) {
      case 'string':
        return doubleText(double);
      case 'int':
        return integerValue(truncateToInt64(double));
      case 'uint':
        return integerValue(BigInt.asUintN(64, truncateToInt64(double)));
      default:
        return undefined;
    }
  };
}
