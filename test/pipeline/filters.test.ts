/** Filters in their order, processors, routes by condition, and filters that wait. */
import t from 'tap';
import type { Filter, FilterHost, LogEvent, Settle } from '../../src/plugin.ts';
import { HandInput, processorSpec, rig, ScriptedOutput } from '../support/pipeline.ts';

/** Appends its letter to the `path` of every body. */
const letter = (text: string) => (): Filter => ({
  filter: (events) => {
    for (const event of events) event.body = { ...event.body, path: `${String(event.body.path ?? '')}${text}` };
    return events;
  },
});

t.test('filters run in the order of the file, for the tags that fit, after the processors of the input', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const { pipeline, clock } = rig({
    inputs: [{ hand, spec: { processors: [processorSpec(letter('p'))] } }],
    filters: [{ make: letter('1') }, { make: letter('2'), match: 'a.*' }, { make: letter('3') }],
    outputs: [{ scripted }],
  });
  await pipeline.start();
  hand.emit('a.x');
  hand.emit('b');
  await clock.advance(1000);
  t.same(
    scripted.bodies.map((body) => body.path),
    ['p123', 'p13'],
  );
  await pipeline.stop();
});

/** A rig whose filter waits, for the events of the tag `slow`, until the returned `go` is called. */
function waitingRig() {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const waits: (() => void)[] = [];
  const made = rig({
    inputs: [{ hand }],
    filters: [
      {
        make: () => ({
          filter: (events, tag) =>
            tag === 'slow' ? new Promise<LogEvent[]>((go) => waits.push(() => go(events))) : events,
        }),
      },
      { make: letter('x') },
    ],
    outputs: [{ scripted }],
  });
  return { hand, scripted, go: () => waits.shift()?.(), ...made };
}

t.test('a filter that waits lets no later event of the same tag overtake; other tags go by', async (t) => {
  const { hand, scripted, go, pipeline, clock } = waitingRig();
  await pipeline.start();
  t.equal(hand.emit('slow'), true);
  t.equal(hand.emit('slow'), true);
  t.equal(hand.emit('fast'), true);
  await clock.advance(1000);
  t.same(scripted.batches, [[2]]);
  t.same(hand.outcomes, ['2..2:safe']);
  for (let i = 0; i < 2; i++) {
    go();
    await clock.advance(1000);
  }
  t.same(scripted.batches, [[2], [0], [1]]);
  t.same(hand.outcomes, ['2..2:safe', '0..0:safe', '1..1:safe']);
  await pipeline.stop();
});

t.test('when too much waits for a filter, the input is told to wait, and to go on when there is room', async (t) => {
  const { hand, scripted, go, pipeline, clock } = waitingRig();
  await pipeline.start();
  let took = 0;
  while (hand.emit('slow')) took++;
  t.ok(took > 10 && took < 1000, `${took} emissions`);
  t.equal(hand.emit('fast'), false);
  t.equal(hand.resumed, 0);
  const stopping = pipeline.stop();
  for (let left = took + 1; left > 0; left--) {
    go();
    await clock.advance(0);
    t.equal(hand.resumed, 1, 'told once, with the first that is done');
  }
  await Promise.all([stopping, clock.advance(5000)]);
  t.equal(scripted.numbers.length, took + 2, 'the stop waited for all of them');
});

t.test('a filter that throws or rejects loses nothing', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const { pipeline, clock, lines } = rig({
    inputs: [{ hand }],
    filters: [
      {
        make: () => ({
          filter: () => {
            throw new Error('first');
          },
        }),
      },
      { make: () => ({ filter: () => Promise.reject(new Error('second')) }) },
    ],
    outputs: [{ scripted }],
  });
  await pipeline.start();
  hand.emit('a', 2);
  await clock.advance(1000);
  t.same(scripted.batches, [[0, 1]]);
  t.match(lines.join(''), /first[\s\S]*second/);
  t.equal(pipeline.metrics.counters('filter', 'made.0').get('filter_errors_total'), 1);
  await pipeline.stop();
});

t.test('dropped by a filter is safe: the source may forget it, and it is counted', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const { pipeline } = rig({
    inputs: [{ hand }],
    filters: [{ make: () => ({ filter: () => [] }) }],
    outputs: [{ scripted }],
  });
  await pipeline.start();
  hand.emit('a', 4);
  t.same(hand.outcomes, ['0..3:safe']);
  t.equal(pipeline.metrics.counters('filter', 'made.0').get('filter_drop_records_total'), 4);
  await pipeline.stop();
});

t.test('what a filter emits goes through the other filters, and its source waits for it', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  let host!: FilterHost;
  let held: { events: LogEvent[]; settle: Settle } | undefined;
  const { pipeline, clock } = rig({
    inputs: [{ hand }],
    filters: [
      { make: letter('1') },
      {
        make: (own) => {
          host = own;
          return {
            filter: (events) => {
              held = { events, settle: own.hold() };
              return [];
            },
          };
        },
      },
      { make: letter('3') },
    ],
    outputs: [{ scripted }],
  });
  await pipeline.start();
  hand.emit('a');
  await clock.advance(5000);
  t.same(hand.outcomes, []);
  host.emit('b', held?.events ?? [], held?.settle);
  await clock.advance(1000);
  t.same(scripted.tags, ['b']);
  t.same(
    scripted.bodies.map((body) => body.path),
    ['113'],
  );
  t.same(hand.outcomes, ['0..0:safe']);
  await pipeline.stop();
});

t.test('processors of an output change only what goes to it, also when it is tried again', async (t) => {
  const hand = new HandInput();
  const changed = new ScriptedOutput((_batch, attempt) =>
    attempt === 1 ? { kind: 'retry', reason: '' } : { kind: 'ok' },
  );
  const plain = new ScriptedOutput();
  const { pipeline, clock } = rig({
    inputs: [{ hand }],
    outputs: [{ scripted: changed, processors: [{ make: letter('x') }] }, { scripted: plain }],
  });
  await pipeline.start();
  hand.emit('a');
  await clock.advance(30_000);
  t.same(
    changed.bodies.map((body) => body.path),
    ['x', 'x'],
  );
  t.same(
    plain.bodies.map((body) => body.path),
    [undefined],
  );
  await pipeline.stop();
});

t.test('an output whose processors leave nothing of a batch is not asked, and the events are safe', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const { pipeline, clock } = rig({
    inputs: [{ hand }],
    outputs: [{ scripted, processors: [{ make: () => ({ filter: () => [] }) }] }],
  });
  await pipeline.start();
  hand.emit('a');
  await clock.advance(1000);
  t.same(scripted.batches, []);
  t.same(hand.outcomes, ['0..0:safe']);
  await pipeline.stop();
});

t.test('a condition lets a processor see only the events that meet it, and their order stays', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const condition = { op: 'and', rules: [{ field: '$level', op: 'eq', value: 'error', inMetadata: false }] } as const;
  const { pipeline, clock } = rig({
    inputs: [{ hand, spec: { processors: [processorSpec(letter('x'), condition)] } }],
    outputs: [{ scripted }],
  });
  await pipeline.start();
  const event = (n: number, level: string): LogEvent => ({ seconds: 0, nanos: 0, metadata: {}, body: { n, level } });
  hand.host.emit('a', [event(0, 'info'), event(1, 'error'), event(2, 'error'), event(3, 'info')]);
  await clock.advance(1000);
  t.same(
    scripted.bodies.map((body) => [body.n, body.path]),
    [
      [0, undefined],
      [1, 'x'],
      [2, 'x'],
      [3, undefined],
    ],
  );
  await pipeline.stop();
});

t.test('routes of an input send each event where its condition says, the rest to the default', async (t) => {
  const hand = new HandInput();
  const [errors, rest, matching] = [new ScriptedOutput(), new ScriptedOutput(), new ScriptedOutput()];
  const none = { match: undefined };
  const { pipeline, clock } = rig({
    inputs: [
      {
        hand,
        spec: {
          routes: [
            {
              name: 'errors',
              condition: { op: 'or', rules: [{ field: '$level', op: 'eq', value: 'error', inMetadata: false }] },
              outputs: ['errors'],
            },
            { name: 'rest', condition: 'default', outputs: ['scripted.1'] },
          ],
        },
      },
    ],
    outputs: [
      { scripted: errors, spec: { ...none, alias: 'errors' } },
      { scripted: rest, spec: none },
      { scripted: matching },
    ],
  });
  await pipeline.start();
  hand.emit('a', 2, { level: 'error' });
  hand.emit('a', 1, { level: 'info' });
  await clock.advance(1000);
  t.same([errors.batches, rest.batches, matching.batches], [[[0, 1]], [[2]], []]);
  await pipeline.stop();
});

t.test(
  'a route finds its output by plugin, the first one, or takes its fallback; where none is found tags count',
  async (t) => {
    const taken = async (routes: readonly { outputs: string[]; fallbacks?: ReadonlyMap<string, string> }[]) => {
      const hand = new HandInput();
      const outputs = [new ScriptedOutput(), new ScriptedOutput(), new ScriptedOutput()];
      const spec = { routes: routes.map((route, at) => ({ name: `${at}`, condition: undefined, ...route })) };
      const { pipeline, clock } = rig({
        inputs: [{ hand, spec }],
        outputs: outputs.map((scripted, at) => ({ scripted, spec: { match: at === 2 ? '*' : undefined } })),
      });
      await pipeline.start();
      hand.emit('a');
      await clock.advance(1000);
      await pipeline.stop();
      return outputs.map(({ batches }) => batches.length);
    };
    t.same(await taken([{ outputs: ['scripted'] }]), [1, 0, 0]);
    t.same(await taken([{ outputs: ['gone'], fallbacks: new Map([['gone', 'scripted.1']]) }]), [0, 1, 0]);
    t.same(await taken([{ outputs: ['gone'] }]), [0, 0, 1]);
    t.same(await taken([]), [0, 0, 0], 'Routable off');
  },
);

t.test('events that no output takes are counted, said once, and settled', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const { pipeline, lines } = rig({ inputs: [{ hand }], outputs: [{ scripted, spec: { match: 'b' } }] });
  await pipeline.start();
  hand.emit('a', 2);
  hand.emit('a', 3);
  t.same(hand.outcomes, ['0..1:safe', '2..4:safe']);
  t.equal(pipeline.metrics.counters('input', 'hand.0').get('input_dropped_records_total'), 5);
  t.equal(lines.filter((line) => line.includes("no output matches tag 'a'")).length, 1);
  await pipeline.stop();
});

t.test('one input and one output without Match belong together', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const { pipeline } = rig({ inputs: [{ hand }], outputs: [{ scripted, spec: { match: undefined } }] });
  await pipeline.start();
  hand.emit('anything');
  await pipeline.stop();
  t.same(scripted.batches, [[0]]);
});
