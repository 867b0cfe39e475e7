/** The YAML reader: the sections it makes, its places, its bounds, and that no text makes it throw or hang. */

import t from 'tap';
import { Diagnostics } from '../../src/config/diagnostic.ts';
import type { Section, Statement } from '../../src/config/tree.ts';
import { readYaml } from '../../src/config/yaml.ts';
import fc from '../support/fast_check.ts';

const ORIGIN = { file: 'f.yaml', folder: '/etc', main: true };

function read(text: string): { statements: Statement[]; sections: Section[]; errors: string[]; warnings: string[] } {
  const diagnostics = new Diagnostics();
  const statements = readYaml(text, ORIGIN, diagnostics);
  const sections = statements.flatMap((one) => (one.type === 'section' ? [one.section] : []));
  const say = (severity: string) =>
    diagnostics.list
      .filter((one) => one.severity === severity)
      .map(({ place, message }) => `${place?.line}:${place?.column} ${message}`);
  return { statements, sections, errors: say('error'), warnings: say('warning') };
}

const pairs = (section: Section | undefined) => section?.properties.map(({ key, value }) => `${key}=${value}`);

t.test('service and pipeline become sections in order; every scalar is the text that was written', async (t) => {
  const { sections, errors } = read(
    'service:\n  flush: 0.20\npipeline:\n  inputs:\n    - name: dummy\n      samples: 010\n      on: yes\n      q: "a\\tb"\n  outputs:\n    - name: null\n',
  );
  t.same(errors, []);
  t.same(
    sections.map((section) => section.kind),
    ['service', 'input', 'output'],
  );
  t.same(pairs(sections[0]), ['flush=0.20']);
  t.same(pairs(sections[1]), ['name=dummy', 'samples=010', 'on=yes', 'q=a\tb']);
  t.same(pairs(sections[2]), ['name=null']);
});

t.test('properties know their place', async (t) => {
  const [section] = read('pipeline:\n  inputs:\n    - name: dummy\n      tag:  x.y\n').sections;
  t.match(section?.properties[1]?.place, { line: 4, column: 7, length: 3, text: '      tag:  x.y' });
  t.match(section?.properties[1]?.valuePlace, { line: 4, column: 13, length: 3 });
});

t.test('camelCase, capitals and lists are read as Fluent Bit reads them', async (t) => {
  const { sections } = read(
    'pipeline:\n  filters:\n    - Name: modify\n      Key_Name: k\n      reserveData: on\n      add:\n        - a 1\n        - b 2\n',
  );
  t.same(pairs(sections[0]), ['name=modify', 'key_name=k', 'reserve_data=on', 'add=a 1', 'add=b 2']);
});

t.test('a key given twice repeats the property', async (t) => {
  t.same(pairs(read('pipeline:\n  filters:\n    - name: modify\n      add: a 1\n      add: b 2\n').sections[0]), [
    'name=modify',
    'add=a 1',
    'add=b 2',
  ]);
});

t.test('anchors, aliases and merge keys are followed', async (t) => {
  const { sections, errors } = read(
    'pipeline:\n  inputs:\n    - &base\n      name: tail\n      path: /a\n    - <<: *base\n      tag: t\n  outputs: []\n',
  );
  t.same(errors, []);
  t.same(pairs(sections[1]), ['name=tail', 'path=/a', 'tag=t']);
});

t.test('env is a map or a list, includes are a list', async (t) => {
  const { statements } = read('env:\n  a: 1\nincludes:\n  - x.yaml\n');
  t.match(statements, [
    { type: 'set', setting: { name: 'a', value: '1' } },
    { type: 'include', include: { path: 'x.yaml' } },
  ]);
  t.match(read('env:\n  - name: s\n    uri: file:///x\n').statements, [
    { type: 'set', setting: { name: 's', value: 'file:///x' } },
  ]);
});

t.test('what is nested below a plugin stays a tree, processors and routes', async (t) => {
  const { sections, errors } = read(
    'pipeline:\n  inputs:\n    - name: d\n      processors:\n        logs:\n          - name: m\n',
  );
  t.same(errors, []);
  t.match(sections[0]?.nested, [{ key: 'processors', value: { kind: 'map', entries: [{ key: 'logs' }] } }]);
});

t.test('mistakes of structure are reported, all of them', async (t) => {
  const { errors, warnings } = read(
    'pipeline:\n  inputs:\n    name: dummy\n  sources:\n    - name: x\n  outputs:\n    - name: file\n      path: {a: b}\ninputs:\n  name: y\nservise:\n  a: b\n',
  );
  t.same(errors, [
    "2:3 'inputs' must be a list: begin each entry with '- '",
    "4:3 'pipeline' has no 'sources'; there are inputs, filters, outputs",
    "8:13 'path' must be a text or a list of texts",
  ]);
  t.same(warnings, [
    "9:1 'inputs' is no section and is ignored; it belongs under 'pipeline'",
    "11:1 'servise' is no section and is ignored; did you mean 'service'?",
  ]);
});

t.test('a mistake of syntax is reported with its place', async (t) => {
  t.match(read('service:\n  a: "x\n').errors[0], /^\d:\d+ /);
  t.match(read('a: [1, 2\n').errors[0], /^\d:\d+ /);
});

t.test('an empty file says nothing', async (t) => {
  t.same(read('').statements, []);
  t.same(read('# nothing\n').errors, []);
});

t.test('aliases that would grow a small file into a huge tree are refused', async (t) => {
  const levels = Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}, *a${i}]\n`);
  const { errors } = read(`a0: &a0 [x, x, x, x]\n${levels.join('')}`);
  t.match(errors, [/too large|aliases/i]);
});

t.test('an alias to its own list is refused', async (t) => {
  t.not(read('a: &a [1, *a]\n').errors.length, 0);
});

t.test('thousands of open brackets are refused at once', async (t) => {
  t.match(read(`a: ${'['.repeat(50_000)}`).errors, [/nested too deeply/]);
  t.match(read(`a: ${'[{b: '.repeat(50_000)}`).errors, [/nested too deeply/]);
});

t.test('deep block nesting is an error, no overflow', async (t) => {
  const text = Array.from({ length: 400 }, (_, i) => `${' '.repeat(i)}a:\n`).join('');
  t.match(read(text).errors, [/nests too deeply/]);
});

const TOKENS = [
  'pipeline:',
  'inputs:',
  'service:',
  'env:',
  '- ',
  'name: x',
  '\n',
  '  ',
  ': ',
  '[',
  ']',
  '{',
  '}',
  '&a ',
  '*a',
  '"',
  "'",
  '|',
  '>',
  '#',
  '%',
  '!!',
  '? ',
  '---',
  '\t',
  '<<: ',
];

t.test('any text gives sections or findings and never throws', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(fc.constantFrom(...TOKENS), { maxLength: 50 }).map((words) => words.join('')),
  );
  fc.assert(
    fc.property(text, (source) => {
      const diagnostics = new Diagnostics();
      readYaml(source, ORIGIN, diagnostics);
      return diagnostics.list.every(({ place }) => place !== undefined && place.line >= 1 && place.column >= 1);
    }),
    { numRuns: 1500 },
  );
});
