import t from 'tap';
import type { LogEvent } from '../../src/data/event.ts';
import { OptionError, type Property } from '../../src/options.ts';
import {
  BUILT_IN_MULTILINE,
  compileMultilineParser,
  MultilinePlan,
  MultilineStream,
  readMultilineLimit,
} from '../../src/parsers/multiline.ts';
import type { MultilineParser } from '../../src/plugin.ts';

const compile = (...pairs: [string, string][]): MultilineParser =>
  compileMultilineParser(
    pairs.map(([key, value]): Property => ({ key, value })),
    () => undefined,
  );

const builtIn = (...names: string[]): MultilineParser[] =>
  names.map((name) => BUILT_IN_MULTILINE.get(name) as MultilineParser);

const DATED = compile(
  ['name', 'dated'],
  ['type', 'regex'],
  ['rule', '"start_state" "/^[0-9]+ /" "cont"'],
  ['rule', '"cont" "/^\\s+/" "cont"'],
);

/** What comes out of the lines, and of a flush at the end. */
function bodies(parsers: readonly MultilineParser[], lines: readonly string[]): unknown[] {
  const stream = new MultilineStream(new MultilinePlan(parsers));
  const out: LogEvent[] = [];
  lines.forEach((line, i) => {
    stream.push(line, i, 1, 2, i, out);
  });
  stream.flush(Number.POSITIVE_INFINITY, out);
  return out.map((event) => event.body);
}

const logs = (parsers: readonly MultilineParser[], lines: readonly string[]): unknown[] =>
  bodies(parsers, lines).map((body) => (body as { log: string }).log);

t.test('a record of text ends with a line break, one line or many', async (t) => {
  t.same(logs([DATED], ['stray', '1 one', ' a', ' b', '2 two', '', '3 three']), [
    'stray\n',
    '1 one\n a\n b\n',
    '2 two\n',
    '3 three\n',
  ]);
});

t.test('a blank line that a rule takes stays in the record', async (t) => {
  const panic = ['panic: x', '', 'goroutine 1 [running]:', 'main.main()', '\t/a.go:1 +0x1', 'exit status 2'];
  t.same(logs(builtIn('go'), panic), [`${panic.slice(0, 5).join('\n')}\n`, 'exit status 2\n']);
});

t.test(
  'the parts of container lines are joined for each stream, with the keys and the time of the first',
  async (t) => {
    const stream = new MultilineStream(new MultilinePlan(builtIn('cri')));
    const out: LogEvent[] = [];
    const lines = [
      '2024-03-01T12:00:01.1Z stdout P a',
      '2024-03-01T12:00:01.2Z stderr F whole',
      '2024-03-01T12:00:01.3Z stdout F b',
    ];
    for (const line of lines) stream.push(line, 0, 1, 2, 0, out);
    t.same(
      out.map(({ seconds, nanos, body }) => [seconds, nanos, body]),
      [
        [1709294401, 200000000, { time: '2024-03-01T12:00:01.2Z', stream: 'stderr', _p: 'F', log: 'whole' }],
        [1709294401, 100000000, { time: '2024-03-01T12:00:01.1Z', stream: 'stdout', _p: 'P', log: 'ab' }],
      ],
    );
    t.same(Object.keys(out[1]?.body ?? {}), ['time', 'stream', '_p', 'log']);
  },
);

t.test('a line that no parser takes ends what is held and goes alone, under the key of the first parser', async (t) => {
  t.same(bodies(builtIn('docker', 'cri'), ['{"log":"begun ","stream":"stdout"}', 'neither']), [
    { log: 'begun ', stream: 'stdout' },
    { log: 'neither' },
  ]);
});

t.test('a line of docker with all keys keeps them, and joins until a line break', async (t) => {
  t.same(bodies(builtIn('docker'), ['{"log":"a ","attrs":{"x":1}}', '{"log":"b\\n"}', '{"log":"c\\n"}']), [
    { log: 'a b\n', attrs: { x: 1 } },
    { log: 'c\n' },
  ]);
});

t.test('type endswith keeps a line that is shorter than its text, which Fluent Bit loses', async (t) => {
  const parser = compile(['name', 'p'], ['type', 'endswith'], ['match_string', 'END;']);
  t.same(logs([parser], ['ab', 'c', 'x END;']), ['ab\nc\nx END;\n']);
});

t.test('negate: the lines that do not fit end a record', async (t) => {
  const parser = compile(['name', 'p'], ['type', 'endswith'], ['match_string', '\\'], ['negate', 'on']);
  t.same(logs([parser], ['a \\', 'b \\', 'c', 'd']), ['a \\\nb \\\nc\n', 'd\n']);
});

t.test('type equal compares the whole line', async (t) => {
  const parser = compile(['name', 'p'], ['type', 'EQ'], ['match_string', '---']);
  t.same(logs([parser], ['a', ' ---', '---', '---']), ['a\n ---\n---\n', '---\n']);
});

t.test('a rule that leads to a start ends its record at once', async (t) => {
  const stream = new MultilineStream(new MultilinePlan(builtIn('python')));
  const out: LogEvent[] = [];
  const lines = ['Traceback (most recent call last):', '  File "a"', '    f()', 'KeyError: 1'];
  for (const line of lines) stream.push(line, 0, 1, 2, 0, out);
  t.same(
    out.map((event) => event.body.log),
    [`${lines.join('\n')}\n`],
  );
  t.equal(stream.pendingPosition, Number.POSITIVE_INFINITY);
});

t.test('what waits is put out after the timeout, counted from its last line', async (t) => {
  const stream = new MultilineStream(new MultilinePlan([DATED]));
  const out: LogEvent[] = [];
  stream.push('1 one', 10, 1, 2, 0, out);
  stream.push(' a', 20, 1, 2, 1000, out);
  t.equal(stream.pendingPosition, 10);
  stream.flush(4999, out);
  t.same(out, []);
  stream.flush(5000, out);
  t.same(
    out.map((event) => [event.seconds, event.nanos, event.body.log]),
    [[1, 2, '1 one\n a\n']],
  );
  stream.push(' late', 30, 1, 2, 6000, out);
  t.equal(stream.pendingPosition, 30, 'a late line begins a record of its own');
});

t.test('a record stops at the limit, says so in its metadata, and the next line goes alone', async (t) => {
  const stream = new MultilineStream(new MultilinePlan([{ ...DATED, limitBytes: 14 }]));
  const out: LogEvent[] = [];
  for (const line of ['1 öne', ' a', ' ßßß', ' next', '2 two']) stream.push(line, 0, 1, 2, 0, out);
  t.same(
    out.map((event) => [event.body.log, event.metadata]),
    [
      ['1 öne\n a\n ß\n', { multiline_truncated: true }],
      [' next\n', {}],
    ],
    'never half a character',
  );
});

t.test('what is held can be moved to another position', async (t) => {
  const stream = new MultilineStream(new MultilinePlan([DATED]));
  stream.moveTo(-1);
  t.equal(stream.pendingPosition, Number.POSITIVE_INFINITY);
  stream.push('1 one', 10, 1, 2, 0, []);
  stream.moveTo(-1);
  stream.push(' a', 20, 1, 2, 0, []);
  t.equal(stream.pendingPosition, -1);
  stream.flush(Number.POSITIVE_INFINITY, []);
  t.equal(stream.pendingPosition, Number.POSITIVE_INFINITY);
});

t.test('records are joined in the content key, and one without it passes as it is', async (t) => {
  const stream = new MultilineStream(new MultilinePlan([DATED], 'msg'));
  const out: LogEvent[] = [];
  const event = (body: LogEvent['body'], metadata = {}): LogEvent => ({ seconds: 5, nanos: 6, metadata, body });
  const first = Object.freeze({ n: 1, msg: '1 one', z: 1 });
  stream.pushEvent(event(first, { a: 1 }), 0, 0, out);
  stream.pushEvent(event({ n: 2, msg: ' more' }, { a: 2, b: 2 }), 0, 0, out);
  stream.pushEvent(event({ other: 1 }), 0, 0, out);
  stream.pushEvent(event({ msg: 5 }), 0, 0, out);
  t.same(out, [event({ n: 1, msg: '1 one\n more', z: 1 }, { a: 1, b: 2 }), event({ other: 1 }), event({ msg: 5 })]);
});

t.test('a pattern keeps its backslashes, and may hold a quote', async (t) => {
  const parser = compile(['name', 'p'], ['type', 'regex'], ['rule', '"start_state" "/^\\"\\d\\\\/" "start_state"']);
  t.same(
    ['"1\\', '"x\\', '"1'].map((text) => parser.rules[0]?.test(text)),
    [true, false, false],
  );
});

t.test('a section that cannot work fails, and says which property', async (t) => {
  const fails = (message: RegExp, ...pairs: [string, string][]) => {
    t.throws(() => compile(['name', 'p'], ...pairs), { name: 'OptionError', message });
  };
  fails(/must be regex, endswith or equal/);
  fails(/must be regex, endswith or equal/, ['type', 'begins']);
  fails(/needs a 'match_string'/, ['type', 'equal']);
  fails(/needs a 'rule'/, ['type', 'regex']);
  fails(/first rule must start/, ['type', 'regex'], ['rule', '"a" "/x/" "a"']);
  fails(/leads to 'b'/, ['type', 'regex'], ['rule', '"start_state" "/x/" "b"']);
  fails(/a rule is/, ['type', 'regex'], ['rule', '"start_state" "/x/"']);
  fails(/no boolean/, ['type', 'equal'], ['match_string', 'x'], ['negate', 'perhaps']);
  t.throws(() => readMultilineLimit('much'), OptionError);
});

t.test('the limit is read in powers of 1024', async (t) => {
  t.same(['60', '2MB', '1k', '1GiB', 'false'].map(readMultilineLimit), [60, 2 * 1024 ** 2, 1024, 1024 ** 3, 0]);
});
