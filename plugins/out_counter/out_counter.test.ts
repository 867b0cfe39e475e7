import t from 'tap';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { countLines } from './index.ts';

t.test('each chunk has a line with its own numbers', async (t) => {
  const line = countLines(new VirtualClock(1_700_000_000_500));
  const first = batchOf([eventOf({}), eventOf({})]);
  t.equal(line(first), '{"ts":1700000000.500000,"serialized_events":2,"log_records":2,"total":2}\n');
  t.match(line(batchOf([eventOf({})])), '"log_records":1,"total":1}');
});
