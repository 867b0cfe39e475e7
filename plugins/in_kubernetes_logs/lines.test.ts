import t from 'tap';
import { encodeText } from '../../src/data/bytes.ts';
import fc from '../../test/support/fast_check.ts';
import { LineReader } from './lines.ts';
import { StampReader } from './stamp.ts';

const STAMP = '2026-01-02T03:04:05.123456789Z';
const SECONDS = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;

/** What comes of bytes that arrive in these pieces; parts of a long line joined with |. */
function read(pieces: readonly Buffer[], limit = 2048): string[] {
  const lines: string[] = [];
  let long = '';
  const reader = new LineReader(
    {
      line: (seconds, nanos, text, start, end) => lines.push(`${seconds}.${nanos} ${text.slice(start, end)}`),
      piece: (_seconds, _nanos, bytes, _offset, isLast) => {
        long += bytes.toString() + (isLast ? '' : '|');
        if (!isLast) return;
        lines.push(long);
        long = '';
      },
      stray: (text) => lines.push(`stray ${text}`),
    },
    limit,
  );
  for (const piece of pieces) reader.push(piece);
  reader.end();
  return lines;
}

const bytes = (text: string) => Buffer.from(text);

t.test('a line is its time and its text', async (t) => {
  t.same(read([bytes(`${STAMP} hello\n${STAMP} \n${STAMP} a  b \n`)]), [
    `${SECONDS}.123456789 hello`,
    `${SECONDS}.123456789 `,
    `${SECONDS}.123456789 a  b `,
  ]);
});

t.test('a time may have fewer digits, and the zone of its node', async (t) => {
  const stamp = new StampReader();
  const at = (text: string) => {
    const end = stamp.read(text, 0, text.length);
    return end < 0 ? undefined : [stamp.seconds - SECONDS, stamp.nanos, text.slice(end)];
  };
  t.same(at('2026-01-02T03:04:05Z x'), [0, 0, 'x']);
  t.same(at('2026-01-02T03:04:05.5Z x'), [0, 500_000_000, 'x']);
  t.same(at('2026-01-02T04:34:05.000000001+01:30 x'), [0, 1, 'x']);
  t.same(at('2026-01-01T20:04:05.000000001-07:00 x'), [0, 1, 'x']);
  t.same(at('2026-01-02T03:04:05Z'), [0, 0, '']);
  for (const text of [
    '',
    'hello',
    '2026-01-02 03:04:05Z x',
    '2026-99-02T03:04:05Z x',
    '2026-01-02T03:04:05 x',
    '2026-01-02T03:04:05Zx',
  ])
    t.equal(at(text), undefined, text);
});

t.test('bytes cut anywhere give the same lines', async () => {
  const texts = fc.array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.string({ maxLength: 3000 })), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { maxLength: 12 }), (lines, cuts) => {
      const clean = lines.map((line) => line.replaceAll('\n', ' '));
      const all = Buffer.concat(
        clean.map((line) => Buffer.concat([bytes(`${STAMP} `), encodeText(line), bytes('\n')])),
      );
      const places = [...cuts.map((cut) => cut % (all.length + 1)), all.length].sort((a, b) => a - b);
      const pieces = places.map((to, i) => all.subarray(places[i - 1] ?? 0, to));
      const whole = read([all]);
      const cut = read(pieces);
      return whole.length === clean.length && whole.every((line, i) => line === cut[i]);
    }),
  );
});

t.test('a long line comes in parts of the limit, not cut within a character', async (t) => {
  const text = 'äöü€'.repeat(1000);
  const [line = ''] = read([bytes(`${STAMP} ${text}\n`)]);
  const parts = line.split('|');
  t.equal(parts.join(''), text);
  t.ok(parts.every((part) => Buffer.byteLength(part) <= 2048));
  t.equal(parts.length, 5);
});

t.test('a line without a time is given out apart, and one without an end at the end', async (t) => {
  t.same(read([bytes(`unable to retrieve container logs\n\n${STAMP} half`)]), [
    'stray unable to retrieve container logs',
    `${SECONDS}.123456789 half`,
  ]);
});

t.test('bytes that are no UTF-8 stay', async (t) => {
  const line = Buffer.concat([bytes(`${STAMP} a`), Buffer.from([0xff, 0xfe]), bytes('b\n')]);
  t.same(read([Buffer.concat([line, bytes(`${STAMP} ok\n`)])]), [
    `${SECONDS}.123456789 a\udcff\udcfeb`,
    `${SECONDS}.123456789 ok`,
  ]);
});

t.test('after a reset nothing is left of a line that was cut', async (t) => {
  const lines: string[] = [];
  const reader = new LineReader(
    { line: (_s, _n, text, start, end) => lines.push(text.slice(start, end)), piece: () => {}, stray: () => {} },
    2048,
  );
  reader.push(bytes(`${STAMP} half a li`));
  t.ok(reader.heldBytes > 0);
  reader.reset();
  reader.push(bytes(`${STAMP} whole\n`));
  t.same(lines, ['whole']);
});
