/** The options of the `tcp` output. */
import { NET_OPTIONS, TLS_OPTIONS } from '../../src/net/options.ts';
import type { OptionTable } from '../../src/plugin.ts';

export const options = {
  host: { type: 'text', default: '127.0.0.1', help: 'Name or address of the server.' },
  port: { type: 'integer', default: '5170', min: 1, max: 65535, help: "The server's port." },
  format: {
    type: 'text',
    default: 'msgpack',
    help: 'What is sent: msgpack, json (one list a chunk), json_lines or json_stream.',
  },
  json_date_key: { type: 'text', default: 'date', help: 'Key of the time in JSON; false: none.' },
  json_date_format: {
    type: 'text',
    default: 'double',
    help: 'How the time is written in JSON: double, iso8601, java_sql_timestamp, epoch, epoch_ms.',
  },
  raw_message_key: {
    type: 'text',
    help: 'What is sent of a record, a line each: a field, or a text with accessors in it ($TAG: $log).',
  },
  ...NET_OPTIONS,
  ...TLS_OPTIONS,
} as const satisfies OptionTable;
