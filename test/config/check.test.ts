/** From a tree to a spec: every mistake in one run; what Fluent Bit takes is taken. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are variables of configurations

import t from 'tap';
import { checkConfig } from '../../src/config/check.ts';
import { Diagnostics } from '../../src/config/diagnostic.ts';
import { type Section, sectionKind } from '../../src/config/tree.ts';
import { check, PLUGINS } from '../support/check.ts';
import fc from '../support/fast_check.ts';

const GOOD = '[INPUT]\n  Name source\n  Path /x\n  Tag a\n[OUTPUT]\n  Name sink\n  Match *\n';

t.test('a good configuration becomes a spec, with defaults', async (t) => {
  const { spec, findings } = await check(t, GOOD);
  t.same(findings, []);
  t.match(spec.service, { flushMs: 1000, graceSeconds: 5, logLevel: 'info', escapeUnicode: true, maxChunksUp: 128 });
  t.match(spec.inputs[0], { name: 'source.0', tag: 'a', storageType: 'memory', routes: undefined });
  t.same(spec.inputs[0]?.options, {
    path: '/x',
    size: 32_000,
    count: undefined,
    head: false,
    mode: 'fast',
    parser: undefined,
  });
  t.match(spec.outputs[0], { name: 'sink.0', match: '*', retryLimit: 1, workers: undefined });
});

t.test('all mistakes of a file are reported in one run, with a guess each', async (t) => {
  const { text } = await check(
    t,
    `[SERVICE]
    Flush     0
    Log_Level loud
    Grase     1
[INPUT]
    Name  sorce
[INPUT]
    Name  source
    Hed   on
    Size  large
    Mode  fats
    Head  maybe
[FILTER]
    Name  change
[OUTPUT]
    Name  sink
    Match *
    Tag   x
    Match_Regex (a
`,
  );
  t.equal(
    text,
    `fluent-bit.conf:4:5: warning: SERVICE has no key 'Grase' and ignores it; did you mean 'grace'?
  4 |     Grase     1
    |     ^^^^^
fluent-bit.conf:2:15: error: Flush must be more than 0 seconds; '0' is not
  2 |     Flush     0
    |               ^
fluent-bit.conf:3:15: error: 'loud' is no Log_Level; there are off, error, warn, info, debug, trace
  3 |     Log_Level loud
    |               ^^^^
fluent-bit.conf:6:11: error: there is no input 'sorce'; did you mean 'source'?
  6 |     Name  sorce
    |           ^^^^^
fluent-bit.conf:9:5: error: input source has no option 'Hed'; did you mean 'head'?
  9 |     Hed   on
    |     ^^^
fluent-bit.conf:10:11: error: Size: 'large' is no size; write bytes, or a number with k, M or G
  10 |     Size  large
     |           ^^^^^
fluent-bit.conf:11:11: error: Mode: 'fats' is not one of fast, slow; did you mean 'fast'?
  11 |     Mode  fats
     |           ^^^^
fluent-bit.conf:12:11: error: Head: 'maybe' is no boolean; write on or off
  12 |     Head  maybe
     |           ^^^^^
fluent-bit.conf:7:1: error: input source needs the option 'path'
  7 | [INPUT]
    | ^^^^^^^
fluent-bit.conf:13:1: error: filter change needs a Match: which tags it takes
  13 | [FILTER]
     | ^^^^^^^^
fluent-bit.conf:18:5: error: output sink has no option 'Tag'; 'tag' belongs to inputs
  18 |     Tag   x
     |     ^^^
10 errors, 1 warning
`,
  );
});

t.test('a bad Match_Regex is an error at its place', async (t) => {
  const { findings, spec } = await check(t, '[OUTPUT]\n  Name sink\n  Match_Regex (a\n');
  t.match(findings, [/^error 3: Match_Regex: /]);
  t.equal(spec.outputs[0]?.matchRegex, undefined, 'nobody stumbles over it again');
});

t.test('an input with Routable off reaches no output', async (t) => {
  const { spec, findings } = await check(
    t,
    '[INPUT]\n  Name source\n  Path /x\n  Routable off\n[INPUT]\n  Name source\n  Path /y\n  Routable on\n[OUTPUT]\n  Name sink\n  Match *\n',
  );
  t.same(findings, []);
  t.same(
    spec.inputs.map(({ routes }) => routes),
    [[], undefined],
  );
});

t.test('of two Names the first counts', async (t) => {
  const { spec, findings } = await check(t, '[INPUT]\n  Name source\n  Path /x\n  Name nowhere\n');
  t.same(findings, []);
  t.equal(spec.inputs[0]?.definition.name, 'source');
});

t.test('an option given twice is an error, Tag and Match given twice are not', async (t) => {
  const { spec, findings } = await check(
    t,
    '[INPUT]\n  Name source\n  Tag a\n  Tag b\n  Path /x\n  Path /y\n[INPUT]\n  Name source\n  Path /z\n  Tag c\n  Tag d\n[OUTPUT]\n  Name sink\n  Match a\n  Match d\n',
  );
  t.same(findings, ["error 6: 'Path' is given twice; it stands in line 5, too"]);
  t.equal(spec.inputs[0]?.tag, 'd');
  t.equal(spec.outputs[0]?.match, 'd');
});

t.test('options that may be given several times are lists, in order', async (t) => {
  const { spec } = await check(t, `${GOOD}[FILTER]\n  Name change\n  Match *\n  Add a 1\n  Add b 2\n`);
  t.same(spec.filters[0]?.options, { add: ['a 1', 'b 2'] });
});

t.test('integers read like atoi, and an option that is only an unset variable takes its default', async (t) => {
  const { spec, findings } = await check(t, GOOD.replace('  Tag a\n', '  Count 1.9x\n  Mode ${NOPE}\n'));
  t.equal(spec.inputs[0]?.options.count, 1);
  t.equal(spec.inputs[0]?.options.mode, 'fast');
  t.same(findings, ['note 5: the variable NOPE is not set; it becomes nothing']);
});

t.test('a Tag or an Alias that is only an unset variable is an error', async (t) => {
  const { findings } = await check(t, GOOD.replace('Tag a', 'Tag ${NOPE}\n  Alias ${NOPE}'));
  t.match(findings, [/^note/, /^note/, "error 4: 'Tag' has no value", "error 5: 'Alias' has no value"]);
});

t.test('instances are numbered over all of their kind, whatever their Alias', async (t) => {
  const { spec } = await check(
    t,
    GOOD.replace('[OUTPUT]', '[INPUT]\n  Name source\n  Path /y\n  Alias second\n[OUTPUT]'),
  );
  t.same(
    spec.inputs.map(({ name, alias }) => [name, alias]),
    [
      ['source.0', undefined],
      ['source.1', 'second'],
    ],
  );
});

t.test('Retry_Limit is a number, no_limits, off, false or no_retries; anything else counts as 1', async (t) => {
  const limits: [string, number, number][] = [
    ['5', 5, 0],
    ['no_limits', Number.POSITIVE_INFINITY, 0],
    ['False', Number.POSITIVE_INFINITY, 0],
    ['off', Number.POSITIVE_INFINITY, 0],
    ['no_retries', 0, 0],
    ['0', 1, 1],
    ['many', 1, 1],
  ];
  for (const [text, limit, warnings] of limits) {
    const { spec, findings } = await check(t, `${GOOD}  Retry_Limit ${text}\n`);
    t.equal(spec.outputs[0]?.retryLimit, limit, text);
    t.equal(findings.length, warnings, text);
  }
});

t.test('storage and sizes are read', async (t) => {
  const { spec, findings } = await check(
    t,
    GOOD.replace('Tag a', 'Tag a\n  Mem_Buf_Limit 5M\n  storage.type memrb').concat(
      '  storage.total_limit_size 1G\n  Workers 2\n',
    ),
  );
  t.same(findings, []);
  t.match(spec.inputs[0], { memBufLimitBytes: 5_000_000, storageType: 'memrb' });
  t.match(spec.outputs[0], { storageTotalLimitBytes: 1_000_000_000, workers: 2 });
});

t.test('storage.type filesystem without storage.path is an error, as the start fails there', async (t) => {
  const text = GOOD.replace('Tag a', 'storage.type filesystem');
  t.match((await check(t, text)).findings, [/^error 4: storage.type filesystem needs the key 'storage.path'/]);
  t.equal((await check(t, `[SERVICE]\n  storage.path /s\n${text}`)).spec.inputs[0]?.storageType, 'filesystem');
});

t.test('a name may hold host, port and uri, as on the command line of Fluent Bit', async (t) => {
  const { spec } = await check(t, '[OUTPUT]\n  Name net://example.org:99\n  Match *\n');
  t.match(spec.outputs[0], { name: 'net.0', options: { host: 'example.org' } });
});

t.test('a Match that fits no tag is a warning that names the tags', async (t) => {
  const { findings } = await check(t, GOOD.replace('Match *', 'Match b.*'));
  t.same(findings, ["warning 7: output sink gets nothing: 'b.*' fits no tag; the tags are 'a'"]);
});

t.test('an output without Match is a warning, unless it is the only one of the only input', async (t) => {
  t.same((await check(t, GOOD.replace('  Match *\n', ''))).findings, []);
  const { findings } = await check(t, `${GOOD}[OUTPUT]\n  Name sink\n`);
  t.same(findings, ['warning 8: output sink has no Match, so it gets nothing']);
});

t.test('a plugin that only Fluent Bit has is named as such', async (t) => {
  const { findings } = await check(t, '[INPUT]\n  Name cpu\n[FILTER]\n  Name wasm\n[OUTPUT]\n  Name s3\n');
  t.match(findings, [
    /^error 2: Fluent Bit's input 'cpu' is not in Sluice: /,
    /^error 4: Fluent Bit's filter 'wasm' is not in Sluice: use /,
    /^error 6: Fluent Bit's output 's3' is not yet in Sluice$/,
  ]);
});

t.test('a plugin of another kind is said to be one', async (t) => {
  t.same((await check(t, '[INPUT]\n  Name loki\n')).findings, [
    "error 2: there is no input 'loki'; 'loki' is an output",
  ]);
});

t.test('sections that Fluent Bit ignores are warnings, PARSER in the main file is an error', async (t) => {
  const { findings } = await check(t, `${GOOD}[INPT]\n  a b\n[PARSER]\n  Name p\n  Format json\n[CUSTOM]\n  Name c\n`);
  t.match(findings, [
    "warning 8: the section 'INPT' is not known and is ignored; did you mean 'input'?",
    /^error 10: a PARSER section belongs into a parsers file/,
    /^warning 13: 'CUSTOM' has no effect/,
  ]);
});

t.test('options of the network are taken where they have no effect, TLS is not', async (t) => {
  const { findings } = await check(
    t,
    `${GOOD}  Port 80\n  tls on\n[OUTPUT]\n  Name net\n  Match *\n  net.keepalive off\n`,
  );
  t.same(findings, [
    "warning 8: 'Port' has no effect: output sink uses no network",
    'error 9: output sink uses no network, so it cannot use TLS',
    "note 13: 'net.keepalive' has no effect on output net in Sluice",
  ]);
});

t.test('FLB_LOG_LEVEL wins over the file', async (t) => {
  t.equal(
    (await check(t, `[SERVICE]\n  Log_Level error\n${GOOD}`, 'f.conf', { FLB_LOG_LEVEL: 'debug' })).spec.service
      .logLevel,
    'debug',
  );
  t.equal((await check(t, `[SERVICE]\n  Log_Level off\n${GOOD}`)).spec.service.logLevel, null);
});

t.test('a boolean of SERVICE that is none is a warning, as Fluent Bit starts with it', async (t) => {
  t.match((await check(t, `[SERVICE]\n  HTTP_Server maybe\n${GOOD}`)).findings, [/^warning 2: 'maybe' is no boolean/]);
});

const WORDS = [
  'source',
  'sink',
  'change',
  'net://x:1',
  '*',
  'on',
  '5M',
  '-1',
  '${X}',
  '${',
  '',
  '__proto__',
  'constructor',
  '"',
  '(a',
];
const KEYS = [
  'Name',
  'Tag',
  'Match',
  'Match_Regex',
  'Path',
  'Size',
  'Head',
  'Mode',
  'Alias',
  'Log_Level',
  'tls',
  'Workers',
];
const MORE_KEYS = [
  'Retry_Limit',
  'Flush',
  'storage.type',
  'storage.total_limit_size',
  '__proto__',
  'constructor',
  'port',
];
const SECTIONS = ['INPUT', 'FILTER', 'OUTPUT', 'SERVICE', 'PARSER', 'CUSTOM', '__proto__'];

t.test('any sections give a spec or findings and never throw', async (t) => {
  const property = fc.tuple(fc.constantFrom(...KEYS, ...MORE_KEYS), fc.constantFrom(...WORDS));
  const section = fc.tuple(fc.constantFrom(...SECTIONS), fc.array(property, { maxLength: 6 }));
  await fc.assert(
    fc.asyncProperty(fc.array(section, { maxLength: 6 }), async (sections) => {
      const place = { file: 'f.conf', line: 1, column: 1 };
      const tree = {
        sections: sections.map(([name, list]): Section => {
          const properties = list.map(([key, value]) => ({
            key: key.toLowerCase(),
            written: key,
            value,
            place,
            valuePlace: place,
          }));
          return { kind: sectionKind(name), name, place, properties, nested: [], folder: '', main: true };
        }),
      };
      const diagnostics = new Diagnostics();
      const { spec } = await checkConfig({ tree, plugins: PLUGINS, logLevel: 'info', env: {} }, diagnostics);
      return spec.inputs.every(({ definition }) => definition.name === 'source');
    }),
    { numRuns: 1000 },
  );
  t.pass('nothing was thrown');
});
