import t from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { readOptions } from '../../src/options.ts';
import type { Filter, FilterHost } from '../../src/plugin.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf, sectionOf } from '../../test/support/batch.ts';
import { HandInput, rig, ScriptedOutput } from '../../test/support/pipeline.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import rewriteTag from './index.ts';

async function rewritten(rules: readonly string[], bodies: readonly Fields[], tag = 'app.log') {
  const { plugin, host } = await make(
    rewriteTag,
    rules.map((rule) => ['Rule', rule] as const),
  );
  const events = bodies.map((body) => eventOf(Object.freeze(body)));
  const kept = await plugin.filter(events, tag);
  const emitted = host.emitted.map((one) => [one.tag, one.events.map((event) => event.body)]);
  return { events, kept, emitted, host };
}

t.test('a record whose field fits goes on under the new tag alone, or under both', async (t) => {
  const bodies = [{ level: 'error' }, { level: 'info' }];
  const moved = await rewritten(['$level ^err new.$TAG false'], bodies);
  t.same(moved.emitted, [['new.app.log', [{ level: 'error' }]]]);
  t.same(moved.kept, [eventOf({ level: 'info' })]);
  const kept = await rewritten(['$level ^err new true'], bodies);
  t.same(kept.emitted, [['new', [{ level: 'error' }]]]);
  t.same(kept.kept, kept.events);
  t.not(kept.kept[0], kept.host.emitted[0]?.events[0], 'two events, since filters change them apart');
});

t.test('where no rule fits the array is the same', async (t) => {
  const { events, kept, emitted } = await rewritten(['$level ^err new false'], [{ level: 1 }, { level: ['err'] }, {}]);
  t.equal(kept, events);
  t.same(emitted, []);
});

t.test('the first rule that fits counts, and records of one new tag go together', async (t) => {
  const rules = ['$a ^x one false', '$a . two.$a false', '$b . three false'];
  const { emitted, kept } = await rewritten(rules, [{ a: 'x' }, { a: 'y' }, { b: 'z' }, { a: 'x', b: 'z' }, {}]);
  t.same(emitted, [
    ['one', [{ a: 'x' }, { a: 'x', b: 'z' }]],
    ['two.y', [{ a: 'y' }]],
    ['three', [{ b: 'z' }]],
  ]);
  t.equal(kept.length, 1);
});

t.test('the new tag holds groups, fields and parts of the old one; what is missing gives nothing', async (t) => {
  const body = { svc: 'pay-12', k: { ns: 'shop', n: 7 } };
  const { emitted } = await rewritten(["$svc ^([a-z]+)-(\\d+)$ $TAG[1].$1.$2.$0.$k['ns'].$k['n'].$no.$9 off"], [body]);
  t.equal(emitted[0]?.[0], 'log.pay.12.pay-12.shop.7..');
  const quoted = await rewritten(['$a "^x y (.)" new.$1 no'], [{ a: 'x y z' }]);
  t.equal(quoted.emitted[0]?.[0], 'new.z');
  const backslash = await rewritten([String.raw`$a "^x \\(.)\s" new.$1 no`], [{ a: String.raw`x \z ` }]);
  t.equal(backslash.emitted[0]?.[0], 'new.z', 'backslashes within quotes are those of the pattern');
});

t.test('without a new tag the record stays', async (t) => {
  const { emitted, kept } = await rewritten(['$a . $nope false'], [{ a: 'x' }]);
  t.same(emitted, []);
  t.equal(kept.length, 1);
});

t.test('a rule that is none fails at the start; no rule at all is a warning', async (t) => {
  for (const rule of ['$a ^x new', '$a [x new false', "$a['b ^x new false"])
    await t.rejects(rewritten([rule], []), OptionError, rule);
  t.match((await rewritten([], [])).host.lines, [{ level: 'warn' }]);
});

const filterOf =
  (...rules: string[]) =>
  (host: FilterHost): Filter => {
    const section = sectionOf(rules.map((rule) => ['rule', rule] as const));
    return rewriteTag.create(readOptions(rewriteTag.options, section) as never, host) as Filter;
  };

t.test('the source is told that a record is safe when it is delivered under its new tag', async (t) => {
  const hand = new HandInput();
  let answer: (() => void) | undefined;
  const slow = new ScriptedOutput(
    () =>
      new Promise((resolve) => {
        answer = () => resolve({ kind: 'ok' });
      }),
  );
  const fast = new ScriptedOutput();
  const { pipeline, clock } = rig({
    inputs: [{ hand }],
    filters: [{ make: filterOf('$kind ^new new false'), match: 'app' }],
    outputs: [
      { scripted: fast, spec: { match: 'app' } },
      { scripted: slow, spec: { match: 'new' } },
    ],
  });
  await pipeline.start();
  hand.emit('app', 1, { kind: 'new' });
  hand.emit('app', 1, { kind: 'old' });
  await clock.advance(1500);
  t.same(fast.numbers, [1]);
  t.same(slow.numbers, [0]);
  t.same(hand.outcomes, [], 'nothing is safe while the first record is under way');
  answer?.();
  await clock.advance(10);
  t.same(hand.outcomes, ['0..0:safe', '1..1:safe']);
  await pipeline.stop();
});

t.test('filters that lead round in a circle are found: the record comes out, and an error says so', async (t) => {
  const hand = new HandInput();
  const output = new ScriptedOutput();
  const { pipeline, clock, lines } = rig({
    inputs: [{ hand }],
    filters: [
      { make: filterOf('$n . b false', '$kind . b false'), match: 'a' },
      { make: filterOf('$kind . a false'), match: 'b' },
    ],
    outputs: [{ scripted: output, spec: { match: '*' } }],
  });
  await pipeline.start();
  hand.emit('a', 2, { kind: 'x' });
  await clock.advance(1500);
  t.same(output.numbers, [0, 1]);
  t.same(hand.outcomes, ['0..1:safe']);
  t.equal(lines.filter((line) => /round in a circle/.test(line)).length, 1);
  await pipeline.stop();
});

t.test('random records: they come out as they went in', async (t) => {
  await leavesTheRestAlone(t, async () => (await make(rewriteTag, [['rule', '$a . new.$a.$b true']])).plugin, {
    keys: ['a', 'b'],
  });
});
