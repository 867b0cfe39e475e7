/** What Loki refuses of a request: its words, and what becomes of the rest. */
import t from 'tap';
import type { Fields, LogEvent } from '../../src/data/event.ts';
import { OK } from '../../src/plugin.ts';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { LOKI_NOW, lokiRig as rig } from '../../test/support/fake_loki/rig.ts';
import { refusedBy } from './refusal.ts';

const signal = new AbortController().signal;
const at = (seconds: number, body: Fields, nanos = 0): LogEvent => ({ ...eventOf(body), seconds, nanos });
const START = LOKI_NOW / 1000 - 60;

t.test('what Loki names is found in the words of its versions', async (t) => {
  const stream = { key: '', labels: { app: 'a' }, capped: false };
  const other = { key: '', labels: { app: 'b}', job: "it's" }, capped: false };
  const entries = (from: number) =>
    [0, 1].map((i) => ({ number: from + i, seconds: 1_767_225_600 + i, nanos: 500_000_000 }));
  const streams = [
    { stream, entries: entries(0) },
    { stream: other, entries: entries(2) },
  ];
  const measure = (number: number) => ({ lineBytes: number * 10, metadataBytes: 7, metadataCount: number });
  const numbers = (text: string, isLimit = false) =>
    refusedBy(text, streams, measure, isLimit).flatMap((refusal) => refusal.numbers);
  const B = `{app="b}", job="it's", service_name="x"}`;
  for (const [text, expected] of [
    [
      `entry for stream '{app="a"}' has timestamp too old: 2026-01-01T00:00:00Z, oldest acceptable timestamp is: 2026-01-01T00:00:00Z`,
      [0],
    ],
    [
      `2 errors like: entry for stream '${B}' has timestamp too new: 2026-01-01T00:00:01Z; 1 errors like: Max entry size '5' bytes exceeded for stream '{app="a"}' while adding an entry with length '10' bytes`,
      [3, 1],
    ],
    [`stream '${B}' has label value too long: 'x'`, [2, 3]],
    [`entry for stream '${B}' has 16 label names; limit 15`, [2, 3]],
    [`Error parsing labels '${B}' with error: 1:2`, [2, 3]],
    [`missing required labels team for user x for stream {app="a"}`, [0, 1]],
    [`stream '{app="a"}' includes structured metadata, but this feature is disallowed.`, [1]],
    [`stream '${B}' has structured metadata too large: '7' bytes, limit: '5' bytes.`, [2, 3]],
    [`stream '${B}' has too many structured metadata labels: '3', limit: '2'.`, [3]],
    [
      `entry with timestamp 2026-01-01 00:00:01.5 +0000 UTC ignored, reason: 'entry out of order' for stream: {app="a"},\ntotal ignored: 1 out of 2`,
      [1],
    ],
    [
      `entry with timestamp 2026-01-01 02:00:01.5 +0200 CEST ignored, reason: 'entry out of order',\nuser 'x', total ignored: 2 out of 2 for stream: ${B}`,
      [3, 2],
    ],
    [
      `entry with timestamp 2026-01-01 00:00:01 +0000 UTC ignored, reason: 'entry out of order',\nuser 'x', total ignored: 0 out of 2 for stream: ${B}`,
      [],
    ],
    [
      `entry with timestamp 2025-12-31 00:00:00 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: 2025-12-31T00:00:00Z, oldest acceptable timestamp is: 2026-01-01T00:00:01Z',\nuser`,
      [0, 2],
    ],
    ["stream '{app=\"c\"}' has label value too long: 'x'", []],
  ] as const)
    t.same(numbers(text), expected, text);
  const limited = `entry with timestamp 2026-01-01 00:00:01.5 +0000 UTC ignored, reason: 'Per stream rate limit exceeded (limit: 1B/sec) while attempting to ingest for stream '${B}' totaling 9B, consider'`;
  t.same(numbers(`${limited},\nuser 'x', total ignored: 1 out of 2 for stream: ${B}`, true), [3]);
  t.same(
    numbers(`${limited},\nuser 'x', total ignored: 2 out of 2 for stream: ${B}`, true),
    [3, 2],
    'the rest is guessed',
  );
});

t.test(
  'what is too far behind its stream is given up, more of it than Loki names; the rest is delivered',
  async (t) => {
    const { server, plugin, host } = await rig(t, [['Labels', 'job=web']], { outOfOrderMs: 1000 });
    const late = Array.from({ length: 12 }, (_, i) => at(START - 10, { log: `late ${i}` }, i * 1000));
    const other = at(START - 10, { log: 'good too' });
    const events = [at(START, { log: 'good' }), ...late, at(START, { log: 'last' }, 5)];
    t.equal(await plugin.flush(batchOf(events), signal), OK);
    t.match(await plugin.flush(batchOf([other], 'other'), signal), { kind: 'drop' });
    t.same(server.lines(), { '{job="web"}': ['{"log":"good"}', '{"log":"last"}'] });
    t.same(
      host.discarded.map(({ events: gone, reason }) => [gone.length, reason]),
      [[12, 'Loki: entry too far behind']],
    );
  },
);

t.test('of a stream over its rate limit, what Loki did not take is sent again, and nothing else', async (t) => {
  const { server, plugin } = await rig(t, [['Labels', 'app=$app']], { streamBytes: 70 });
  const events = ['a', 'b', 'b', 'b', 'a'].map((app, i) => at(START + i, { app, log: `${i}`.padEnd(50, 'x') }));
  const batch = batchOf(events);
  t.match(await plugin.flush(batch, signal), { kind: 'retry', reason: /429/ });
  t.equal(server.entries().length, 2);
  t.match(await plugin.flush(batch, signal), { kind: 'retry' });
  t.equal(await plugin.flush(batch, signal), OK);
  t.same(server.entries().length, 5, 'none twice');
});
