import t from 'tap';
import { Lines } from '../../src/engine/lines.ts';
import fc from '../support/fast_check.ts';

interface Gate {
  readonly passed: Promise<void>;
  open(): void;
}

function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

t.test('what does not wait is done at once', (t) => {
  const lines = new Lines(() => t.fail('nothing waited'));
  let done = 0;
  for (let i = 0; i < 1000; i++) lines.enter('a', 100, () => void done++);
  t.equal(done, 1000);
  t.ok(lines.hasRoom);
  t.notOk(lines.isWaiting);
  t.end();
});

t.test('who waits holds back its own tag alone', async (t) => {
  let calls = 0;
  const lines = new Lines((roomAgain) => {
    calls++;
    t.notOk(roomAgain);
  });
  const metadata = gate();
  const done: string[] = [];
  lines.enter('a', 1, () => metadata.passed.then(() => void done.push('a1')));
  lines.enter('a', 1, () => void done.push('a2'));
  lines.enter('b', 1, () => void done.push('b1'));
  t.same(done, ['b1']);
  t.ok(lines.isWaitingFor('a'));
  t.notOk(lines.isWaitingFor('b'));
  t.ok(lines.hasRoom);
  metadata.open();
  await lines.idle();
  t.same(done, ['b1', 'a1', 'a2']);
  t.notOk(lines.isWaitingFor('a'));
  t.equal(calls, 2);
});

t.test('what may wait is bounded, in emissions and in events', async (t) => {
  for (const [emissions, events] of [
    [64, 1],
    [2, 5000],
  ] as const) {
    let calls = 0;
    const lines = new Lines((roomAgain) => (calls += Number(roomAgain)));
    const gates = Array.from({ length: emissions }, gate);
    for (const [i, { passed }] of gates.entries()) {
      t.ok(lines.hasRoom, `${i} are waiting`);
      lines.enter(`tag${i}`, events, () => passed);
    }
    t.notOk(lines.hasRoom, 'full');
    gates[0]?.open();
    await gates[0]?.passed;
    await new Promise(setImmediate);
    t.equal(calls, 1, 'there is room again');
    t.ok(lines.hasRoom);
    gates[1]?.open();
    await new Promise(setImmediate);
    for (const { open } of gates) open();
    await lines.idle();
    t.equal(calls, 1, 'told once');
  }
});

t.test('what a filter emits while it has the same tag in hand does not wait for itself', async (t) => {
  const lines = new Lines(() => {});
  const first = gate();
  const done: string[] = [];
  lines.enter('a', 1, () => first.passed);
  lines.enter('a', 1, () => {
    lines.enter('a', 1, () => void done.push('emitted'));
    done.push('rest');
    return undefined;
  });
  first.open();
  await lines.idle();
  t.same(done, ['emitted', 'rest']);
});

t.test('any mix of tags and waits: all are done, those of a tag in order', async (t) => {
  const emission = fc.record({ tag: fc.constantFrom('a', 'b', 'c'), turns: fc.nat({ max: 4 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(emission, { maxLength: 40 }), async (emissions) => {
      const lines = new Lines(() => {});
      const done: { tag: string; number: number }[] = [];
      for (const [number, { tag, turns }] of emissions.entries()) {
        lines.enter(tag, 1, () => {
          if (turns === 0) return void done.push({ tag, number });
          return (async () => {
            for (let i = 0; i < turns; i++) await undefined;
            done.push({ tag, number });
          })();
        });
        if (number % 7 === 6) await undefined;
      }
      await lines.idle();
      if (done.length !== emissions.length || lines.isWaiting) return false;
      return ['a', 'b', 'c'].every((tag) => {
        const numbers = done.filter((one) => one.tag === tag).map((one) => one.number);
        return numbers.every((one, i) => i === 0 || one > (numbers[i - 1] as number));
      });
    }),
  );
  t.pass();
});
