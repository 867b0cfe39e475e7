import t from 'tap';
import { readOptions } from '../../src/options.ts';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { TestHost } from '../../test/support/host.ts';
import stdout, { compilePrint } from './index.ts';

const EVENTS = [eventOf({ log: 'one', n: 1 }), eventOf({ log: 'two' }, undefined, 123_456_789)];

function print(pairs: Record<string, string>) {
  const host = new TestHost();
  const section = Object.entries(pairs).map(([key, value]) => ({ key, value }));
  const text = compilePrint(readOptions(stdout.options as never, section), host)(batchOf(EVENTS, 'app.log'));
  return { text, lines: host.lines };
}

t.test('by default for people, numbered within the chunk', async (t) => {
  const expected =
    '[0] app.log: [[1767225600.000000000, {}], {"log"=>"one", "n"=>1}]\n' +
    '[1] app.log: [[1767225600.123456789, {}], {"log"=>"two"}]\n';
  t.equal(print({}).text, expected);
  t.equal(print({ format: 'MSGPACK' }).text, expected);
});

t.test('the JSON formats', async (t) => {
  const [one, two] = ['{"date":1767225600.0,"log":"one","n":1}', '{"date":1767225600.123457,"log":"two"}'];
  t.equal(print({ format: 'json' }).text, `[${one},${two}]\n`);
  t.equal(print({ format: 'json_lines' }).text, `${one}\n${two}\n`);
  t.equal(print({ format: 'json_stream' }).text, `${one}${two}\n`);
});

t.test('the date has a key and a format', async (t) => {
  const { text } = print({ format: 'json_lines', json_date_key: '@t', json_date_format: 'iso8601' });
  t.match(text, '{"@t":"2026-01-01T00:00:00.000000Z","log":"one","n":1}\n');
});

t.test('an unknown format or date format is logged, and the default used', async (t) => {
  const format = print({ format: 'yaml' });
  t.match(format.text, /^\[0\] app\.log/);
  t.match(format.lines, [{ level: 'error', message: /yaml/ }]);
  const date = print({ format: 'json_lines', json_date_format: 'sundial' });
  t.match(date.text, '{"date":1767225600.0');
  t.match(date.lines, [{ level: 'error', message: /sundial/ }]);
});
