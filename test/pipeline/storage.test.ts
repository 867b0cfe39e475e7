/** Chunks on disk, through whole pipelines: what is safe when, what a next run delivers, and what a bad disk does. */
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { NO_METADATA } from '../../src/data/event.ts';
import { encodeEvents } from '../../src/data/msgpack.ts';
import { encodeHead } from '../../src/engine/chunk_format.ts';
import { drop, OK, retry, type Verdict } from '../../src/plugin.ts';
import type { InputSpec, ServiceSpec, StorageSpec } from '../../src/spec.ts';
import { HandInput, rig, ScriptedOutput } from '../support/pipeline.ts';

const KILOBYTE = { pad: 'x'.repeat(1000) };
const ON_DISK: Partial<InputSpec> = { storageType: 'filesystem' };
const FOREVER = { retryLimit: Number.POSITIVE_INFINITY };

function storage(place: string, more: Partial<StorageSpec> = {}): Partial<ServiceSpec> {
  return {
    graceSeconds: 1,
    storage: {
      path: place,
      sync: 'normal',
      checksum: false,
      backlogMemLimitBytes: 5_000_000,
      flushBacklogOnShutdown: false,
      deleteIrrecoverableChunks: false,
      keepRejected: false,
      rejectedPath: 'rejected',
      ...more,
    },
  };
}

/** The files below a folder, with their folder's name. */
function filesIn(place: string): string[] {
  return fs
    .readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(place, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** Lets writes at the end of the turn happen, and what comes of them. */
const turn = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise((go) => setImmediate(go));
};

/** Files are read in other threads: waits as long as it takes (the test's own time limit ends it). */
const until = async (what: () => boolean): Promise<void> => {
  while (!what()) await new Promise((go) => setImmediate(go));
};

const stop = async ({ pipeline, clock }: ReturnType<typeof rig>): Promise<void> => {
  await Promise.all([pipeline.stop(), clock.advance(3000)]);
};

t.test('events are safe once they are on disk, and gone from there once they are delivered', async (t) => {
  const place = t.testdir();
  const hand = new HandInput();
  let answer: (verdict: Verdict) => void = () => {};
  const scripted = new ScriptedOutput(() => new Promise<Verdict>((resolve) => (answer = resolve)));
  const all = rig({ inputs: [{ hand, spec: ON_DISK }], outputs: [{ scripted }], service: storage(place) });
  await all.pipeline.start();
  hand.emit('app', 3);
  hand.emit('app', 2);
  t.same([hand.outcomes, filesIn(place)], [[], []], 'they may be delivered before it comes to that');
  await all.clock.advance(20);
  t.same(hand.outcomes, ['0..2:safe', '3..4:safe']);
  t.match(filesIn(place), [/^hand\.0\/\d+-\d+\.\d+\.flb$/]);
  await all.clock.advance(1000);
  t.same(scripted.batches, [[0, 1, 2, 3, 4]]);
  answer(OK);
  await turn();
  t.same(filesIn(place), []);
  await stop(all);
});

t.test('what a source cannot give again is written at once; what is delivered at once is not written', async (t) => {
  const place = t.testdir();
  const hand = new HandInput();
  const scripted = new ScriptedOutput();
  const all = rig({ inputs: [{ hand, spec: ON_DISK }], outputs: [{ scripted }], service: storage(place) });
  await all.pipeline.start();
  hand.host.emit('app', [{ seconds: 1, nanos: 0, metadata: NO_METADATA, body: { n: 1 } }]);
  await turn();
  t.equal(filesIn(place).length, 1);
  await all.clock.advance(1000);
  t.same(filesIn(place), []);
  hand.emit('big', 300, KILOBYTE);
  t.equal(scripted.batches.length, 2, 'enough to go at once');
  await all.clock.advance(100);
  t.same(fs.readdirSync(path.join(place, 'hand.0')), []);
  t.same(hand.outcomes, ['0..299:safe']);
  await stop(all);
});

t.test('what a stop leaves on disk is delivered by the next run, before what is new', async (t) => {
  const place = t.testdir();
  const first = new HandInput();
  const down = new ScriptedOutput(() => retry('down'));
  const one = rig({
    inputs: [{ hand: first, spec: ON_DISK }],
    outputs: [{ scripted: down, spec: FOREVER }],
    service: storage(place),
  });
  await one.pipeline.start();
  first.emit('a', 3);
  await one.clock.advance(1000);
  first.emit('b', 2);
  await stop(one);
  t.same(first.outcomes, ['0..2:safe', '3..4:safe']);
  t.equal(filesIn(place).length, 2);

  const second = new HandInput();
  const up = new ScriptedOutput();
  const two = rig({ inputs: [{ hand: second, spec: ON_DISK }], outputs: [{ scripted: up }], service: storage(place) });
  await two.pipeline.start();
  second.emit('c', 1);
  await two.clock.advance(1000);
  await until(() => up.batches.length === 3);
  await turn();
  t.same(up.tags, ['a', 'b', 'c']);
  t.same(up.batches, [[0, 1, 2], [3, 4], [0]]);
  t.same(filesIn(place), []);
  await stop(two);
});

t.test('a stop does not wait for a retry of what is on disk', async (t) => {
  const place = t.testdir();
  const hand = new HandInput();
  const scripted = new ScriptedOutput(() => retry('down'));
  const all = rig({
    inputs: [{ hand, spec: ON_DISK }],
    outputs: [{ scripted, spec: FOREVER }],
    service: { ...storage(place), graceSeconds: 100_000 },
  });
  await all.pipeline.start();
  hand.emit('a', 3);
  await all.clock.advance(1000);
  const attempts = scripted.batches.length;
  t.match(all.pipeline.describe().join('\n'), /mem chunks +: 0\n.*fs chunks +: 1\n.*up +: 0\n.*down +: 1\n/);
  await Promise.all([all.pipeline.stop(), all.clock.advance(500)]);
  t.equal(scripted.batches.length, attempts + 1, 'it was tried once more');
  t.equal(filesIn(place).length, 1);
});

t.test('a chunk that one of two outputs has taken goes only to the other one in the next run', async (t) => {
  const place = t.testdir();
  const hand = new HandInput();
  const good = new ScriptedOutput();
  const bad = new ScriptedOutput(() => retry('down'));
  const one = rig({
    inputs: [{ hand, spec: ON_DISK }],
    outputs: [{ scripted: good }, { scripted: bad, spec: FOREVER }],
    service: storage(place),
  });
  await one.pipeline.start();
  hand.emit('a', 3);
  await one.clock.advance(1000);
  t.same(good.batches, [[0, 1, 2]]);
  await stop(one);

  const [again, healed] = [new ScriptedOutput(), new ScriptedOutput()];
  const two = rig({
    inputs: [{ hand: new HandInput(), spec: ON_DISK }],
    outputs: [{ scripted: again }, { scripted: healed }],
    service: storage(place),
  });
  await two.pipeline.start();
  await until(() => healed.batches.length === 1);
  await turn();
  t.same(again.batches, []);
  t.same(healed.batches, [[0, 1, 2]]);
  t.same(filesIn(place), []);
  await stop(two);
});

t.test('over its memory limit an input on disk lets go of chunks instead of pausing, and loses none', async (t) => {
  const place = t.testdir();
  const hand = new HandInput();
  const answers: ((verdict: Verdict) => void)[] = [];
  const scripted = new ScriptedOutput(() => new Promise<Verdict>((resolve) => answers.push(resolve)));
  const all = rig({
    inputs: [{ hand, spec: { ...ON_DISK, memBufLimitBytes: 1_000_000 } }],
    outputs: [{ scripted }],
    service: storage(place),
  });
  await all.pipeline.start();
  const answered = Array.from({ length: 50 }, () => hand.emit('a', 100, KILOBYTE));
  t.notOk(answered.includes(false));
  t.equal(scripted.batches.length, 1, 'the first one is in hand');
  await all.clock.advance(1000);
  for (let taken = 0; scripted.numbers.length < 5000; taken = scripted.batches.length) {
    for (const answer of answers.splice(0)) answer(OK);
    await until(() => scripted.batches.length > taken);
  }
  for (const answer of answers.splice(0)) answer(OK);
  await turn();
  t.same(scripted.batches.flat(), [...Array(5000).keys()], 'all of them, in order');
  t.equal(hand.resumed, 0);
  t.same(filesIn(place), []);
  await stop(all);
});

t.test('storage.total_limit_size keeps the newest, and counts what earlier runs left', async (t) => {
  const place = t.testdir();
  const run = async (limit: number, emissions: number) => {
    const hand = new HandInput();
    const scripted = new ScriptedOutput(() => retry('down'));
    const all = rig({
      inputs: [{ hand, spec: ON_DISK }],
      outputs: [{ scripted, spec: { ...FOREVER, storageTotalLimitBytes: limit } }],
      service: storage(place, { backlogMemLimitBytes: 1 }),
    });
    const isFirst = filesIn(place).length === 0;
    await all.pipeline.start();
    // What an output has in hand is never given up.
    await until(() => isFirst || scripted.batches.length > 0);
    await turn();
    for (let i = 0; i < emissions; i++) {
      hand.emit(`t${i}`, 10, KILOBYTE);
      await all.clock.advance(1000);
    }
    await stop(all);
    return all;
  };
  const bytes = () => filesIn(place).reduce((sum, name) => sum + fs.statSync(path.join(place, name)).size, 0);
  await run(100_000, 20);
  t.equal(filesIn(place).length, 8, 'of 12,288 bytes on disk each');
  const all = await run(50_000, 2);
  t.equal(filesIn(place).length, 4);
  t.ok(bytes() <= 50_000);
  t.match(all.lines.join(''), /makes room for newer ones \(storage\.total_limit_size\), 10 records dropped/);

  const scripted = new ScriptedOutput();
  const last = rig({ inputs: [{ hand: new HandInput() }], outputs: [{ scripted }], service: storage(place) });
  await last.pipeline.start();
  await last.clock.advance(1000);
  t.same(scripted.tags, [], 'the folder of an input that is in memory now is left alone');
  await stop(last);
  const more = rig({
    inputs: [{ hand: new HandInput(), spec: ON_DISK }],
    outputs: [{ scripted }],
    service: storage(place),
  });
  await more.pipeline.start();
  await until(() => scripted.tags.length === 4);
  // The fourth is t18, or t17 if the output had it in hand when room was made.
  t.same(
    scripted.tags.sort().filter((tag) => !/^t1[78]$/.test(tag)),
    ['t0', 't1', 't19'],
  );
  await stop(more);
});

t.test('a destination that is down for an hour: memory is flat, the disk is bounded, the newest is kept', async (t) => {
  const place = t.testdir();
  const hand = new HandInput();
  const scripted = new ScriptedOutput(() => retry('down'));
  const all = rig({
    inputs: [{ hand, spec: { ...ON_DISK, memBufLimitBytes: 500_000 } }],
    outputs: [{ scripted, spec: { ...FOREVER, storageTotalLimitBytes: 1_000_000 } }],
    service: { ...storage(place), retryCapSeconds: 30 },
  });
  const used = () => {
    let bytes = 0;
    for (const name of filesIn(place)) bytes += Math.ceil(fs.statSync(path.join(place, name)).size / 4096) * 4096;
    return bytes;
  };
  await all.pipeline.start();
  let most = 0;
  let mostInMemory = 0;
  let paused = 0;
  for (let second = 0; second < 3600; second++) {
    if (!hand.emit('app', 20, KILOBYTE)) paused++;
    await all.clock.advance(1000);
    if (second % 100 === 0) most = Math.max(most, used());
    const inMemory = Number(/mem size +: .*\((\d+) bytes\)/.exec(all.pipeline.describe().join('\n'))?.[1]);
    mostInMemory = Math.max(mostInMemory, inMemory);
  }
  t.equal(paused, 0);
  t.ok(most <= 1_000_000, `${most} bytes on disk at most`);
  t.ok(mostInMemory < 500_000, `${mostInMemory} bytes in memory at most`);
  scripted.answer = () => OK;
  const before = scripted.batches.length;
  await all.clock.advance(60_000);
  await until(() => filesIn(place).length === 0);
  const delivered = (scripted.batches.slice(before).flat() as number[]).sort((a, b) => a - b);
  // One older chunk may be among them: the output had it in hand when room was made.
  t.same(
    delivered.slice(-600),
    Array.from({ length: 600 }, (_, i) => 3600 * 20 - 600 + i),
  );
  await stop(all);
});

t.test('what an output refuses is kept in the form of a chunk without its tag', async (t) => {
  const place = t.testdir();
  const hand = new HandInput();
  const scripted = new ScriptedOutput(() => drop('bad'));
  const all = rig({
    inputs: [{ hand, spec: ON_DISK }],
    outputs: [{ scripted, spec: { alias: 'up' } }],
    service: storage(place, { keepRejected: true, checksum: true }),
  });
  await all.pipeline.start();
  hand.emit('../../etc/app:1', 2);
  await all.clock.advance(1000);
  const [kept, ...none] = filesIn(place);
  t.same(none, []);
  t.match(kept, /^rejected\/\.\._\.\._etc_app_1_0_up_0x[0-9a-f]{12}\.flb$/);
  await stop(all);
});

t.test('files that are no chunks are said and left; torn ones give what is whole', async (t) => {
  const events = (from: number, count: number) =>
    encodeEvents(
      Array.from({ length: count }, (_, i) => ({ seconds: 1, nanos: 0, metadata: NO_METADATA, body: { n: from + i } })),
    );
  const good = Buffer.concat([encodeHead('good', undefined), events(0, 3)]);
  const place = t.testdir({
    'gone.3': {
      '1-1.1.flb': good,
      '1-1.2.flb': good.subarray(0, good.length - 4),
      '1-1.3.flb': good.subarray(0, 20),
      '1-1.4.flb': '',
      '1-1.5.flb': Buffer.concat([encodeHead('bad', undefined), Buffer.from('no events here')]),
      'notes.txt': 'somebody left this here, and it is longer than a head',
      '.hidden': good,
    },
  });
  const scripted = new ScriptedOutput();
  const all = rig({
    inputs: [{ hand: new HandInput(), spec: ON_DISK }],
    outputs: [{ scripted }],
    service: storage(place),
  });
  await all.pipeline.start();
  await until(() => all.lines.join('').includes("1-1.5.flb' cannot"));
  await stop(all);
  t.same(scripted.batches, [
    [0, 1, 2],
    [0, 1],
  ]);
  t.same(filesIn(place), ['gone.3/.hidden', 'gone.3/1-1.3.flb', 'gone.3/1-1.5.flb', 'gone.3/notes.txt']);
  const lines = all.lines.join('');
  t.match(
    lines,
    /\[error\] \[storage\] '.*1-1\.3\.flb' cannot be delivered: it has 20 bytes, less than a chunk's head; it is left/,
  );
  t.match(lines, /\[error\] \[storage\] '.*notes\.txt' cannot be delivered: it does not begin like a chunk/);
  t.match(
    lines,
    /\[error\] \[storage\] chunk '.*1-1\.5\.flb' cannot be delivered: its content does not begin with an event/,
  );
  t.match(lines, /\[ warn\] \[storage\] the end of chunk '1-1\.2\.flb' is torn: 2 whole records are delivered/);
});

t.test('with storage.sync full events are safe only after the disk has them', async (t) => {
  const place = t.testdir();
  const hand = new HandInput();
  const scripted = new ScriptedOutput(() => retry('down'));
  const all = rig({
    inputs: [{ hand, spec: ON_DISK }],
    outputs: [{ scripted, spec: FOREVER }],
    service: storage(place, { sync: 'full' }),
  });
  await all.pipeline.start();
  for (let i = 0; i < 20; i++) hand.emit('a');
  await turn();
  await all.clock.advance(20);
  await until(() => hand.outcomes.length === 20);
  t.same(new Set(hand.outcomes.map((outcome) => outcome.split(':')[1])), new Set(['safe']));
  await stop(all);
});

t.test('memrb gives up the oldest once it is over its limit, and never pauses', async (t) => {
  const hand = new HandInput();
  const scripted = new ScriptedOutput(() => retry('down'));
  const all = rig({
    inputs: [{ hand, spec: { storageType: 'memrb', memBufLimitBytes: 80_000 } }],
    outputs: [{ scripted, spec: FOREVER }],
    service: { graceSeconds: 1 },
  });
  await all.pipeline.start();
  for (let i = 0; i < 5; i++) {
    t.equal(hand.emit('a', 34, KILOBYTE), true);
    await all.clock.advance(1000);
  }
  scripted.answer = () => OK;
  const before = scripted.batches.length;
  await all.clock.advance(60_000);
  const kept = scripted.batches.slice(before).map(([first]) => first);
  t.same(kept.sort(), [136, 68, 102].sort(), 'three of 34 kB');
  t.same(hand.outcomes.length, 5, 'and the sources of those that went need not keep them');
  await stop(all);
});
