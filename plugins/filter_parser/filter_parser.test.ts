import t from 'tap';
import { type Fields, NO_METADATA } from '../../src/data/event.ts';
import { OptionError, readOptions } from '../../src/options.ts';
import { compileParser } from '../../src/parsers/parser.ts';
import type { Filter, FilterHost, LogEvent, Parser } from '../../src/plugin.ts';
import { TestHost } from '../../test/support/host.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import definition from './index.ts';

const section = (fields: Record<string, string>) => Object.entries(fields).map(([key, value]) => ({ key, value }));
const PARSERS: Record<string, Parser> = {
  json: compileParser(section({ name: 'json', format: 'json' })),
  kv: compileParser(section({ name: 'kv', format: 'regex', regex: '^(?<key>\\w+)=(?<value>.*)$' })),
  timed: compileParser(section({ name: 'timed', format: 'json', time_key: 't', time_format: '%s' })),
};

function make(fields: Record<string, string>): { filter: Filter; host: TestHost } {
  const host = new TestHost({ parsers: PARSERS });
  const properties = section(fields).flatMap(({ key, value }) => value.split('|').map((one) => ({ key, value: one })));
  const create = definition.create as (options: unknown, host: FilterHost) => Filter;
  return { filter: create(readOptions(definition.options, properties), host), host };
}

async function run(fields: Record<string, string>, ...bodies: Fields[]): Promise<LogEvent[]> {
  const events = bodies.map((body) => ({ seconds: 7, nanos: 8, metadata: NO_METADATA, body }));
  return make(fields).filter.filter(events, 'a');
}

const bodies = async (fields: Record<string, string>, ...from: Fields[]) =>
  (await run(fields, ...from)).map(({ body }) => body);

t.test('the parsed keys replace the record', async (t) => {
  t.same(await bodies({ key_name: 'log', parser: 'json' }, { log: '{"a":1}', x: 1 }), [{ a: 1 }]);
});

t.test('Reserve_Data keeps the other keys, behind the parsed ones; they win where a name repeats', async (t) => {
  const [body] = await bodies(
    { key_name: 'log', parser: 'json', reserve_data: 'on' },
    { log: '{"x":"new","a":1}', x: 'old', y: 2 },
  );
  t.equal(JSON.stringify(body), '{"a":1,"x":"old","y":2}');
});

t.test('Preserve_Key keeps the field itself', async (t) => {
  t.same(await bodies({ key_name: 'log', parser: 'kv', preserve_key: 'on' }, { log: 'a=b', x: 1 }), [
    { key: 'a', value: 'b', log: 'a=b' },
  ]);
  t.same(
    await bodies({ key_name: 'log', parser: 'kv', preserve_key: 'on', reserve_data: 'on' }, { log: 'a=b', x: 1 }),
    [{ key: 'a', value: 'b', log: 'a=b', x: 1 }],
  );
});

t.test('Nest_Under puts what was parsed into a map, before what is kept', async (t) => {
  const fields = { key_name: 'log', parser: 'kv', nest_under: 'parsed', reserve_data: 'on' };
  const [body] = await bodies(fields, { x: 1, log: 'a=b' });
  t.equal(JSON.stringify(body), '{"parsed":{"key":"a","value":"b"},"x":1}');
});

t.test('a nested field is parsed and its source stays with Reserve_Data', async (t) => {
  const from = { k: { note: 'team=core' } };
  t.same(await bodies({ key_name: "$k['note']", parser: 'kv', reserve_data: 'on' }, from), [
    { key: 'team', value: 'core', k: { note: 'team=core' } },
  ]);
});

t.test('the first parser that fits is taken; what fits none stays as it is', async (t) => {
  const fields = { key_name: 'log', parser: 'json|kv' };
  t.same(await bodies(fields, { log: '{"j":1}' }, { log: 'a=b' }, { log: 'neither' }, { log: 5 }, { other: 'a=b' }), [
    { j: 1 },
    { key: 'a', value: 'b' },
    { log: 'neither' },
    { log: 5 },
    { other: 'a=b' },
  ]);
});

t.test('a time in the text becomes that of the event, otherwise the event keeps its own', async (t) => {
  const [timed, plain] = await run(
    { key_name: 'log', parser: 'timed' },
    { log: '{"t":"1700000000","a":1}' },
    { log: '{"a":1}' },
  );
  t.match(timed, { seconds: 1_700_000_000, nanos: 0, body: { a: 1 } });
  t.match(plain, { seconds: 7, nanos: 8 });
});

t.test('an unknown parser beside a known one is left out, alone it fails', (t) => {
  const { host } = make({ key_name: 'log', parser: 'nosuch|json' });
  t.match(host.lines, [{ level: 'error', message: "requested parser 'nosuch' not found" }]);
  t.throws(() => make({ key_name: 'log', parser: 'nosuch' }), OptionError);
  t.end();
});

t.test('__proto__ in a record is a key like any other', async (t) => {
  const [body] = await bodies(
    { key_name: 'log', parser: 'json', reserve_data: 'on' },
    JSON.parse('{"log":"{}","__proto__":{"x":1}}'),
  );
  t.equal(Object.getPrototypeOf(body), Object.prototype);
  t.ok(Object.hasOwn(body ?? {}, '__proto__'));
});

t.test('random records: with Reserve_Data nothing changes but the field and what was in it', async (t) => {
  const fields = { key_name: 'a', parser: 'json|kv', reserve_data: 'on' };
  await leavesTheRestAlone(t, async () => make(fields).filter, {
    keys: ['a', 'b'],
    touches: (key) => ['a', 'key', 'value'].includes(key),
  });
});
