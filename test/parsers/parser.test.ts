/** [PARSER] sections of every format; what is expected was recorded from Fluent Bit 5.1.1 unless a test says otherwise. */

import t from 'tap';
import { Float } from '../../src/data/event.ts';
import { OptionError, type Property } from '../../src/options.ts';
import { compileParser } from '../../src/parsers/parser.ts';
import { ParserRegistry } from '../../src/parsers/registry.ts';
import fc from '../support/fast_check.ts';

type Fields = Record<string, string | string[]>;

const section = (fields: Fields): Property[] =>
  Object.entries({ name: 'p', ...fields }).flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => ({ key, value: one })),
  );
const NOW = { seconds: 5, nanos: 6 };

function parse(fields: Fields, text: string) {
  const event = compileParser(section(fields)).parse(text, NOW.seconds, NOW.nanos);
  return event && { time: event.seconds + event.nanos / 1e9, body: event.body };
}
const body = (fields: Fields, text: string) => parse(fields, text)?.body;
const ISO = { time_key: 'time', time_format: '%Y-%m-%dT%H:%M:%S.%L%z' };

t.test('json takes exactly one object; text behind it is ignored unless it is JSON again', (t) => {
  const json = { format: 'json' };
  t.same(body(json, '{"a":1} trailing'), { a: 1 });
  for (const end of ['007', '-', '}', ',', 'nul', ' x']) t.same(body(json, `{"a":1}${end}`), { a: 1 }, end);
  for (const end of ['5', ' -0.5', '2026-01-01', 'true', ' null', '"x"'])
    t.equal(body(json, `{"a":1}${end}`), undefined, end);
  t.same(body(json, ' {} '), {});
  for (const text of ['', '[1]', '"a"', '1', 'x', '{"a":1', '{"a":1}{"b":2}', '{"a":1} "b"', '{"a":1} [', '{a:1}'])
    t.equal(body(json, text), undefined, text);
  t.end();
});

t.test('json: a time that fits becomes that of the event and its key goes, unless Time_Keep', (t) => {
  const line = '{"log":"x","time":"2024-03-01T12:00:00.5Z","n":1}';
  t.same(parse({ format: 'json', ...ISO }, line), { time: 1709294400.5, body: { log: 'x', n: 1 } });
  t.same(body({ format: 'json', ...ISO, time_keep: 'on' }, line), { log: 'x', time: '2024-03-01T12:00:00.5Z', n: 1 });
  t.end();
});

t.test('json: a time that does not fit, is no text or is zero leaves the key and the time of reading', (t) => {
  for (const time of ['"x"', '17', 'null', '"2024-03-01T12:00:00.5"']) {
    const parsed = parse({ format: 'json', ...ISO }, `{"time":${time}}`);
    t.equal(parsed?.time, NOW.seconds + NOW.nanos / 1e9);
    t.ok(Object.hasOwn(parsed?.body ?? {}, 'time'));
  }
  t.equal(parse({ format: 'json', time_format: '%s' }, '{"time":"0"}')?.time, NOW.seconds + NOW.nanos / 1e9);
  t.equal(parse({ format: 'json', time_format: '%s' }, '{"time":"9"}')?.time, 9, 'Time_Key is `time` by default');
  t.equal(parse({ format: 'json', time_key: 'time' }, '{"time":"9"}')?.time, 5.000000006, 'no format, no time');
  t.end();
});

t.test('a time before 1970 is a time (Fluent Bit loses the record)', (t) => {
  t.equal(parse({ format: 'json', time_format: '%Y-%m-%d' }, '{"time":"1969-12-31"}')?.time, -86400);
  t.end();
});

t.test('regex: named groups become keys, empty ones are left out, a time that does not fit goes with its key', (t) => {
  const regex = { format: 'regex', regex: '^(?<time>[^ ]+) (?<stream>\\w*) (?<log>.*)$', ...ISO };
  t.same(parse(regex, '2024-03-01T12:00:00.5Z stdout hello'), {
    time: 1709294400.5,
    body: { stream: 'stdout', log: 'hello' },
  });
  t.same(parse(regex, 'never  '), { time: 5.000000006, body: {} });
  t.same(body({ ...regex, skip_empty_values: 'off' }, 'never  '), { stream: '', log: '' });
  t.equal(body(regex, 'nothing'), undefined);
  t.equal(body({ format: 'regex', regex: '^(.*)$' }, 'x'), undefined, 'without named groups there is no record');
  t.end();
});

t.test('types of regex values: leading numbers, hexadecimal wraps, words that begin with true', (t) => {
  const typed = (type: string, text: string) =>
    body({ format: 'regex', regex: '^(?<v>.*)$', types: `v:${type}` }, text)?.v;
  t.same(
    ['12abc', '-7', 'abc', '9223372036854775807', '99999999999999999999'].map((text) => typed('integer', text)),
    [12, -7, 0, 9223372036854775807n, 9223372036854775807n],
  );
  t.same(
    ['1.5', '3.5ms', 'x', '-0.25e2'].map((text) => typed('float', text)),
    [1.5, 3.5, new Float(0), new Float(-25)],
  );
  t.same(
    ['TRUE', 'trueish', 'false', 'yes'].map((text) => typed('bool', text)),
    [true, true, false, 'yes'],
  );
  t.same(
    ['ff', '0xDEAD', 'zz', '-1'].map((text) => typed('hex', text)),
    [255, 57005, 0, 18446744073709551615n],
  );
  t.same(
    ['1'].map((text) => typed('string', text)),
    ['1'],
  );
  t.end();
});

t.test('ltsv reads up to the first part without a label; a time that does not fit fails the line', (t) => {
  t.same(body({ format: 'ltsv' }, 'host:web1\turl:http://x:1\tbroken\tb:2'), { host: 'web1', url: 'http://x:1' });
  t.equal(body({ format: 'ltsv' }, 'no label'), undefined);
  t.same(body({ format: 'ltsv', types: 'n:integer' }, 'n:\tm:'), { n: 0, m: '' });
  t.equal(body({ format: 'ltsv', ...ISO }, 'time:x\ta:1'), undefined);
  t.end();
});

t.test('logfmt: bare keys and empty values are true, quoted ones are unescaped', (t) => {
  t.same(body({ format: 'logfmt' }, 'level=info msg="a \\"b\\"\\n" ok a= b=""'), {
    level: 'info',
    msg: 'a "b"\n',
    ok: true,
    a: true,
    b: '',
  });
  t.same(body({ format: 'logfmt' }, '=novalue x=1 "quoted key"=2'), {
    novalue: true,
    x: '1',
    quoted: true,
    key: true,
    2: true,
  });
  t.equal(body({ format: 'logfmt', logfmt_no_bare_keys: 'on' }, 'a=1 bare'), undefined);
  t.equal(body({ format: 'logfmt' }, '  '), undefined);
  t.end();
});

t.test('Decode_Field_As replaces the field, Decode_Field adds keys; decoders chain', (t) => {
  const line = '{"log":"{\\"a\\":1}","s":"x\\\\ny"}';
  t.same(body({ format: 'json', decode_field_as: 'json log' }, line), { log: { a: 1 }, s: 'x\\ny' });
  t.same(body({ format: 'json', decode_field: 'json log' }, line), { log: '{"a":1}', s: 'x\\ny', a: 1 });
  t.same(body({ format: 'json', decode_field_as: ['escaped s', 'json nosuch'] }, line), { log: '{"a":1}', s: 'x\ny' });
  const chain = { format: 'json', decode_field_as: ['escaped_utf8 log do_next', 'json log'] };
  t.same(body(chain, '{"log":"{\\\\\\"a\\\\\\":\\\\\\"\\\\u00e9\\\\\\"}"}'), { log: { a: 'é' } });
  t.same(body({ format: 'json', decode_field_as: 'mysql_quoted q' }, '{"q":"\'a\\\\0b\'"}'), { q: 'a\0b' });
  t.end();
});

t.test('mistakes name the property', (t) => {
  const fails = (fields: Fields, option: string) => {
    let thrown: unknown;
    try {
      compileParser(section(fields));
    } catch (error) {
      thrown = error;
    }
    t.ok(thrown instanceof OptionError, option);
    t.equal((thrown as OptionError | undefined)?.option, option);
  };
  fails({ format: 'xml' }, 'format');
  fails({ format: 'regex' }, 'format');
  fails({ format: 'regex', regex: '(?<a' }, 'regex');
  fails({ format: 'json', time_zone: 'UTC' }, 'time_zone');
  fails({ format: 'json', time_format: '%H', time_zone: 'UTC', time_offset: '+0100' }, 'time_zone');
  fails({ format: 'json', time_format: '%H', time_zone: 'UTC', time_system_timezone: 'on' }, 'time_zone');
  fails({ format: 'json', time_format: '%H', time_offset: '2h' }, 'time_offset');
  fails({ format: 'json', time_format: '%H', time_zone: 'Mars/Base' }, 'time_zone');
  fails({}, 'format');
  const registry = new ParserRegistry();
  registry.define(section({ format: 'json' }));
  t.throws(() => registry.define(section({ format: 'json' })), OptionError);
  t.equal(registry.parser('p')?.name, 'p');
  t.equal(registry.parser('nosuch'), undefined);
  t.equal(registry.multilineParser('CRI')?.name, 'cri');
  t.end();
});

t.test('no text, however odd, makes a parser throw or change the prototype of a body', (t) => {
  const parsers = [
    { format: 'json', ...ISO, decode_field_as: ['json a', 'escaped_utf8 b'] },
    { format: 'regex', regex: '^(?<__proto__>[^ ]*) (?<a>.*)$', types: 'a:integer' },
    { format: 'ltsv', ...ISO, types: 'a:hex' },
    { format: 'logfmt', types: 'a:bool' },
  ].map((fields) => compileParser(section(fields)));
  const odd = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.string({ unit: fc.constantFrom(...'{}[]":,\\ \t=ab1_proto') }),
    fc.constantFrom('{"__proto__":{"x":1}}', '__proto__:1\ta:2', '__proto__=1', 'x y'),
  );
  fc.assert(
    fc.property(odd, fc.constantFrom(...parsers), (text, parser) => {
      const event = parser.parse(text, 1, 2);
      return event === undefined || Object.getPrototypeOf(event.body) === Object.prototype;
    }),
    { numRuns: 2000 },
  );
  t.equal(({} as Record<string, unknown>).x, undefined);
  t.end();
});
