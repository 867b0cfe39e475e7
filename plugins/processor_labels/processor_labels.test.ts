import t from 'tap';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import labels from './index.ts';

t.test('records pass untouched, and that is said at the start', async (t) => {
  const { plugin, host } = await make(labels, [
    ['insert', 'a b'],
    ['delete', 'c'],
  ]);
  const events = [eventOf({ c: 1 })];
  t.equal(await plugin.filter(events, 'tag'), events);
  t.match(host.lines, [{ level: 'warn' }]);
  await leavesTheRestAlone(t, async () => plugin, { keys: ['a', 'c'], runs: 20 });
});
