/** What a chain of filters owes to records in which it has nothing to do: the same array, the same events, the same bodies. */
import t from 'tap';
import expect from '../../plugins/filter_expect/index.ts';
import grep from '../../plugins/filter_grep/index.ts';
import logLevel from '../../plugins/filter_log_level/index.ts';
import modify from '../../plugins/filter_modify/index.ts';
import nest from '../../plugins/filter_nest/index.ts';
import parser from '../../plugins/filter_parser/index.ts';
import recordModifier from '../../plugins/filter_record_modifier/index.ts';
import redact from '../../plugins/filter_redact/index.ts';
import rewriteTag from '../../plugins/filter_rewrite_tag/index.ts';
import sample from '../../plugins/filter_sample/index.ts';
import throttle from '../../plugins/filter_throttle/index.ts';
import typeConverter from '../../plugins/filter_type_converter/index.ts';
import contentModifier from '../../plugins/processor_content_modifier/index.ts';
import { compileParser } from '../../src/parsers/parser.ts';
import type { Filter } from '../../src/plugin.ts';
import { eventOf, sectionOf } from '../support/batch.ts';
import { make } from '../support/plugin.ts';

const JSON_PARSER = compileParser(
  sectionOf([
    ['name', 'json'],
    ['format', 'json'],
  ]),
);

async function chain(): Promise<Filter[]> {
  const made = [
    await make(grep, [['exclude', 'level debug']]),
    await make(modify, [
      ['condition', 'key_exists nope'],
      ['add', 'a b'],
    ]),
    await make(recordModifier, [['remove_key', 'nope*']]),
    await make(nest, [
      ['operation', 'nest'],
      ['wildcard', 'nope*'],
      ['nest_under', 'm'],
    ]),
    await make(nest, [
      ['operation', 'lift'],
      ['nested_under', 'nope'],
    ]),
    await make(rewriteTag, [['rule', '$level ^nope new false']]),
    await make(typeConverter, [['str_key', 'nope n int']]),
    await make(throttle, [['rate', '1000']]),
    await make(expect, [['key_exists', 'level']]),
    await make(
      parser,
      [
        ['key_name', 'log'],
        ['parser', 'json'],
      ],
      { parsers: { json: JSON_PARSER } },
    ),
    await make(redact, [['secret_key', 'password']]),
    await make(logLevel),
    await make(sample, [['rule', 'level debug 1']]),
    await make(contentModifier, [
      ['action', 'delete'],
      ['key', 'nope'],
    ]),
  ];
  return made.map(({ plugin }) => plugin);
}

t.test('filters that have nothing to do with a record copy nothing', async (t) => {
  const filters = await chain();
  const bodies = Array.from({ length: 5 }, (_, n) => Object.freeze({ level: 'info', n, log: 'text', map: { a: [1] } }));
  const events = bodies.map((body) => eventOf(body));
  const before = [...events];
  for (const filter of filters) t.equal(await filter.filter(events, 'app.log'), events, 'the same array');
  for (const [at, event] of before.entries()) {
    t.equal(events[at], event);
    t.equal(event.body, bodies[at], 'the same body');
  }
});
