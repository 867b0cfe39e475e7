import t from 'tap';
import { Scheduler } from '../../src/engine/scheduler.ts';
import { VirtualClock } from '../support/host.ts';

class Chance extends VirtualClock {
  value = 0;
  override random(): number {
    return this.value;
  }
}

t.test('the wait is one second and a random time between base and min(cap, base * 2^n)', (t) => {
  const clock = new Chance();
  const scheduler = new Scheduler(clock, 5, 60);
  const range = (attempt: number) => {
    clock.value = 0;
    const low = scheduler.delayMs(attempt, undefined);
    clock.value = 0.999999;
    return [low, scheduler.delayMs(attempt, undefined)];
  };
  t.same(range(1), [6000, 11_000]);
  t.same(range(2), [6000, 21_000]);
  t.same(range(4), [6000, 61_000], 'the cap');
  t.same(range(5000), [6000, 61_000], 'no overflow');
  t.end();
});

t.test('base and cap of one second always wait two', (t) => {
  const clock = new Chance();
  const scheduler = new Scheduler(clock, 1, 1);
  for (const value of [0, 0.5, 0.99]) {
    clock.value = value;
    t.equal(scheduler.delayMs(3, undefined), 2000);
  }
  t.end();
});

t.test('a Retry-After replaces the backoff, within an hour', (t) => {
  const scheduler = new Scheduler(new Chance(), 5, 60);
  t.equal(scheduler.delayMs(1, 120_000), 120_000);
  t.equal(scheduler.delayMs(1, -5), 0);
  t.equal(scheduler.delayMs(1, 1e12), 3_600_000);
  t.end();
});

t.test('hurry runs all that waits at once, and later waits are a second', async (t) => {
  const clock = new Chance();
  const scheduler = new Scheduler(clock, 100, 100);
  const ran: string[] = [];
  scheduler.wait(100_000, () => ran.push('a'));
  scheduler.wait(200_000, () => ran.push('b'));
  t.equal(scheduler.waiting, 2);
  scheduler.hurry();
  t.same(ran, ['a', 'b']);
  t.equal(clock.pending, 0, 'their timers are gone');
  t.equal(scheduler.delayMs(1, 500_000), 1000);
});
