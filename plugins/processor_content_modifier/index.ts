/** The `content_modifier` processor: one action on one top-level field of a record's body or metadata. */
import { type Fields, NO_METADATA } from '../../src/data/event.ts';
import { defineProcessor } from '../../src/plugin.ts';
import { compileAction } from './actions.ts';
import { options } from './options.ts';

export default defineProcessor({
  name: 'content_modifier',
  summary: 'Inserts, changes, renames, hashes, extracts, converts or deletes a field.',
  options,
  create: (given, host) => {
    const action = compileAction(given);
    if (given.context.startsWith('otel_')) {
      host.log('warn', `context ${given.context} is that of OpenTelemetry groups, which log records here do not have`);
      return { filter: (events) => events };
    }
    if (given.context === 'metadata' || given.context === 'attributes')
      return {
        filter: (events) => {
          for (const event of events) event.metadata = orNone(action(event.metadata));
          return events;
        },
      };
    return {
      filter: (events) => {
        for (const event of events) event.body = action(event.body);
        return events;
      },
    };
  },
});

/** The engine knows events without metadata by the identity of the empty map. */
function orNone(metadata: Fields): Fields {
  for (const _key in metadata) return metadata;
  return NO_METADATA;
}
