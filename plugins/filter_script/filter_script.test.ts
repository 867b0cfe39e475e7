import fs from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { type Fields, Float, type LogEvent } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf, NEW_YEAR } from '../../test/support/batch.ts';
import { TestHost, VirtualClock } from '../../test/support/host.ts';
import { HandInput, rig, ScriptedOutput } from '../../test/support/pipeline.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import script from './index.ts';

async function made(t: Test, source: string, clock = new VirtualClock(), name = 'own.mjs') {
  const file = path.join(t.testdir({ [name]: source }), name);
  return make(script, [['script', file]], { clock });
}

async function run(t: Test, source: string, bodies: Fields[], tag = 'app.log'): Promise<LogEvent[]> {
  const { plugin } = await made(t, source);
  return plugin.filter(
    bodies.map((body) => eventOf(body)),
    tag,
  );
}

const bodiesOf = (events: readonly LogEvent[]) => JSON.stringify(events.map(({ body }) => body));

t.test('a script keeps, changes and drops events', async (t) => {
  const source = `export default (event, tag) => {
    if (event.body.level === 'debug') return null;
    if (event.body.level === 'trace') return false;
    if (event.body.n === 1) return;
    if (event.body.n === 2) return { replaced: tag };
    event.body.seen = true;
    return event;
  };`;
  const bodies = [{ level: 'debug' }, { level: 'trace' }, { n: 1 }, { n: 2 }, { n: 3 }];
  t.equal(bodiesOf(await run(t, source, bodies)), '[{"n":1},{"replaced":"app.log"},{"n":3,"seen":true}]');
});

t.test('a list splits an event; its parts may have times and metadata of their own', async (t) => {
  const source = `export default (event) => event.body.list.map((item, at) => {
    if (at === 0) return { item };
    const part = event.copy({ item });
    part.time += 1500;
    part.metadata.at = at;
    return part;
  });`;
  const events = await run(t, source, [{ list: ['a', 'b'] }, { list: [] }]);
  t.equal(bodiesOf(events), '[{"item":"a"},{"item":"b"}]');
  t.same([events[1]?.seconds, events[1]?.nanos], [NEW_YEAR + 1, 500_000_000]);
  t.same(events[1]?.metadata, { at: 1 });
});

t.test('what others share is never written into', async (t) => {
  const source = `export default (event) => {
    event.body.nested.deep.list.push(1);
    event.body.nested.x = 1;
    event.metadata.y = 1;
  };`;
  const body = { nested: { deep: { list: [0] } } };
  const [event] = await run(t, source, [body]);
  t.equal(JSON.stringify(event?.body), '{"nested":{"deep":{"list":[0,1]},"x":1}}');
  t.equal(JSON.stringify(body), '{"nested":{"deep":{"list":[0]}}}');
  const frozen = Object.freeze({ pod: 'web-1' });
  const { plugin, host } = await made(t, 'export default (event) => { event.body.k.pod = "x"; };');
  const [kept] = await plugin.filter([eventOf({ k: frozen })], 'tag');
  t.equal(kept?.body.k, frozen, 'a frozen map that many events have is refused');
  t.match(host.lines[0]?.message, /Cannot assign to read only property/);
});

t.test('floats and 64-bit integers stay what they are; what has no place in a record goes', async (t) => {
  const source = `export default ({ body }) => {
    body.sum = body.f + 0.5;
    Object.assign(body, { u: undefined, f2: () => 1, s: Symbol('x'), n: NaN, inf: Infinity, big2: 1e300,
      date: new Date(0), map: new Map(), list: [undefined, 1n << 70n, { u: undefined }] });
  };`;
  const [event] = await run(t, source, [{ f: new Float(1), big: 2n ** 63n, z: null }]);
  t.same(event?.body, {
    f: new Float(1),
    big: 2n ** 63n,
    z: null,
    sum: 1.5,
    n: Number.NaN,
    inf: new Float(Infinity),
    big2: new Float(1e300),
    date: '1970-01-01T00:00:00.000Z',
    map: {},
    list: [null, String(1n << 70n), {}],
  });
});

t.test('an exception keeps the event, is counted, and said now and then', async (t) => {
  const clock = new VirtualClock();
  const { plugin, host } = await made(
    t,
    '\nexport default (event) => {\n  event.body.x = 1;\n  if (event.body.bad) throw new Error("no");\n};',
    clock,
  );
  const events = () => [eventOf({ a: 1 }), eventOf({ bad: true }), eventOf({ c: 1 })];
  t.equal(bodiesOf(await plugin.filter(events(), 'tag')), '[{"a":1,"x":1},{"bad":true},{"c":1,"x":1}]');
  for (let i = 0; i < 5; i++) await plugin.filter(events(), 'tag');
  t.equal(host.counts.script_errors_total, 6);
  t.equal(host.lines.length, 1);
  t.equal(host.lines[0]?.message, 'the script failed, the event stays as it is: no (own.mjs:4)');
  await clock.advance(10_000);
  await plugin.filter(events(), 'tag');
  t.match(host.lines[1]?.message, /\(6 times since the last such message\)/);
});

t.test('results that mean nothing keep the event', async (t) => {
  const late = 'Promise.reject(new Error("late"))';
  const results = [
    '1',
    '"text"',
    '[1]',
    'new Promise(() => {})',
    late,
    `[event, ${late}, ${late}]`,
    '(() => {})',
    '(event.seconds = NaN, event)',
  ];
  for (const result of results) {
    const { plugin, host } = await made(t, `export default (event) => ${result};`);
    t.equal(bodiesOf(await plugin.filter([eventOf({ a: 1 })], 'tag')), '[{"a":1}]', result);
    t.equal(host.counts.script_errors_total, 1, result);
  }
  const { plugin } = await made(t, 'export default (event) => { event.body.self = event.body; };');
  t.equal(bodiesOf(await plugin.filter([eventOf({ a: 1 })], 'tag')), '[{"a":1}]', 'a body that holds itself');
});

t.test('a script that does not end is stopped; after three times it is left alone for a while', async (t) => {
  const clock = new VirtualClock();
  let drift = 0;
  // The clock runs only while the script does.
  clock.monotonic = () => clock.now() + drift++;
  const source = `export default (event) => {
    for (;;) { if (event.body.fine) break; try { while (true); } catch {} }
    event.body.done = true;
  };`;
  const { plugin, host } = await made(t, source, clock);
  const batch = () => [eventOf({ fine: 1 }), eventOf({ a: 1 }), eventOf({ fine: 2 })];
  t.equal(bodiesOf(await plugin.filter(batch(), 'tag')), '[{"fine":1,"done":true},{"a":1},{"fine":2}]');
  await plugin.filter(batch(), 'tag');
  await plugin.filter(batch(), 'tag');
  t.equal(host.counts.script_timeouts_total, 3);
  t.equal(bodiesOf(await plugin.filter([eventOf({ fine: 1 })], 'tag')), '[{"fine":1}]', 'it rests');
  t.equal(host.counts.script_skipped_total, 1);
  await clock.advance(60_000);
  t.equal(bodiesOf(await plugin.filter([eventOf({ fine: 1 })], 'tag')), '[{"fine":1,"done":true}]', 'and runs again');
});

t.test('a new tag sends events through the filters again, and their source waits for them', async (t) => {
  const { plugin, host } = await made(t, 'export default (event) => { event.tag = event.body.to; };');
  const events = [eventOf({ to: 'a' }), eventOf({ to: 'tag' }), eventOf({ to: 'a' }), eventOf({ to: '' })];
  t.equal(bodiesOf(await plugin.filter(events, 'tag')), '[{"to":"tag"},{"to":""}]');
  t.same(
    host.emitted.map(({ tag, events }) => [tag, events.length]),
    [['a', 2]],
  );
  t.equal(host.held, 1);
  host.emitted[0]?.settle?.('safe');
  t.equal(host.held, 0);
  const loop = await made(t, 'export default (event) => { event.tag = "b"; };');
  loop.host.emit = () => false;
  t.equal(bodiesOf(await loop.plugin.filter([eventOf({ a: 1 })], 'tag')), '[{"a":1}]', 'a circle is broken');
  t.match(loop.host.lines[0]?.message, /round in a circle/);
});

t.test('in a pipeline, what a script retags reaches the outputs and settles its source', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const file = path.join(
    t.testdir({ 's.mjs': 'export default (event) => { event.tag = `n.${event.body.n}`; };' }),
    's.mjs',
  );
  const { script: run } = { script: await import('./load.ts').then(({ loadScript }) => loadScript(file)) };
  const { ScriptRunner } = await import('./run.ts');
  const { pipeline, clock } = rig({
    inputs: [{ hand }],
    filters: [
      {
        make: (host) => {
          const runner = new ScriptRunner(run.script, host, 1);
          return { filter: (events, tag) => runner.run(events, tag) };
        },
        match: 'app',
      },
    ],
    outputs: [{ scripted }],
  });
  await pipeline.start();
  hand.emit('app', 2);
  await clock.advance(1100);
  t.same(scripted.tags.toSorted(), ['n.0', 'n.1']);
  t.same(hand.outcomes, ['0..1:safe']);
  await pipeline.stop();
});

t.test('scripts may be TypeScript, and import files beside them', async (t) => {
  const dir = t.testdir({
    'own.ts': `import { mark } from './mark.ts';
      type Level = 'info' | 'debug';
      export default (event: { body: Record<string, unknown> }): void => { event.body.level = mark as Level; };`,
    'mark.ts': "export const mark: string = 'info';",
  });
  const { plugin } = await make(script, [['script', path.join(dir, 'own.ts')]]);
  t.equal(bodiesOf(await plugin.filter([eventOf({ a: 1 })], 'tag')), '[{"a":1,"level":"info"}]');
});

t.test('a script that changed is loaded anew', async (t) => {
  const dir = t.testdir({ 'own.mjs': 'export default (event) => ({ version: 1 });' });
  const file = path.join(dir, 'own.mjs');
  const before = await make(script, [['script', file]]);
  fs.writeFileSync(file, 'export default (event) => ({ version: 2 });');
  fs.utimesSync(file, 1, 1);
  const after = await make(script, [['script', file]]);
  t.equal(bodiesOf(await before.plugin.filter([eventOf({})], 'tag')), '[{"version":1}]');
  t.equal(bodiesOf(await after.plugin.filter([eventOf({})], 'tag')), '[{"version":2}]');
});

t.test('a script that cannot run fails the start', async (t) => {
  await t.rejects(make(script, [['script', '/nowhere/x.mjs']]), OptionError);
  await t.rejects(make(script, [['script', '/nowhere/x.txt']]), { message: /is no .js, .mjs, .ts or .mts file/ });
  await t.rejects(made(t, 'export const a = 1;'), { message: /must export a function/ });
  await t.rejects(made(t, '\n\nexport default (event => {'), { message: /cannot be loaded: .*line \d/ });
  await t.rejects(made(t, 'export default async () => {};'), { message: /is asynchronous/ });
  await t.rejects(made(t, 'throw new Error("at once");\nexport default () => {};'), { message: /at once/ });
});

t.test('a relative script is found beside the configuration', async (t) => {
  const dir = t.testdir({ 'own.mjs': 'export default () => ({ found: true });' });
  const place = { file: path.join(dir, 'x.conf'), line: 1, column: 1 };
  const host = new TestHost({ section: [{ key: 'script', value: 'own.mjs', place }] });
  const filter = await script.create({ script: 'own.mjs', time_limit: 1 } as never, host);
  t.equal(bodiesOf(await filter.filter([eventOf({})], 'tag')), '[{"found":true}]');
});

t.test('a script that changes nothing loses nothing, whatever is in the records', async (t) => {
  const dir = t.testdir({ 'own.mjs': 'export default (event) => { event.body.own = 1; };' });
  const file = path.join(dir, 'own.mjs');
  await leavesTheRestAlone(t, async () => (await make(script, [['script', file]])).plugin, {
    keys: ['a', 'b'],
    touches: (key) => key === 'own',
    copies: true,
    runs: 60,
  });
});
