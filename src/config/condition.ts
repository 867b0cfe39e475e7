/**
 * Conditions of processors and routes (YAML): `op: and | or` and a list of rules, each a field, an op and a value.
 * A value without quotes that is a number is meant as one.
 */
import type { Condition, ConditionRule } from '../spec.ts';
import { type Diagnostics, guess } from './diagnostic.ts';
import type { Entry, Node, TextNode } from './tree.ts';

const OPS: readonly ConditionRule['op'][] = [
  'eq',
  'neq',
  'gt',
  'lt',
  'gte',
  'lte',
  'regex',
  'not_regex',
  'in',
  'not_in',
  'exists',
];
const ORDERED = new Set<ConditionRule['op']>(['gt', 'lt', 'gte', 'lte']);

/** @returns undefined after an error was reported. */
export function readCondition(entry: Entry, diagnostics: Diagnostics): Condition | undefined {
  const { value } = entry;
  if (value.kind !== 'map') {
    diagnostics.error(entry.place, "a condition must be a map with 'op' and 'rules'");
    return undefined;
  }
  const op = value.entries.find(({ key }) => key === 'op')?.value;
  const rules = value.entries.find(({ key }) => key === 'rules');
  for (const { key, written, place } of value.entries)
    if (key !== 'op' && key !== 'rules')
      diagnostics.warning(place, `a condition has no '${written}'${guess(key, ['op', 'rules'])}`);
  const word = op?.kind === 'text' ? op.text.toLowerCase() : 'and';
  if (word !== 'and' && word !== 'or') {
    diagnostics.error(op?.place ?? entry.place, `the op of a condition is 'and' or 'or', not '${word}'`);
    return undefined;
  }
  if (rules?.value.kind !== 'list' || rules.value.items.length === 0) {
    diagnostics.error(rules?.place ?? entry.place, "a condition needs 'rules': a list of field, op and value");
    return undefined;
  }
  const read = rules.value.items.map((item) => readRule(item, diagnostics));
  return read.includes(undefined) ? undefined : { op: word, rules: read as ConditionRule[] };
}

function readRule(item: Node, diagnostics: Diagnostics): ConditionRule | undefined {
  if (item.kind !== 'map') {
    diagnostics.error(item.place, 'a rule must be a map with field, op and value');
    return undefined;
  }
  const of = (key: string) => item.entries.find((entry) => entry.key === key)?.value;
  const field = of('field');
  const op = of('op');
  const value = of('value');
  if (field?.kind !== 'text' || field.text === '') {
    diagnostics.error(item.place, "this rule has no 'field'");
    return undefined;
  }
  const word = op?.kind === 'text' ? (op.text.toLowerCase() as ConditionRule['op']) : undefined;
  if (word === undefined || !OPS.includes(word)) {
    const written = op?.kind === 'text' ? op.text : '';
    diagnostics.error(
      op?.place ?? item.place,
      `'${written}' is no op of a rule${guess(written, OPS) || `; there are ${OPS.join(', ')}`}`,
    );
    return undefined;
  }
  const context = of('context');
  const inMetadata = context?.kind === 'text' && /^(metadata|otel_.*)$/i.test(context.text);
  const read = readValue(word, value, item, diagnostics);
  return read === undefined ? undefined : { field: field.text, op: word, value: read, inMetadata };
}

function readValue(
  op: ConditionRule['op'],
  value: Node | undefined,
  rule: Node,
  diagnostics: Diagnostics,
): ConditionRule['value'] | undefined {
  if (op === 'exists') return value?.kind === 'text' ? value.text : '';
  if (op === 'in' || op === 'not_in') {
    if (value?.kind === 'list' && value.items.every((item) => item.kind === 'text' && !isBare(item)))
      return value.items.map((item) => (item.kind === 'text' ? item.text : ''));
    diagnostics.error(value?.place ?? rule.place, `the value of '${op}' must be a list of texts, numbers in quotes`);
    return undefined;
  }
  if (value?.kind !== 'text') {
    diagnostics.error(value?.place ?? rule.place, `this rule needs a 'value' that is one text or number`);
    return undefined;
  }
  if (value.plain && /^(true|false)$/i.test(value.text)) {
    diagnostics.error(value.place, `a rule takes no boolean (nor does Fluent Bit's): write "${value.text}" in quotes`);
    return undefined;
  }
  const number = value.text.trim() === '' ? Number.NaN : Number(value.text);
  if (ORDERED.has(op)) {
    if (Number.isFinite(number)) return number;
    diagnostics.error(value.place, `'${value.text}' is no number, so nothing can be compared with it by '${op}'`);
    return undefined;
  }
  if (op === 'regex' || op === 'not_regex' || !value.plain) return value.text;
  return Number.isFinite(number) ? number : value.text;
}

/** A number or a boolean without quotes. */
function isBare(item: TextNode): boolean {
  return (
    item.plain && (/^(true|false)$/i.test(item.text) || (item.text.trim() !== '' && Number.isFinite(Number(item.text))))
  );
}
