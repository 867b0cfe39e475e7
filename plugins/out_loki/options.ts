/** The options of the `loki` output. */
import { HTTP_OPTIONS, NET_OPTIONS, TLS_OPTIONS } from '../../src/net/options.ts';
import type { OptionTable } from '../../src/plugin.ts';

export const options = {
  host: { type: 'text', default: '127.0.0.1', help: 'Name or address of Loki.' },
  port: { type: 'integer', default: '3100', min: 1, max: 65535, help: "Loki's port." },
  uri: { type: 'text', default: '/loki/api/v1/push', help: 'Path of the request.' },
  url: {
    type: 'text',
    help: 'The address as one, http(s)://[USER:PASSWORD@]HOST:PORT, instead of host, port and tls.',
  },
  labels: {
    type: 'csv',
    default: '',
    help: 'Labels of the streams: name=text, name=$accessor or $accessor. Without any label: job=fluent-bit.',
  },
  label_keys: { type: 'csv', default: '', help: 'Accessors whose values become labels, named after their paths.' },
  label_map_path: { type: 'text', help: 'File with a JSON map from (nested) keys to names of labels.' },
  auto_kubernetes_labels: {
    type: 'boolean',
    default: 'off',
    help: "The pod's labels become labels; they stay in the line.",
  },
  structured_metadata: { type: 'csv', default: '', help: 'Structured metadata of the lines; written like labels.' },
  structured_metadata_map_keys: {
    type: 'csv',
    default: '',
    help: 'Accessors of maps whose entries become structured metadata.',
  },
  remove_keys: { type: 'csv', default: '', help: 'Keys and accessors of what is left out of the line.' },
  drop_single_key: {
    type: 'text',
    default: 'off',
    help: 'If one key is left, the line is its value: on (a text in quotes in line_format json) or raw (a text as it is).',
  },
  line_format: { type: 'text', oneOf: ['json', 'key_value'], default: 'json', help: 'How a record becomes a line.' },
  tenant_id: { type: 'text', default: '', help: 'Tenant (X-Scope-OrgID).' },
  tenant_id_key: { type: 'text', help: 'Key or accessor of the tenant: one request for each in a chunk.' },
  tenant_id_key_error_handling: {
    type: 'text',
    oneOf: ['partial_success', 'partial_error'],
    default: 'partial_success',
    help: 'Where some tenants are served and others fail: those are given up (partial_success), or all is tried again.',
  },
  http_user: { type: 'text', help: 'User for basic authentication.' },
  http_passwd: { type: 'text', default: '', secret: true, help: 'Password for basic authentication.' },
  bearer_token: { type: 'text', secret: true, help: 'Token for bearer authentication, where there is no http_user.' },
  header: { type: 'text', many: true, help: 'NAME VALUE: a header of the request.' },
  buffer_size: { type: 'size', default: '512KB', help: 'Accepted; as much of an answer is read as is needed.' },
  compress: { type: 'text', help: 'gzip; none by default. Not with format protobuf, which has its own (snappy).' },
  format: {
    type: 'text',
    oneOf: ['json', 'protobuf'],
    default: 'json',
    help: "Body of the request; protobuf is what Loki's own clients send.",
  },
  max_batch_bytes: {
    type: 'size',
    default: '0',
    help: 'Puts chunks together until a request has about this size, and splits larger ones; 0: one request a chunk.',
  },
  batch_wait: { type: 'time', default: '1s', min: 0, help: 'How long a chunk may wait for others (max_batch_bytes).' },
  entry_order: {
    type: 'text',
    oneOf: ['arrival', 'time', 'increasing'],
    default: 'arrival',
    help: 'Lines of a stream as they came, by time, or with times that always grow, from chunk to chunk, too (by a nanosecond where need be), so that equal lines of one time are kept; then one request at a time.',
  },
  max_streams: {
    type: 'integer',
    default: '5000',
    min: 0,
    help: 'How many different label sets may be in use within two hours; further ones get the fixed labels only. 0: no limit.',
  },
  fallback: {
    type: 'text',
    oneOf: ['none', 'stdout'],
    default: 'none',
    help: 'Where records go while Loki cannot be reached: stdout prints them as JSON lines, and they count as delivered.',
  },
  fallback_after: {
    type: 'integer',
    default: '1',
    min: 1,
    help: 'How many tries of a chunk fail before it goes to the fallback.',
  },
  ...HTTP_OPTIONS,
  ...NET_OPTIONS,
  ...TLS_OPTIONS,
} as const satisfies OptionTable;
