/** Batches that came as MessagePack: the same requests as from decoded events, and the same care when Loki refuses some. */

import t from 'tap';
import type { Fields, LogEvent } from '../../src/data/event.ts';
import { decodeEvents, encodeEvents } from '../../src/data/msgpack.ts';
import { readOptions } from '../../src/options.ts';
import { type Batch, OK } from '../../src/plugin.ts';
import { batchOf, eventOf, packedBatchOf, sectionOf } from '../../test/support/batch.ts';
import { FakeLoki, type Limits } from '../../test/support/fake_loki/server.ts';
import fc from '../../test/support/fast_check.ts';
import { TestHost, VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import { body } from '../../test/support/random_bodies.ts';
import { withAddress } from './address.ts';
import loki from './index.ts';
import { Load, newPart, split, type Time } from './load.ts';
import { compileEncoder, compilePacked, type Options, readLabels } from './settings.ts';
import { type Stream, Streams } from './streams.ts';

type Pairs = readonly (readonly [string, string])[];
const signal = new AbortController().signal;
const NOW = Date.UTC(2026, 0, 1);
const START = NOW / 1000 - 60;

const optionsOf = (pairs: Pairs): Options => withAddress(readOptions(loki.options, sectionOf(pairs)) as Options);

/** What both ways make of the same batch. */
function bothWays(pairs: Pairs) {
  const host = new TestHost({ clock: new VirtualClock(NOW) });
  const given = optionsOf(pairs);
  const labels = readLabels(given, host);
  const streams = () =>
    new Streams({
      pairs: labels,
      autoKubernetes: given.auto_kubernetes_labels,
      maxStreams: given.max_streams,
      clock: host.clock,
      warn: () => undefined,
    });
  const packed = compilePacked(given, labels, streams(), host);
  const encoder = compileEncoder(given, labels, host);
  const splitting = {
    streams: streams(),
    tenantOf: undefined,
    tenant: '',
    order: 'arrival',
    newest: new WeakMap<Stream, Time>(),
    maxBytes: 0,
  } as const;
  return {
    packed: (batch: Batch) => String(packed?.encode(batch)),
    decoded: (batch: Batch) => {
      const load = new Load([newPart(batch)]);
      return String(encoder.encode(split(load, splitting)[0]?.streams ?? [], load));
    },
  };
}

const event = fc
  .tuple(body, fc.constantFrom('a', 'b', 'ü"', undefined), fc.integer({ min: -5, max: 2 ** 31 }), fc.nat(999_999_999))
  .map(([fields, app, seconds, nanos]): LogEvent => {
    const own: Fields = {
      ...fields,
      ...(app === undefined ? {} : { app }),
      kubernetes: { labels: { app: app ?? 'x' } },
    };
    return eventOf(own, seconds, nanos, nanos % 3 === 0 ? { m: nanos } : {});
  });

t.test('the request is the same as that of the decoded events', async (t) => {
  const options: Pairs[] = [
    [],
    [['labels', 'job=x, $app, tag=$TAG']],
    [
      ['labels', "job=x, app=$kubernetes['labels']['app']"],
      ['remove_keys', "app, $kubernetes['nothing']"],
    ],
    [
      ['auto_kubernetes_labels', 'on'],
      ['label_keys', '$app'],
    ],
    [
      ['label_keys', '$app'],
      ['max_streams', '1'],
    ],
  ];
  for (const pairs of options) {
    const { packed, decoded } = bothWays(pairs);
    await fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 12 }), (events) => {
        const batch = packedBatchOf(decodeEvents(encodeEvents(events)));
        return packed(batch) === decoded(batch);
      }),
      { numRuns: 100 },
    );
    t.pass(JSON.stringify(pairs));
  }
});

t.test(
  'events in other forms: without metadata, with an integer or float as time, keys that are no text',
  async (t) => {
    const { packed, decoded } = bothWays([['labels', '$app']]);
    const record = '81a3617070a161';
    const forms = [
      `92d700695626000000000a${record}`,
      `92ce69562600${record}`,
      `92cb41da5589802000000${record}`.replace('802000000', '80200000'),
      `9292d7006956260000000005 81a16b01 ${record}`,
      `dc0002d700695626000000000a${record}`,
      '92ce69562600820102a3617070a162',
      '92ce69562600de0001a3617070a162',
      '92ce6956260080',
    ];
    const bytes = Buffer.from(forms.join('').replaceAll(' ', ''), 'hex');
    const batch: Batch = { ...batchOf(decodeEvents(bytes)), isPacked: true, pieces: () => [bytes] };
    t.equal(batch.count, forms.length);
    t.equal(packed(batch), decoded(batch));
  },
);

t.test('a batch that is larger than its buffer was thought to be', async (t) => {
  const { packed, decoded } = bothWays([]);
  const events = Array.from({ length: 3000 }, (_, n) => eventOf({ n, log: '"\u0001é'.repeat(n % 100) }));
  const batch = packedBatchOf(events);
  t.ok(packed(batch) === decoded(batch));
});

t.test('options that need decoded events are left to the other way', async (t) => {
  const others: Pairs = [
    ['format', 'protobuf'],
    ['line_format', 'key_value'],
    ['drop_single_key', 'raw'],
    ['entry_order', 'time'],
    ['tenant_id_key', '$t'],
    ['max_batch_bytes', '1M'],
    ['structured_metadata', '$trace'],
    ['structured_metadata_map_keys', '$map'],
  ];
  const host = new TestHost();
  const packs = (pairs: Pairs) => {
    const given = optionsOf(pairs);
    const streams = new Streams({ pairs: [], autoKubernetes: false, maxStreams: 0, clock: host.clock, warn: () => {} });
    return compilePacked(given, [], streams, host) !== undefined;
  };
  t.ok(packs([]));
  for (const option of others) t.notOk(packs([option]), option.join(' '));
});

async function rig(t: { teardown(run: () => Promise<void>): void }, pairs: Pairs, limits: Partial<Limits> = {}) {
  const server = await new FakeLoki(limits, () => NOW).start();
  const section: Pairs = [['Host', '127.0.0.1'], ['Port', String(server.port)], ...pairs];
  const { plugin, host } = await make(loki, section, { clock: new VirtualClock(NOW) });
  await plugin.start?.();
  t.teardown(async () => {
    await plugin.stop?.();
    await server.stop();
  });
  return { server, plugin, host };
}

const at = (seconds: number, fields: Fields): LogEvent => ({ ...eventOf(fields), seconds });

t.test('Loki gets them, also compressed, and for a tenant', async (t) => {
  const events = Array.from({ length: 50 }, (_, n) => at(START + n, { n, app: n % 2 === 0 ? 'a' : 'b' }));
  for (const more of [[], [['compress', 'gzip']], [['tenant_id', 'one']]] as Pairs[]) {
    const { server, plugin } = await rig(t, [['labels', '$app'], ...more]);
    t.equal(await plugin.flush(packedBatchOf(events), signal), OK);
    const tenant = more[0]?.[0] === 'tenant_id' ? 'one' : '';
    const lines = server.entries(tenant).map(({ line }) => line);
    t.same(lines.sort(), events.map(({ body: { n } }) => `{"n":${n}}`).sort());
  }
});

t.test('of a batch that Loki refuses in part only that part is given up', async (t) => {
  const events = [at(START, { n: 1 }), at(START - 900_000, { n: 2 }), at(START + 1, { n: 3 })];
  const { server, plugin, host } = await rig(t, [], { rejectOldMs: 3_600_000 });
  t.equal(await plugin.flush(packedBatchOf(events), signal), OK);
  t.same(
    server.entries().map(({ line }) => line),
    ['{"n":1}', '{"n":3}'],
  );
  t.equal(host.discarded.length, 1);
});

t.test('after an outage the whole batch comes again, and nothing twice', async (t) => {
  const events = Array.from({ length: 20 }, (_, n) => at(START + n, { n }));
  const { server, plugin } = await rig(t, []);
  const batch = packedBatchOf(events);
  for (const fault of [{ status: 503 }, { cut: 'before' }, { status: 429 }] as const) {
    server.fault = () => fault;
    t.match(await plugin.flush(batch, signal), { kind: 'retry' });
  }
  server.fault = () => undefined;
  t.equal(await plugin.flush(batch, signal), OK);
  t.equal(server.entries().length, 20);
});
