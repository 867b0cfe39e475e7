/** The options of the `cloudwatch_logs` output. */
import { HTTP_OPTIONS, NET_OPTIONS, TLS_OPTIONS } from '../../src/net/options.ts';
import type { OptionTable } from '../../src/plugin.ts';

export const options = {
  region: { type: 'text', help: 'AWS region to send logs to. Required.' },
  log_group_name: {
    type: 'text',
    help: 'Log group; also what is used where a template or a key gives none. Required, but with log_group_name_key.',
  },
  log_stream_name: { type: 'text', help: 'Log stream; also what is used where a template or a key gives none.' },
  log_stream_prefix: { type: 'text', help: 'The log stream is this and the tag; instead of log_stream_name.' },
  log_group_template: { type: 'text', help: "Log group out of record accessors: /eks/$kubernetes['namespace_name']." },
  log_stream_template: { type: 'text', help: "Log stream out of record accessors: $kubernetes['pod_name']." },
  log_group_name_key: { type: 'text', help: 'Field that names the log group (as in Fluentd).' },
  log_stream_name_key: { type: 'text', help: 'Field that names the log stream (as in Fluentd).' },
  remove_log_group_name_key: { type: 'boolean', default: 'off', help: 'Takes that field out of the record.' },
  remove_log_stream_name_key: { type: 'boolean', default: 'off', help: 'Takes that field out of the record.' },
  log_key: { type: 'text', help: 'Sends only the value of this field; a text as it is, anything else as JSON.' },
  log_format: { type: 'text', help: 'json/emf: tells CloudWatch to look for metrics in the records.' },
  auto_create_group: { type: 'boolean', default: 'off', help: 'Makes log groups that are missing.' },
  auto_create_stream: { type: 'boolean', default: 'on', help: 'Makes log streams that are missing.' },
  log_retention_days: { type: 'integer', default: '0', help: 'Retention of log groups that are made; 0: for ever.' },
  log_group_class: { type: 'text', help: 'Class of log groups that are made: STANDARD or INFREQUENT_ACCESS.' },
  event_too_large: {
    type: 'text',
    oneOf: ['cut', 'mark', 'split'],
    default: 'cut',
    help: 'What becomes of a message of more than 1,000,000 bytes: its beginning (cut), that with [Truncated...] at its end (mark), or several events (split).',
  },
  auto_retry_requests: {
    type: 'boolean',
    default: 'on',
    help: 'Repeats a request once, at once, if it got no answer.',
  },
  max_requests: {
    type: 'integer',
    default: '8',
    min: 1,
    max: 100,
    help: 'How many requests may be under way at once, to different streams. It begins with one and grows with success.',
  },
  role_arn: { type: 'text', help: 'Role to take on.' },
  sts_endpoint: { type: 'text', help: 'Address of the STS that gives the role.' },
  external_id: { type: 'text', help: 'External id for the role.' },
  profile: { type: 'text', help: 'Profile of the shared credentials files.' },
  endpoint: {
    type: 'text',
    help: "Host to send to, instead of the region's; http:// in front of it means without TLS.",
  },
  port: { type: 'integer', min: 1, max: 65535, help: 'The port of the host; 443 where nothing else is said.' },
  extra_user_agent: { type: 'text', default: '', help: 'Appended to the user agent.' },
  metric_namespace: {
    type: 'text',
    help: 'Namespace of the metrics that records of the inputs cpu and mem become; fluent-bit-metrics by default.',
  },
  metric_dimensions: { type: 'text', help: 'Their dimensions: names with commas, lists of names with semicolons.' },
  add_entity: { type: 'boolean', default: 'off', help: 'Accepted; entities are not sent.' },
  ...HTTP_OPTIONS,
  ...NET_OPTIONS,
  ...TLS_OPTIONS,
} as const satisfies OptionTable;
