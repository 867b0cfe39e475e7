import t from 'tap';
import { type Entry, Ledger } from '../../src/engine/ledger.ts';
import fc from '../support/fast_check.ts';

t.test('settles of one tag come in the order of emission, whatever the order of answers', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ tag: fc.constantFrom('a', 'b'), holders: fc.integer({ min: 1, max: 3 }) }), {
        maxLength: 40,
      }),
      fc.infiniteStream(fc.nat()),
      (emissions, chance) => {
        const ledger = new Ledger();
        const settled: Record<string, number[]> = { a: [], b: [] };
        const answers: Entry[] = [];
        emissions.forEach(({ tag, holders }, index) => {
          const entry = ledger.open(tag, () => settled[tag]?.push(index));
          for (let i = 1; i < holders; i++) entry.retain();
          for (let i = 0; i < holders; i++) answers.push(entry);
        });
        while (answers.length > 0) {
          const [entry] = answers.splice((chance.next().value as number) % answers.length, 1);
          entry?.done('safe');
          for (const order of Object.values(settled))
            if (order.some((n, i) => i > 0 && n < (order[i - 1] ?? 0))) return false;
        }
        return ledger.unsettled === 0 && (settled.a?.length ?? 0) + (settled.b?.length ?? 0) === emissions.length;
      },
    ),
  );
  t.pass('for every order tried');
  t.end();
});

t.test('an entry is settled when the last of its holders has answered, lost if any lost it', (t) => {
  const ledger = new Ledger();
  const outcomes: string[] = [];
  const entry = ledger.open('a', (outcome) => outcomes.push(outcome));
  entry.retain();
  entry.done('lost');
  t.same(outcomes, []);
  entry.done('safe');
  t.same(outcomes, ['lost']);
  ledger.open('a', (outcome) => outcomes.push(outcome)).done('safe');
  t.same(outcomes, ['lost', 'lost'], 'nothing is safe behind a gap');
  ledger.open('b', (outcome) => outcomes.push(outcome)).done('safe');
  t.same(outcomes, ['lost', 'lost', 'safe'], 'other tags are');
  t.end();
});
