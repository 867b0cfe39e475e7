import t from 'tap';
import { compileRegex } from '../../src/data/regex.ts';
import { compileTimeFormat } from '../../src/data/time.ts';
import { CriParser, DockerParser, TimeMemory } from '../../src/parsers/container_lines.ts';
import fc from '../support/fast_check.ts';

const OPTIONS = { offsetSeconds: 0, systemTimezone: false, strict: false };
const cri = new CriParser();

t.test('the own scan of CRI lines finds what the regular expression finds', async () => {
  const reference = compileRegex('^(?<time>.+?) (?<stream>stdout|stderr) (?<_p>F|P) (?<log>.*)$');
  const words = [
    '2024-03-01T12:00:01.1Z',
    'stdout',
    'stderr',
    'std',
    'F',
    'P',
    'FP',
    '',
    ' ',
    '\n',
    '\r',
    'x',
    '\u2028',
  ];
  const lines = fc
    .array(fc.constantFrom(...words), { maxLength: 9 })
    .chain((parts) => fc.constantFrom(parts.join(' '), parts.join('')));
  const fitting = fc
    .tuple(fc.constantFrom(...words), fc.constantFrom('stdout', 'stderr'), fc.constantFrom('F', 'P', 'X'), lines)
    .map((parts) => parts.join(' '));
  fc.assert(
    fc.property(fc.oneof(lines, fitting), (line) => {
      const [, time, stream, _p, log] = reference.exec(line) ?? [];
      const expected = time === undefined ? undefined : { time, stream, _p, log };
      return JSON.stringify(cri.parse(line, 1, 2)?.body) === JSON.stringify(expected);
    }),
    { numRuns: 3000 },
  );
});

t.test('remembering the last second gives the same times as reading each anew', async () => {
  const format = '%Y-%m-%dT%H:%M:%S.%L%z';
  const memory = new TimeMemory(compileTimeFormat(format, OPTIONS));
  const reader = compileTimeFormat(format, OPTIONS);
  const times = fc
    .tuple(
      fc.constantFrom('2024-03-01T12:00:00', '2024-03-01T12:00:01', '2024-03-01T12:00:0', 'x'),
      fc.constantFrom('.', '', ','),
      fc.stringMatching(/^[0-9]{0,11}$/),
      fc.constantFrom('Z', '+02:00', '-05:30', '+02', '', 'Zx', ' '),
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(times, { maxLength: 10 }), (texts) =>
      texts.every((text) => {
        const fits = reader.read(text);
        if (memory.read(text) !== fits) return false;
        return !fits || (memory.seconds === reader.seconds && memory.nanos === reader.nanos);
      }),
    ),
    { numRuns: 2000 },
  );
});

t.test('a CRI line whose time cannot be read takes the time of reading and keeps its keys', async (t) => {
  const event = cri.parse('yesterday stdout F text', 7, 8);
  t.same(event, {
    seconds: 7,
    nanos: 8,
    metadata: {},
    body: { time: 'yesterday', stream: 'stdout', _p: 'F', log: 'text' },
  });
});

t.test('a Docker line that is no single object is not taken', async (t) => {
  const docker = new DockerParser();
  t.equal(docker.parse('plain', 1, 2), undefined);
  t.equal(docker.parse('["log"]', 1, 2), undefined);
  t.match(docker.parse('{"log":"x","time":"2024-03-01T12:00:00.5Z"}', 1, 2), { seconds: 1709294400, nanos: 5e8 });
  t.match(docker.parse('{"log":"x","time":5}', 1, 2), { seconds: 1, nanos: 2 });
});
