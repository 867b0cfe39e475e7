/** The option dead_letter: what an output gives up is kept, and its source waits for that. */
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { drop, OK, retry, type Verdict } from '../../src/plugin.ts';
import { HandInput, rig, ScriptedOutput } from '../support/pipeline.ts';

const turn = (): Promise<void> => new Promise((go) => setImmediate(go));

const lettersIn = (place: string): Fields[] =>
  fs
    .readFileSync(place, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

t.test(
  'a refused chunk, one that was tried too often and single events go to a file, with reason and origin',
  async (t) => {
    const place = path.join(t.testdir(), 'dead', 'letters.jsonl');
    const hand = new HandInput();
    const scripted = new ScriptedOutput((batch) => {
      if (batch.tag === 'bad') return drop('HTTP status 400');
      if (batch.tag === 'down') return retry('connection refused');
      scripted.host?.discard(batch, batch.events.slice(0, 1), 'too old');
      return OK;
    });
    const { pipeline, clock } = rig({
      inputs: [{ hand }],
      outputs: [{ scripted, spec: { alias: 'up', retryLimit: 1, deadLetter: { kind: 'file', name: place } } }],
    });
    await pipeline.start();
    hand.emit('bad', 2);
    hand.emit('down', 1);
    hand.emit('some', 3);
    await clock.advance(60_000);
    await turn();
    t.same(hand.outcomes.sort(), ['0..1:safe', '2..2:safe', '3..5:safe']);
    const letters = lettersIn(place);
    t.match(letters[0], {
      output: 'up',
      tag: 'bad',
      reason: 'HTTP status 400',
      date: 0,
      record: { n: 0 },
      time: /^2023-11-14T22:13:2/,
    });
    t.same(
      letters.map(({ tag, reason, record }) => [tag, reason, (record as Fields).n]),
      [
        ['bad', 'HTTP status 400', 0],
        ['bad', 'HTTP status 400', 1],
        ['some', 'too old', 3],
        ['down', 'connection refused', 2],
      ],
    );
    await pipeline.stop();
  },
);

t.test('another output gets the records with a note, and the source waits for it', async (t) => {
  const hand = new HandInput();
  let answer: (verdict: Verdict) => void = () => {};
  const scripted = new ScriptedOutput(() => drop('no'));
  const second = new ScriptedOutput(() => new Promise<Verdict>((resolve) => (answer = resolve)));
  const { pipeline, clock } = rig({
    inputs: [{ hand }],
    outputs: [
      { scripted, spec: { deadLetter: { kind: 'output', name: 'grave' } } },
      { scripted: second, spec: { alias: 'grave', match: undefined } },
    ],
  });
  await pipeline.start();
  hand.emit('app', 2);
  await clock.advance(1000);
  t.same(hand.outcomes, []);
  t.match(second.bodies, [
    { n: 0, dead_letter: { output: 'scripted.0', tag: 'app', reason: 'no' } },
    { n: 1, dead_letter: { output: 'scripted.0', tag: 'app', reason: 'no' } },
  ]);
  answer(OK);
  await clock.advance(0);
  t.same(hand.outcomes, ['0..1:safe']);
  await pipeline.stop();
});

t.test('where the dead letters cannot be delivered before the end, the source keeps the events', async (t) => {
  const hand = new HandInput();
  const second = new ScriptedOutput(() => retry('down'));
  const { pipeline, clock } = rig({
    inputs: [{ hand }],
    outputs: [
      { scripted: new ScriptedOutput(() => drop('no')), spec: { deadLetter: { kind: 'output', name: 'scripted.1' } } },
      { scripted: second, spec: { match: undefined, retryLimit: Number.POSITIVE_INFINITY } },
    ],
    service: { graceSeconds: 1 },
  });
  await pipeline.start();
  hand.emit('app', 2);
  await clock.advance(1000);
  await Promise.all([pipeline.stop(), clock.advance(5000)]);
  t.same(hand.outcomes, ['0..1:lost']);
});

t.test('a file that cannot be written is said, and holds up nobody', async (t) => {
  const place = t.testdir({ file: 'no folder' });
  const hand = new HandInput();
  const { pipeline, clock, lines } = rig({
    inputs: [{ hand }],
    outputs: [
      {
        scripted: new ScriptedOutput(() => drop('no')),
        spec: { deadLetter: { kind: 'file', name: `${place}/file/letters` } },
      },
    ],
  });
  await pipeline.start();
  hand.emit('app', 2);
  await clock.advance(1000);
  t.same(hand.outcomes, ['0..1:safe']);
  t.match(lines.join(''), /\[error\] \[engine\] 2 dead letters of scripted\.0 are lost: .* cannot be written/);
  await pipeline.stop();
});
