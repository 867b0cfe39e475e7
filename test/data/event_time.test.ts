import t from 'tap';
import { doubleText } from '../../src/data/double_text.ts';
import { Float } from '../../src/data/event.ts';
import { DATE_FORMATS, dateJson, dateValue, nanoText, readDateFormat, secondsText } from '../../src/data/event_time.ts';
import fc from '../support/fast_check.ts';

const SECONDS = 1_767_225_601;
const NANOS = 123_456_789;

t.test('every format of a date, as JSON', async (t) => {
  const texts: Record<(typeof DATE_FORMATS)[number], string> = {
    double: '1767225601.123457',
    iso8601: '"2026-01-01T00:00:01.123456Z"',
    java_sql_timestamp: '"2026-01-01 00:00:01.123456"',
    epoch: '1767225601',
    epoch_ms: '1767225601123',
    epoch_ms_double: '1767225601123.457',
  };
  for (const format of DATE_FORMATS) t.equal(dateJson(format, SECONDS, NANOS), texts[format], format);
  t.equal(dateJson('double', SECONDS, 0), '1767225601.0');
  t.equal(dateJson('double', SECONDS, 100_000_000), '1767225601.1');
});

t.test('a whole double stays one as a value', async (t) => {
  t.same(dateValue('double', SECONDS, 0), new Float(SECONDS));
  t.equal(dateValue('double', SECONDS, 500_000_000), SECONDS + 0.5);
});

t.test('the date of one second does not stick to the next', async (t) => {
  t.equal(dateJson('iso8601', 0, 1000), '"1970-01-01T00:00:00.000001Z"');
  t.equal(dateJson('iso8601', 1, 0), '"1970-01-01T00:00:01.000000Z"');
  t.equal(dateJson('iso8601', -1, 999_999_999), '"1969-12-31T23:59:59.999999Z"');
  t.equal(dateJson('iso8601', 1e15, 0), '"1970-01-01T00:00:00.000000Z"', 'a year beyond all calendars');
});

t.test('times of the outputs stdout and file', async (t) => {
  t.equal(nanoText(SECONDS, 5), '1767225601.000000005');
  t.equal(secondsText(SECONDS, 250_000_000), '1767225601.250000');
});

t.test('names of formats in any case', async (t) => {
  t.equal(readDateFormat('ISO8601'), 'iso8601');
  t.equal(readDateFormat('unixtime'), undefined);
  t.equal(readDateFormat(undefined), undefined);
});

t.test('the fast way to a double gives what the general way gives', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1e9, max: 9_999_999_998 }),
      fc.integer({ min: 0, max: 999_999_999 }),
      (seconds, nanos) => {
        const double = seconds + nanos / 1e9;
        const tie = ((double - seconds) * 1e6) % 1 === 0.5;
        return tie || dateJson('double', seconds, nanos) === doubleText(double);
      },
    ),
    { numRuns: 5000 },
  );
});

t.test('a tie is rounded to even, as C does', async (t) => {
  t.equal(dateJson('double', 1_700_000_000, 7_812_500), '1700000000.007812');
  t.equal(dateJson('double', 1_700_000_000, 23_437_500), '1700000000.023438');
  t.equal(dateJson('double', 1_700_000_000, 999_999_999), '1700000001.0');
});
