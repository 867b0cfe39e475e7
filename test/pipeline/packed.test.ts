import t from 'tap';
import { NO_METADATA } from '../../src/data/event.ts';
import { encodeEvents } from '../../src/data/msgpack.ts';
import { OK, retry } from '../../src/plugin.ts';
import { HandInput, rig, ScriptedOutput } from '../support/pipeline.ts';

/** Events as msgpack, and how often their bytes were given back. */
function packed(...numbers: number[]) {
  const events = numbers.map((n) => ({ seconds: 0, nanos: 0, metadata: NO_METADATA, body: { n } }));
  const state = { released: 0 };
  const release = () => {
    state.released++;
  };
  return { state, events: { bytes: encodeEvents(events), count: numbers.length, release } };
}

const ticks = () => new Promise((go) => setImmediate(go));

t.test(
  'packed events reach every output as they came, and their bytes are given back when all have answered',
  async (t) => {
    const hand = new HandInput();
    const held = Promise.withResolvers<typeof OK>();
    const [fast, slow] = [new ScriptedOutput(), new ScriptedOutput(() => held.promise)];
    const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted: fast }, { scripted: slow }] });
    await pipeline.start();
    const { state, events } = packed(1, 2);
    hand.host.emitPacked('a', events);
    await clock.advance(1000);
    t.same(
      [fast.numbers, slow.numbers],
      [
        [1, 2],
        [1, 2],
      ],
    );
    t.equal(state.released, 0, 'one output has them in hand');
    held.resolve(OK);
    await ticks();
    t.equal(state.released, 1);
    await pipeline.stop();
  },
);

t.test('a retry gets the same bytes: they are not given back before', async (t) => {
  const hand = new HandInput();
  const seen: number[] = [];
  const { state, events } = packed(1);
  const scripted = new ScriptedOutput((batch, attempt) => {
    seen.push(state.released);
    t.same(
      batch.pieces().map((piece) => Buffer.from(piece)),
      [Buffer.from(events.bytes)],
    );
    return attempt === 1 ? retry('not yet') : OK;
  });
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted }] });
  await pipeline.start();
  hand.host.emitPacked('a', events);
  await clock.advance(60_000);
  t.same(seen, [0, 0]);
  await pipeline.stop();
});

t.test('where a filter looks into them they are decoded, and given back at once', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const filters = [{ make: () => ({ filter: (events: never[]) => events }) }];
  const { pipeline, clock } = rig({ inputs: [{ hand }], filters, outputs: [{ scripted }] });
  await pipeline.start();
  const { state, events } = packed(1);
  hand.host.emitPacked('a', events);
  t.equal(state.released, 1);
  events.bytes.fill(0);
  await clock.advance(1000);
  t.same(scripted.numbers, [1]);
  await pipeline.stop();
});

t.test('what could not be delivered at a stop is never given back: an output may have it in hand', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput(() => new Promise(() => undefined));
  const { pipeline, clock } = rig({ inputs: [{ hand }], outputs: [{ scripted }] });
  await pipeline.start();
  const { state, events } = packed(1);
  hand.host.emitPacked('a', events);
  await clock.advance(1000);
  const stopped = pipeline.stop();
  await clock.advance(20_000);
  await stopped;
  t.equal(state.released, 0);
});

t.test(
  'keys and values that JavaScript does not have are the same bytes behind a filter that decoded them',
  async (t) => {
    const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
    const numbers =
      'cfffffffffffffffff d38000000000000000 cb7ff8000000000000 cb7ff0000000000000 cb8000000000000000 cb3ff0000000000000';
    const list = hex(`98 ${numbers} c403 00ff41 c70305 010203`);
    const keys = hex('01 a16f c3 a174 c0 a16e c402ffc3 01 a2c328 a3edb080');
    const many = Array.from({ length: 70_000 }, (_, i) =>
      Buffer.concat([hex('a6'), Buffer.from(`k${10_000 + i}`), hex('c0')]),
    );
    const body = Buffer.concat([
      hex('83 a46b657973 85'),
      keys,
      hex('a46c697374'),
      list,
      hex('a46d616e79 df00011170'),
      ...many,
    ]);
    const bytes = Buffer.concat([hex('9292d700 6553f100 00000005 80'), body]);
    const hand = new HandInput();
    const got: Uint8Array[] = [];
    const scripted = new ScriptedOutput((batch) => {
      got.push(batch.bytes());
      return OK;
    });
    const copy = (events: { body: object }[]) =>
      events.map((event) => ({ ...event, body: { ...event.body } })) as never[];
    const { pipeline, clock } = rig({
      inputs: [{ hand }],
      filters: [{ make: () => ({ filter: copy }) }],
      outputs: [{ scripted }],
    });
    await pipeline.start();
    hand.host.emitPacked('a', { bytes: Buffer.from(bytes), count: 1 });
    await clock.advance(1000);
    t.ok(Buffer.concat(got).equals(bytes));
    await pipeline.stop();
  },
);
