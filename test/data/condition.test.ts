import t from 'tap';
import { compileCondition } from '../../src/data/condition.ts';
import { type Fields, Float, NO_METADATA } from '../../src/data/event.ts';
import type { Condition, ConditionRule } from '../../src/spec.ts';
import { eventOf } from '../support/batch.ts';

type Op = ConditionRule['op'];

function met(op: Op, value: ConditionRule['value'], body: Fields, field = '$v'): boolean {
  return compileCondition({ op: 'and', rules: [{ field, op, value, inMetadata: false }] })({
    seconds: 0,
    nanos: 0,
    metadata: NO_METADATA,
    body,
  });
}

t.test('values are compared as text', async (t) => {
  t.ok(met('eq', 'a', { v: 'a' }));
  t.ok(met('eq', '5', { v: 5 }));
  t.ok(met('eq', 'true', { v: true }));
  t.ok(met('eq', 'null', { v: null }));
  t.notOk(met('eq', 'a', { v: 'b' }));
  t.ok(met('eq', 'é', { v: Buffer.from('é') }), 'bytes are the text they hold');
  t.notOk(met('eq', 'a', {}));
  t.ok(met('neq', 'a', {}));
  t.ok(met('neq', 'a', { v: 'b' }));
});

t.test('a number without quotes is compared as a number', async (t) => {
  t.ok(met('eq', 200, { v: 200 }));
  t.ok(met('eq', 200, { v: '200' }));
  t.ok(met('eq', 200, { v: new Float(200) }));
  t.ok(met('eq', 1.5, { v: 1.5 }));
  t.notOk(met('eq', 0, {}), 'a missing field is not 0');
  t.notOk(met('eq', 0, { v: '' }));
  t.ok(met('neq', 200, { v: 201 }));
  t.ok(met('gt', 100, { v: 150 }));
  t.notOk(met('gt', 100, { v: 50 }));
});

t.test('gt, lt, gte and lte read the number that a text begins with', async (t) => {
  t.ok(met('gt', 100.5, { v: '200 ms' }));
  t.notOk(met('gt', 100.5, { v: 100.5 }));
  t.ok(met('gte', 100.5, { v: 100.5 }));
  t.ok(met('lt', 1, { v: 'no number' }), 'no number is 0');
  t.ok(met('lte', 0, {}), 'a missing field is 0');
  t.notOk(met('lt', -1, { v: 0 }));
});

t.test('patterns and lists', async (t) => {
  t.ok(met('regex', '^/api', { v: '/api/x' }));
  t.notOk(met('regex', '^/api', {}));
  t.ok(met('not_regex', '^/api', {}));
  t.notOk(met('not_regex', '^/api', { v: '/api' }));
  t.ok(met('in', ['a', '5'], { v: 5 }));
  t.notOk(met('in', ['a'], {}));
  t.ok(met('not_in', ['a'], {}));
  t.notOk(met('not_in', ['a'], { v: 'a' }));
  t.ok(met('exists', true, { v: null }));
  t.notOk(met('exists', true, {}));
});

t.test('a map or a list meets no rule but exists', async (t) => {
  for (const v of [{}, { a: 1 }, [], ['a']]) {
    for (const op of ['eq', 'neq', 'regex', 'not_regex'] as const) t.notOk(met(op, 'a', { v }), op);
    for (const op of ['gt', 'lt', 'gte', 'lte'] as const) t.notOk(met(op, 0, { v }), op);
    for (const op of ['in', 'not_in'] as const) t.notOk(met(op, ['a'], { v }), op);
    t.ok(met('exists', true, { v }));
  }
});

t.test('rules are joined by and, or', async (t) => {
  const rule = (field: string, value: string): ConditionRule => ({ field, op: 'eq', value, inMetadata: false });
  const rules = [rule('$a', '1'), rule('$b', '2')];
  const check = (op: Condition['op'], body: Fields) =>
    compileCondition({ op, rules })({ seconds: 0, nanos: 0, metadata: NO_METADATA, body });
  t.ok(check('and', { a: 1, b: 2 }));
  t.notOk(check('and', { a: 1 }));
  t.ok(check('or', { b: 2 }));
  t.notOk(check('or', { a: 2, b: 1 }));
});

t.test('a field may be looked up in the metadata, or be a plain key', async (t) => {
  const rules: ConditionRule[] = [{ field: 'x.y', op: 'eq', value: 'm', inMetadata: true }];
  const test = compileCondition({ op: 'and', rules });
  t.ok(test({ seconds: 0, nanos: 0, metadata: { 'x.y': 'm' }, body: {} }));
  t.notOk(test({ seconds: 0, nanos: 0, metadata: {}, body: { 'x.y': 'm' } }));
});

t.test('a text too long for a pattern does not fit it', async (t) => {
  const long = eventOf({ a: 'ab'.repeat(8_000_000) });
  const test = (op: 'regex' | 'not_regex') =>
    compileCondition({ op: 'and', rules: [{ field: 'a', op, value: '(?:a|b)*c', inMetadata: false }] });
  t.notOk(test('regex')(long));
  t.ok(test('not_regex')(long));
});
