import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Bin, type Fields, Float, type LogEvent, NO_METADATA } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf, NEW_YEAR } from '../../test/support/batch.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import lua from './index.ts';

type Pairs = readonly (readonly [string, string])[];

const made = (code: string, options: Pairs = []) => make(lua, [['code', code], ['call', 'cb'], ...options]);

async function run(code: string, bodies: Fields[], options: Pairs = []): Promise<LogEvent[]> {
  const { plugin } = await made(`function cb(tag, ts, record) ${code} end`, options);
  return plugin.filter(
    bodies.map((body) => eventOf(body)),
    'app.log',
  );
}

const bodiesOf = (events: readonly LogEvent[]) => JSON.stringify(events.map(({ body }) => body));

t.test('the code says what becomes of a record', async (t) => {
  const code = `record["seen"] = tag if record["a"] == 1 then return -1, 0, 0 end
    if record["a"] == 2 then return 0, 0, 0 end
    if record["a"] == 3 then return 1, ts + 60.5, record end return 2, 0, record`;
  const events = await run(code, [{ a: 1 }, { a: 2 }, { a: 3 }, { a: 4 }]);
  t.equal(bodiesOf(events), '[{"a":2},{"a":3,"seen":"app.log"},{"a":4,"seen":"app.log"}]');
  t.same(
    events.map(({ seconds, nanos }) => [seconds - NEW_YEAR, nanos]),
    [
      [0, 0],
      [60, 500_000_000],
      [0, 0],
    ],
  );
});

t.test('FLB_ENV holds the variables of the configuration that are not empty', async (t) => {
  const code = `function cb(tag, ts, record) record["env"] = FLB_ENV record["no"] = FLB_ENV["no"] return 2, ts, record end`;
  const pairs: Pairs = [
    ['code', code],
    ['call', 'cb'],
  ];
  const { plugin } = await make(lua, pairs, { variables: { Where: 'Köln', empty: '' } });
  t.equal(bodiesOf(await plugin.filter([eventOf({ a: 1 })], 'tag')), '[{"a":1,"env":{"Where":"Köln"}}]');
});

t.test('five parameters or more get the metadata, and what is no table leaves it', async (t) => {
  const code = `function cb(tag, ts, group, meta, record, more)
    record["m"] = meta["k"] record["more"] = more return 2, ts, record["new"], record end`;
  const { plugin } = await made(code);
  const events = [{ new: null }, { new: 5 }, { new: { k: 'w' } }].map((body) => ({
    ...eventOf(body),
    metadata: { k: 'v' },
  }));
  const out = await plugin.filter(events, 'tag');
  t.equal(bodiesOf(out), '[{"m":"v"},{"new":5,"m":"v"},{"new":{"k":"w"},"m":"v"}]');
  t.equal(JSON.stringify(out.map(({ metadata }) => metadata)), '[{"k":"v"},{"k":"v"},{"k":"w"}]');
});

t.test('a list of records splits the event; an empty list drops it, an empty record stays', async (t) => {
  const events = await run('return 2, ts, record["x"]', [{ x: [{ a: 1 }, {}, { b: 2 }] }, { x: [] }, { x: {} }]);
  t.equal(bodiesOf(events), '[{"a":1},{},{"b":2},{}]');
  t.equal(bodiesOf(await run('record["a"] = nil return 2, ts, record', [{ a: 1 }])), '[{}]');
});

t.test('maps of the record stay maps and lists stay lists; a new table with numbers is a list', async (t) => {
  const code = `record[1] = "x" record["m"][2] = "y" record["m"][1] = "w" record["l"]["z"] = 1 record["l"][4] = "far"
    record["e"]["z"] = 1 record["new"] = { "a", nil, "c", z = 1 } return 2, ts, record`;
  const events = await run(code, [{ m: { a: 1 }, l: [1, 2], e: [] }]);
  t.equal(bodiesOf(events), '[{"1":"x","m":{"1":"w","2":"y","a":1},"l":[1,2],"e":[],"new":["a",null,"c"]}]');
});

t.test('what a script does not touch comes back as it was', async (t) => {
  const inner = Object.freeze({ f: new Float(2), big: 2n ** 60n, l: [1, null, 'x'], e: [], m: {} });
  const body = Object.freeze({ big: 2n ** 63n, f: new Float(1), s: 'é\udcff', bin: new Bin([200]), inner });
  const [event] = await run('record["new"] = record["inner"] and "ü" return 2, ts, record', [body]);
  t.equal(event?.body.inner, inner, 'the same object');
  t.equal(event?.body.big, 2n ** 63n);
  t.equal(event?.body.f, body.f);
  t.equal(event?.body.bin, body.bin);
  t.equal(event?.body.s, 'é\udcff');
  t.equal(event?.body.new, 'ü');
  const [deep] = await run('record["inner"]["f"] = record["inner"]["f"] * 1.5 return 2, ts, record', [body]);
  t.equal(JSON.stringify(deep?.body.inner), '{"f":3,"big":1152921504606846976,"l":[1,null,"x"],"e":[],"m":{}}');
  t.equal(JSON.stringify(inner).includes('"f":2.0'), true, 'the record that came is not changed');
});

t.test('whole numbers come back as integers of 64 bits, others as floats', async (t) => {
  const [event] = await run('return 2, ts, {a = 10 / 2, b = 2 ^ 62, c = 1e300, d = 0.5, e = 1 / 0, f = -0.0}', [
    { x: 1 },
  ]);
  t.same(event?.body, { a: 5, b: 2n ** 62n, c: new Float(1e300), d: 0.5, e: new Float(Infinity), f: 0 });
});

t.test('null goes, unless it is flb_null', async (t) => {
  const code = 'record["b"] = record["a"] == flb_null return 2, ts, record';
  t.equal(bodiesOf(await run(code, [{ a: null, n: { x: null, y: 1 } }])), '[{"n":{"y":1},"b":true}]');
  const kept = await run(code, [{ a: null, n: { x: null } }], [['enable_flb_null', 'on']]);
  t.equal(bodiesOf(kept), '[{"a":null,"n":{"x":null},"b":true}]');
});

t.test('keys can be told to be integers or lists', async (t) => {
  const types: Pairs = [
    ['type_int_key', 'count size'],
    ['type_array_key', 'list'],
  ];
  const code = 'return 2, ts, {count = -1.7, size = 2.5, other = 2.5, list = {}, map = {}, deep = {size = 9.9}}';
  t.equal(
    bodiesOf(await run(code, [{ a: 1 }], types)),
    '[{"count":-1,"size":2,"other":2.5,"list":[],"map":{},"deep":{"size":9}}]',
  );
});

t.test('the time is a number, or a table that keeps its nanoseconds', async (t) => {
  const event = () => eventOf({ a: 1 }, NEW_YEAR, 123_456_789);
  const { plugin } = await made('function cb(tag, ts, r) ts.sec = ts.sec + 1 return 1, ts, r end', [
    ['time_as_table', 'on'],
  ]);
  const [moved] = await plugin.filter([event()], 'tag');
  t.same([moved?.seconds, moved?.nanos], [NEW_YEAR + 1, 123_456_789]);
  const before = await made('function cb(tag, ts, r) return 1, ts - 2e9, r end');
  const [early] = await before.plugin.filter([eventOf({ a: 1 }, NEW_YEAR, 250_000_000)], 'tag');
  t.same([early?.seconds, early?.nanos], [NEW_YEAR - 2e9, 250_000_000], 'before 1970, too');
  const none = await made('function cb(tag, ts, r) return 1, nil, r end');
  const [kept] = await none.plugin.filter([event()], 'tag');
  t.same([kept?.seconds, kept?.nanos], [NEW_YEAR, 123_456_789], 'no time leaves the time');
});

t.test('a function with five parameters gets metadata, and gives it back', async (t) => {
  const { plugin } = await made(`function cb(tag, ts, group, metadata, record)
    metadata["tag"] = tag return 1, ts, metadata, record end`);
  const [event] = await plugin.filter([eventOf({ a: 1 }, NEW_YEAR, 0, { m: 1 })], 'app');
  t.same(event?.metadata, { m: 1, tag: 'app' });
  const split = await made(`function cb(tag, ts, group, metadata, record)
    return 1, ts, {{n = 1}, {}}, {{a = 1}, {a = 2}} end`);
  const events = await split.plugin.filter([eventOf({ a: 1 })], 'app');
  t.same(
    events.map(({ metadata }) => metadata),
    [{ n: 1 }, {}],
  );
  t.equal(events[1]?.metadata, NO_METADATA);
});

t.test('an error leaves all records of the batch, is counted, and said now and then', async (t) => {
  const clock = new VirtualClock();
  const { plugin, host } = await make(
    lua,
    [
      ['code', 'function cb(tag, ts, r) r.x = 1 if r.bad then error("no") end return 2, ts, r end'],
      ['call', 'cb'],
    ],
    { clock },
  );
  const events = () => [eventOf({ a: 1 }), eventOf({ bad: true })];
  const kept = await plugin.filter(events(), 'tag');
  t.equal(bodiesOf(kept), '[{"a":1},{"bad":true}]');
  for (let i = 0; i < 10; i++) await plugin.filter(events(), 'tag');
  t.equal(host.lines.length, 1);
  t.match(host.lines[0]?.message, /the script failed, 2 records stay as they are: \[string "fluentbit.lua"\]:1: no/);
  t.equal(host.counts.script_errors_total, 11);
  await clock.advance(10_000);
  await plugin.filter(events(), 'tag');
  t.match(host.lines[1]?.message, /\(22 records since the last such message\)/);
});

t.test('results that are no record leave the batch; an unknown code leaves the record', async (t) => {
  const code = 'if record.a == 1 then return 2, ts, "text" end return 7, ts, {}';
  t.equal(bodiesOf(await run(code, [{ a: 1 }])), '[{"a":1}]');
  t.equal(bodiesOf(await run(code, [{ a: 2 }])), '[{"a":2}]');
  t.equal(bodiesOf(await run('local x = {} x.x = x return 2, ts, x', [{ a: 2 }])), '[{"a":2}]', 'a table without end');
  t.equal(bodiesOf(await run('return 2, ts, {f = print, a = 1}', [{ a: 2 }])), '[{"a":1}]', 'functions are left out');
});

t.test('a script that does not end is stopped and the records stay', async (t) => {
  const clock = new VirtualClock();
  clock.monotonic = () => performance.now() * 1000;
  const { plugin, host } = await make(
    lua,
    [
      ['code', 'function cb(tag, ts, r) if r.loop then while true do end end r.b = 1 return 2, ts, r end'],
      ['call', 'cb'],
    ],
    { clock },
  );
  t.equal(bodiesOf(await plugin.filter([eventOf({ loop: true })], 'tag')), '[{"loop":true}]');
  t.equal(bodiesOf(await plugin.filter([eventOf({ a: 1 })], 'tag')), '[{"a":1,"b":1}]', 'the next batch runs');
  t.equal(host.counts.script_timeouts_total, 1);
});

t.test('globals live from record to record', async (t) => {
  const { plugin } = await made('n = 0 function cb(tag, ts, r) n = n + 1 r.n = n return 2, ts, r end');
  await plugin.filter([eventOf({ a: 1 }), eventOf({ a: 1 })], 'tag');
  const [event] = await plugin.filter([eventOf({ a: 1 })], 'tag');
  t.equal(event?.body.n, 3);
});

t.test('a script that cannot run fails the start', async (t) => {
  await t.rejects(make(lua, [['call', 'cb']]), OptionError);
  await t.rejects(
    make(lua, [
      ['script', '/nowhere/x.lua'],
      ['call', 'cb'],
    ]),
    { message: /cannot be read/ },
  );
  await t.rejects(made('function cb('), { message: /\[string "fluentbit.lua"\]:1: / });
  await t.rejects(made('error("at once")'), { message: /at once/ });
  await t.rejects(made('function other() end'), { message: /no function 'cb'/ });
});

t.test('a relative script is found beside the configuration', async (t) => {
  const dir = t.testdir({ 'own.lua': 'function cb(tag, ts, r) return 2, ts, {file = "own"} end' });
  const place = { file: path.join(dir, 'x.conf'), line: 1, column: 1 };
  const options = { script: 'own.lua', call: 'cb', time_limit: 1 };
  const { host } = await made('function cb() end');
  const section = [{ key: 'script', value: 'own.lua', place }];
  const filter = await lua.create(options as never, Object.assign(Object.create(host), { section }) as never);
  const [event] = await filter.filter([eventOf({ a: 1 })], 'tag');
  t.same(event?.body, { file: 'own' });
  t.ok(fs.existsSync(path.join(dir, 'own.lua')));
});

t.test('a script that only looks changes nothing, whatever is in the records', async (t) => {
  const code = `local function walk(v) if type(v) == "table" then for k, x in pairs(v) do walk(x) end end end
    function cb(tag, ts, record) walk(record) record["new"] = #tag return 2, ts, record end`;
  await leavesTheRestAlone(t, async () => (await made(code, [['enable_flb_null', 'on']])).plugin, {
    keys: ['a', 'b'],
    touches: (key) => key === 'new',
    copies: true,
    runs: 60,
  });
});
