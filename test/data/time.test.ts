import t from 'tap';
import { compileTimeFormat, formatTime, type TimeOptions } from '../../src/data/time.ts';
import { OptionError } from '../../src/options.ts';
import fc from '../support/fast_check.ts';

const NOW = Date.UTC(2026, 10, 21, 3, 4, 5) / 1000;
const PLAIN: TimeOptions = { offsetSeconds: 0, systemTimezone: false, strict: true, now: () => NOW };

function read(format: string, text: string, options: Partial<TimeOptions> = {}): string | undefined {
  const reader = compileTimeFormat(format, { ...PLAIN, ...options });
  if (!reader.read(text)) return undefined;
  return `${new Date(reader.seconds * 1000).toISOString().slice(0, 19)}.${String(reader.nanos).padStart(9, '0')}`;
}

t.test('fractions are kept to the nanosecond and need a digit', (t) => {
  const format = '%Y-%m-%dT%H:%M:%S.%L';
  t.equal(read(format, '2024-03-01T12:00:00.1'), '2024-03-01T12:00:00.100000000');
  t.equal(read(format, '2024-03-01T12:00:00.123456789'), '2024-03-01T12:00:00.123456789');
  t.equal(read(format, '2024-03-01T12:00:00.1234567899999'), '2024-03-01T12:00:00.123456789');
  t.equal(read(format, '2024-03-01T12:00:00.'), undefined);
  t.equal(read(format, '2024-03-01T12:00:00,5'), undefined);
  t.end();
});

t.test('%z takes offsets, GMT, UTC, UT, Z and the North American names, with blanks before', (t) => {
  const at = (zone: string) => read('%Y-%m-%dT%H:%M:%S%z', `2024-03-01T12:00:00${zone}`)?.slice(11, 16);
  t.same(['Z', '+00', '+0900', '-03:30', '+05:45', ' +0100', 'GMT', 'UTC', 'UT', 'EST', 'PDT'].map(at), [
    '12:00',
    '12:00',
    '03:00',
    '15:30',
    '06:15',
    '11:00',
    '12:00',
    '12:00',
    '12:00',
    '17:00',
    '19:00',
  ]);
  t.same(['JST', '', '+1', '+09:1', 'X'].map(at), [undefined, undefined, undefined, undefined, undefined]);
  t.end();
});

t.test('%Z takes the abbreviations in any case', (t) => {
  const at = (zone: string) => read('%H:%M %Z', `12:00 ${zone}`)?.slice(11, 16);
  t.same(['cest', 'IST', 'NST', 'AEDT', 'XYZ'].map(at), ['10:00', '06:30', '15:30', '01:00', undefined]);
  t.end();
});

t.test('times of twelve hours, names in any case, days of the year', (t) => {
  const format = '%A, %B %d, %Y %I:%M:%S %p';
  t.equal(read(format, 'FRIDAY, mar 1, 2024 12:00:00 am'), '2024-03-01T00:00:00.000000000');
  t.equal(read(format, 'Fri, March 01, 2024 01:02:03 PM'), '2024-03-01T13:02:03.000000000');
  t.equal(read(format, 'Fri, March 01, 2024 13:00:00 PM'), undefined);
  t.equal(read('%Y %j', '2024 366'), '2024-12-31T00:00:00.000000000');
  t.equal(read('%e/%b/%y', ' 5/Feb/68'), '2068-02-05T00:00:00.000000000');
  t.equal(read('%e/%b/%y', '5/Feb/69'), '1969-02-05T00:00:00.000000000');
  t.end();
});

t.test('without a year it is this year, without a date it is today', (t) => {
  t.equal(read('%b %d %H:%M:%S', 'Oct  1 01:02:03'), '2026-10-01T01:02:03.000000000');
  t.equal(read('%H:%M:%S', '01:02:03'), '2026-11-21T01:02:03.000000000');
  t.end();
});

t.test('text after the format is ignored, text that ends too early does not fit', (t) => {
  t.equal(read('%Y-%m-%d', '2024-03-01 and more'), '2024-03-01T00:00:00.000000000');
  t.equal(read('%Y-%m-%d', '2024-03'), undefined);
  t.equal(read('%Y-%m-%d', '2024-03', { strict: false }), '2024-03-01T00:00:00.000000000');
  t.equal(read('%Y-%m-%d', 'nothing', { strict: false }), undefined);
  t.end();
});

t.test('%s is seconds since 1970, with a fraction by %L', (t) => {
  t.equal(read('%s.%L', '1709294400.25'), '2024-03-01T12:00:00.250000000');
  t.end();
});

t.test('Time_Offset and Time_Zone count only where the text has no zone', (t) => {
  t.equal(read('%H:%M', '12:00', { offsetSeconds: 7200 })?.slice(11, 16), '10:00');
  t.equal(read('%H:%M %z', '12:00 +0100', { offsetSeconds: 7200 })?.slice(11, 16), '11:00');
  const berlin = (text: string) => read('%Y-%m-%d %H:%M', text, { zone: 'Europe/Berlin' })?.slice(0, 16);
  t.equal(berlin('2024-01-15 12:00'), '2024-01-15T11:00');
  t.equal(berlin('2024-07-15 12:00'), '2024-07-15T10:00');
  t.equal(berlin('2024-03-31 02:30'), '2024-03-31T00:30', 'an hour that does not exist');
  t.equal(berlin('2024-10-27 02:30'), '2024-10-27T00:30', 'an hour that comes twice');
  t.throws(() => compileTimeFormat('%H', { ...PLAIN, zone: 'Europe/Nowhere' }), OptionError);
  t.end();
});

t.test('every date and time is read as it was written', (t) => {
  const dates = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
  fc.assert(
    fc.property(
      dates,
      (date) => read('%Y-%m-%dT%H:%M:%S.%L%z', date.toISOString())?.slice(0, 23) === date.toISOString().slice(0, 23),
    ),
    { numRuns: 500 },
  );
  t.pass('for every date tried');
  t.end();
});

t.test('what a reader read before makes no difference, be it of the same minute or not', (t) => {
  const format = '%Y-%m-%dT%H:%M:%S.%L%z';
  const near = fc.integer({ min: 0, max: 200_000 }).map((ms) => new Date(NOW * 1000 + ms).toISOString());
  const damaged = fc
    .tuple(near, fc.nat(23), fc.constantFrom(...'0123456789-:T.Z \0é'))
    .map(([text, at, char]) => text.slice(0, at) + char + text.slice(at + 1));
  fc.assert(
    fc.property(fc.array(fc.oneof(near, damaged, fc.constant('\0'.repeat(24))), { maxLength: 8 }), (texts) => {
      const reader = compileTimeFormat(format, PLAIN);
      for (const text of texts) {
        const fresh = compileTimeFormat(format, PLAIN);
        const fits = fresh.read(text);
        if (reader.read(text) !== fits) return false;
        if (fits && (reader.seconds !== fresh.seconds || reader.nanos !== fresh.nanos)) return false;
      }
      return true;
    }),
    { numRuns: 2000 },
  );
  t.pass('for every sequence tried');
  t.end();
});

t.test('any format and any text give a result or an OptionError', (t) => {
  const format = fc.string({ unit: fc.constantFrom(...'%%%%%YmdHMSLzZbBaApIjeTDsyCncEO -:.'), maxLength: 12 });
  fc.assert(
    fc.property(
      format,
      fc.string({ unit: fc.constantFrom(...'0123456789:-+. ZJanuaryFrid'), maxLength: 30 }),
      (pattern, text) => {
        let reader: ReturnType<typeof compileTimeFormat>;
        try {
          reader = compileTimeFormat(pattern, { ...PLAIN, strict: text.length % 2 === 0 });
        } catch (error) {
          return error instanceof OptionError;
        }
        return !reader.read(text) || (Number.isSafeInteger(reader.seconds) && reader.nanos >= 0 && reader.nanos < 1e9);
      },
    ),
    { numRuns: 3000 },
  );
  t.pass('for every pair tried');
  t.end();
});

t.test('strftime writes what strptime reads', (t) => {
  const seconds = Date.UTC(2024, 1, 5, 15, 4, 9) / 1000;
  t.equal(
    formatTime('%Y%m%d-%H%M%S.%L %b %e %j %I%p %% %s %q', seconds, 5_000_000),
    `20240205-150409.005 Feb  5 036 03PM % ${seconds} %q`,
  );
  t.equal(formatTime('%F %T %a %B %u %z', seconds, 0), '2024-02-05 15:04:09 Mon February 1 +0000');
  t.end();
});
