import t from 'tap';
import { eventOf } from '../../test/support/batch.ts';
import { eventLines } from './index.ts';

t.test('time, metadata and record stand side by side', async (t) => {
  const events = [eventOf({ a: 1.5, b: 'x"y' }), eventOf({}, 5, 6, { m: true })];
  t.equal(
    eventLines(events, 'app.log'),
    '[0] app.log: [1767225600.000000000, {}, {"a"=>1.500000, "b"=>"x"y"}]\n[1] app.log: [5.000000006, {"m"=>true}, {}]\n',
  );
});
