import t from 'tap';
import { BodyBytes } from '../../src/data/body_bytes.ts';
import { BodyJson, type Edits } from '../../src/data/body_json.ts';
import type { Fields, Value } from '../../src/data/event.ts';
import fc from '../support/fast_check.ts';
import { body } from '../support/random_bodies.ts';

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
            const text = out.toString('utf8', 3, end);
            if (text !== json.text(fields)) return false;
            const own = nested ? Buffer.byteLength(JSON.parse(`"${text}"`) as string) : end - 3;
            if (bytes.extra !== end - 3 - own) return false;
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
