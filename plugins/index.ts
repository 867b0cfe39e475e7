/**
 * The one list of all plugins. A plugin is loaded only when a configuration (or `--help`) names it, so that a heavy one
 * costs nothing where it is not used. To add a plugin: make its folder, add one line here.
 */
import type { PluginIndex } from '../src/plugin.ts';

export const plugins: PluginIndex = {
  inputs: {
    dummy: () => import('./in_dummy/index.ts'),
    exec: () => import('./in_exec/index.ts'),
    forward: () => import('./in_forward/index.ts'),
    head: () => import('./in_head/index.ts'),
    http: () => import('./in_http/index.ts'),
    kubernetes_logs: () => import('./in_kubernetes_logs/index.ts'),
    mem: () => import('./in_mem/index.ts'),
    stdin: () => import('./in_stdin/index.ts'),
    syslog: () => import('./in_syslog/index.ts'),
    systemd: () => import('./in_systemd/index.ts'),
    tail: () => import('./in_tail/index.ts'),
    tcp: () => import('./in_tcp/index.ts'),
    udp: () => import('./in_udp/index.ts'),
  },
  filters: {
    aws: () => import('./filter_aws/index.ts'),
    checklist: () => import('./filter_checklist/index.ts'),
    dedupe: () => import('./filter_dedupe/index.ts'),
    ecs: () => import('./filter_ecs/index.ts'),
    expect: () => import('./filter_expect/index.ts'),
    geoip2: () => import('./filter_geoip2/index.ts'),
    grep: () => import('./filter_grep/index.ts'),
    kubernetes: () => import('./filter_kubernetes/index.ts'),
    log_level: () => import('./filter_log_level/index.ts'),
    log_to_metrics: () => import('./filter_log_to_metrics/index.ts'),
    lookup: () => import('./filter_lookup/index.ts'),
    lua: () => import('./filter_lua/index.ts'),
    modify: () => import('./filter_modify/index.ts'),
    multiline: () => import('./filter_multiline/index.ts'),
    nest: () => import('./filter_nest/index.ts'),
    parser: () => import('./filter_parser/index.ts'),
    record_modifier: () => import('./filter_record_modifier/index.ts'),
    redact: () => import('./filter_redact/index.ts'),
    rewrite_tag: () => import('./filter_rewrite_tag/index.ts'),
    sample: () => import('./filter_sample/index.ts'),
    script: () => import('./filter_script/index.ts'),
    stdout: () => import('./filter_stdout/index.ts'),
    sysinfo: () => import('./filter_sysinfo/index.ts'),
    throttle: () => import('./filter_throttle/index.ts'),
    throttle_size: () => import('./filter_throttle_size/index.ts'),
    type_converter: () => import('./filter_type_converter/index.ts'),
  },
  processors: {
    content_modifier: () => import('./processor_content_modifier/index.ts'),
    labels: () => import('./processor_labels/index.ts'),
    sampling: () => import('./processor_sampling/index.ts'),
    sql: () => import('./processor_sql/index.ts'),
  },
  outputs: {
    cloudwatch_logs: () => import('./out_cloudwatch_logs/index.ts'),
    counter: () => import('./out_counter/index.ts'),
    file: () => import('./out_file/index.ts'),
    flowcounter: () => import('./out_flowcounter/index.ts'),
    forward: () => import('./out_forward/index.ts'),
    http: () => import('./out_http/index.ts'),
    loki: () => import('./out_loki/index.ts'),
    null: () => import('./out_null/index.ts'),
    stdout: () => import('./out_stdout/index.ts'),
    tcp: () => import('./out_tcp/index.ts'),
  },
};

export default plugins;
