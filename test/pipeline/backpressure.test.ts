/** Mem_Buf_Limit, the limit of the process, and who is paused by whom. */
import t from 'tap';
import { OK, type Verdict } from '../../src/plugin.ts';
import { HandInput, rig, ScriptedOutput } from '../support/pipeline.ts';

const KILOBYTE = { text: 'x'.repeat(1000) };

t.test('over Mem_Buf_Limit an input is paused and resumed once there is room', async (t) => {
  const hand = new HandInput();
  let answer: (verdict: Verdict) => void = () => {};
  const scripted = new ScriptedOutput(() => new Promise<Verdict>((resolve) => (answer = resolve)));
  const { pipeline, clock, lines } = rig({
    inputs: [{ hand, spec: { memBufLimitBytes: 30_000 } }],
    outputs: [{ scripted }],
  });
  await pipeline.start();
  t.equal(hand.emit('a', 5, KILOBYTE), true);
  t.equal(hand.emit('a', 6, KILOBYTE), false, 'what is over the limit was taken, but no more');
  await clock.advance(0);
  t.equal(scripted.numbers.length, 11, 'a paused input does not wait for the flush tick');
  t.equal(hand.resumed, 0);
  answer(OK);
  await clock.advance(0);
  t.equal(hand.resumed, 1);
  t.match(lines.join(''), /\[ warn\] \[input\] hand.0 paused \(mem buf overlimit\)/);
  t.match(lines.join(''), /\[ info\] \[input\] hand.0 resume \(mem buf overlimit\)/);
  t.equal(hand.emit('a', 1, KILOBYTE), true);
  const stopping = pipeline.stop();
  await clock.advance(0);
  answer(OK);
  await stopping;
});

t.test('a dead output pauses exactly the inputs that feed it', async (t) => {
  const feeds = new HandInput();
  const other = new HandInput();
  const dead = new ScriptedOutput(() => new Promise<Verdict>(() => {}));
  const alive = new ScriptedOutput();
  const { pipeline, clock } = rig({
    inputs: [
      { hand: feeds, spec: { memBufLimitBytes: 15_000 } },
      { hand: other, spec: { memBufLimitBytes: 15_000 } },
    ],
    outputs: [
      { scripted: dead, spec: { match: 'dead' } },
      { scripted: alive, spec: { match: 'alive' } },
    ],
  });
  await pipeline.start();
  t.equal(feeds.emit('dead', 6, KILOBYTE), false);
  for (let i = 0; i < 10; i++) t.equal(other.emit('alive', 3, KILOBYTE), true);
  await clock.advance(2000);
  t.equal(alive.numbers.length, 30);
  t.equal(feeds.resumed, 0);
  await Promise.all([pipeline.stop(), clock.advance(20_000)]);
  t.same(feeds.outcomes, ['0..5:lost'], 'what was not delivered is given back');
});

t.test('all inputs together are bounded by mem_limit, and all resume', async (t) => {
  const one = new HandInput();
  const two = new HandInput();
  const answers: ((verdict: Verdict) => void)[] = [];
  const scripted = new ScriptedOutput(() => new Promise<Verdict>((resolve) => answers.push(resolve)));
  const { pipeline, clock } = rig({
    inputs: [{ hand: one }, { hand: two }],
    outputs: [{ scripted, concurrency: 9 }],
    service: { memLimitBytes: 2_048_000 },
  });
  await pipeline.start();
  t.equal(one.emit('a', 450, KILOBYTE), true, 'its own quarter and most of the common half');
  t.equal(two.emit('b', 100, KILOBYTE), true, 'its own quarter');
  t.equal(two.emit('b', 150, KILOBYTE), false);
  t.equal(one.emit('a', 60, KILOBYTE), false);
  await clock.advance(0);
  for (const answer of answers.splice(0)) answer(OK);
  await clock.advance(0);
  for (const answer of answers.splice(0)) answer(OK);
  await clock.advance(0);
  t.ok(one.resumed > 0 && two.resumed > 0);
  await pipeline.stop();
});

t.test('an input that fills the memory of all leaves the others their part', async (t) => {
  const dead = new HandInput();
  const live = new HandInput();
  const never = new ScriptedOutput(() => new Promise<Verdict>(() => {}));
  const { pipeline, clock } = rig({
    inputs: [{ hand: dead }, { hand: live }],
    outputs: [
      { scripted: never, spec: { match: 'dead' } },
      { scripted: new ScriptedOutput(), spec: { match: 'live' } },
    ],
    service: { memLimitBytes: 2_048_000, graceSeconds: 1 },
  });
  await pipeline.start();
  let emitted = 0;
  while (dead.emit('dead', 10, KILOBYTE)) emitted += 10;
  t.ok(emitted > 300 && emitted < 600, `paused after ${emitted} events of a kilobyte`);
  for (let i = 0; i < 20; i++) {
    t.equal(live.emit('live', 50, KILOBYTE), true);
    await clock.advance(1000);
  }
  t.equal(dead.resumed, 0);
  await Promise.all([pipeline.stop(), clock.advance(5000)]);
});

t.test('a chunk that went cold for its retry takes less of the limit', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput(() => ({ kind: 'retry', reason: 'down' }));
  const { pipeline, clock } = rig({
    inputs: [{ hand, spec: { memBufLimitBytes: 30_000 } }],
    outputs: [{ scripted, spec: { retryLimit: Number.POSITIVE_INFINITY } }],
    service: { graceSeconds: 1 },
  });
  await pipeline.start();
  t.equal(hand.emit('a', 11, KILOBYTE), true, 'it was over the limit as objects, and is under it as bytes');
  t.equal(scripted.numbers.length, 11, 'and went to its output at once');
  await Promise.all([pipeline.stop(), clock.advance(5000)]);
  t.same(hand.outcomes, ['0..10:lost']);
});

t.test('an input that was paused goes on when a chunk goes cold, not only when one is delivered', async (t) => {
  const hand = new HandInput();
  let answer: (verdict: Verdict) => void = () => {};
  const scripted = new ScriptedOutput(() => new Promise<Verdict>((resolve) => (answer = resolve)));
  const { pipeline, clock } = rig({
    inputs: [{ hand, spec: { memBufLimitBytes: 30_000 } }],
    outputs: [{ scripted, spec: { retryLimit: Number.POSITIVE_INFINITY } }],
    service: { graceSeconds: 1 },
  });
  await pipeline.start();
  t.equal(hand.emit('a', 11, KILOBYTE), false);
  answer({ kind: 'retry', reason: 'down' });
  await clock.advance(0);
  t.equal(hand.resumed, 1);
  await Promise.all([pipeline.stop(), clock.advance(5000)]);
});

t.test('a quarter of a megabyte goes at once where the output is idle', async (t) => {
  const hand = new HandInput();
  let answer: (verdict: Verdict) => void = () => {};
  const scripted = new ScriptedOutput(() => new Promise<Verdict>((resolve) => (answer = resolve)));
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted }] });
  await pipeline.start();
  hand.emit('a', 200, KILOBYTE);
  t.equal(scripted.batches.length, 0);
  hand.emit('a', 100, KILOBYTE);
  t.equal(scripted.numbers.length, 300);
  hand.emit('a', 300, KILOBYTE);
  t.equal(scripted.batches.length, 1, 'a busy one gets larger chunks');
  answer(OK);
  const stopping = pipeline.stop();
  await clock.advance(0);
  answer(OK);
  await stopping;
});

t.test('a chunk of two megabytes goes without waiting for the flush tick', async (t) => {
  const hand = new HandInput();
  const answers: ((verdict: Verdict) => void)[] = [];
  const scripted = new ScriptedOutput(() => new Promise<Verdict>((resolve) => answers.push(resolve)));
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted, concurrency: 2 }] });
  await pipeline.start();
  hand.emit('a', 300, KILOBYTE);
  t.equal(scripted.batches.length, 1, 'the output is busy now');
  hand.emit('a', 1900, KILOBYTE);
  t.equal(scripted.batches.length, 1);
  hand.emit('a', 200, KILOBYTE);
  t.equal(scripted.batches.length, 2);
  t.equal(scripted.numbers.length, 2400);
  for (const answer of answers) answer(OK);
  await Promise.all([pipeline.stop(), clock.advance(0)]);
});

t.test('an output that knows which chunk makes one request gets chunks no larger, also while it is busy', async (t) => {
  const hand = new HandInput();
  const answers: ((verdict: Verdict) => void)[] = [];
  const scripted = new ScriptedOutput(() => new Promise<Verdict>((resolve) => answers.push(resolve)));
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted, concurrency: 8 }] });
  await pipeline.start();
  hand.emit('a', 300, KILOBYTE);
  t.equal(scripted.batches.length, 1, 'the output is busy now');
  scripted.chunkBytes = 1000 * 1024;
  for (let i = 0; i < 14; i++) hand.emit('a', 150, KILOBYTE);
  t.same(
    scripted.batches.map((batch) => batch.length),
    [300, 994, 994],
    '1030 bytes each: what was emitted at once is cut where the chunk is full',
  );
  scripted.chunkBytes = 10 * 1024;
  hand.emit('a', 100, KILOBYTE);
  t.equal(scripted.batches.length, 3, 'very small ones are not worth it');
  for (const answer of answers) answer(OK);
  const stopping = pipeline.stop();
  await clock.advance(0);
  for (const answer of answers.splice(0)) answer(OK);
  await Promise.all([stopping, clock.advance(5000)]);
  t.equal(scripted.numbers.length, 2500);
  t.same(scripted.batches.flat(), scripted.numbers, 'in order');
});

t.test('an input that can wait is told to as soon as its output falls behind, and it is no trouble', async (t) => {
  const hand = new HandInput();
  hand.canWait = true;
  const answers: ((verdict: Verdict) => void)[] = [];
  const scripted = new ScriptedOutput(() => new Promise<Verdict>((resolve) => answers.push(resolve)));
  const { pipeline, clock, lines } = rig({
    inputs: [{ hand, spec: { memBufLimitBytes: 50_000_000 } }],
    outputs: [{ scripted }],
  });
  await pipeline.start();
  let emitted = 0;
  while (hand.emit('a', 100, KILOBYTE)) emitted += 100;
  t.ok(emitted > 500 && emitted < 2500, `after ${emitted} events of a kilobyte`);
  t.equal(hand.resumed, 0);
  while (hand.resumed === 0) {
    for (const answer of answers.splice(0)) answer(OK);
    await clock.advance(0);
  }
  t.equal(hand.emit('a', 1, KILOBYTE), true);
  t.notMatch(lines.join(''), /paused/);
  scripted.answer = () => OK;
  for (const answer of answers.splice(0)) answer(OK);
  await pipeline.stop();
});

t.test('while it waits, its open chunk is left open, so that it can still become a full request', async (t) => {
  const hand = new HandInput();
  hand.canWait = true;
  const answers: ((verdict: Verdict) => void)[] = [];
  const scripted = new ScriptedOutput(() => new Promise<Verdict>((resolve) => answers.push(resolve)));
  scripted.chunkBytes = 800 * 1024;
  const outputs = [{ scripted, concurrency: 8, idleBytes: 2_000_000 }];
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs });
  await pipeline.start();
  for (let waits = 0; waits < 5; waits++) {
    const resumed = hand.resumed;
    while (hand.emit('a', 150, KILOBYTE));
    while (hand.resumed === resumed) {
      for (const answer of answers.splice(0)) answer(OK);
      await clock.advance(0);
    }
  }
  const lengths = scripted.batches.map((batch) => batch.length);
  t.ok(lengths.length > 5);
  t.same(new Set(lengths), new Set([795]), '1030 bytes each');
  scripted.answer = () => OK;
  for (const answer of answers.splice(0)) answer(OK);
  await pipeline.stop();
  t.same(hand.outcomes.length, new Set(hand.outcomes).size, 'each emission is settled once, whatever it was cut into');
});

t.test('when its output stands still, it reads ahead up to its limit all the same', async (t) => {
  const hand = new HandInput();
  hand.canWait = true;
  const scripted = new ScriptedOutput(() => new Promise<Verdict>(() => {}));
  const { pipeline, clock, lines } = rig({
    inputs: [{ hand, spec: { memBufLimitBytes: 8_000_000 } }],
    outputs: [{ scripted }],
    service: { graceSeconds: 1 },
  });
  await pipeline.start();
  let emitted = 0;
  for (let resumed = -1; resumed < hand.resumed; await clock.advance(2000)) {
    resumed = hand.resumed;
    while (hand.emit('a', 100, KILOBYTE)) emitted += 100;
  }
  t.ok(emitted > 4000 && emitted < 8000, `${emitted} events of a kilobyte`);
  t.match(lines.join(''), /paused \(mem buf overlimit\)/);
  await Promise.all([pipeline.stop(), clock.advance(5000)]);
});
