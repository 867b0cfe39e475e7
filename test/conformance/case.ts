/**
 * A conformance case: a folder with a configuration, its input, `case.json` (how to run it) and `expected.json` (what
 * Fluent Bit 5.1.1 put out for it). README.md beside this file tells the keys of case.json.
 */
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

/** When to go on: all that is named must hold. */
export interface Until {
  exit?: boolean;
  records?: number;
  requests?: Record<string, number>;
  lines?: Record<string, number>;
  stdout?: string;
  stderr?: string;
}

export interface Reply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** Seconds before the answer. */
  delay?: number;
  /** Closes the connection instead of answering. */
  drop?: boolean;
  /** forward: false leaves the acknowledgement out. */
  ack?: boolean;
}

/** The handshake of secure forward: what a side knows, and how it misbehaves. */
export interface Login {
  shared_key: string;
  hostname?: string;
  salt?: string;
  username?: string;
  password?: string;
  /** A client that sends this instead of a PING. */
  ping?: unknown;
  /** A server that refuses, with this reason. */
  reject?: string;
  /** The key that a server really has. */
  pong_key?: string;
  save?: string;
}

export interface CaptureSpec {
  kind: 'http' | 'tcp' | 'forward';
  login?: Login;
  replies?: Reply[];
  routes?: { method?: string; path?: string; prefix?: string; target?: string; replies?: Reply[]; silent?: boolean }[];
  ignore_paths?: string[];
  tls?: { cert: string; key: string };
}

export interface HttpStep {
  port: string;
  path: string;
  method?: string;
  body?: unknown;
  from?: string;
  headers?: Record<string, string>;
  save?: string;
  grep?: string;
  keep?: string[];
}

/** One step; which keys are there says what it does. */
export interface Step {
  sleep?: number;
  wait_port?: string;
  append?: string;
  write?: string;
  text?: string;
  hex?: string;
  from?: string;
  repeat?: number;
  rename?: [string, string];
  truncate?: string;
  remove?: string;
  symlink?: [string, string];
  signal?: NodeJS.Signals;
  stop?: true | NodeJS.Signals;
  start?: true;
  restart?: true;
  kill?: true;
  touch?: string;
  age?: number;
  list?: string;
  save?: string;
  until?: Until;
  udp?: string;
  tcp?: string;
  unix?: string;
  split?: number;
  answer?: string;
  raw?: true | 'status';
  msgpack?: unknown[];
  login?: Login;
  closed?: string;
  http?: HttpStep;
}

export type Compared = 'records' | 'requests' | 'responses' | 'exit' | 'stdout' | 'files';

export interface CaseSpec {
  title: string;
  args?: string[];
  env?: Record<string, string>;
  stdin?: string;
  ports?: string[];
  capture?: Record<string, CaptureSpec>;
  steps?: Step[];
  until?: Until;
  settle?: number;
  timeout?: number;
  compare?: Compared[];
  stdout_ignore?: string[];
  files?: string[];
  ignore_headers?: string[];
  unordered?: boolean;
  unordered_requests?: boolean;
  blank?: [string, string][];
}

export interface Case {
  /** `config/booleans`. */
  readonly name: string;
  readonly area: string;
  readonly folder: string;
  readonly spec: CaseSpec;
}

/** All cases below a folder, by name. */
export function findCases(root: string): Case[] {
  const cases: Case[] = [];
  for (const area of fs.readdirSync(root).sort()) {
    for (const entry of fs.readdirSync(path.join(root, area)).sort()) {
      const folder = path.join(root, area, entry);
      const file = path.join(folder, 'case.json');
      if (!fs.existsSync(file)) continue;
      cases.push({
        name: `${area}/${entry}`,
        area,
        folder,
        spec: JSON.parse(fs.readFileSync(file, 'utf8')) as CaseSpec,
      });
    }
  }
  return cases;
}

/** The plugins that a case's files and arguments name, as `input:tail`; a name made of a variable is left out. */
export function pluginsOf({ folder, spec }: Case): Set<string> {
  const found = new Set<string>();
  for (const file of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (/\.conf$/.test(file)) classicPlugins(fs.readFileSync(path.join(folder, file), 'utf8'), found);
    if (/\.yaml$/.test(file)) yamlPlugins(fs.readFileSync(path.join(folder, file), 'utf8'), found);
  }
  const kinds: Record<string, string> = { '-i': 'input', '-F': 'filter', '-o': 'output' };
  for (const [index, word] of (spec.args ?? []).entries()) {
    const kind = kinds[word];
    const name = spec.args?.[index + 1];
    if (kind && name) found.add(`${kind}:${name.toLowerCase()}`);
  }
  return found;
}

function classicPlugins(text: string, found: Set<string>): void {
  let kind = '';
  for (const line of text.split(/\r?\n/)) {
    const section = /^\[(input|filter|output)s?\]/i.exec(line);
    if (/^\[/.test(line)) kind = section?.[1]?.toLowerCase() ?? '';
    const name = /^\s+name\s+(\S+)/i.exec(line)?.[1];
    if (kind !== '' && name && !name.includes('$')) found.add(`${kind}:${name.toLowerCase()}`);
  }
}

interface YamlPlugin {
  name?: string;
  processors?: { logs?: YamlPlugin[] };
}

function yamlPlugins(text: string, found: Set<string>): void {
  let root: { pipeline?: Record<string, YamlPlugin[]> } | null;
  try {
    root = parse(text.replace(/\$\{[^}]*\}/g, 'x'), { schema: 'failsafe', uniqueKeys: false, logLevel: 'silent' });
  } catch {
    return; // Some cases are broken on purpose.
  }
  for (const [kinds, kind] of [
    ['inputs', 'input'],
    ['filters', 'filter'],
    ['outputs', 'output'],
  ] as const) {
    const list = root?.pipeline?.[kinds];
    for (const { name, processors } of Array.isArray(list) ? list : []) {
      if (name) found.add(`${kind}:${name.toLowerCase()}`);
      for (const one of processors?.logs ?? []) if (one.name) found.add(`processor:${one.name.toLowerCase()}`);
    }
  }
}
