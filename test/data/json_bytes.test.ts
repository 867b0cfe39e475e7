import t from 'tap';
import { encodeText } from '../../src/data/bytes.ts';
import { type Fields, type LogEvent, NO_METADATA } from '../../src/data/event.ts';
import { DATE_FORMATS } from '../../src/data/event_time.ts';
import { EventsJson } from '../../src/data/json_bytes.ts';
import { compileEventJson, JSON_FORMATS, joinJson } from '../../src/data/json_lines.ts';
import fc from '../support/fast_check.ts';
import { body } from '../support/random_bodies.ts';

function eventOf(body: Fields, seconds = 0, nanos = 0): LogEvent {
  return { seconds, nanos, metadata: NO_METADATA, body };
}

const event = fc
  .tuple(body, fc.oneof(fc.constant(1_767_225_600), fc.integer({ min: -1e9, max: 1e10 })), fc.nat(999_999_999))
  .map(([fields, seconds, nanos]) => eventOf(fields, seconds, nanos));
const date = fc.record({
  key: fc.constantFrom(undefined, 'date', 'a "é"'),
  format: fc.constantFrom(...DATE_FORMATS),
});

t.test('the bytes are those of the text, however small the buffer is at first', async (t) => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 5 }),
      date,
      fc.constantFrom(...JSON_FORMATS),
      fc.boolean(),
      fc.nat(700),
      (events, date, format, escapeUnicode, size) => {
        const taken = new Set<Buffer>();
        const buffers = {
          take(bytes: number) {
            const buffer = Buffer.alloc(bytes, 0xaa);
            taken.add(buffer);
            return buffer;
          },
          give: (buffer: Buffer) => taken.delete(buffer),
        };
        const { buffer, bytes } = new EventsJson(format, date, escapeUnicode, buffers).write(events, size);
        const text = joinJson(format, events, compileEventJson(date, escapeUnicode));
        return encodeText(text).equals(bytes) && taken.size === 1 && taken.has(buffer);
      },
    ),
    {
      numRuns: 2000,
      examples: [
        // C would see a 16th digit of the fraction; the integer's many digits are what made us look.
        [
          [eventOf({ '': -8480.48279914529, ' ': -100000000000000000n })],
          { key: undefined, format: 'double' },
          'json',
          false,
          0,
        ],
      ],
    },
  );
  t.pass('any events');
});

t.test("a record's own key of the date wins, and an empty record has only its date", async (t) => {
  const buffers = { take: (bytes: number) => Buffer.alloc(bytes), give: () => undefined };
  const events = [{ date: 'own' }, {}].map((body) => ({ seconds: 5, nanos: 0, metadata: NO_METADATA, body }));
  const written = (key: string | undefined) =>
    Buffer.from(new EventsJson('json', { key, format: 'epoch' }, true, buffers).write(events, 0).bytes).toString();
  t.equal(written('date'), '[{"date":"own"},{"date":5}]');
  t.equal(written(undefined), '[{"date":"own"},{}]');
});
