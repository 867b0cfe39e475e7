/**
 * The `sql` processor: keeps only the fields that a query selects, under other names where it says so, and only the
 * records that meet its condition. As Fluent Bit, fields keep the order of the record, whatever the order of the query.
 */
import { type Fields, type LogEvent, setField, type Value } from '../../src/data/event.ts';
import { defineProcessor, type OptionTable } from '../../src/plugin.ts';
import { parseQuery, type Query } from './query.ts';

const options = {
  query: { type: 'text', required: true, help: 'SELECT keys FROM STREAM [WHERE condition];' },
} as const satisfies OptionTable;

export default defineProcessor({
  name: 'sql',
  summary: 'Selects fields and records by a query.',
  options,
  create: (given) => {
    const query = parseQuery(given.query);
    return { filter: (events) => run(query, events) };
  },
});

function run(query: Query, events: LogEvent[]): LogEvent[] {
  const { where } = query;
  const met = where ? events.filter((event) => where(event.body)) : events;
  const kept = met.length === events.length ? events : met;
  if (!query.all || query.keys.size > 0) for (const event of kept) event.body = select(query, event.body);
  return kept;
}

function select({ all, keys }: Query, body: Fields): Fields {
  const selected: Fields = {};
  for (const key in body) {
    const name = keys.get(key) ?? (all ? key : undefined);
    if (name !== undefined) setField(selected, name, body[key] as Value);
  }
  return selected;
}
