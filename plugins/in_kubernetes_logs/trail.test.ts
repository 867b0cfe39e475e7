import t from 'tap';
import fc from '../../test/support/fast_check.ts';
import { hashText, Trail } from './trail.ts';

interface Line {
  seconds: number;
  nanos: number;
  hash: number;
}

/** What a kubelet answers: the lines of the log not before a whole second. */
const since = (log: readonly Line[], seconds: number | undefined): Line[] =>
  log.filter((line) => seconds === undefined || line.seconds >= seconds);

/** Reads what comes after a cut, as the composer does. */
function read(trail: Trail, answer: readonly Line[], got: Line[]): void {
  let replay = trail.replay();
  for (const line of answer) {
    if (replay?.skips(line.seconds, line.nanos, line.hash)) continue;
    if (replay?.isOverAt(line.seconds)) replay = undefined;
    trail.push(line.seconds, line.nanos, line.hash);
    got.push(line);
  }
}

/** Lines of a log, in hundredths of a second: times rise or stand still, and a line may come up to a second late. */
const logs = fc
  .array(
    fc.record({
      step: fc.integer({ min: 0, max: 60 }),
      late: fc.integer({ min: 0, max: 100 }),
      hash: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 80 },
  )
  .map((steps) => {
    let latest = 10_000;
    return steps.map(({ step, late, hash }): Line => {
      latest += step;
      const at = latest - late;
      return { seconds: Math.floor(at / 100), nanos: (at % 100) * 10_000_000, hash };
    });
  });

t.test('cut anywhere, any number of times, every line is read once and in order', async () => {
  fc.assert(
    fc.property(logs, fc.array(fc.integer({ min: 0, max: 80 }), { maxLength: 6 }), (log, cuts) => {
      const trail = new Trail();
      const got: Line[] = [];
      for (const cut of [...cuts.sort((a, b) => a - b), log.length]) {
        read(trail, since(log.slice(0, cut), trail.replay()?.since), got);
        trail.settle(trail.position);
      }
      return got.length === log.length && got.every((line, i) => line === log[i]);
    }),
  );
});

t.test('killed anywhere: what was settled does not come again, what was not comes again, nothing is lost', async () => {
  const plan = fc.tuple(logs, fc.integer({ min: 0, max: 80 }), fc.integer({ min: 0, max: 80 }));
  fc.assert(
    fc.property(plan, ([log, readTo, settledTo]) => {
      const first = new Trail();
      read(first, log.slice(0, readTo), []);
      const settled = Math.min(settledTo, first.position);
      first.settle(settled);
      const snapshot = first.snapshot();
      const second = snapshot ? Trail.from(snapshot) : new Trail();
      const got: Line[] = [];
      read(second, since(log, second.replay()?.since), got);
      const wanted = log.slice(settled);
      return got.length === wanted.length && got.every((line, i) => line === wanted[i]);
    }),
  );
});

t.test('of a very busy second few lines are kept, and none is read twice', async (t) => {
  const trail = new Trail();
  const log = Array.from({ length: 5000 }, (_, i): Line => ({ seconds: 7, nanos: i * 1000, hash: i % 3 }));
  read(trail, log.slice(0, 4000), []);
  trail.settle(3000);
  const snapshot = trail.snapshot();
  t.equal(snapshot?.entries.length, 256 * 3);
  t.equal(trail.snapshot(16)?.entries.length, 16 * 3);
  for (const entries of [256, 16, 0]) {
    const restarted = Trail.from(trail.snapshot(entries) as NonNullable<typeof snapshot>);
    const got: Line[] = [];
    read(restarted, since(log, restarted.replay()?.since), got);
    t.same(got, log.slice(3000), `with ${entries} lines`);
  }
  const got: Line[] = [];
  read(trail, since(log, trail.replay()?.since), got);
  t.same(got, log.slice(4000), 'what is not settled is kept in full');
});

t.test('what is settled leaves the memory as time goes on', async (t) => {
  const trail = new Trail();
  for (let i = 0; i < 100_000; i++) {
    trail.push(i, 0, 0);
    trail.settle(trail.position);
  }
  t.equal(trail.snapshot()?.entries.length, 2 * 3);
  t.equal(trail.position, 100_000);
});

t.test('texts that differ give different hashes, at least nearly always', async (t) => {
  const hash = (text: string) => hashText(text, 0, text.length);
  t.equal(hashText('abc def', 4, 7), hash('def'));
  t.equal(hash('x'.repeat(5000)), hash('x'.repeat(6000)), 'only the beginning of a long text counts');
  const hashes = new Set(Array.from({ length: 10_000 }, (_, i) => hash(`line ${i}`)));
  t.ok(hashes.size > 9990);
});
