/**
 * Fields and templates are written in the same way in all plugins: `$a['b'][0]` is the field deep within, a name without
 * a dollar sign is a field of the record itself, whatever signs it has, and `$TAG[1]` is a part of the tag.
 */
import path from 'node:path';
import t, { type Test } from 'tap';
import checklist from '../plugins/filter_checklist/index.ts';
import dedupe from '../plugins/filter_dedupe/index.ts';
import expect from '../plugins/filter_expect/index.ts';
import grep from '../plugins/filter_grep/index.ts';
import logLevel from '../plugins/filter_log_level/index.ts';
import logToMetrics from '../plugins/filter_log_to_metrics/index.ts';
import modify from '../plugins/filter_modify/index.ts';
import parser from '../plugins/filter_parser/index.ts';
import redact from '../plugins/filter_redact/index.ts';
import rewriteTag from '../plugins/filter_rewrite_tag/index.ts';
import sample from '../plugins/filter_sample/index.ts';
import typeConverter from '../plugins/filter_type_converter/index.ts';
import sampling from '../plugins/processor_sampling/index.ts';
import { compileCondition } from '../src/data/condition.ts';
import type { Fields, LogEvent } from '../src/data/event.ts';
import { compileTemplate } from '../src/data/template.ts';
import { compileParser } from '../src/parsers/parser.ts';
import { eventOf, sectionOf } from './support/batch.ts';
import type { TestHost } from './support/host.ts';
import { make } from './support/plugin.ts';

const TAG = 'app.web.log';
const BODY: Fields = Object.freeze({
  a: Object.freeze({ b: ['error', 'x'], "it's": { 'c.d': 'error' } }),
  'a.b': 'error',
  $x: 'error',
});

/** How a field is written, and whether the text "error" is found there. */
const WRITTEN: readonly (readonly [string, boolean])[] = [
  ["$a['b'][0]", true],
  ["$a['b'][2]", false],
  ["$a['c'][0]", false],
  ["$a['it''s']['c.d']", true],
  ['a.b', true],
  ['b', false],
  ['$nope', false],
  ["$nope['b']", false],
];

interface Outcome {
  readonly kept: readonly LogEvent[];
  readonly host: TestHost;
}

type Definition = Parameters<typeof make>[0];

async function run(definition: unknown, pairs: readonly (readonly [string, string])[]): Promise<Outcome> {
  const regex = compileParser(
    sectionOf([
      ['name', 'any'],
      ['format', 'regex'],
      ['regex', '^(?<found>error)$'],
    ]),
  );
  const { plugin, host } = await make(definition as Definition, pairs, { parsers: { any: regex } });
  const filter = plugin as { start?(): unknown; filter(events: LogEvent[], tag: string): LogEvent[] };
  await filter.start?.();
  return { kept: await filter.filter([eventOf(BODY), eventOf(BODY)], TAG), host };
}

const changed = ({ kept }: Outcome): boolean => kept[0]?.body !== BODY;
const keeps = ({ kept }: Outcome): boolean => kept.length === 2;

/** As Fluent Bit these make an accessor of a plain key, which ends at its first dot: filter/grep-key-with-dot. */
const ENDS_AT_DOT = new Set(['grep', 'log_to_metrics', 'rewrite_tag']);

/** As Fluent Bit it finds no items of lists, and says so at the start: filter/type-converter-nested. */
const FINDS_NO_ITEMS = new Set(['type_converter']);

/** Each says whether it saw the text "error" in the field. */
const PLUGINS: Readonly<Record<string, (field: string, t: Test) => Promise<boolean>>> = {
  grep: async (field) => keeps(await run(grep, [['regex', `${field} ^error$`]])),
  modify: async (field) =>
    changed(
      await run(modify, [
        ['condition', `key_value_equals ${field} error`],
        ['set', 'hit 1'],
      ]),
    ),
  rewrite_tag: async (field) =>
    (await run(rewriteTag, [['rule', `${field.startsWith('$') ? field : `$${field}`} ^error$ new false`]])).host.emitted
      .length > 0,
  expect: async (field) =>
    (
      await run(expect, [
        ['key_exists', field],
        ['key_val_eq', `${field} error`],
      ])
    ).host.lines.length === 0,
  checklist: async (field, t) => {
    const file = path.join(t.testdir({ list: 'error\n' }), 'list');
    return changed(
      await run(checklist, [
        ['file', file],
        ['lookup_key', field],
        ['record', 'hit 1'],
      ]),
    );
  },
  log_to_metrics: async (field) => {
    const { host } = await run(logToMetrics, [
      ['tag', 'm'],
      ['metric_description', 'd'],
      ['regex', `${field} ^error$`],
    ]);
    return JSON.stringify([...(host.families[0]?.samples() ?? [])]).includes('"value":2');
  },
  dedupe: async (field) => (await run(dedupe, [['key', field]])).kept.length === 1,
  log_level: async (field) =>
    changed(
      await run(logLevel, [
        ['level_keys', field],
        ['text_keys', 'none'],
      ]),
    ),
  parser: async (field) =>
    changed(
      await run(parser, [
        ['key_name', field],
        ['parser', 'any'],
      ]),
    ),
  redact: async (field) =>
    changed(
      await run(redact, [
        ['key', field],
        ['pattern', 'own error'],
      ]),
    ),
  sample: async (field) =>
    keeps(
      await run(sample, [
        ['percentage', '0'],
        ['rule', `${field} ^error$ 100`],
      ]),
    ),
  type_converter: async (field) => changed(await run(typeConverter, [['str_key', `${field} hit float`]])),
  'processor sampling': async (field) =>
    keeps(
      await run(sampling, [
        ['sampling_percentage', '0'],
        ['level_key', field],
        ['level_percentage', 'error 100'],
      ]),
    ),
  'condition of a processor': async (field) =>
    compileCondition({ op: 'and', rules: [{ field, op: 'eq', value: 'error', inMetadata: false }] })(eventOf(BODY)),
};

for (const [name, sees] of Object.entries(PLUGINS))
  t.test(`${name} reads fields as all plugins do`, async (t) => {
    const seen: [string, boolean][] = [];
    for (const [field] of WRITTEN) seen.push([field, await sees(field, t)]);
    const expected = WRITTEN.map(([field, found]) => {
      const exception = field.endsWith('[0]') ? FINDS_NO_ITEMS : field === 'a.b' ? ENDS_AT_DOT : undefined;
      return [field, found && !exception?.has(name)];
    });
    t.same(seen, expected);
  });

t.test('templates have fields, parts of the tag and plain text', async (t) => {
  const fill = (text: string) => compileTemplate(text).fill(BODY, TAG);
  t.equal(fill("$TAG[1].$a['b'][0].$TAG"), 'web.error.app.web.log');
  t.equal(fill("x$TAG[9]$nope['b']."), 'x.');
  const { host } = await run(rewriteTag, [['rule', "$a['b'][0] ^(err)or$ new.$TAG[1].$a['b'][1].$1 false"]]);
  t.same(
    host.emitted.map(({ tag }) => tag),
    ['new.web.x.err'],
  );
});
