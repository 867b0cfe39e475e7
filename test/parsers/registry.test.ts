import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { unknownDirective } from '../../src/data/time.ts';
import { OptionError } from '../../src/options.ts';
import { compileParser } from '../../src/parsers/parser.ts';
import { ParserRegistry } from '../../src/parsers/registry.ts';
import { setV8Flags } from '../../src/v8_flags.ts';
import fc from '../support/fast_check.ts';
import { parser, section, type Written } from './support.ts';

setV8Flags();

/** The sections of conf/parsers.conf. */
function shipped(): Written[] {
  const text = fs.readFileSync(path.join(import.meta.dirname, '../../conf/parsers.conf'), 'utf8');
  return text
    .split('[PARSER]')
    .slice(1)
    .map((part) =>
      Object.fromEntries(
        Array.from(part.matchAll(/^ {4}(\w+) +(.*)$/gm), ([, key = '', value = '']) => [key.toLowerCase(), value]),
      ),
    );
}

t.test('finds what was defined, and the built-in multiline parsers', async (t) => {
  const registry = new ParserRegistry();
  registry.define(section({ name: 'mine', format: 'json' }));
  t.equal(registry.parser('mine')?.name, 'mine');
  t.equal(registry.parser('nosuch'), undefined);
  t.equal(registry.multilineParser('cri')?.name, 'cri');
  t.equal(registry.multilineParser('nosuch'), undefined);
});

t.test('a directive that nobody knows fits no time, with a complaint; the parser is made all the same', async (t) => {
  const said: string[] = [];
  const made = compileParser(
    section({ name: 'p', format: 'json', time_format: '%Y-%m-%d %H:%M:%S.%f' }),
    (option, message) => said.push(`${option}: ${message}`),
  );
  t.match(said, [/^time_format: .*'%f'/]);
  t.same(made.parse('{"time":"2026-01-02 03:04:05.6"}', 1, 2), {
    seconds: 1,
    nanos: 2,
    metadata: {},
    body: { time: '2026-01-02 03:04:05.6' },
  });
  t.equal(unknownDirective('%Ey %Od %% %F %L %z'), undefined);
  t.equal(unknownDirective('%H %'), '%');
});

t.test('of a property that is given twice the first counts', async (t) => {
  const twice = section({ name: 'p', format: ['json', 'ltsv'] });
  t.match(compileParser(twice).parse('{"a":1}', 1, 2), { body: { a: 1 } });
});

t.test('a mistake in a section names its option', async (t) => {
  const cases: readonly [Written, string][] = [
    [{ name: 'a' }, 'format'],
    [{ name: 'a', format: 'xml' }, 'format'],
    [{ name: 'a', format: 'regex' }, 'format'],
    [{ name: 'a', format: 'regex', regex: '(' }, 'regex'],
    [{ name: 'a', format: 'json', time_format: '%s', time_offset: 'later' }, 'time_offset'],
    [{ name: 'a', format: 'json', time_keep: 'perhaps' }, 'time_keep'],
  ];
  for (const [fields, option] of cases) {
    try {
      new ParserRegistry().define(section(fields));
      t.fail(`${JSON.stringify(fields)} was accepted`);
    } catch (error) {
      t.ok(error instanceof OptionError, option);
      t.equal((error as OptionError).option, option);
    }
  }
});

t.test('a name that is taken is an error', async (t) => {
  const registry = new ParserRegistry();
  registry.define(section({ name: 'a', format: 'json' }));
  t.throws(() => registry.define(section({ name: 'a', format: 'logfmt' })), { message: /defined twice/ });
});

t.test('the parsers that come with the program parse what they are for', async (t) => {
  const all = new Map(shipped().map((fields) => [fields.name as string, parser(fields)]));
  const parse = (name: string, line: string) => all.get(name)?.parse(line, 1, 2);
  t.match(parse('cri', '2026-11-21T05:10:00.5Z stdout F hello'), { nanos: 5e8, body: { message: 'hello' } });
  t.match(parse('docker', '{"log":"x","time":"2026-11-21T05:10:00.5Z"}'), { nanos: 5e8, body: { log: 'x' } });
  const web = '192.0.2.1 - ann [21/Nov/2026:05:10:00 +0000] "GET /a HTTP/1.1" 200 12 "-" "curl"';
  for (const name of ['apache', 'apache2', 'nginx'])
    t.match(parse(name, web), { seconds: 1795237800, body: { user: name === 'nginx' ? 'ann' : 'ann', code: '200' } });
  t.match(parse('syslog-rfc3164', '<34>Oct 11 22:14:15 box su[230]: failed'), { body: { ident: 'su', pid: '230' } });
  t.match(parse('syslog-rfc5424', '<34>1 2026-11-21T05:10:00.5Z box su 230 ID47 - failed'), { body: { host: 'box' } });
  t.match(parse('logfmt', 'a=1'), { body: { a: '1' } });
  t.match(parse('mongodb', '2026-11-21T05:10:00.5Z I NETWORK [conn1] end 12ms'), { body: { context: 'conn1' } });
  t.match(parse('kube-custom', `kube.web_shop_app-${'a'.repeat(64)}.log`), { body: { namespace_name: 'shop' } });
});

t.test('a hostile line holds no parser', { timeout: 30_000 }, async (t) => {
  for (const fields of shipped()) {
    const made = parser(fields);
    for (const line of [
      'a'.repeat(4000),
      '- '.repeat(2000),
      '{"a":'.repeat(4000),
      '[1 "'.repeat(1000),
      'a-a.'.repeat(1000),
    ]) {
      const start = performance.now();
      made.parse(line, 1, 2);
      t.ok(performance.now() - start < 2000, `${made.name} on ${line.slice(0, 8)}...`);
    }
  }
});

t.test('any line gives an event or nothing, with the types that Types names', async (t) => {
  const parsers = [
    ...shipped(),
    { name: 'types', format: 'logfmt', types: 'a:integer b:float c:bool d:hex', decode_field_as: 'escaped_utf8 e' },
    { name: 'decoded', format: 'json', decode_field_as: ['escaped a try_next', 'json a'], decode_field: 'json b' },
  ].map(parser);
  const bytes = fc.uint8Array({ maxLength: 60 }).map((list) => String.fromCharCode(...list));
  const pairs = fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'time', '__proto__'), fc.string()))
    .map((list) => list.map(([key, value]) => `${key}=${value}`).join(' '));
  fc.assert(
    fc.property(fc.oneof(bytes, fc.string({ unit: 'binary' }), fc.json(), pairs), (line) => {
      for (const one of parsers) {
        const event = one.parse(line, 1, 2);
        if (event === undefined) continue;
        if (!Number.isInteger(event.seconds) || event.nanos < 0 || event.nanos > 999_999_999) return false;
        if (Object.getPrototypeOf(event.body) !== Object.prototype) return false;
      }
      return true;
    }),
    { numRuns: 500 },
  );
  t.pass();
});
