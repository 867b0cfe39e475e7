/** Verdicts, retries and acknowledgement, through a whole pipeline. */
import t from 'tap';
import { drop, OK, retry, type Verdict } from '../../src/plugin.ts';
import { HandInput, rig, ScriptedOutput } from '../support/pipeline.ts';

t.test('events are settled once the output has taken them, not before', async (t) => {
  const hand = new HandInput();
  let answer: (verdict: Verdict) => void = () => {};
  const scripted = new ScriptedOutput(() => new Promise<Verdict>((resolve) => (answer = resolve)));
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted }] });
  await pipeline.start();
  hand.emit('a', 3);
  await clock.advance(1000);
  t.same(scripted.batches, [[0, 1, 2]]);
  t.same(hand.outcomes, []);
  answer(OK);
  await clock.advance(0);
  t.same(hand.outcomes, ['0..2:safe']);
  await pipeline.stop();
  t.ok(scripted.closed);
  t.ok(hand.closed);
});

t.test('a chunk that waits for its retry does not hold up later ones, but settles come in reading order', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput((_batch, attempt) => (attempt === 1 ? retry('no') : OK));
  const { pipeline, clock, lines } = rig({ inputs: [{ hand }], outputs: [{ scripted }] });
  await pipeline.start();
  hand.emit('a');
  await clock.advance(1000);
  hand.emit('a');
  await clock.advance(1000);
  t.same(scripted.batches, [[0], [1]], 'the second chunk was delivered');
  t.same(hand.outcomes, [], 'nothing is settled past the first');
  await clock.advance(20_000);
  t.same(scripted.batches, [[0], [1], [0]]);
  t.same(hand.outcomes, ['0..0:safe', '1..1:safe']);
  t.match(lines.join(''), /\[ warn\] \[engine\] failed to flush chunk '.*\.flb', retry in \d+ seconds: no/);
  t.match(lines.join(''), /\[ info\] \[engine\] flush chunk '.*\.flb' succeeded at retry 1/);
  await pipeline.stop();
});

t.test('tags do not wait for each other', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput((batch) => (batch.tag === 'bad' ? retry('no') : OK));
  const { pipeline, clock } = rig({
    inputs: [{ hand }],
    outputs: [{ scripted, spec: { retryLimit: Number.POSITIVE_INFINITY } }],
  });
  await pipeline.start();
  hand.emit('bad');
  hand.emit('good');
  await clock.advance(1000);
  t.same(hand.outcomes, ['1..1:safe']);
  await Promise.all([pipeline.stop(), clock.advance(20_000)]);
});

t.test('retries end at Retry_Limit: the records are counted as dropped, and the source may forget them', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput(() => retry('down'));
  const { pipeline, clock, lines } = rig({ inputs: [{ hand }], outputs: [{ scripted, spec: { retryLimit: 2 } }] });
  await pipeline.start();
  hand.emit('a', 5);
  await clock.advance(100_000);
  t.equal(scripted.batches.length, 3, 'one try and two retries');
  t.same(hand.outcomes, ['0..4:safe']);
  const counters = pipeline.metrics.counters('output', 'scripted.0');
  t.equal(counters.get('output_dropped_records_total'), 5);
  t.equal(counters.get('output_retries_failed_total'), 1);
  t.equal(counters.get('output_retries_total'), 2);
  t.match(lines.join(''), /cannot be retried, 5 records dropped: down: task_id=0, input=hand.0 > output=scripted.0/);
  await pipeline.stop();
});

t.test('no_retries drops at the first failure', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput(() => retry('down'));
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted, spec: { retryLimit: 0 } }] });
  await pipeline.start();
  hand.emit('a', 2);
  await clock.advance(5000);
  t.equal(scripted.batches.length, 1);
  const counters = pipeline.metrics.counters('output', 'scripted.0');
  t.equal(counters.get('output_dropped_records_total'), 2);
  t.equal(counters.get('output_retries_failed_total'), 0);
  await pipeline.stop();
});

t.test('a refused chunk is never tried again and is counted with its reason', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput(() => drop('400 Bad Request'));
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted, spec: { retryLimit: 9 } }] });
  await pipeline.start();
  hand.emit('a', 2);
  await clock.advance(100_000);
  t.equal(scripted.batches.length, 1);
  t.same(hand.outcomes, ['0..1:safe']);
  t.match(
    pipeline.metrics.snapshot().filter((sample) => sample.name === 'output_dropped_records_total'),
    [{ instance: 'scripted.0', reason: '400 Bad Request', value: 2 }],
  );
  await pipeline.stop();
});

t.test('a 429 with Retry-After waits that long', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput((_batch, attempt) => (attempt === 1 ? retry('429', 42_000) : OK));
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted }] });
  await pipeline.start();
  hand.emit('a');
  await clock.advance(42_999);
  t.equal(scripted.batches.length, 1);
  await clock.advance(1);
  t.equal(scripted.batches.length, 2);
  await pipeline.stop();
});

t.test('a slow output does not make another output of the same events wait; both must answer', async (t) => {
  const hand = new HandInput();
  let answer: (verdict: Verdict) => void = () => {};
  const slow = new ScriptedOutput(() => new Promise<Verdict>((resolve) => (answer = resolve)));
  const quick = new ScriptedOutput();
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted: slow }, { scripted: quick }] });
  await pipeline.start();
  for (let i = 0; i < 3; i++) {
    hand.emit('a');
    await clock.advance(1000);
  }
  t.same(quick.batches, [[0], [1], [2]]);
  t.same(slow.batches, [[0]]);
  t.same(hand.outcomes, []);
  answer(OK);
  await clock.advance(0);
  t.same(hand.outcomes, ['0..0:safe']);
  await Promise.all([pipeline.stop(), clock.advance(20_000)]);
});

t.test('an output that throws is retried, and says why', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput((_batch, attempt) => {
    if (attempt === 1) throw new Error('a bug');
    if (attempt === 2) return Promise.reject(new Error('another'));
    return OK;
  });
  const { pipeline, clock, lines } = rig({ inputs: [{ hand }], outputs: [{ scripted, spec: { retryLimit: 5 } }] });
  await pipeline.start();
  hand.emit('a');
  await clock.advance(100_000);
  t.equal(scripted.batches.length, 3);
  t.match(lines.join(''), /it failed unexpectedly: a bug/);
  t.same(hand.outcomes, ['0..0:safe']);
  await pipeline.stop();
});

t.test('concurrency bounds how many batches an output has under way', async (t) => {
  const hand = new HandInput();
  const answers: ((verdict: Verdict) => void)[] = [];
  const scripted = new ScriptedOutput(() => new Promise<Verdict>((resolve) => answers.push(resolve)));
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted, concurrency: 2 }] });
  await pipeline.start();
  for (const tag of ['a', 'b', 'c']) hand.emit(tag);
  await clock.advance(1000);
  t.equal(answers.length, 2);
  answers[0]?.(OK);
  await clock.advance(0);
  t.equal(answers.length, 3);
  for (const answer of answers) answer(OK);
  await pipeline.stop();
  t.equal(hand.outcomes.length, 3);
});

t.test('what waited cold for its retry comes out as it went in', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput((_batch, attempt) => (attempt === 1 ? retry('no') : OK));
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted }] });
  await pipeline.start();
  hand.emit('a', 1, { text: 'grüß', deep: { list: [1, null, 1.5, true] }, big: 12345678901234567890n });
  await clock.advance(30_000);
  t.equal(scripted.bodies.length, 2);
  t.same(scripted.bodies[1], scripted.bodies[0]);
  await pipeline.stop();
});

t.test('what an output discards out of a batch counts as dropped, once, and the others as delivered', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput((batch, attempt) => {
    if (attempt > 1) return OK;
    scripted.host?.discard(batch, batch.events.slice(0, 2), 'too old');
    return retry('busy');
  });
  const { pipeline, clock, lines } = rig({ inputs: [{ hand }], outputs: [{ scripted }] });
  await pipeline.start();
  hand.emit('a', 5);
  await clock.advance(30_000);
  t.same(hand.outcomes, ['0..4:safe']);
  t.match(lines.join(''), /\[error\] \[engine\] 2 of 5 records with tag 'a' were refused and are dropped: too old/);
  await pipeline.stop();
  t.match(lines.join(''), /3 records delivered, 2 dropped/);
});
