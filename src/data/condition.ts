/**
 * The conditions of processors and YAML routes: rules on fields, joined by `and` or `or`.
 *
 * As Fluent Bit, every value is compared as text (5 and "5" are equal, null is "null", a missing field is ""), and for
 * gt, lt, gte, lte as the number at the start of that text (no number: 0). Bytes are the text they hold. A map or a list
 * has no text: every rule but `exists` fails. Unlike Fluent Bit 5.1, which compares with a whole number that stands
 * without quotes as if it were 0, such a number means itself here.
 */
import type { Condition, ConditionRule } from '../spec.ts';
import { compileAccessor, valueToText } from './accessor.ts';
import { isFields, type LogEvent, type Value } from './event.ts';
import { compileRegex, fits } from './regex.ts';

export type EventTest = (event: LogEvent) => boolean;

/** @throws OptionError where a field or a pattern cannot be read. */
export function compileCondition(condition: Condition): EventTest {
  const tests = condition.rules.map(compileRule);
  const [only] = tests;
  if (tests.length === 1 && only) return only;
  if (condition.op === 'or') return (event) => tests.some((test) => test(event));
  return (event) => tests.every((test) => test(event));
}

function compileRule(rule: ConditionRule): EventTest {
  const accessor = compileAccessor(rule.field);
  const test = compileTest(rule);
  const onValue = (value: Value | undefined): boolean => {
    if (value === undefined) return test(undefined);
    if (isFields(value) || Array.isArray(value)) return rule.op === 'exists';
    return test(value instanceof Uint8Array ? Buffer.from(value).toString() : valueToText(value));
  };
  if (rule.inMetadata) return (event) => onValue(accessor.get(event.metadata));
  return (event) => onValue(accessor.get(event.body));
}

type TextTest = (text: string | undefined) => boolean;

function compileTest(rule: ConditionRule): TextTest {
  const wanted = Array.isArray(rule.value) ? '' : String(rule.value);
  switch (rule.op) {
    case 'exists':
      return (text) => text !== undefined;
    case 'eq':
      return equals(rule.value);
    case 'neq': {
      const same = equals(rule.value);
      return (text) => !same(text);
    }
    case 'regex':
    case 'not_regex': {
      const regex = compileRegex(wanted);
      const positive = rule.op === 'regex';
      return (text = '') => fits(regex, text) === positive;
    }
    case 'in':
    case 'not_in': {
      const values = new Set((Array.isArray(rule.value) ? rule.value : [rule.value]).map(String));
      const positive = rule.op === 'in';
      return (text = '') => values.has(text) === positive;
    }
    default:
      return compare(rule.op, leadingNumber(wanted));
  }
}

function equals(value: ConditionRule['value']): TextTest {
  const wanted = Array.isArray(value) ? value.join(',') : String(value);
  if (typeof value !== 'number') return (text = '') => text === wanted;
  // 1.5 is the text 1.500000 in a record, so numbers are compared as numbers.
  return (text = '') => text === wanted || (text.trim() !== '' && Number(text) === value);
}

function compare(op: 'gt' | 'lt' | 'gte' | 'lte', limit: number): TextTest {
  switch (op) {
    case 'gt':
      return (text = '') => leadingNumber(text) > limit;
    case 'lt':
      return (text = '') => leadingNumber(text) < limit;
    case 'gte':
      return (text = '') => leadingNumber(text) >= limit;
    default:
      return (text = '') => leadingNumber(text) <= limit;
  }
}

/** As C's atof: the number at the start of the text, else 0. */
function leadingNumber(text: string): number {
  const value = Number.parseFloat(text);
  return Number.isNaN(value) ? 0 : value;
}
