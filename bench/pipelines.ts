/** The pipelines that are measured; each is a configuration as a user would write it. */
import fs from 'node:fs';

export interface Place {
  readonly file: string;
  readonly work: string;
  readonly root: string;
  /** Where the sink listens, for pipelines that have one. */
  readonly port: number;
  /** The same over TLS. */
  readonly tlsPort: number;
}

export interface Pipeline {
  readonly name: string;
  readonly form: 'docker' | 'cri';
  /** Multiples of the yardstick that Fluent Bit 5.1.1 reached on the same data; undefined: not measured. */
  readonly fluentBit?: number;
  /** Which of the sink's counts is that of the events; none: it is there, but gets none; undefined: no sink. */
  readonly sink?: 'lines' | 'cloudwatch' | 'loki' | 'none';
  /** How many of the lines reach the output, counted in the file by other means than the pipeline's. */
  keeps(lines: number, file: string): number;
  config(place: Place): string;
}

const all = (lines: number) => lines;

function occurrences(file: string, text: string): number {
  const bytes = fs.readFileSync(file);
  let count = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length)) count++;
  return count;
}

/** The tag that tail gives the log of a container. */
const CONTAINER_TAG = `kube.var.log.containers.web-0_production_app-${'a'.repeat(64)}.log`;

function config({ file, root, work }: Place, input: string, rest: string, tag = 'kube.app'): string {
  const storage = input.includes('filesystem') ? `    storage.path  ${work}/storage\n` : '';
  return `[SERVICE]
${storage}    Flush         1
    Grace         30
    Log_Level     info
    Parsers_File  ${root}/conf/parsers.conf

[INPUT]
    Name            tail
    Path            ${file}
    Tag             ${tag}
    Read_from_Head  On
    Exit_On_Eof     On
    Mem_Buf_Limit   50M
${input}
${rest}`;
}

const TO_NULL = `[OUTPUT]
    Name   null
    Match  *
`;

const kubernetes = ({ port, work }: Place, more = ''): string => {
  fs.writeFileSync(`${work}/token`, 'token');
  return `[FILTER]
    Name             kubernetes
    Match            kube.*
    Kube_URL         http://127.0.0.1:${port}
    Kube_Token_File  ${work}/token
${more}
`;
};

const toCloudWatch = ({ tlsPort }: Place): string => `[OUTPUT]
    Name             cloudwatch_logs
    Match            *
    region           eu-central-1
    endpoint         127.0.0.1
    port             ${tlsPort}
    tls.verify       Off
    log_group_name   bench
    log_stream_name  bench
`;

const toLoki = ({ port }: Place, more = ''): string => `[OUTPUT]
    Name    loki
    Match   *
    Host    127.0.0.1
    Port    ${port}
    Labels  job=bench${more}
`;

const JSON_PARSER = `[FILTER]
    Name          parser
    Match         kube.*
    Key_Name      message
    Parser        json
    Reserve_Data  On

`;

const toHttp = ({ port }: Place): string => `[OUTPUT]
    Name    http
    Match   *
    Host    127.0.0.1
    Port    ${port}
    Format  json_lines
`;

/** Filters as nearly every user has them: the application's JSON, no debug lines, a few names put right. */
const jsonChain = (key: string): string => `[FILTER]
    Name          parser
    Match         kube.*
    Key_Name      ${key}
    Parser        json
    Reserve_Data  On

[FILTER]
    Name     grep
    Match    kube.*
    Exclude  level debug

[FILTER]
    Name    modify
    Match   kube.*
    Add     cluster production
    Rename  message msg

`;

const REDACT = `[FILTER]
    Name   redact
    Match  kube.*

`;

const NEST = `[FILTER]
    Name        nest
    Match       kube.*
    Operation   nest
    Wildcard    user*
    Wildcard    request*
    Nest_under  http

`;

const SCRIPT = ({ root }: Place): string => `[FILTER]
    Name    script
    Match   kube.*
    Script  ${root}/bench/scripts/add_field.ts

`;

/** The same as the script. */
const LUA = `[FILTER]
    Name   lua
    Match  kube.*
    Call   cb
    Code   function cb(tag, ts, r) if r.level == "trace" then return -1, 0, 0 end r.source = tag return 2, ts, r end

`;

export const PIPELINES: readonly Pipeline[] = [
  {
    name: 'tail, raw lines > null',
    form: 'docker',
    fluentBit: 1.33,
    keeps: all,
    config: (place) => config(place, '', TO_NULL),
  },
  {
    name: 'tail, docker parser > null',
    form: 'docker',
    fluentBit: 0.76,
    keeps: all,
    config: (place) => config(place, '    Parser          docker\n', TO_NULL),
  },
  {
    name: 'tail, cri regex > null',
    form: 'cri',
    fluentBit: 0.5,
    keeps: all,
    config: (place) => config(place, '    Parser          cri\n', TO_NULL),
  },
  {
    name: 'tail, cri regex, on disk > null',
    form: 'cri',
    keeps: all,
    config: (place) => config(place, '    Parser          cri\n    storage.type    filesystem\n', TO_NULL),
  },
  {
    name: 'tail, multiline cri > parser json > grep > modify > null',
    form: 'cri',
    fluentBit: 0.17,
    keeps: (lines, file) => lines - occurrences(file, '"level":"debug"'),
    config: (place) => config(place, '    multiline.parser  cri\n', `${jsonChain('log')}${TO_NULL}`),
  },
  {
    name: 'tail, docker parser > kubernetes > null',
    form: 'docker',
    sink: 'none',
    keeps: all,
    config: (place) => config(place, '    Parser          docker\n', kubernetes(place) + TO_NULL, CONTAINER_TAG),
  },
  {
    name: 'tail, docker parser > kubernetes, Merge_Log > null',
    form: 'docker',
    sink: 'none',
    keeps: all,
    config: (place) => {
      const filter = kubernetes(place, '    Merge_Log        On\n    Keep_Log         Off\n');
      return config(place, '    Parser          docker\n', filter + TO_NULL, CONTAINER_TAG);
    },
  },
  {
    name: 'tail, cri regex > parser json > grep > modify > nest > null',
    form: 'cri',
    fluentBit: 0.17,
    keeps: (lines, file) => lines - occurrences(file, '"level":"debug"'),
    config: (place) => config(place, '    Parser          cri\n', `${jsonChain('message')}${NEST}${TO_NULL}`),
  },
  {
    name: 'tail, cri regex > parser json > grep > modify > nest > script > null',
    form: 'cri',
    keeps: (lines, file) => lines - occurrences(file, '"level":"debug"'),
    config: (place) =>
      config(place, '    Parser          cri\n', `${jsonChain('message')}${NEST}${SCRIPT(place)}${TO_NULL}`),
  },
  {
    name: 'tail, cri regex > parser json > grep > modify > nest > lua > null',
    form: 'cri',
    keeps: (lines, file) => lines - occurrences(file, '"level":"debug"'),
    config: (place) => config(place, '    Parser          cri\n', `${jsonChain('message')}${NEST}${LUA}${TO_NULL}`),
  },
  {
    name: 'tail, cri regex > parser json > null',
    form: 'cri',
    keeps: all,
    config: (place) => config(place, '    Parser          cri\n', JSON_PARSER + TO_NULL),
  },
  {
    name: 'tail, cri regex > parser json > redact > null',
    form: 'cri',
    keeps: all,
    config: (place) => config(place, '    Parser          cri\n', JSON_PARSER + REDACT + TO_NULL),
  },
  {
    name: 'tail, cri regex > http',
    form: 'cri',
    sink: 'lines',
    keeps: all,
    config: (place) => config(place, '    Parser          cri\n', toHttp(place)),
  },
  {
    name: 'tail, cri regex, on disk > http',
    form: 'cri',
    sink: 'lines',
    keeps: all,
    config: (place) => config(place, '    Parser          cri\n    storage.type    filesystem\n', toHttp(place)),
  },
  {
    name: 'tail, cri regex > loki',
    form: 'cri',
    sink: 'loki',
    keeps: all,
    config: (place) => config(place, '    Parser          cri\n', toLoki(place)),
  },
  {
    name: 'tail, cri regex > kubernetes > loki',
    form: 'cri',
    fluentBit: 0.13,
    sink: 'loki',
    keeps: all,
    config: (place) => {
      const labels = ", namespace=$kubernetes['namespace_name'], pod=$kubernetes['pod_name']";
      return config(place, '    Parser          cri\n', kubernetes(place) + toLoki(place, labels), CONTAINER_TAG);
    },
  },
  {
    name: 'tail, docker parser > kubernetes > cloudwatch',
    form: 'docker',
    fluentBit: 0.17,
    sink: 'cloudwatch',
    keeps: all,
    config: (place) =>
      config(place, '    Parser          docker\n', kubernetes(place) + toCloudWatch(place), CONTAINER_TAG),
  },
  {
    name: 'tail, cri regex > parser json > kubernetes > cloudwatch',
    form: 'cri',
    fluentBit: 0.13,
    sink: 'cloudwatch',
    keeps: all,
    config: (place) =>
      config(place, '    Parser          cri\n', JSON_PARSER + kubernetes(place) + toCloudWatch(place), CONTAINER_TAG),
  },
  {
    name: 'tail, cri regex > file',
    form: 'cri',
    keeps: all,
    config: (place) =>
      config(
        place,
        '    Parser          cri\n',
        `[OUTPUT]
    Name   file
    Match  *
    Path   ${place.work}
    File   out
    Format plain
`,
      ),
  },
];
