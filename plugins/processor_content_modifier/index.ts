/** The `content_modifier` processor: one action on one top-level field of a record's body or metadata. */
import { type Fields, isFields, NO_METADATA } from '../../src/data/event.ts';
import { defineProcessor } from '../../src/plugin.ts';
import { compileAction } from './actions.ts';
import { options } from './options.ts';

export default defineProcessor({
  name: 'content_modifier',
  summary: 'Inserts, changes, renames, hashes, extracts, converts or deletes a field.',
  options,
  create: (given, host) => {
    const action = compileAction(given);
    if (given.context === 'otel_log_attributes')
      return {
        filter: (events) => {
          for (const event of events) event.metadata = withinAttributes(event.metadata, action);
          return events;
        },
      };
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

const NONE: Fields = Object.freeze({});

/** Applies the action to `otlp.attributes`, where OpenTelemetry's attributes of a record are. */
function withinAttributes(metadata: Fields, action: (fields: Fields) => Fields): Fields {
  const { otlp } = metadata;
  const outer = isFields(otlp) ? otlp : NONE;
  const inner = isFields(outer.attributes) ? outer.attributes : NONE;
  const changed = action(inner);
  return changed === inner ? metadata : { ...metadata, otlp: { ...outer, attributes: changed } };
}

/** The engine knows events without metadata by the identity of the empty map. */
function orNone(metadata: Fields): Fields {
  for (const _key in metadata) return metadata;
  return NO_METADATA;
}
