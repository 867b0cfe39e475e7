/** Bodies with everything that a record can hold, for property-based tests of what writes and reads them. */

import { Bin, Ext, type Fields, Float, setField, type Value } from '../../src/data/event.ts';
import fc from './fast_check.ts';

const unit = fc.oneof(
  fc.constantFrom('"', '\\', '\n', '\u0000', '\u001f', '\u007f', 'é', '日', '😀', '\udc80', '\udcff', '\ud800', '/'),
  fc.string({ minLength: 1, maxLength: 3 }),
);
const text = fc.oneof(fc.string({ unit, maxLength: 80 }), fc.string({ maxLength: 60 }));
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.integer(),
    // Whole and infinite doubles are `Float`s everywhere.
    fc.double().map((number) => (Number.isInteger(number) || !Number.isFinite(number) ? new Float(number) : number)),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => new Float(Math.trunc(number))),
    fc.uint8Array({ maxLength: 5 }).map((bytes) => new Bin(bytes)),
    fc.uint8Array({ maxLength: 5 }).map((bytes) => new Ext(1, bytes)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map(fieldsOf),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((pairs) => Object.freeze(fieldsOf(pairs))),
  ),
}));
export const body = fc.array(fc.tuple(fc.oneof(text, fc.constant('__proto__')), value), { maxLength: 6 }).map(fieldsOf);

function fieldsOf(pairs: readonly (readonly [string, Value])[]): Fields {
  const fields: Fields = {};
  for (const [key, inner] of pairs) setField(fields, key, inner);
  return fields;
}
