import t from 'tap';
import { VirtualClock } from '../../test/support/host.ts';
import { AnswerCache, type CacheSettings } from './cache.ts';

/** Questions are answered when the test says so. */
function rig(settings: Partial<CacheSettings<string, string>> = {}) {
  const clock = new VirtualClock(0);
  const asked: string[] = [];
  const said: string[] = [];
  const open = new Map<string, { resolve(value: string): void; reject(error: Error): void }>();
  const cache = new AnswerCache<string, string>({
    clock,
    ttlMs: 1000,
    failureMs: 500,
    waitMs: 100,
    size: 3,
    ask(question) {
      asked.push(question);
      return new Promise((resolve, reject) => open.set(question, { resolve, reject }));
    },
    failed: (question, error) => said.push(`${question}: ${(error as Error).message}`),
    gaveUp: (question) => said.push(`${question}: gave up`),
    ...settings,
  });
  const look = async (key: string) => (await cache.lookup(key, key))?.value;
  const answer = async (key: string, value: string) => {
    open.get(key)?.resolve(value);
    await clock.advance(0);
  };
  const fail = async (key: string) => {
    open.get(key)?.reject(new Error('no'));
    await clock.advance(0);
  };
  return { clock, asked, said, cache, look, answer, fail };
}

t.test('an answer is there at once for its time, then it is asked again', async (t) => {
  const { clock, asked, cache, look, answer } = rig();
  const first = look('a');
  await answer('a', '1');
  t.equal(await first, '1');
  await clock.advance(999);
  t.notOk(cache.lookup('a', 'a') instanceof Promise);
  await clock.advance(1);
  const second = look('a');
  await answer('a', '2');
  t.equal(await second, '2');
  t.same(asked, ['a', 'a']);
});

t.test('who asks while a request is under way waits for that one', async (t) => {
  const { asked, look, answer } = rig();
  const both = [look('a'), look('a')];
  await answer('a', '1');
  t.same(await Promise.all(both), ['1', '1']);
  t.same(asked, ['a']);
});

t.test('a failure is remembered four times as long each time, up to its limit; a success forgets it', async (t) => {
  const { clock, asked, look, answer, fail } = rig();
  const pauses: number[] = [];
  for (let i = 0; i < 5; i++) {
    const waiting = look('a');
    await fail('a');
    t.equal(await waiting, undefined);
    const count = asked.length;
    let ms = 0;
    while (asked.length === count) {
      void look('a');
      if (asked.length > count) break;
      await clock.advance(10);
      ms += 10;
    }
    pauses.push(ms);
    await fail('a');
    await clock.advance(500);
  }
  t.same(pauses, [10, 160, 500, 500, 500]);
  const waiting = look('a');
  await answer('a', '1');
  t.equal(await waiting, '1');
});

t.test('a failure does not take the old answer away', async (t) => {
  const { clock, look, answer, fail, said } = rig();
  void look('a');
  await answer('a', '1');
  await clock.advance(1000);
  const waiting = look('a');
  await fail('a');
  t.equal(await waiting, '1');
  t.same(said, ['a: no']);
});

t.test('after one has waited in vain nobody waits, until a request ends in time', async (t) => {
  const { clock, said, cache, look, answer, fail } = rig();
  const first = look('a');
  await clock.advance(100);
  t.equal(await first, undefined);
  t.notOk(cache.lookup('b', 'b') instanceof Promise);
  await answer('a', '1');
  t.equal(await look('a'), '1', 'the late answer is used');
  t.notOk(cache.lookup('c', 'c') instanceof Promise, 'it came too late to wait for others');
  await fail('c');
  await fail('b');
  t.ok(cache.lookup('d', 'd') instanceof Promise, 'a quick refusal is an end, too');
  t.same(said, ['a: gave up', 'c: no', 'b: no']);
});

t.test('the answers asked for least recently make room', async (t) => {
  const { asked, cache, look, answer } = rig();
  for (const key of ['a', 'b', 'c']) {
    void look(key);
    await answer(key, key);
  }
  await look('a');
  void look('d');
  await answer('d', 'd');
  t.equal(cache.size, 3);
  t.equal(await look('a'), 'a');
  void look('b');
  t.same(asked, ['a', 'b', 'c', 'd', 'b']);
});
