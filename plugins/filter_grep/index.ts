/**
 * The `grep` filter: keeps or drops records by patterns on their fields.
 *
 * Rules are compiled once and kept in the order in which they stand in the section, which matters in the legacy mode
 * (see `rules.ts`). No event is touched or copied; where all stay, the same array is returned.
 */
import type { LogEvent } from '../../src/data/event.ts';
import { defineFilter, type FilterHost, type OptionTable } from '../../src/plugin.ts';
import { compileKeep, type Join } from './rules.ts';

const options = {
  regex: { type: 'text', many: true, help: 'KEY PATTERN: keeps records whose field matches. KEY may be an accessor.' },
  exclude: { type: 'text', many: true, help: 'KEY PATTERN: drops records whose field matches.' },
  logical_op: {
    type: 'text',
    default: 'legacy',
    help: 'legacy, AND or OR: how several rules of one kind are joined; legacy: the first Regex decides.',
  },
} as const satisfies OptionTable;

export default defineFilter({
  name: 'grep',
  summary: 'Keeps or drops records by patterns on their fields.',
  options,
  create: (given, host) => {
    const keep = compileKeep(host.section, readJoin(given.logical_op, host), host);
    return { filter: (events) => select(events, keep) };
  },
});

/** As Fluent Bit: what is neither AND nor OR is legacy; here with a warning. */
function readJoin(text: string, host: FilterHost): Join {
  const word = text.toLowerCase();
  if (word === 'and' || word === 'or') return word;
  if (word !== 'legacy') host.log('warn', `logical_op '${text}' is none of legacy, AND and OR; legacy is taken`);
  return 'legacy';
}

/** The events that `keep` likes: the same array where it likes all. */
export function select(events: LogEvent[], keep: (event: LogEvent) => boolean): LogEvent[] {
  const { length } = events;
  let at = 0;
  while (at < length && keep(events[at] as LogEvent)) at++;
  if (at === length) return events;
  const kept = events.slice(0, at);
  for (at++; at < length; at++) {
    const event = events[at] as LogEvent;
    if (keep(event)) kept.push(event);
  }
  return kept;
}
