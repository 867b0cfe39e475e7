import fc from 'fast-check';
import t from 'tap';
import { BodyBytes } from '../../src/data/body_bytes.ts';
import { BodyJson, type Edits } from '../../src/data/body_json.ts';
import { Bin, Ext, type Fields, Float, setField, type Value } from '../../src/data/event.ts';

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
const body = fc.array(fc.tuple(fc.oneof(text, fc.constant('__proto__')), value), { maxLength: 6 }).map(fieldsOf);

function fieldsOf(pairs: readonly (readonly [string, Value])[]): Fields {
  const fields: Fields = {};
  for (const [key, inner] of pairs) setField(fields, key, inner);
  return fields;
}

t.test('the bytes are those of the text that BodyJson makes, of any body', async (t) => {
  for (const nested of [true, false])
    for (const escapeUnicode of [true, false]) {
      const bytes = new BodyBytes({ nested, escapeUnicode });
      const json = new BodyJson({ nested, escapeUnicode });
      const out = Buffer.alloc(1 << 16);
      fc.assert(
        fc.property(body, (fields) => {
          for (let round = 0; round < 2; round++) {
            const end = bytes.write(fields, out, 3);
            if (out.toString('utf8', 3, end) !== json.text(fields)) return false;
          }
          return true;
        }),
        { numRuns: 300 },
      );
    }
  t.pass('any body');
});

t.test('where there is no room it says so, and writes nothing behind the end', async (t) => {
  const bytes = new BodyBytes({ nested: true, escapeUnicode: true });
  fc.assert(
    fc.property(body, fc.nat(600), (fields, room) => {
      const out = Buffer.alloc(700, 0xaa);
      const end = bytes.write(fields, out.subarray(0, room), 0);
      const whole = Buffer.alloc(1 << 16);
      const length = bytes.write(fields, whole, 0);
      if (end < 0) return out.subarray(room).every((byte) => byte === 0xaa);
      return end === length && out.subarray(0, end).equals(whole.subarray(0, length));
    }),
    { numRuns: 300 },
  );
  t.equal(bytes.write({ a: 'x'.repeat(100) }, Buffer.alloc(200), 0), -1);
});

t.test('edits change or leave out the values of top-level keys', async (t) => {
  const edits: Edits = new Map<string, (value: Value) => Value | undefined>([
    ['secret', () => undefined],
    ['n', (number) => Number(number) + 1],
  ]);
  const bytes = new BodyBytes({ nested: false, escapeUnicode: true, edits });
  const out = Buffer.alloc(1000);
  const read = (fields: Fields) => out.toString('utf8', 0, bytes.write(fields, out, 0));
  t.equal(read({ secret: 1, n: 2, map: { secret: 'inner' } }), '{"n":3,"map":{"secret":"inner"}}');
  t.equal(read({ secret: 1 }), '{}');
});

t.test('a long text and a deep map are written too', async (t) => {
  const bytes = new BodyBytes({ nested: true, escapeUnicode: true });
  let deep: Value = 'end';
  for (let i = 0; i < 200; i++) deep = { a: deep };
  const fields = { long: 'x"é'.repeat(30_000), deep };
  const out = Buffer.alloc(1 << 21);
  const end = bytes.write(fields, out, 0);
  t.ok(out.toString('utf8', 0, end) === new BodyJson({ nested: true, escapeUnicode: true }).text(fields));
});
