import t from 'tap';
import { SlowStart } from '../../src/net/slow_start.ts';
import { VirtualClock } from '../support/host.ts';

function questions(most: number) {
  const clock = new VirtualClock();
  const gate = new SlowStart(clock, most);
  const begun: number[] = [];
  const answers: PromiseWithResolvers<number>[] = [];
  const ask = (number: number) =>
    gate.run(() => {
      begun.push(number);
      answers[number] = Promise.withResolvers<number>();
      return answers[number].promise;
    });
  const answer = async (number: number) => {
    answers[number]?.resolve(number);
    await clock.advance(0);
  };
  return { clock, ask, begun, answer, answers };
}

t.test('one at first, twice as many with every answer, up to the most', async (t) => {
  const { clock, ask, begun, answer } = questions(4);
  const all = Array.from({ length: 12 }, (_, number) => ask(number));
  await clock.advance(0);
  t.same(begun, [0]);
  await answer(0);
  t.same(begun, [0, 1, 2]);
  await answer(1);
  t.same(begun, [0, 1, 2, 3, 4, 5]);
  await answer(2);
  t.same(begun, [0, 1, 2, 3, 4, 5, 6], 'no more than four at once');
  for (let number = 3; number < 12; number++) await answer(number);
  t.same(await Promise.all(all), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

t.test('after a failure one at a time again; the failure is that of its question alone', async (t) => {
  const { clock, ask, begun, answer, answers } = questions(4);
  const first = ask(0);
  await clock.advance(0);
  await answer(0);
  await first;
  const [bad, ...others] = [ask(1), ask(2), ask(3), ask(4)];
  await clock.advance(0);
  t.same(begun, [0, 1, 2]);
  answers[1]?.reject(new Error('no'));
  await t.rejects(bad as Promise<number>, /no/);
  t.same(begun, [0, 1, 2], 'one is under way already');
  await answer(2);
  await answer(3);
  await answer(4);
  t.same(await Promise.all(others), [2, 3, 4]);
});

t.test('a question that is not answered holds the next up for a moment only', async (t) => {
  const { clock, ask, begun, answer } = questions(4);
  const all = [ask(0), ask(1), ask(2)];
  await clock.advance(249);
  t.same(begun, [0]);
  await clock.advance(1);
  t.same(begun, [0, 1]);
  await clock.advance(250);
  t.same(begun, [0, 1, 2]);
  for (const number of [0, 1, 2]) await answer(number);
  t.same(await Promise.all(all), [0, 1, 2]);
});

t.test('a failure that is an answer is no sign of trouble', async (t) => {
  const gate = new SlowStart(new VirtualClock(), 2);
  const no = (): Promise<never> => Promise.reject(new Error('404'));
  await t.rejects(gate.run(no, () => true));
  let underWay = 0;
  const never = () => {
    underWay++;
    return new Promise<void>(() => {});
  };
  void gate.run(never);
  void gate.run(never);
  await undefined;
  t.equal(underWay, 2);
});
