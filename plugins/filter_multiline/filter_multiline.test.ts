import t from 'tap';
import type { Fields, LogEvent } from '../../src/data/event.ts';
import { BUILT_IN_MULTILINE } from '../../src/parsers/multiline.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import fc from '../../test/support/fast_check.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import multiline from './index.ts';

type Pairs = readonly (readonly [string, string])[];

const PARSERS = Object.fromEntries(BUILT_IN_MULTILINE);
const JAVA: Pairs = [
  ['multiline.parser', 'java'],
  ['multiline.key_content', 'log'],
];
const PARTIAL: Pairs = [
  ['mode', 'partial_message'],
  ['multiline.key_content', 'log'],
];

const started = async (pairs: Pairs) => {
  const clock = new VirtualClock();
  return { clock, ...(await make(multiline, pairs, { multilineParsers: PARSERS, clock })) };
};

const events = (...bodies: Fields[]): LogEvent[] => bodies.map((body) => eventOf(body));
const trace = (...lines: string[]): LogEvent[] => events(...lines.map((log, n) => ({ log, n })));
const bodiesOf = (list: readonly LogEvent[]): Fields[] => list.map((event) => event.body);
const part = (id: string, log: string, last = false): Fields => ({
  log,
  from: id,
  partial_message: 'true',
  partial_id: id,
  partial_ordinal: '1',
  partial_last: String(last),
});

t.test('buffered, what is whole is emitted under its tag and nothing is returned', async (t) => {
  const { plugin, host } = await started(JAVA);
  t.same(await plugin.filter(trace('before', 'x.Error: y', '\tat A', 'after'), 'app'), []);
  t.same(
    host.emitted.map(({ tag }) => tag),
    ['app'],
  );
  t.same(host.bodies, [
    { log: 'before', n: 0 },
    { log: 'x.Error: y\n\tat A', n: 1 },
    { log: 'after', n: 3 },
  ]);
});

t.test('a trace goes on in the next batch, and tags do not mix', async (t) => {
  const { plugin, host } = await started(JAVA);
  await plugin.filter(trace('x.Error: a'), 'a');
  await plugin.filter(trace('x.Error: b'), 'b');
  await plugin.filter(trace('\tat A'), 'a');
  await plugin.filter(trace('\tat B'), 'b');
  await plugin.stop?.();
  t.same(
    host.emitted.map(({ tag, events: [event] }) => [tag, event?.body.log]),
    [
      ['a', 'x.Error: a\n\tat A'],
      ['b', 'x.Error: b\n\tat B'],
    ],
  );
});

t.test('the source waits until the record with its last line is safe', async (t) => {
  const { plugin, host } = await started(JAVA);
  await plugin.filter(trace('x.Error: a'), 'app');
  t.equal(host.held, 1);
  await plugin.filter(trace('\tat A'), 'app');
  t.equal(host.held, 2);
  await plugin.filter(trace('done'), 'app');
  t.equal(host.held, 3, 'emitted, but not safe');
  t.equal(host.emitted.length, 1);
  host.emitted[0]?.settle?.('safe');
  t.equal(host.held, 0);
});

t.test('a batch is held until all records with lines of it are safe', async (t) => {
  const { plugin, host } = await started(JAVA);
  await plugin.filter(trace('whole', 'x.Error: a'), 'app');
  await plugin.stop?.();
  t.equal(host.emitted.length, 2);
  host.emitted[1]?.settle?.('safe');
  t.equal(host.held, 1);
  host.emitted[0]?.settle?.('safe');
  t.equal(host.held, 0);
});

t.test('what does not go on comes out after flush_ms', async (t) => {
  const { plugin, host, clock } = await started([...JAVA, ['flush_ms', '1000']]);
  await plugin.filter(trace('x.Error: a'), 'app');
  await clock.advance(999);
  t.same(host.bodies, []);
  await clock.advance(251);
  t.same(host.bodies, [{ log: 'x.Error: a', n: 0 }]);
  t.equal(clock.pending, 0, 'no timer where nothing waits');
});

t.test('buffer off joins within a batch and returns it', async (t) => {
  const { plugin, host } = await started([...JAVA, ['buffer', 'off']]);
  t.same(bodiesOf(await plugin.filter(trace('x.Error: a', '\tat A', 'b', 'x.Error: c'), 'app')), [
    { log: 'x.Error: a\n\tat A', n: 0 },
    { log: 'b', n: 2 },
    { log: 'x.Error: c', n: 3 },
  ]);
  t.same(bodiesOf(await plugin.filter(trace('\tat C'), 'app')), [{ log: '\tat C', n: 0 }]);
  t.same(host.emitted, []);
});

t.test('the last line of a python traceback comes again on its own, as in Fluent Bit', async (t) => {
  const { plugin, host } = await started([
    ['multiline.parser', 'python'],
    ['multiline.key_content', 'log'],
  ]);
  await plugin.filter(trace('Traceback (most recent call last):', '  File "x"', '    f()', 'KeyError: 1', 'ok'), 'app');
  t.same(
    host.bodies.map((body) => (body as Fields).n),
    [0, 3, 4],
  );
});

t.test('parts of one id are joined where the last one came; others pass', async (t) => {
  const { plugin, host } = await started(PARTIAL);
  const given = events({ log: 'whole' }, part('1', 'a '), part('2', 'x'), part('1', 'b', true), { log: 'after' });
  t.same(bodiesOf(await plugin.filter(given, 'app')), [{ log: 'whole' }, { from: '1', log: 'a b' }, { log: 'after' }]);
  t.equal(host.held, 1, 'for the part of the other id');
  t.same(bodiesOf(await plugin.filter(events(part('2', 'y', true)), 'app')), [{ from: '2', log: 'xy' }]);
  t.equal(host.held, 0);
});

t.test('a batch without parts is returned as it is', async (t) => {
  const { plugin } = await started(PARTIAL);
  const given = events(
    { log: 'a' },
    { log: 'b', partial_message: 'true' },
    { log: 'c', partial_message: 'false', partial_id: '1' },
    { log: 5, partial_message: 'true', partial_id: '1' },
  );
  t.equal(await plugin.filter(given, 'app'), given);
});

t.test('parts whose last one does not come are emitted after flush_ms, and at the end', async (t) => {
  const { plugin, host, clock } = await started([...PARTIAL, ['flush_ms', '1000']]);
  t.same(await plugin.filter(events(part('1', 'a'), part('1', 'b')), 'app'), []);
  await clock.advance(1500);
  t.same(host.bodies, [{ from: '1', log: 'ab' }]);
  t.equal(host.held, 1);
  host.emitted[0]?.settle?.('safe');
  t.equal(host.held, 0);
  await plugin.filter(events(part('2', 'c')), 'app');
  await plugin.stop?.();
  t.same(host.bodies.at(-1), { from: '2', log: 'c' });
  t.equal(clock.pending, 0);
});

t.test('the same id under another tag is another record', async (t) => {
  const { plugin } = await started(PARTIAL);
  await plugin.filter(events(part('1', 'a')), 'x');
  t.same(bodiesOf(await plugin.filter(events(part('1', 'b', true)), 'y')), [{ from: '1', log: 'b' }]);
});

t.test('a filter that cannot work fails the start', async (t) => {
  const fails = (message: RegExp, ...pairs: Pairs) => t.rejects(started(pairs), { message });
  await fails(/at least one 'multiline.parser'/, ['multiline.key_content', 'log']);
  await fails(/'nosuch' is not registered/, ['multiline.parser', 'java, nosuch']);
  await fails(/needs 'multiline.key_content'/, ['mode', 'partial_message']);
  await fails(/flush_ms must be at least/, ...JAVA, ['flush_ms', '499']);
  await fails(/is not one of/, ...JAVA, ['emitter_storage.type', 'tape']);
  await t.rejects(started([['mode', 'both']]), OptionError);
});

t.test(
  'whatever the batches, every line comes out once (twice where it leads back to the start), all settled',
  async () => {
    const LINES = ['plain', 'x.Error: y', '\tat A', 'Caused by: z', ' nested exception is:'];
    const batch = fc.record({
      tag: fc.constantFrom('a', 'b'),
      lines: fc.array(fc.constantFrom(...LINES), { maxLength: 6 }),
    });
    const property = fc.asyncProperty(fc.array(batch, { maxLength: 12 }), fc.boolean(), async (batches, wait) => {
      const { plugin, host, clock } = await started(JAVA);
      let count = 0;
      const mayRepeat = new Set<number>();
      for (const { tag, lines } of batches) {
        for (const [i, line] of lines.entries()) if (line === LINES[4]) mayRepeat.add(count + i);
        await plugin.filter(events(...lines.map((line) => ({ log: `${line} <${count++}>` }))), tag);
        if (wait) await clock.advance(700);
      }
      await plugin.stop?.();
      for (const { settle } of host.emitted) settle?.('safe');
      const marks = [...JSON.stringify(host.bodies).matchAll(/<(\d+)>/g)].map((match) => Number(match[1]));
      const once = [...new Set(marks)].sort((a, b) => a - b);
      const repeated = marks.filter((mark, i) => marks.indexOf(mark) !== i);
      return (
        host.held === 0 &&
        once.length === count &&
        new Set(repeated).size === repeated.length &&
        repeated.every((mark) => mayRepeat.has(mark))
      );
    });
    await fc.assert(property, { numRuns: 100 });
  },
);

t.test('random records: those without the text, and those that are whole, are as they were', async (t) => {
  for (const pairs of [JAVA, PARTIAL])
    await leavesTheRestAlone(t, async () => (await started([...pairs, ['buffer', 'off']])).plugin, {
      keys: ['a', 'b', 'partial_message'],
      changesCount: true,
    });
});
