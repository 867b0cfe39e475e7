import t from 'tap';
import { body, parser } from './support.ts';

const cri = {
  format: 'regex',
  regex: '^(?<time>[^ ]+) (?<stream>stdout|stderr) (?<logtag>[^ ]*) (?<log>.*)$',
  time_key: 'time',
  time_format: '%Y-%m-%dT%H:%M:%S.%L%z',
};

t.test('named groups become keys, the time becomes that of the event', async (t) => {
  const event = parser(cri).parse('2026-11-21T05:10:00.5Z stdout F hello world', 1, 2);
  t.match(event, { seconds: Date.UTC(2026, 10, 21, 5, 10) / 1000, nanos: 500_000_000 });
  t.equal(JSON.stringify(event?.body), '{"stream":"stdout","logtag":"F","log":"hello world"}');
});

t.test('Time_Keep leaves the key at its place', async (t) => {
  t.equal(
    body({ ...cri, time_keep: 'on' }, '2026-11-21T05:10:00.5Z stdout F x'),
    '{"time":"2026-11-21T05:10:00.5Z","stream":"stdout","logtag":"F","log":"x"}',
  );
});

t.test('a time that does not fit is dropped, with Time_Keep too, and the event gets the time of reading', async (t) => {
  for (const time_keep of ['on', 'off']) {
    const event = parser({ ...cri, time_keep }).parse('yesterday stdout F x', 1, 2);
    t.match(event, { seconds: 1, nanos: 2 });
    t.equal(JSON.stringify(event?.body), '{"stream":"stdout","logtag":"F","log":"x"}');
  }
});

t.test('empty and unused groups are left out, or empty text without Skip_Empty_Values', async (t) => {
  const fields = { format: 'regex', regex: '^(?<a>x)?(?<b>y*)(?<c>z)$' };
  t.equal(body(fields, 'z'), '{"c":"z"}');
  t.equal(body({ ...fields, skip_empty_values: 'off' }, 'z'), '{"a":"","b":"","c":"z"}');
  t.equal(body(fields, 'xyz'), '{"a":"x","b":"y","c":"z"}');
});

t.test('of groups with one name the last that took part counts', async (t) => {
  const fields = { format: 'regex', regex: '(?<k>a)|(?<k>b)(?<k>c)?' };
  t.equal(body(fields, 'a'), '{"k":"a"}');
  t.equal(body(fields, 'b'), '{"k":"b"}');
  t.equal(body(fields, 'bc'), '{"k":"c"}');
});

t.test('a pattern without names, or a line that does not fit, gives nothing', async (t) => {
  t.equal(body({ format: 'regex', regex: '(a)' }, 'a'), 'none');
  t.equal(body(cri, 'no container line'), 'none');
});

t.test('a group named __proto__ is a key', async (t) => {
  const fields = { format: 'regex', regex: '(?<__proto__>a)(?<x>b)?' };
  for (const line of ['ab', 'a']) {
    const event = parser(fields).parse(line, 1, 2);
    t.ok(Object.hasOwn(event?.body ?? {}, '__proto__'), line);
    t.equal(Object.getPrototypeOf(event?.body), Object.prototype, line);
  }
});

t.test('Types: the leading number, or 0; what begins with true or false', async (t) => {
  const fields = {
    format: 'regex',
    regex: '^(?<i>\\S+) (?<f>\\S+) (?<b>\\S+) (?<h>\\S+) (?<s>\\S+)$',
    types: 'i:integer f:float b:bool h:hex s:string',
  };
  t.equal(body(fields, '12ab 1.50x true ff 7'), '{"i":12,"f":1.5,"b":true,"h":255,"s":"7"}');
  t.equal(body(fields, '-3 2 falsehood 0xA 7'), '{"i":-3,"f":2.0,"b":false,"h":10,"s":"7"}');
  t.equal(body(fields, 'x - maybe zz 7'), '{"i":0,"f":0.0,"b":"maybe","h":0,"s":"7"}');
  t.equal(
    body(fields, '9223372036854775807 1e3 TRUE ffffffffffffffff x'),
    '{"i":9223372036854775807,"f":1000.0,"b":true,"h":18446744073709551615,"s":"x"}',
  );
});

t.test('a line too long for the regular expression does not fit, and nothing is thrown', async (t) => {
  t.equal(body({ format: 'regex', regex: '^(?<a>(?:x|y)*)$' }, `${'xy'.repeat(10_000_000)}z`), 'none');
});
