import t from 'tap';
import { OK } from '../../src/plugin.ts';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import nothing from './index.ts';

t.test('every batch is fine, and the options of Fluent Bit are taken', async (t) => {
  const { plugin } = await make(nothing, [
    ['Format', 'json'],
    ['json_date_key', 'x'],
    ['json_date_format', 'epoch'],
  ]);
  t.equal(await plugin.flush(batchOf([eventOf({ a: 1 })]), new AbortController().signal), OK);
});
