/** Reading several files: includes, variables, parsers files, both forms in one project. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are variables of configurations
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Diagnostics } from '../../src/config/diagnostic.ts';
import { loadConfig } from '../../src/config/load.ts';

interface Loaded {
  /** `input name=dummy tag=x`, one a section. */
  sections: string[];
  findings: string[];
}

async function load(
  t: { testdir(fixture: Record<string, string>): string },
  files: Record<string, string>,
  main = 'main.conf',
  env: Record<string, string> = {},
): Promise<Loaded> {
  const folder = t.testdir({});
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  const diagnostics = new Diagnostics();
  const tree = await loadConfig({ file: path.join(folder, main), before: [], parserFiles: [], env }, diagnostics);
  return {
    sections: tree.sections.map(({ kind, properties }) =>
      [kind, ...properties.map((p) => `${p.key}=${p.value}`)].join(' '),
    ),
    findings: diagnostics.list.map(
      ({ severity, place, message }) =>
        `${place ? `${path.basename(place.file)}:${place.line}` : ''} ${severity}: ${message.replaceAll(`${folder}/`, '').replaceAll(`${path.relative('', folder)}/`, '')}`,
    ),
  };
}

t.test('@INCLUDE reads a file beside the main one, with its own indentation, and what that includes', async (t) => {
  const { sections, findings } = await load(t, {
    'main.conf': '@INCLUDE sub/a.conf\n[OUTPUT]\n    Name null\n',
    'sub/a.conf': '[INPUT]\n  Name dummy\n@INCLUDE sub/b.conf\n',
    'sub/b.conf': '[FILTER]\n\tName grep\n',
  });
  t.same(findings, []);
  t.same(sections, ['input name=dummy', 'filter name=grep', 'output name=null']);
});

t.test('a star includes all files that fit, in the order of their names, hidden ones left out', async (t) => {
  const { sections } = await load(t, {
    'main.conf': '@INCLUDE d/*.conf\n',
    'd/b.conf': '[INPUT]\n Name b\n',
    'd/a.conf': '[INPUT]\n Name a\n',
    'd/.hidden.conf': '[INPUT]\n Name h\n',
    'd/c.txt': '[INPUT]\n Name c\n',
  });
  t.same(sections, ['input name=a', 'input name=b']);
});

t.test('includes that find nothing, or one file twice, are errors with their place', async (t) => {
  const { findings } = await load(t, {
    'main.conf': '@INCLUDE none.conf\n@INCLUDE d/*.conf\n@INCLUDE a.conf\n@INCLUDE a.conf\n@INCLUDE main.conf\n',
    'a.conf': '[INPUT]\n Name a\n',
  });
  t.same(findings, [
    "main.conf:1 error: there is no file 'none.conf' to include",
    "main.conf:2 error: no file fits 'd/*.conf'",
    "main.conf:4 error: the file 'a.conf' is included twice",
    "main.conf:5 error: the file 'main.conf' is included twice",
  ]);
});

t.test('a main file that is not there is an error', async (t) => {
  t.match((await load(t, {})).findings, [/^ error: cannot read 'main.conf': no such file/]);
});

t.test('@SET counts wherever it stands, wins over the environment, and the last one counts', async (t) => {
  const { sections } = await load(
    t,
    { 'main.conf': '@SET a=first\n[INPUT]\n Name ${a}-${b}\n Tag ${c:-default}${d:-}\n@SET a=last\n' },
    'main.conf',
    { a: 'environment', b: 'env', d: '' },
  );
  t.same(sections, ['input name=last-env tag=default']);
});

t.test('an unset variable becomes nothing, with a note', async (t) => {
  const { sections, findings } = await load(t, { 'main.conf': '[INPUT]\n Name x${NOPE}y\n' });
  t.same(sections, ['input name=xy']);
  t.same(findings, ['main.conf:2 note: the variable NOPE is not set; it becomes nothing']);
});

t.test('a value that looks like a variable is not replaced again', async (t) => {
  t.same((await load(t, { 'main.conf': '@SET a=${b}\n@SET b=x\n[INPUT]\n Name ${a}\n' })).sections, [
    'input name=${b}',
  ]);
});

t.test('HOSTNAME is always there', async (t) => {
  t.notMatch((await load(t, { 'main.conf': '[INPUT]\n Name a${HOSTNAME}\n' })).sections[0], /name=a$/);
});

t.test('the variables that were set go with the tree', async (t) => {
  const folder = t.testdir({ 'main.conf': '@SET a=1\n@SET a=2\n@SET b=\n[INPUT]\n Name x\n' });
  const request = { file: path.join(folder, 'main.conf'), before: [], parserFiles: [], env: { HOSTNAME: 'h', c: '3' } };
  const { variables } = await loadConfig(request, new Diagnostics());
  t.same(
    [...(variables ?? [])],
    [
      ['a', '2'],
      ['b', ''],
    ],
  );
});

t.test('parsers files are read in both forms and may use variables', async (t) => {
  const { sections, findings } = await load(t, {
    'main.conf': '@SET p=one\n[SERVICE]\n Parsers_File ${p}.conf\n Parsers_File two.yaml\n',
    'one.conf': '[PARSER]\n Name ${p}\n',
    'two.yaml': 'parsers:\n  - name: two\n',
  });
  t.same(findings, []);
  t.same(sections.slice(1), ['parser name=one', 'parser name=two']);
});

t.test('a parsers file that is not there is an error', async (t) => {
  t.same((await load(t, { 'main.conf': '[SERVICE]\n Parsers_File nope.conf\n' })).findings, [
    "main.conf:2 error: there is no parsers file 'nope.conf'",
  ]);
});

t.test('YAML includes are looked up beside the file that names them; both forms mix', async (t) => {
  const { sections, findings } = await load(
    t,
    {
      'main.yaml': 'includes:\n  - sub/a.yaml\nservice:\n  flush: 1\n',
      'sub/a.yaml': 'includes: [b.conf]\npipeline:\n  inputs:\n    - name: dummy\n',
      'sub/b.conf': '[OUTPUT]\n Name null\n',
    },
    'main.yaml',
  );
  t.same(findings, []);
  t.same(sections, ['output name=null', 'input name=dummy', 'service flush=1']);
});

t.test('a second service in YAML is an error, also in an included file', async (t) => {
  const { findings } = await load(
    t,
    { 'main.yaml': 'includes: [s.yaml]\nservice:\n  flush: 1\n', 's.yaml': 'service:\n  flush: 2\n' },
    'main.yaml',
  );
  t.same(findings, ["main.yaml:2 error: there is a second 'service'; only one is allowed"]);
});

t.test('env reads a file without its last line break', async (t) => {
  const { sections } = await load(
    t,
    {
      'main.yaml': 'env:\n  - name: s\n    uri: file://./s.txt\npipeline:\n  inputs:\n    - name: ${s}\n',
      's.txt': 'secret\n',
    },
    'main.yaml',
  );
  t.same(sections, ['input name=secret']);
});

t.test('a byte order mark is no part of the text', async (t) => {
  t.same((await load(t, { 'main.conf': '\ufeff[INPUT]\n Name a\n' })).sections, ['input name=a']);
});
