/** What YAML nests: processors, conditions and routes; and that both forms give equal specs. */
import t from 'tap';
import { type CheckedText, check } from '../support/check.ts';

const YAML = `service:
  flush: 0.5
pipeline:
  inputs:
    - name: source
      path: /x
      tag: a
      processors:
        logs:
          - name: process
            action: insert
            condition:
              op: and
              rules:
                - field: $level
                  op: eq
                  value: error
                - field: $n
                  op: gt
                  value: 5
          - name: change
            add: [a 1, b 2]
      routes:
        logs:
          - name: errors
            condition: { op: or, rules: [{ field: $a, op: in, value: [x, y] }] }
            to: { outputs: [err] }
          - name: rest
            condition: { default: true }
            to: { outputs: [err] }
  outputs:
    - name: sink
      alias: err
      match: '*'
`;

t.test('processors, conditions and routes are read', async (t) => {
  const { spec, findings } = await check(t, YAML, 'f.yaml');
  t.same(findings, []);
  t.match(spec.inputs[0]?.processors, [
    {
      definition: { name: 'process', kind: 'processor' },
      condition: {
        op: 'and',
        rules: [
          { field: '$level', op: 'eq', value: 'error', inMetadata: false },
          { field: '$n', op: 'gt', value: 5 },
        ],
      },
    },
    { definition: { name: 'change', kind: 'filter' }, options: { add: ['a 1', 'b 2'] }, condition: undefined },
  ]);
  t.same(spec.inputs[0]?.routes, [
    {
      name: 'errors',
      condition: { op: 'or', rules: [{ field: '$a', op: 'in', value: ['x', 'y'], inMetadata: false }] },
      outputs: ['err'],
    },
    { name: 'rest', condition: 'default', outputs: ['err'] },
  ]);
});

t.test('a map below a processor gives options with its name before theirs; a map in a list is one text', async (t) => {
  const withSettings = (text: string) => YAML.replace('add: [a 1, b 2]', text);
  const unknown = await check(t, withSettings('settings: { percentage: 5, Deep: { a: x } }'), 'f.yaml');
  t.match(unknown.findings, [/'settings.percentage'/, /'settings.Deep.a'/]);
  const { spec, findings } = await check(t, withSettings('add: [{ type: t, values: [1, 2] }, plain]'), 'f.yaml');
  t.same(findings, []);
  t.match(spec.inputs[0]?.processors[1], { options: { add: ['type=t values=1,2', 'plain'] } });
});

t.test('mistakes inside processors, conditions and routes are reported', async (t) => {
  const broken = YAML.replace('name: process', 'name: proces')
    .replace('op: gt', 'op: gtt')
    .replace('value: 5', 'value: five')
    .replace('to: { outputs: [err] }\n          - name', 'to: { outputs: [] }\n          - name')
    .replace('op: or', 'op: xor');
  const { findings } = await check(t, broken, 'f.yaml');
  t.match(findings, [
    /^error \d+: 'gtt' is no op of a rule; did you mean 'gt'/,
    /^error \d+: there is no processor 'proces'; did you mean 'process'/,
    /^error \d+: a route needs 'to'/,
  ]);
});

t.test('a route names its outputs in several ways; with `any` and as a single map, too', async (t) => {
  const routes = async (text: string) => {
    const { spec, findings } = await check(
      t,
      YAML.replace(/ {6}routes:[\s\S]*? {2}outputs:\n {4}- name/, `${text}  outputs:\n    - name`),
      'f.yaml',
    );
    return { routes: spec.inputs[0]?.routes, findings };
  };
  const to = async (text: string) => (await routes(`      routes: { any: { name: a, to: ${text} } }\n`)).routes?.[0];
  t.same(await to('err'), { name: 'a', condition: undefined, outputs: ['err'] });
  t.same(await to('[err, sink]'), { name: 'a', condition: undefined, outputs: ['err', 'sink'] });
  t.same(await to('{ outputs: { name: gone, fallback: err } }'), {
    name: 'a',
    condition: undefined,
    outputs: ['gone'],
    fallbacks: new Map([['gone', 'err']]),
  });
  t.same((await routes('      routes: {}\n')).routes, undefined);
  t.match((await routes('      routes: { logs: [{ to: err }] }\n')).findings, [/a route needs a 'name'/]);
  t.match((await routes('      routes: { logs: [{ name: a, to: err }, { name: a, to: err }] }\n')).findings, [
    /two routes of this input have the name 'a'/,
  ]);
});

t.test('a filter that keeps events for later does not stand behind an output', async (t) => {
  const place = (kind: 'inputs' | 'outputs') => `pipeline:
  inputs:
    - name: source
      path: x
${kind === 'inputs' ? PROCESSORS : ''}  outputs:
    - name: sink
      match: '*'
${kind === 'outputs' ? PROCESSORS : ''}`;
  const PROCESSORS = '      processors: { logs: [{ name: join }, { name: hold }, { name: change }] }\n';
  t.same((await check(t, place('inputs'), 'f.yaml')).findings, []);
  t.match((await check(t, place('outputs'), 'f.yaml')).findings, [
    /^warning \d+: 'join' keeps events for later: as a processor of an output/,
    /^error \d+: 'hold' keeps events for later and cannot be a processor of an output; put it among the filters/,
  ]);
});

t.test('a number without quotes is a number in a condition, one with quotes is a text', async (t) => {
  const rule = (value: string) => YAML.replace('value: error', `value: ${value}`);
  const value = async (text: string) =>
    (await check(t, rule(text), 'f.yaml')).spec.inputs[0]?.processors[0]?.condition?.rules[0]?.value;
  t.equal(await value('200'), 200);
  t.equal(await value('"200"'), '200');
  t.equal(await value('error'), 'error');
});

t.test('a boolean, and a list with numbers, need quotes in a condition', async (t) => {
  t.match((await check(t, YAML.replace('value: error', 'value: true'), 'f.yaml')).findings, [
    /a rule takes no boolean/,
  ]);
  t.same((await check(t, YAML.replace('value: error', 'value: "true"'), 'f.yaml')).findings, []);
  t.match((await check(t, YAML.replace('[x, y]', '[x, 5]'), 'f.yaml')).findings, [/numbers in quotes/]);
});

t.test('a route to an output that is not there is a warning', async (t) => {
  const { findings } = await check(t, YAML.replaceAll('[err]', '[er]'), 'f.yaml');
  t.match(findings, [/^warning \d+: a route leads to 'er', but no output has this name or Alias; did you mean 'err'/]);
});

t.test('the same pipeline in classic and in YAML gives equal specs', async (t) => {
  const classic = await check(
    t,
    '[SERVICE]\n  Flush 0.5\n[INPUT]\n  Name source\n  Path /x\n  Size 2M\n  Alias in\n  Mem_Buf_Limit 1M\n[FILTER]\n  Name change\n  Match *\n  Add a 1\n  Add b 2\n[OUTPUT]\n  Name sink\n  Match *\n  Retry_Limit no_limits\n',
  );
  const yaml = await check(
    t,
    "service:\n  flush: 0.5\npipeline:\n  inputs:\n    - name: source\n      path: /x\n      size: 2M\n      alias: in\n      mem_buf_limit: 1M\n  filters:\n    - name: change\n      match: '*'\n      add: [a 1, b 2]\n  outputs:\n    - name: sink\n      match: '*'\n      retry_limit: no_limits\n",
    'fluent-bit.yaml',
  );
  const plain = ({ spec }: CheckedText) =>
    JSON.parse(
      JSON.stringify(spec, (key, value) =>
        key === 'place' || key === 'valuePlace' || key === 'written' || key === 'parsers' ? undefined : value,
      ),
    );
  t.same(classic.findings, []);
  t.same(plain(yaml), plain(classic));
});

t.test('rules of a multiline parser keep quotes and backslashes of their patterns', async (t) => {
  const yaml = `multiline_parsers:
  - name: m
    type: regex
    rules:
      - { state: start_state, regex: '/^"\\d+\\"/', next_state: more }
      - { state: more, regex: '/^\\s/', next_state: more }
`;
  const { spec, findings } = await check(t, yaml, 'f.yaml');
  t.same(findings, []);
  const [first, second] = spec.parsers.multilineParser('m')?.rules ?? [];
  t.ok(first?.test('"12"x'));
  t.notOk(first?.test('12'));
  t.ok(second?.test('\tx'));
});

t.test('a parser that is not compiled, or defined twice, is an error; one that nobody defined a warning', async (t) => {
  const yaml = `parsers:
  - name: bad
    format: regex
    regex: '(?<a>'
  - name: j
    format: json
  - name: j
    format: json
multiline_parsers:
  - name: m
    type: regex
    parser: jj
    rules:
      - { state: start_state, regex: '/^a/', next_state: more }
`;
  const { findings } = await check(t, yaml, 'f.yaml');
  t.match(findings, [/^error \d: parser 'bad': /, /^error 7: the parser 'j' is defined twice/]);
});
