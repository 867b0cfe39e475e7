/**
 * The rules of the house, checked: who may import whom, how long a file may be, what every plugin's folder holds, and
 * words that must not be there. ARCHITECTURE.md tells why.
 */
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { plugins } from '../plugins/index.ts';
import type { OptionSpec } from '../src/options.ts';
import { MALLOC_ARENA_MAX, NODE_SWITCHES } from './support/switches.ts';

const ROOT = path.join(import.meta.dirname, '..');
const LONGEST_FILE = 400;

function filesBelow(folder: string, ending: RegExp): string[] {
  const full = path.join(ROOT, folder);
  if (!fs.existsSync(full)) return [];
  return fs
    .readdirSync(full, { recursive: true, encoding: 'utf8' })
    .filter((file) => ending.test(file) && !/(^|\/)(node_modules|cases|\.tap)\//.test(file))
    .map((file) => path.join(folder, file))
    .sort();
}

const read = (file: string): string => fs.readFileSync(path.join(ROOT, file), 'utf8');
const isTest = (file: string): boolean => file.endsWith('.test.ts');
const SOURCES = [...filesBelow('src', /\.[jt]s$/), ...filesBelow('plugins', /\.ts$/)];
const EVERY_FILE = [...SOURCES, ...filesBelow('test', /\.ts$/), ...filesBelow('bench', /\.ts$/)];

interface Import {
  readonly from: string;
  /** A path from the root, or the name of a package. */
  readonly to: string;
  readonly typeOnly: boolean;
}

/** Every import line of a file, static or dynamic. */
function importsOf(file: string): Import[] {
  const imports: Import[] = [];
  const text = read(file);
  const pattern = /^(import|export)\s(type\s)?[^'"`;]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;
  for (const match of text.matchAll(pattern)) {
    const target = match[3] ?? match[4] ?? match[5] ?? '';
    const to = target.startsWith('.') ? path.normalize(path.join(path.dirname(file), target)) : target;
    imports.push({ from: file, to, typeOnly: match[2] !== undefined });
  }
  return imports;
}

/** A file may import files of lower floors, and of its own room (undefined: stands alone on its floor). */
function placeOf(file: string): { floor: number; room: string } {
  const [top = '', second = ''] = file.split('/');
  if (top === 'plugins')
    return second === 'index.ts'
      ? { floor: 5, room: 'index' }
      : { floor: 4, room: file.split('/').slice(0, 2).join('/') };
  if (/^src\/(options|log|metrics)\.ts$/.test(file) || second === 'data') return { floor: 1, room: 'ground' };
  if (/^src\/(plugin|spec|describe)\.ts$/.test(file)) return { floor: 2, room: 'contract' };
  if (second === 'parsers' || second === 'net') return { floor: 3, room: 'formats' };
  if (second === 'config' || second === 'engine') return { floor: 4, room: second };
  return { floor: 5, room: 'program' };
}

/** The contract's types may be named anywhere: they cost nothing and change nothing. */
const isContract = ({ to, typeOnly }: Import): boolean => typeOnly && /^src\/(plugin|spec)\.ts$/.test(to);

t.test('every file imports only from its own room and from the floors below', async (t) => {
  const broken: string[] = [];
  for (const file of SOURCES.filter((one) => !isTest(one)))
    for (const one of importsOf(file)) {
      if (!/^(src|plugins)\//.test(one.to) || isContract(one)) continue;
      const [from, to] = [placeOf(file), placeOf(one.to)];
      const index = from.room === 'index' && to.floor === 4;
      const fits =
        to.floor < from.floor || to.room === from.room || index || (from.room === 'program' && to.room === 'index');
      if (!fits) broken.push(`${file} (floor ${from.floor}) imports ${one.to} (floor ${to.floor})`);
    }
  t.same(broken, []);
});

t.test('data and options import nothing of the project but each other', async (t) => {
  const broken = SOURCES.filter((file) => /^src\/(options\.ts|data\/)/.test(file)).flatMap((file) =>
    importsOf(file)
      .filter((one) => one.to.startsWith('src/') && !isContract(one) && !/^src\/(options\.ts|data\/)/.test(one.to))
      .map((one) => `${file} imports ${one.to}`),
  );
  t.same(broken, []);
});

t.test(
  'plugins know the contract, data, parsers and net; never the engine, the configuration or another plugin',
  async (t) => {
    const broken = SOURCES.filter((file) => /^plugins\/[^/]+\//.test(file) && !isTest(file)).flatMap((file) =>
      importsOf(file)
        .filter(
          ({ to }) =>
            /^src\/(engine|config|main|cli)/.test(to) ||
            (to.startsWith('plugins/') && placeOf(to).room !== placeOf(file).room),
        )
        .map(({ to }) => `${file} imports ${to}`),
    );
    t.same(broken, []);
  },
);

t.test('no import goes round in a circle', async (t) => {
  const graph = new Map(
    SOURCES.map((file) => [
      file,
      importsOf(file)
        .filter((one) => !one.typeOnly)
        .map(({ to }) => to),
    ]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, trail: readonly string[]) => {
    if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
    if (done.has(file) || trail.includes(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  t.same(circles, []);
});

t.test('packages that are imported are dependencies', async (t) => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const known = Object.keys(manifest.dependencies ?? {});
  const missing = SOURCES.filter((file) => !isTest(file)).flatMap((file) =>
    importsOf(file)
      .filter(({ to }) => !/^(src|plugins)\/|^node:|^package\.json$/.test(to))
      .filter(({ to }) => !known.some((name) => to === name || to.startsWith(`${name}/`)))
      .map(({ to }) => `${file} imports ${to}`),
  );
  t.same(missing, []);
});

t.test(`no file is longer than ${LONGEST_FILE} lines`, async (t) => {
  const long = EVERY_FILE.filter((file) => read(file).split('\n').length > LONGEST_FILE + 1);
  t.same(long, []);
});

t.test('every file opens with a comment that says what it holds', async (t) => {
  const silent = EVERY_FILE.filter((file) => !isTest(file) && !/^(#!.*\n)?(\/\*\*|\/\/)/.test(read(file)));
  t.same(silent, []);
});

t.test('no file is named after nothing in particular', async (t) => {
  t.same(
    EVERY_FILE.filter((file) => /(^|\/|_)(utils?|helpers?|manager|base|misc|common)(_\w+)?\.ts$/.test(file)),
    [],
  );
});

/** Written in pieces, so that this file does not hold them itself. */
const BANNED: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`@ts-${'ignore'}|@ts-${'nocheck'}`), 'switches the type checker off'],
  [new RegExp(`(:|<|as) ${'any'}\\b(?! )`), 'uses the type that is none'],
  [new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X:'].join('|')})\\b`), 'leaves work in a comment'],
  [
    new RegExp(`\\bt\\.(test|skip|todo)\\.?(${'skip'}|${'todo'}|${'only'})\\b|\\{ (skip|todo|only): `),
    'leaves a test out',
  ],
  [new RegExp(`["'\` (](/${'work'}|/${'home'}|/${'Users'}|~)/[a-z]`), 'names a folder of somebody'],
];

t.test('nothing that does not belong here is written anywhere', async (t) => {
  const found = EVERY_FILE.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) =>
        BANNED.filter(([pattern]) => pattern.test(line)).map(
          ([, why]) => `${file}:${index + 1} ${why}: ${line.trim()}`,
        ),
      ),
  );
  t.same(found, []);
});

t.test("every plugin's folder holds index.ts, README.md and a test, and is in the list", async (t) => {
  const folders = fs
    .readdirSync(path.join(ROOT, 'plugins'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const problems: string[] = [];
  for (const name of folders) {
    const files = fs.readdirSync(path.join(ROOT, 'plugins', name));
    for (const wanted of ['index.ts', 'README.md'])
      if (!files.includes(wanted)) problems.push(`${name} has no ${wanted}`);
    if (!files.some((file) => isTest(file))) problems.push(`${name} has no test`);
  }
  const prefixes = {
    in_: plugins.inputs,
    filter_: plugins.filters,
    processor_: plugins.processors,
    out_: plugins.outputs,
  };
  const listed = Object.entries(prefixes).flatMap(([prefix, table]) => Object.keys(table).map((name) => prefix + name));
  for (const name of folders) if (!listed.includes(name)) problems.push(`${name} is not in plugins/index.ts`);
  for (const name of listed)
    if (!folders.includes(name)) problems.push(`${name} is in plugins/index.ts but has no folder`);
  t.same(problems, []);
});

t.test('the README names every plugin', async (t) => {
  const text = read('README.md');
  const names = [plugins.inputs, plugins.filters, plugins.processors, plugins.outputs].flatMap((table) =>
    Object.keys(table),
  );
  t.same(
    names.filter((name) => !text.includes(`\`${name}\``)),
    [],
  );
});

t.test('every plugin describes itself: its name is the one it is listed under, every option has help', async (t) => {
  const tables = [plugins.inputs, plugins.filters, plugins.processors, plugins.outputs];
  for (const table of tables)
    for (const [name, load] of Object.entries(table)) {
      const { default: definition } = await load();
      t.equal(definition.name, name);
      t.match(definition.summary, /\S.*\.$/, `${name} has a summary that is a sentence`);
      for (const [option, spec] of Object.entries<OptionSpec>(definition.options)) {
        t.match(spec.help, /\S/, `${name}.${option} has help`);
        t.equal(option, option.toLowerCase(), `${name}.${option} is in lower case`);
      }
    }
});

t.test('Node is started with the same switches everywhere', async (t) => {
  const switches = NODE_SWITCHES.join(' ');
  const heaps = `MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX}`;
  const launcher = read('src/sluice.js');
  t.ok(launcher.startsWith(`#!/usr/bin/env -S ${heaps} node ${switches}\n`), 'the launcher');
  const quoted = (quote: string) => NODE_SWITCHES.map((one) => `${quote}${one}${quote}`).join(', ');
  t.ok(launcher.includes(`[${quoted("'")}, `), 'the launcher that starts again');
  t.ok(read('package.json').includes(`${heaps} node ${switches} src/sluice.js`), 'npm start');
  const image = read('Dockerfile');
  t.ok(image.includes(`["node", ${quoted('"')}, `) && image.includes(`ENV ${heaps}\n`), 'the image');
});
