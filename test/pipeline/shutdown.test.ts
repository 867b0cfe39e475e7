/** Grace: what is flushed, what is given back, and how long it takes. */
import t from 'tap';
import { OK, retry, type Settle, type Verdict } from '../../src/plugin.ts';
import { HandInput, inputSpec, rig, ScriptedOutput } from '../support/pipeline.ts';

t.test('a stop flushes what was emitted and closes everything', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const { pipeline, lines } = rig({ inputs: [{ hand }], outputs: [{ scripted }] });
  await pipeline.start();
  hand.emit('a', 3);
  await pipeline.stop();
  t.same(scripted.batches, [[0, 1, 2]]);
  t.same(hand.outcomes, ['0..2:safe']);
  t.ok(hand.stopped && hand.closed && scripted.closed);
  t.match(lines.join(''), /\[engine\] service has stopped \(0 pending tasks\)/);
});

t.test('at a stop waiting retries are tried at once, then every second until they succeed', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput((_batch, attempt) => (attempt < 4 ? retry('no') : OK));
  const { pipeline, clock } = rig({
    inputs: [{ hand }],
    outputs: [{ scripted, spec: { retryLimit: Number.POSITIVE_INFINITY } }],
    service: { retryBaseSeconds: 1000 },
  });
  await pipeline.start();
  hand.emit('a');
  await clock.advance(1000);
  t.equal(scripted.batches.length, 1);
  const stopping = pipeline.stop();
  await clock.advance(0);
  t.equal(scripted.batches.length, 2);
  await clock.advance(2000);
  await stopping;
  t.equal(scripted.batches.length, 4);
  t.same(hand.outcomes, ['0..0:safe']);
});

t.test('when Grace is over, what is left is given back as lost, and so is all behind it', async (t) => {
  const hand = new HandInput();
  let aborted = false;
  const scripted = new ScriptedOutput(
    (_batch, _attempt, signal) =>
      new Promise<Verdict>(() => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
      }),
  );
  const { pipeline, clock, lines } = rig({ inputs: [{ hand }], outputs: [{ scripted }], service: { graceSeconds: 3 } });
  await pipeline.start();
  hand.emit('a', 2);
  await clock.advance(1000);
  hand.emit('a', 1);
  const stopping = pipeline.stop();
  await clock.advance(3000);
  t.equal(hand.closed, false);
  await clock.advance(250);
  await stopping;
  t.same(hand.outcomes, ['0..1:lost', '2..2:lost']);
  t.ok(aborted, 'the flush under way was told');
  t.match(lines.join(''), /3 records were not delivered within the grace period/);
});

t.test('after a lost entry nothing of the same tag is called safe', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput((batch) => (batch.count === 2 ? new Promise<Verdict>(() => {}) : OK));
  const { pipeline, clock } = rig({
    inputs: [{ hand }],
    outputs: [{ scripted, concurrency: 2 }],
    service: { graceSeconds: 1 },
  });
  await pipeline.start();
  hand.emit('a', 2);
  await clock.advance(1000);
  hand.emit('a', 1);
  await clock.advance(1000);
  t.same(scripted.batches, [[0, 1], [2]], 'the second was delivered');
  await Promise.all([pipeline.stop(), clock.advance(5000)]);
  t.same(hand.outcomes, ['0..1:lost', '2..2:lost'], 'an offset past the gap must not be committed');
});

t.test('a filter gives back what it holds before the end', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const { pipeline } = rig({
    inputs: [{ hand }],
    outputs: [{ scripted }],
    filters: [
      {
        make: (host) => {
          const held: { settle: Settle; tag: string; events: Parameters<typeof host.emit>[1] }[] = [];
          return {
            filter: (events, tag) => {
              held.push({ settle: host.hold(), tag, events });
              return [];
            },
            stop: () => {
              for (const { tag, events, settle } of held) host.emit(tag, events, settle);
            },
          };
        },
      },
    ],
  });
  await pipeline.start();
  hand.emit('a', 2);
  t.same(hand.outcomes, []);
  await pipeline.stop();
  t.same(scripted.batches, [[0, 1]]);
  t.same(hand.outcomes, ['0..1:safe']);
});

t.test('an abort during a stop ends it, and stops no plugin twice', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput(() => new Promise<Verdict>(() => {}));
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted }] });
  await pipeline.start();
  hand.emit('a');
  await clock.advance(1000);
  const stopping = pipeline.stop();
  await clock.advance(0);
  await pipeline.abort();
  await Promise.all([stopping, clock.advance(10_000)]);
  t.equal(hand.stops, 1);
  t.same(hand.outcomes, ['0..0:lost']);
});

t.test('abort ends at once and gives everything back', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput(() => new Promise<Verdict>(() => {}));
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted }] });
  await pipeline.start();
  hand.emit('a');
  await clock.advance(1000);
  hand.emit('b');
  await pipeline.abort();
  t.same(hand.outcomes.sort(), ['0..0:lost', '1..1:lost']);
});

t.test('a start that fails stops what was started and names the instance', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const { definition } = inputSpec(0, new HandInput());
  const failing = {
    definition: {
      ...definition,
      create: () => ({
        start: () => {
          throw new Error('no such folder');
        },
        stop: () => {},
      }),
    },
    alias: 'files',
  };
  const { pipeline } = rig({ inputs: [{ hand }, { hand: new HandInput(), spec: failing }], outputs: [{ scripted }] });
  await t.rejects(pipeline.start(), /failed initialize input files: no such folder/);
  t.ok(hand.closed && scripted.closed);
});
