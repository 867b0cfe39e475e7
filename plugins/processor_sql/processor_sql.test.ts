import t from 'tap';
import { type Fields, Float } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import sql from './index.ts';

async function queried(query: string, bodies: readonly Fields[]): Promise<Fields[]> {
  const { plugin } = await make(sql, [['query', query]]);
  const events = bodies.map((body) => eventOf(Object.freeze(body)));
  return (await plugin.filter(events, 'tag')).map((event) => event.body);
}

/** Whether a record meets a condition. */
const meets = async (condition: string, body: Fields): Promise<boolean> =>
  (await queried(`SELECT * FROM STREAM WHERE ${condition};`, [body])).length === 1;

t.test('fields are selected and renamed, in the order of the record', async (t) => {
  const body = { key1: 'x', 'http.url': 'u', n: new Float(1), other: { a: 1 } };
  const one = async (query: string) => JSON.stringify((await queried(query, [body]))[0]);
  t.equal(await one('SELECT http.url FROM STREAM;'), '{"http.url":"u"}');
  t.equal(await one('select n as number, key1\nfrom stream'), '{"key1":"x","number":1.0}');
  t.equal(await one('SELECT nope FROM STREAM.name;'), '{}');
  t.equal(await one('SELECT *, key1 AS k FROM STREAM name;'), '{"k":"x","http.url":"u","n":1.0,"other":{"a":1}}');
});

t.test('all fields of all records: nothing is copied', async (t) => {
  const { plugin } = await make(sql, [['query', 'SELECT * FROM STREAM;']]);
  const body = { a: 1 };
  const events = [eventOf(body)];
  t.equal(await plugin.filter(events, 'tag'), events);
  t.equal(events[0]?.body, body);
});

const CONDITIONS: readonly (readonly [string, Fields, boolean])[] = [
  ["a = 'x'", { a: 'x' }, true],
  ["a = 'it''s'", { a: "it's" }, true],
  ["a = 'x'", { a: 'xy' }, false],
  ["a != 'x'", { a: 'y' }, true],
  ["a <> 'x'", {}, true],
  ['a = 5', { a: 5 }, true],
  ['a = 5', { a: new Float(5) }, true],
  ['a = 5.5', { a: 5.5 }, true],
  ['a = 5', { a: '5 apples' }, true],
  ['a = 5', { a: '5e3' }, true],
  ['a > 100.5', { a: '1.5e3' }, true],
  ['a = 5', { a: '1.2.3' }, false],
  ['a = 5', { a: 'x' }, false],
  ['a > 9007199254740992', { a: 9007199254740993n }, true],
  ['a >= -1', { a: -1 }, true],
  ['a < 0', { a: -1 }, true],
  ['a <= 0', { a: 1 }, false],
  ['a < 5', {}, false],
  ['a < 5', { a: null }, false],
  ["a < 'b'", { a: 'aaa' }, true],
  ["a < 'abc'", { a: 'ab' }, false],
  ["a <= 'abc'", { a: 'ab' }, true],
  ["a > 'b'", { a: 'c' }, true],
  ["a >= 'b'", { a: 5 }, false],
  ['a = true', { a: true }, true],
  ['a = FALSE', { a: false }, true],
  ['a = true', { a: 'true' }, false],
  ['a < true', { a: true }, false],
  ['a IS NULL', { a: null }, true],
  ['a IS NULL', {}, false],
  ['a is not null', { a: 1 }, true],
  ['a IS NOT NULL', {}, true],
  ['a', { a: 'any' }, true],
  ['a', { a: 0 }, false],
  ['a', { a: new Float(0.5) }, true],
  ['a', { a: true }, true],
  ['a', { a: null }, false],
  ['a', {}, false],
  ['NOT a = 1', { a: 2 }, true],
  ['a = 1 OR b = 2 AND c = 3', { a: 1 }, true],
  ['(a = 1 OR b = 2) AND c = 3', { a: 1 }, false],
  ['NOT a = 1 AND b = 1', { a: 1, b: 1 }, false],
  ['true', {}, true],
  ['0', {}, false],
  ["'x'", {}, true],
  ['__proto__ = 1', {}, false],
];

for (const [condition, body, met] of CONDITIONS)
  t.test(`${condition} is ${met} for ${Object.keys(body).map((key) => `${key}: ${String(body[key])}`)}`, async (t) => {
    t.equal(await meets(condition, body), met);
  });

t.test('what is no query fails at the start, with the place', async (t) => {
  const wrong: [string, RegExp][] = [
    ['', /where SELECT should be/],
    ['SELECT FROM STREAM;', /'FROM' where the name of a key/],
    ['SELECT a FROM table;', /'table' where STREAM/],
    ['SELECT a FROM STREAM WHERE;', /';' where the name of a key/],
    ['SELECT a FROM STREAM WHERE a = b;', /'b' where a number/],
    ['SELECT a FROM STREAM; SELECT b', /'SELECT' where the end/],
    ['SELECT a FROM STREAM WHERE (a = 1;', /';' where \)/],
    ['SELECT a AS FROM STREAM;', /'FROM' where the name/],
    ['SELECT a FROM STREAM WHERE a IS 5;', /'5' where NULL/],
    ['SELECT a & b FROM STREAM;', /'&'/],
    [`SELECT a FROM STREAM WHERE ${'NOT '.repeat(200)}a;`, /too deeply/],
  ];
  for (const [query, message] of wrong) {
    await t.rejects(queried(query, []), OptionError, query);
    await t.rejects(queried(query, []), message);
  }
});

t.test('random records: what is selected is as it was', async (t) => {
  const query = "SELECT *, a AS b FROM STREAM WHERE NOT a < 'm' OR b >= 1.5;";
  await leavesTheRestAlone(t, async () => (await make(sql, [['query', query]])).plugin, {
    keys: ['a', 'b'],
    touches: (key) => key === 'a' || key === 'b',
    changesCount: true,
  });
});
