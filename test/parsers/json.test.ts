import t from 'tap';
import { body, parser } from './support.ts';

const plain = { format: 'json' };
const timed = { format: 'json', time_key: 'time', time_format: '%Y-%m-%dT%H:%M:%S.%L%z' };

t.test('one object is a record, anything else is none', async (t) => {
  t.equal(body(plain, '{"a":1.0,"b":[{"c":null}],"d":"x"}'), '{"a":1.0,"b":[{"c":null}],"d":"x"}');
  t.equal(body(plain, '{}'), '{}');
  for (const line of ['', '[1]', '"a"', '5', 'null', 'text', '{"a":', '{"a":1}{"b":2}', '{"a":1} [2]', '{a:1}'])
    t.equal(body(plain, line), 'none', line);
});

t.test('text after the object is ignored', async (t) => {
  t.equal(body(plain, '{"a":"}\\""} and so on'), '{"a":"}\\""}');
  t.equal(body(plain, '  {"a":{"b":[1]}}, 5'), '{"a":{"b":[1]}}');
});

t.test('a key __proto__ is a key', async (t) => {
  const event = parser(timed).parse('{"__proto__":{"x":1},"time":"2026-11-21T05:10:00.5Z"}', 1, 2);
  t.same(Object.keys(event?.body ?? {}), ['__proto__']);
  t.equal(Object.getPrototypeOf(event?.body), Object.prototype);
});

t.test('the time is taken out of the record, and the rest keeps its order', async (t) => {
  const event = parser(timed).parse('{"a":1,"time":"2026-11-21T05:10:00.123456789Z","b":2}', 1, 2);
  t.match(event, { seconds: Date.UTC(2026, 10, 21, 5, 10) / 1000, nanos: 123_456_789 });
  t.equal(JSON.stringify(event?.body), '{"a":1,"b":2}');
});

t.test('Time_Keep leaves the key', async (t) => {
  const event = parser({ ...timed, time_keep: 'on' }).parse('{"time":"2026-11-21T05:10:00.5+02:00"}', 1, 2);
  t.match(event, { seconds: Date.UTC(2026, 10, 21, 3, 10) / 1000, nanos: 500_000_000 });
  t.equal(JSON.stringify(event?.body), '{"time":"2026-11-21T05:10:00.5+02:00"}');
});

t.test('a time that does not fit or is no text stays in the record, which gets the time of reading', async (t) => {
  for (const time of ['"yesterday"', '5', 'null', '{"a":1}']) {
    const event = parser(timed).parse(`{"time":${time}}`, 1, 2);
    t.match(event, { seconds: 1, nanos: 2 }, time);
    t.equal(JSON.stringify(event?.body), `{"time":${time}}`);
  }
});

t.test('a time of 0 is none: its key goes, and the record gets the time of reading', async (t) => {
  const event = parser(timed).parse('{"time":"1970-01-01T00:00:00.0Z","a":1}', 1, 2);
  t.match(event, { seconds: 1, nanos: 2 });
  t.equal(JSON.stringify(event?.body), '{"a":1}');
});

t.test('Time_Format without Time_Key uses the key time, Time_Key without Time_Format does nothing', async (t) => {
  t.equal(body({ format: 'json', time_format: '%s' }, '{"time":"1700000000"}'), '{}');
  t.equal(body({ format: 'json', time_key: 'time' }, '{"time":"1700000000"}'), '{"time":"1700000000"}');
});

t.test('Types change nothing', async (t) => {
  t.equal(body({ format: 'json', types: 'a:integer' }, '{"a":"5"}'), '{"a":"5"}');
});
