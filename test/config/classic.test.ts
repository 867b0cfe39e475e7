/** The classic reader: what it takes, what it refuses and where, and that no text makes it throw or hang. */

import t from 'tap';
import { readClassic } from '../../src/config/classic.ts';
import { Diagnostics } from '../../src/config/diagnostic.ts';
import type { Section, Statement } from '../../src/config/tree.ts';
import fc from '../support/fast_check.ts';

const ORIGIN = { file: 'f.conf', folder: '/etc', main: true };

function read(text: string): { statements: Statement[]; sections: Section[]; errors: string[]; warnings: string[] } {
  const diagnostics = new Diagnostics();
  const statements = readClassic(text, ORIGIN, diagnostics);
  const sections = statements.flatMap((one) => (one.type === 'section' ? [one.section] : []));
  const say = (severity: string) =>
    diagnostics.list
      .filter((one) => one.severity === severity)
      .map(({ place, message }) => `${place?.line}:${place?.column} ${message}`);
  return { statements, sections, errors: say('error'), warnings: say('warning') };
}

const properties = (text: string): [string, string][] =>
  read(text).sections.flatMap((section) => section.properties.map(({ key, value }): [string, string] => [key, value]));

t.test('a section has its properties, keys in lower case, values without the blanks around them', async (t) => {
  t.same(properties('[INPUT]\n    Name   tail  \n    Path \t/a b\t\n'), [
    ['name', 'tail'],
    ['path', '/a b'],
  ]);
});

t.test('every property knows its line, its column and the text of its line', async (t) => {
  const [section] = read('\n[OUTPUT]\n    Name  file\n').sections;
  t.same(section?.place, { file: 'f.conf', line: 2, column: 1, length: 8, text: '[OUTPUT]' });
  t.same(section?.properties[0]?.place, { file: 'f.conf', line: 3, column: 5, length: 4, text: '    Name  file' });
  t.same(section?.properties[0]?.valuePlace, {
    file: 'f.conf',
    line: 3,
    column: 11,
    length: 4,
    text: '    Name  file',
  });
});

t.test('comments stand at the margin or after the indentation; # in a value is part of it', async (t) => {
  const text = '# one\n[INPUT]\n    # two\n    Tag a#b # c\n\n   \n    #Name x\n# end';
  t.same(properties(text), [['tag', 'a#b # c']]);
  t.same(read(text).errors, []);
});

t.test('CRLF, tabs as indentation and a missing last line break are taken', async (t) => {
  t.same(properties('[INPUT]\r\n\tName dummy\r\n\tTag \tx'), [
    ['name', 'dummy'],
    ['tag', 'x'],
  ]);
});

t.test('names of sections are read in any case and in the plural', async (t) => {
  const kinds = read('[service]\n[Inputs]\n[OUTPUT] and more\n[multiline_parser]\n[WHAT]\n').sections.map(
    (s) => s.kind,
  );
  t.same(kinds, ['service', 'input', 'output', 'multiline_parser', 'other']);
});

t.test('a line twice as deep as the first one is taken, any other depth is an error', async (t) => {
  t.same(read('[A]\n  a 1\n    b 2\n').errors, []);
  t.same(read('[A]\n    a 1\n      b 2\n').errors, ['3:1 this line is indented by 6, the first one of the file by 4']);
  t.same(read('[A]\n    a 1\n  b 2\n').errors, ['3:1 this line is indented by 2, the first one of the file by 4']);
  t.match(read('[A]\n    a 1\n\tb 2\n').errors[0], /^3:1 blanks and tabs are mixed/);
  t.match(read('[A]\na 1\n').errors[0], /^2:1 a property must be indented/);
});

t.test('every mistake is reported in one run, each at its place', async (t) => {
  const { errors } = read('  Name x\n[INPUT\n[OUTPUT]\n  Empty\n  Name\ttab\n  [group] x\n  Good 1\n');
  t.same(errors, [
    "1:3 'Name' stands outside of any section",
    "2:1 the name of this section does not end with ']'",
    "4:3 'Empty' has no value",
    '5:7 a blank must stand after the key; a tab does not end it',
    '6:3 a section must stand at the margin',
  ]);
});

t.test('@INCLUDE and @SET stand at the margin, in any case', async (t) => {
  const { statements, errors } = read('@include a.conf \n@SET  x=a = b \n');
  t.same(errors, []);
  t.match(statements, [
    { type: 'include', include: { path: 'a.conf', place: { line: 1, column: 10 } } },
    { type: 'set', setting: { name: 'x', value: 'a = b' } },
  ]);
});

t.test('an indented @INCLUDE is a property, as in Fluent Bit', async (t) => {
  t.same(properties('[INPUT]\n  @INCLUDE a.conf\n'), [['@include', 'a.conf']]);
});

t.test('another command and a broken @SET are warnings, as Fluent Bit ignores them', async (t) => {
  t.same(read('@FOO bar\n@SET novalue\n').warnings, [
    "1:1 there is no command '@FOO'; there are @SET and @INCLUDE",
    '2:1 write @SET name=value',
  ]);
});

const TOKENS = [
  '[INPUT]',
  '[',
  ']',
  '\n',
  '\r\n',
  ' ',
  '    ',
  '\t',
  '#',
  '@SET ',
  '@INCLUDE ',
  'a=b',
  'Name',
  'x',
  '${',
  '}',
  '\0',
];

t.test('any text gives sections or findings, with places inside the text, and never throws', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.array(fc.constantFrom(...TOKENS), { maxLength: 60 }).map((words) => words.join('')),
  );
  fc.assert(
    fc.property(text, (source) => {
      const diagnostics = new Diagnostics();
      const statements = readClassic(source, ORIGIN, diagnostics);
      const lines = source.split('\n');
      const places = [
        ...diagnostics.list.map(({ place }) => place),
        ...statements.flatMap((one) => (one.type === 'section' ? one.section.properties.map((p) => p.valuePlace) : [])),
      ];
      return places.every((place) => {
        if (!place || place.line < 1 || place.line > lines.length) return false;
        return place.column >= 1 && place.column <= (lines[place.line - 1]?.length ?? 0) + 1;
      });
    }),
    { numRuns: 2000 },
  );
});

t.test('sections that are written out are read back as they were', async () => {
  const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.]{0,8}$/);
  const value = fc.stringMatching(/^[!-~][ -~]{0,20}$/).map((text) => text.trim());
  const section = fc.tuple(word, fc.array(fc.tuple(word, value), { maxLength: 5 }));
  fc.assert(
    fc.property(fc.array(section, { maxLength: 5 }), fc.constantFrom('  ', '    ', '\t'), (sections, indent) => {
      const source = sections
        .map(([name, list]) => `[${name}]\n${list.map(([key, text]) => `${indent}${key} ${text}\n`).join('')}`)
        .join('');
      const got = read(source).sections.map(({ name, properties: list }) => [name, list.map((p) => [p.key, p.value])]);
      const wanted = sections.map(([name, list]) => [name, list.map(([key, text]) => [key.toLowerCase(), text])]);
      return JSON.stringify(got) === JSON.stringify(wanted);
    }),
    { numRuns: 500 },
  );
});
