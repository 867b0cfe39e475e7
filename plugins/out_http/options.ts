/** The options of the `http` output. */
import { AWS_AUTH_OPTIONS } from '../../src/net/aws_auth.ts';
import { OAUTH2_OPTIONS } from '../../src/net/oauth2.ts';
import { HTTP_OPTIONS, NET_OPTIONS, TLS_OPTIONS } from '../../src/net/options.ts';
import type { OptionTable } from '../../src/plugin.ts';

export const options = {
  host: { type: 'text', default: '127.0.0.1', help: 'Name or address of the server.' },
  port: { type: 'integer', default: '80', min: 1, max: 65535, help: "The server's port." },
  uri: { type: 'text', default: '/', help: 'Path of the request.' },
  http_method: { type: 'text', oneOf: ['POST', 'PUT'], default: 'POST', help: 'Method of the request.' },
  format: {
    type: 'text',
    default: 'json',
    help: 'Body of the request: json (one list a chunk), json_lines, json_stream, gelf or msgpack.',
  },
  json_date_key: { type: 'text', default: 'date', help: 'Key of the time in JSON; false: none.' },
  json_date_format: {
    type: 'text',
    default: 'double',
    help: 'How the time is written in JSON: double, iso8601, java_sql_timestamp, epoch, epoch_ms.',
  },
  compress: { type: 'text', help: 'gzip, zstd or snappy; none by default.' },
  header: { type: 'text', many: true, help: 'NAME VALUE: a header of the request.' },
  header_tag: { type: 'text', help: 'Name of a header that carries the tag.' },
  allow_duplicated_headers: {
    type: 'boolean',
    default: 'on',
    help: 'Whether a header may be sent twice; else the last counts.',
  },
  http_user: { type: 'text', help: 'User for basic authentication.' },
  http_passwd: { type: 'text', default: '', secret: true, help: 'Password for basic authentication.' },
  body_key: {
    type: 'text',
    help: 'Accessor of a field that is sent as the body, one request a record; needs headers_key.',
  },
  headers_key: { type: 'text', help: 'Accessor of a field, a map, that is sent as headers; needs body_key.' },
  log_response_payload: { type: 'boolean', default: 'on', help: 'Quotes what the server says in the log.' },
  proxy: { type: 'text', help: 'http://HOST:PORT of a proxy.' },
  gelf_timestamp_key: { type: 'text', default: 'timestamp', help: "The field that is GELF's timestamp." },
  gelf_host_key: { type: 'text', default: 'host', help: "The field that is GELF's host." },
  gelf_short_message_key: { type: 'text', default: 'short_message', help: "The field that is GELF's short message." },
  gelf_full_message_key: { type: 'text', default: 'full_message', help: "The field that is GELF's full message." },
  gelf_level_key: { type: 'text', default: 'level', help: "The field that is GELF's level." },
  ...AWS_AUTH_OPTIONS,
  ...OAUTH2_OPTIONS,
  ...HTTP_OPTIONS,
  ...NET_OPTIONS,
  ...TLS_OPTIONS,
} as const satisfies OptionTable;
