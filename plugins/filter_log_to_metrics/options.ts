/** The options of the `log_to_metrics` filter. Rules and labels are read from the section, where their order is kept. */
import type { OptionTable } from '../../src/plugin.ts';

export const options = {
  tag: { type: 'text', required: true, help: 'Accepted; metrics do not go through the pipeline.' },
  metric_mode: {
    type: 'text',
    oneOf: ['counter', 'gauge', 'histogram'],
    default: 'counter',
    help: 'A counter of records, a gauge of the last value, or a histogram of values.',
  },
  metric_name: { type: 'text', default: 'a', help: 'The last part of the name.' },
  metric_namespace: { type: 'text', default: 'log_metric', help: 'The first part of the name.' },
  metric_subsystem: { type: 'text', help: 'The middle part of the name; the mode, where none is given.' },
  metric_description: { type: 'text', required: true, help: 'What the metric means.' },
  value_field: { type: 'text', help: 'For gauge and histogram: the field with the number.' },
  bucket: { type: 'number', many: true, help: 'For histogram: the upper bound of a bucket.' },
  regex: { type: 'text', many: true, help: 'KEY PATTERN: only records whose field matches.' },
  exclude: { type: 'text', many: true, help: 'KEY PATTERN: only records whose field does not match.' },
  label_field: { type: 'text', many: true, help: 'A field that becomes a label of the same name.' },
  add_label: { type: 'text', many: true, help: 'NAME KEY: a field that becomes a label with this name.' },
  kubernetes_mode: {
    type: 'boolean',
    default: 'off',
    help: 'Adds the labels namespace_name, pod_name, container_name, docker_id and pod_id.',
  },
  discard_logs: { type: 'boolean', default: 'off', help: 'Drops all records after they were counted.' },
  max_series: {
    type: 'integer',
    default: '10000',
    min: 1,
    help: 'Sluice: so many combinations of labels are kept; further ones are not counted, with a warning.',
  },
  flush_interval_sec: { type: 'integer', default: '0', help: 'Accepted; a metric is read when somebody asks for it.' },
  flush_interval_nsec: { type: 'integer', default: '0', help: 'Accepted, as flush_interval_sec.' },
  emitter_name: { type: 'text', help: 'Accepted; there is no emitter.' },
  emitter_mem_buf_limit: { type: 'size', default: '10M', help: 'Accepted; there is no emitter.' },
} as const satisfies OptionTable;
