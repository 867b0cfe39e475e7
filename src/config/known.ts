/**
 * The plugins that Fluent Bit 5.1 has, by kind, with what to do where Sluice has none of that name. An empty text
 * means: planned, not there yet. Also the names of Go plugins that images for AWS and Grafana add.
 */
import type { PluginKind } from './shared.ts';

const METRICS = 'Sluice routes logs only; let Prometheus or an agent of its own collect metrics';
const WINDOWS = 'it reads Windows, where Sluice does not run';

const INPUTS: Readonly<Record<string, string>> = {
  blob: '',
  calyptia_fleet: 'it belongs to a commercial service',
  collectd: METRICS,
  cpu: METRICS,
  disk: METRICS,
  docker: METRICS,
  docker_events: '',
  dummy: '',
  ebpf: 'it needs a kernel module',
  elasticsearch: '',
  emitter: 'it is internal to Fluent Bit',
  etw: WINDOWS,
  event_type: 'it serves tests of Fluent Bit',
  exec: '',
  exec_wasi: "use 'exec'",
  fluentbit_logs: '',
  fluentbit_metrics: 'set HTTP_Server On and read /api/v2/metrics/prometheus',
  forward: '',
  gpu_metrics: METRICS,
  head: '',
  health: '',
  http: '',
  kafka: '',
  kmsg: '',
  kubernetes_events: '',
  lib: 'it is internal to Fluent Bit',
  mem: '',
  mqtt: '',
  netif: METRICS,
  nginx_metrics: METRICS,
  node_exporter_metrics: METRICS,
  opentelemetry: '',
  podman_metrics: METRICS,
  proc: METRICS,
  process_exporter_metrics: METRICS,
  prometheus_remote_write: METRICS,
  prometheus_scrape: METRICS,
  prometheus_textfile: METRICS,
  random: "use 'dummy'",
  serial: '',
  splunk: '',
  statsd: METRICS,
  stdin: '',
  storage_backlog: 'it is internal to Fluent Bit',
  stream_processor: 'it is internal to Fluent Bit',
  syslog: '',
  systemd: '',
  tail: '',
  tcp: '',
  thermal: METRICS,
  udp: '',
  unix_socket: "use 'forward' or 'syslog' with a unix path",
  windows_exporter_metrics: METRICS,
  winevtlog: WINDOWS,
  winlog: WINDOWS,
  winstat: WINDOWS,
};

const FILTERS: Readonly<Record<string, string>> = {
  alter_size: 'it serves tests of Fluent Bit',
  aws: '',
  checklist: '',
  ecs: '',
  expect: '',
  geoip2: '',
  grep: '',
  kubernetes: '',
  log_to_metrics: '',
  lookup: '',
  lua: '',
  modify: '',
  multiline: '',
  nest: '',
  nightfall: "use 'redact' (it belongs to a commercial service)",
  parser: '',
  record_modifier: '',
  rewrite_tag: '',
  stdout: '',
  sysinfo: '',
  tensorflow: 'it needs a native library',
  throttle: '',
  throttle_size: '',
  type_converter: '',
  wasm: "use 'lua' or 'script'",
};

const OUTPUTS: Readonly<Record<string, string>> = {
  azure: '',
  azure_blob: '',
  azure_kusto: '',
  azure_logs_ingestion: '',
  bigquery: '',
  calyptia: 'it belongs to a commercial service',
  chronicle: '',
  cloudwatch_logs: '',
  counter: '',
  datadog: '',
  es: '',
  exit: '',
  file: '',
  firehose: "use 'kinesis_firehose' (this is the older Go plugin)",
  flowcounter: '',
  forward: '',
  gelf: '',
  'grafana-loki': "use 'loki' (this is a Go plugin)",
  http: '',
  influxdb: '',
  kafka: '',
  'kafka-rest': "use 'http'",
  kinesis: "use 'kinesis_streams' (this is the older Go plugin)",
  kinesis_firehose: '',
  kinesis_streams: '',
  lib: 'it is internal to Fluent Bit',
  logdna: "use 'http'",
  loki: '',
  nats: '',
  newrelic: "use 'http'",
  nrlogs: "use 'http'",
  null: '',
  opensearch: '',
  opentelemetry: '',
  oracle_log_analytics: '',
  pgsql: '',
  plot: "use 'file'",
  prometheus_exporter: METRICS,
  prometheus_remote_write: METRICS,
  retry: 'it serves tests of Fluent Bit',
  s3: '',
  skywalking: "use 'http'",
  slack: "use 'http'",
  splunk: '',
  stackdriver: '',
  stdout: '',
  syslog: '',
  tcp: '',
  td: "use 'http'",
  udp: '',
  vivo_exporter: METRICS,
  websocket: "use 'http'",
};

const PROCESSORS: Readonly<Record<string, string>> = {
  content_modifier: '',
  cumulative_to_delta: METRICS,
  labels: '',
  metrics_selector: METRICS,
  opentelemetry_envelope: '',
  sampling: '',
  sql: '',
  tda: METRICS,
};

const KNOWN: Readonly<Record<PluginKind | 'processor', Readonly<Record<string, string>>>> = {
  input: INPUTS,
  filter: FILTERS,
  output: OUTPUTS,
  processor: { ...FILTERS, ...PROCESSORS },
};

/** What to say about a plugin that Fluent Bit has and Sluice does not; undefined where Fluent Bit has none either. */
export function knownElsewhere(kind: PluginKind | 'processor', name: string): string | undefined {
  const table = KNOWN[kind];
  if (!Object.hasOwn(table, name)) return undefined;
  const hint = table[name];
  return `Fluent Bit's ${kind} '${name}' is not ${hint ? `in Sluice: ${hint}` : 'yet in Sluice'}`;
}

/** Plugins that may be called by another name too: the older Go plugin's. */
const SAME: Readonly<Record<string, string>> = { 'output:cloudwatch': 'cloudwatch_logs' };

/** The name that a plugin goes by here. */
export function ownName(kind: PluginKind | 'processor', name: string): string {
  return SAME[`${kind}:${name}`] ?? name;
}

/** The other kind that has a plugin of this name: `loki` is an output. */
export function otherKind(kind: string, name: string): PluginKind | undefined {
  for (const other of ['input', 'filter', 'output'] as const)
    if (other !== kind && Object.hasOwn(KNOWN[other], name)) return other;
  return undefined;
}
