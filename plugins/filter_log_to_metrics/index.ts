/**
 * The `log_to_metrics` filter: counts records, or keeps the numbers in a field of theirs, as a metric of Prometheus: a
 * counter, a gauge or a histogram, with labels out of the records. Records pass untouched, or, with `discard_logs`, go.
 *
 * As Fluent Bit: rules are those of grep in its legacy mode (the first Regex decides); the metric is called
 * namespace_subsystem_name, where the subsystem is the mode unless one is given. Where Fluent Bit sends metrics through
 * the pipeline, here they are published beside those of the program; the options of the emitter are accepted.
 */
import { type Accessor, compileAccessor, valueToText } from '../../src/data/accessor.ts';
import { type Fields, Float, type LogEvent, type Value } from '../../src/data/event.ts';
import { defineFilter, type FilterHost, OptionError, type OptionsOf, type Property } from '../../src/plugin.ts';
import { DEFAULT_BUCKETS, Metric } from './metric.ts';
import { options } from './options.ts';
import { compileKeep } from './rules.ts';

type Options = OptionsOf<typeof options>;

export default defineFilter({
  name: 'log_to_metrics',
  summary: 'Makes metrics of records: counters, gauges and histograms.',
  options,
  create: (given, host) => {
    const keeps = compileKeep(host.section);
    const labels = compileLabels(given.kubernetes_mode, host.section);
    const metric = new Metric({
      name: metricName(given),
      help: given.metric_description,
      type: given.metric_mode,
      labels: labels.map(({ name }) => name),
      buckets: readBuckets(given, host),
      maxSeries: given.max_series,
    });
    host.publish(metric);
    const observe = compileObserve(given, labels, metric, host);
    return {
      filter: (events) => {
        for (const event of events) if (keeps(event.body)) observe(event);
        return given.discard_logs ? [] : events;
      },
    };
  },
});

/** Only what Prometheus allows in a name. */
const cleanName = (name: string): string => name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');

function metricName({
  metric_namespace: space,
  metric_subsystem: system,
  metric_mode: mode,
  metric_name: name,
}: Options) {
  return cleanName([space, system || mode, name].filter((part) => part !== '').join('_'));
}

interface Label {
  readonly name: string;
  readonly get: Accessor['get'];
}

const KUBERNETES = ['namespace_name', 'pod_name', 'container_name', 'docker_id', 'pod_id'];

/** Those of Kubernetes first, then in the order of the section. */
function compileLabels(kubernetes: boolean, section: readonly Property[]): Label[] {
  const labels: Label[] = [];
  const add = (name: string, accessor: string) =>
    labels.push({ name: cleanName(name), get: compileAccessor(accessor).get });
  if (kubernetes) for (const name of KUBERNETES) add(name, `$kubernetes['${name}']`);
  for (const { key, value } of section) {
    if (key === 'label_field') add(value, value);
    if (key !== 'add_label') continue;
    const [, name, accessor] = /^\s*(\S+)\s+(\S.*?)\s*$/.exec(value) ?? [];
    if (name === undefined || accessor === undefined)
      throw new OptionError(`'${value}' is no label; write NAME KEY`, 'add_label');
    add(name, accessor);
  }
  return labels;
}

function readBuckets(given: Options, host: FilterHost): readonly number[] {
  if (given.metric_mode !== 'histogram') return [];
  if (given.bucket.length > 0) return [...given.bucket].sort((a, b) => a - b);
  host.log('warn', `no bucket is given; the usual ones are taken: ${DEFAULT_BUCKETS.join(', ')}`);
  return DEFAULT_BUCKETS;
}

function compileObserve(given: Options, labels: readonly Label[], metric: Metric, host: FilterHost) {
  const value = compileValue(given, host);
  let full = false;
  return ({ body }: LogEvent): void => {
    const number = value(body);
    if (number === undefined) return;
    const texts = labels.map(({ get }) => labelText(get(body)));
    if (metric.observe(texts, number)) return;
    host.count('series_over_limit_total');
    if (!full)
      host.log('warn', `there are more than ${given.max_series} combinations of labels: new ones are not counted`);
    full = true;
  };
}

/** What is neither a string nor a number is no label, as in Fluent Bit. */
function labelText(value: Value | undefined): string {
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
  return isPlain || value instanceof Float ? valueToText(value) : '';
}

/** The number of a record; a counter counts one. undefined: it has none, which is counted, and said once. */
function compileValue(given: Options, host: FilterHost): (body: Fields) => number | undefined {
  if (given.metric_mode === 'counter') return () => 1;
  if (!given.value_field) throw new OptionError(`metric_mode ${given.metric_mode} needs a value_field`, 'value_field');
  const { get } = compileAccessor(given.value_field);
  let said = false;
  return (body) => {
    const number = numberOf(get(body));
    if (number !== undefined) return number;
    host.count('values_without_number_total');
    if (!said) host.log('warn', `a record has no number in '${given.value_field}'; such ones are left out`);
    said = true;
    return undefined;
  };
}

function numberOf(value: Value | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint' || value instanceof Float) return Number(value);
  const number = typeof value === 'string' ? Number.parseFloat(value) : Number.NaN;
  return Number.isNaN(number) ? undefined : number;
}
