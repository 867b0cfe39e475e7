/** The options of the `content_modifier` processor. */
import type { OptionTable } from '../../src/plugin.ts';

export const options = {
  action: {
    type: 'text',
    required: true,
    oneOf: ['insert', 'upsert', 'delete', 'rename', 'hash', 'extract', 'convert'],
    help: 'What is done with the field.',
  },
  context: {
    type: 'text',
    default: 'body',
    oneOf: [
      'body',
      'message',
      'record',
      'metadata',
      'attributes',
      'otel_log_attributes',
      'otel_resource_attributes',
      'otel_scope_attributes',
      'otel_scope_name',
      'otel_scope_version',
    ],
    help: "Where the field is: body (also message, record), the record's metadata (also attributes), or otlp.attributes in it.",
  },
  key: { type: 'text', help: 'Name of a top-level field.' },
  value: { type: 'text', help: 'For insert and upsert the value, for rename the new name.' },
  pattern: { type: 'text', help: 'For extract: a pattern whose named groups become fields.' },
  converted_type: {
    type: 'text',
    oneOf: ['string', 'boolean', 'int', 'double'],
    help: 'For convert: the type that the value gets.',
  },
} as const satisfies OptionTable;
