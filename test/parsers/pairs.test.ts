import t from 'tap';
import { body, parser } from './support.ts';

const ltsv = { format: 'ltsv' };
const logfmt = { format: 'logfmt' };

t.test('ltsv: labels and values between tabs; a value may hold colons and be empty', async (t) => {
  t.equal(body(ltsv, 'host:a\turl:http://x/\tempty:'), '{"host":"a","url":"http://x/","empty":""}');
  t.equal(body(ltsv, 'no label'), 'none');
  t.equal(body({ ...ltsv, types: 'n:integer' }, 'n:12\tm:12'), '{"n":12,"m":"12"}');
});

t.test('logfmt: plain and quoted values, bare keys are true', async (t) => {
  t.equal(
    body(logfmt, 'level=info msg="two \\"words\\"" ok empty= quoted=""'),
    '{"level":"info","msg":"two \\"words\\"","ok":true,"empty":true,"quoted":""}',
  );
  t.equal(body(logfmt, ''), 'none');
});

t.test('logfmt with No_Bare_Keys: a line with a bare key does not parse, under both names of the option', async (t) => {
  for (const option of ['no_bare_keys', 'logfmt_no_bare_keys']) {
    t.equal(body({ ...logfmt, [option]: 'on' }, 'a=1 bare'), 'none');
    t.equal(body({ ...logfmt, [option]: 'on' }, 'a=1 b='), '{"a":"1","b":true}');
  }
});

t.test('a time that fits is taken out, one that does not fails the line', async (t) => {
  for (const [format, good, bad] of [
    ['ltsv', 'a:1\ttime:1700000000', 'a:1\ttime:x'],
    ['logfmt', 'a=1 time=1700000000', 'a=1 time=x'],
  ] as const) {
    const made = parser({ format, time_key: 'time', time_format: '%s' });
    t.match(made.parse(good, 1, 2), { seconds: 1_700_000_000, nanos: 0, body: { a: '1', time: undefined } });
    t.equal(made.parse(bad, 1, 2), undefined);
  }
});

t.test('__proto__ is a key', async (t) => {
  for (const [format, line] of [
    ['ltsv', '__proto__:1'],
    ['logfmt', '__proto__=1'],
  ] as const)
    t.equal(Object.getOwnPropertyNames(parser({ format }).parse(line, 1, 2)?.body ?? {}).join(), '__proto__', format);
});

t.test('a line with nothing but its time does not parse, unless the time stays', async (t) => {
  for (const [format, line] of [
    ['ltsv', 'time:1700000000'],
    ['logfmt', 'time=1700000000'],
  ] as const) {
    const time = { time_key: 'time', time_format: '%s' };
    t.equal(body({ format, ...time }, line), 'none');
    t.equal(body({ format, ...time, time_keep: 'on' }, line), '{"time":"1700000000"}');
    t.match(parser({ format, ...time, types: 'time:integer a:integer' }).parse(`${line}\ta${line[4]}1`, 1, 2), {
      seconds: 1_700_000_000,
      body: { a: 1 },
    });
  }
});

t.test('an empty time is a value like any other', async (t) => {
  const time = { time_key: 'time', time_format: '%s' };
  t.equal(body({ ...logfmt, ...time }, 'time= a=1'), '{"time":true,"a":"1"}');
  t.equal(body({ ...ltsv, ...time }, 'time:\ta:1'), '{"time":"","a":"1"}');
  t.match(parser({ ...ltsv, ...time }).parse('time:0\ta:1', 1, 2), { seconds: 1, nanos: 2 }, 'and 0 is no time');
});

t.test('logfmt with Types: keys without a value are empty texts, and quoted ones keep their backslashes', async (t) => {
  t.equal(
    body({ ...logfmt, types: 'n:integer' }, String.raw`n=5 ok a= m="x\ny" q=""`),
    String.raw`{"n":5,"ok":"","a":"","m":"x\\ny","q":""}`,
  );
});

t.test('logfmt: escapes in quotes, and what ends words and lines', async (t) => {
  t.equal(body(logfmt, String.raw`a="\u00e9\x41\t\d\'" b="open\\`), String.raw`{"a":"éA\td'","b":"open\\"}`);
  t.equal(body(logfmt, 'a=x\u00a0y\x01b=1'), '{"a":"x\u00a0y","b":"1"}');
  t.equal(body(logfmt, 'a=1\nb=2'), '{"a":"1"}');
  t.equal(body(logfmt, 'a=1 \nb=2'), '{"a":"1","b":"2"}');
});

t.test('ltsv: an empty label is skipped, and a line break ends the line', async (t) => {
  t.equal(body(ltsv, ':x\ta:1'), '{"a":"1"}');
  t.equal(body(ltsv, 'a:1\tb:2\r'), '{"a":"1","b":"2"}');
  t.equal(body(ltsv, 'a:1\nb:2'), '{"a":"1"}');
});

t.test('tskv: labels and values with an equals sign, behind a mark', async (t) => {
  const tskv = { format: 'tskv' };
  t.equal(body(tskv, 'tskv\thost=a b\turl=http://x/?q=1\tempty='), '{"host":"a b","url":"http://x/?q=1","empty":""}');
  t.equal(body({ ...tskv, types: 'n:integer' }, 'n=12'), '{"n":12}');
  t.equal(body(tskv, 'no label'), 'none');
});
