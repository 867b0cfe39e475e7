import t from 'tap';
import { eventOf } from '../../test/support/batch.ts';
import fc from '../../test/support/fast_check.ts';
import { randomBodies } from '../../test/support/random_records.ts';
import { eventLines } from './index.ts';

t.test('time, metadata and record stand side by side', async (t) => {
  const events = [eventOf({ a: 1.5, b: 'x"y' }), eventOf({}, 5, 6, { m: true })];
  t.equal(
    eventLines(events, 'app.log'),
    '[0] app.log: [1767225600.000000000, {}, {"a"=>1.500000, "b"=>"x"y"}]\n[1] app.log: [5.000000006, {"m"=>true}, {}]\n',
  );
});

t.test('random records: every one is printed, and none is touched', async (t) => {
  fc.assert(
    fc.property(fc.array(randomBodies(['a', 'b'])), (bodies) => {
      const text = eventLines(
        bodies.map((body) => eventOf(Object.freeze(body))),
        'tag',
      );
      return bodies.every((_body, at) => text.includes(`[${at}] tag: [1767225600.000000000, {}, {`));
    }),
  );
  t.pass();
});
