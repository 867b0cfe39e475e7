/**
 * Comparisons of the `sql` processor. As Fluent Bit: values of different types are never equal nor ordered, except that
 * a string is read as the number it begins with where it is compared with one; a missing key fits nothing, not even
 * NULL (so `IS NOT NULL` and `!=` hold for it); strings are ordered by as many characters as the record's has.
 */
import { type Fields, Float, getField, type Value } from '../../src/data/event.ts';

export type Condition = (body: Fields) => boolean;
export type Literal = number | string | boolean;
export type Operator = '=' | '<' | '<=' | '>' | '>=';

/** A key alone: true, a number above 0, any string. */
export function truth(key: string): Condition {
  return (body) => {
    const value = getField(body, key);
    if (typeof value === 'boolean') return value;
    if (typeof value === 'number' || typeof value === 'bigint') return value > 0;
    return typeof value === 'string' || (value instanceof Float && value.value > 0);
  };
}

export function compare(key: string, operator: Operator, literal: Literal | null): Condition {
  const holds = HOLDS[operator];
  if (literal === null) return (body) => getField(body, key) === null;
  if (typeof literal === 'boolean') return (body) => operator === '=' && getField(body, key) === literal;
  if (typeof literal === 'number')
    return (body) => {
      const number = numberOf(getField(body, key));
      return number !== undefined && holds(number < literal ? -1 : number > literal ? 1 : 0);
    };
  if (operator === '=') return (body) => getField(body, key) === literal;
  return (body) => {
    const value = getField(body, key);
    if (typeof value !== 'string') return false;
    const other = literal.slice(0, value.length);
    return holds(value < other ? -1 : value > other ? 1 : 0);
  };
}

const HOLDS: Readonly<Record<Operator, (order: -1 | 0 | 1) => boolean>> = {
  '=': (order) => order === 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** With more than one dot a string is no number. */
const NUMBER = /^\s*[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?/i;

function numberOf(value: Value | undefined): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Float) return value.value;
  if (typeof value !== 'string' || value.split('.').length > 2) return undefined;
  const match = NUMBER.exec(value);
  if (!match) return undefined;
  // Without a dot it is an integer, and ends before an exponent.
  return value.includes('.') ? Number.parseFloat(match[0]) : Number.parseInt(match[0], 10);
}
