/**
 * The options that every input, filter and output has, whatever the plugin: Tag, Match, Alias, Retry_Limit, storage.*
 * and, for those that use the network, tls.* and net.*. They are tables as a plugin's own, so that `-i NAME -h` shows
 * them, too. What differs from a plugin's options: written twice, the last one counts, as in Fluent Bit.
 */
import { type OptionTable, readSize } from '../options.ts';
import type { Level } from '../plugin.ts';
import type { OutputSpec, StorageType } from '../spec.ts';

export type PluginKind = 'input' | 'filter' | 'output';

const COMMON = {
  alias: { type: 'text', help: 'A name for this instance, shown in logs and metrics and used in routes.' },
  log_level: { type: 'text', help: 'The level of what this instance logs: off, error, warn, info, debug, trace.' },
  log_suppress_interval: { type: 'time', help: 'Accepted because Fluent Bit has it; messages are limited anyway.' },
} as const satisfies OptionTable;

const MATCHING = {
  match: { type: 'text', help: 'The tags to take: * stands for any characters.' },
  match_regex: { type: 'text', help: 'The tags to take, as a regular expression; Match or this one is enough.' },
} as const satisfies OptionTable;

export const SHARED: Readonly<Record<PluginKind, OptionTable>> = {
  input: {
    tag: { type: 'text', help: 'The tag of the records; NAME.NUMBER without it.' },
    ...COMMON,
    mem_buf_limit: { type: 'size', help: 'How many bytes may wait in memory before this input pauses.' },
    'storage.type': {
      type: 'text',
      oneOf: ['memory', 'filesystem', 'memrb'],
      help: 'Where records wait: memory, filesystem or memrb.',
    },
    'storage.pause_on_chunks_overlimit': {
      type: 'boolean',
      help: 'Pause when storage.max_chunks_up chunks are in memory.',
    },
    threaded: { type: 'boolean', help: 'Accepted because Fluent Bit has it; no effect.' },
    'thread.ring_buffer.capacity': { type: 'integer', help: 'Accepted because Fluent Bit has it; no effect.' },
    'thread.ring_buffer.window': { type: 'integer', help: 'Accepted because Fluent Bit has it; no effect.' },
    routable: { type: 'boolean', help: 'Off: what this input reads goes to no output.' },
  },
  filter: { ...MATCHING, ...COMMON },
  output: {
    ...MATCHING,
    ...COMMON,
    retry_limit: {
      type: 'text',
      help: 'How often a chunk is tried again: a number, no_limits (or off, false), no_retries.',
    },
    dead_letter: {
      type: 'text',
      help: 'Where records go that this output gives up: a file (with a slash in it), or another output by Alias or name.',
    },
    workers: { type: 'integer', help: 'How many chunks may be under way at once.' },
    'storage.total_limit_size': {
      type: 'text',
      help: 'How many bytes may wait on disk for this output; off for no limit.',
    },
  },
};

/** Options of connections: a plugin that uses one has it in its own table; elsewhere Fluent Bit takes and ignores it. */
export const NETWORK: OptionTable = {
  host: { type: 'text', help: 'The host to connect to.' },
  listen: { type: 'text', help: 'The address to listen at.' },
  port: { type: 'integer', help: 'The port.' },
  ipv6: { type: 'boolean', help: 'Prefer IPv6.' },
  tls: { type: 'boolean', help: 'Use TLS.' },
  'tls.verify': { type: 'boolean', help: 'Check the certificate.' },
  'tls.verify_hostname': { type: 'boolean', help: "Check the certificate's name." },
  'tls.verify_client_cert': { type: 'boolean', help: 'Ask clients for a certificate.' },
  'tls.debug': { type: 'integer', help: 'How much TLS logs.' },
  'tls.vhost': { type: 'text', help: 'The name to ask for (SNI).' },
  'tls.ca_path': { type: 'text', help: 'A folder of certificates to trust.' },
  'tls.ca_file': { type: 'text', help: 'A file of certificates to trust.' },
  'tls.crt_file': { type: 'text', help: 'The own certificate.' },
  'tls.key_file': { type: 'text', help: 'The own key.' },
  'tls.key_passwd': { type: 'text', help: 'The password of the key.', secret: true },
  'tls.min_version': { type: 'text', help: 'The oldest TLS version to speak.' },
  'tls.max_version': { type: 'text', help: 'The newest TLS version to speak.' },
  'tls.ciphers': { type: 'text', help: 'The ciphers to use.' },
  'net.backlog': { type: 'integer', help: 'How many connections may wait to be accepted.' },
  'net.connect_timeout': { type: 'time', help: 'How long connecting may take.' },
  'net.connect_timeout_log_error': { type: 'boolean', help: 'Log a timeout as an error.' },
  'net.dns.mode': { type: 'text', help: 'UDP or TCP.' },
  'net.dns.prefer_ipv4': { type: 'boolean', help: 'Prefer IPv4 addresses.' },
  'net.dns.prefer_ipv6': { type: 'boolean', help: 'Prefer IPv6 addresses.' },
  'net.dns.resolver': { type: 'text', help: 'LEGACY or ASYNC.' },
  'net.io_timeout': { type: 'time', help: 'How long a connection may be idle while in use.' },
  'net.keepalive': { type: 'boolean', help: 'Use connections again.' },
  'net.keepalive_idle_timeout': { type: 'time', help: 'How long an idle connection is kept.' },
  'net.keepalive_max_recycle': { type: 'integer', help: 'How often a connection is used.' },
  'net.max_worker_connections': { type: 'integer', help: 'The most connections of a worker.' },
  'net.proxy_env_ignore': { type: 'boolean', help: 'Ignore HTTP_PROXY and its like.' },
  'net.share_port': { type: 'boolean', help: 'Let several programs listen at one port.' },
  'net.source_address': { type: 'text', help: 'The own address to connect from.' },
  'net.tcp_keepalive': { type: 'boolean', help: 'TCP keepalive.' },
  'net.tcp_keepalive_interval': { type: 'integer', help: 'Seconds between probes.' },
  'net.tcp_keepalive_probes': { type: 'integer', help: 'How many probes.' },
  'net.tcp_keepalive_time': { type: 'integer', help: 'Seconds before the first probe.' },
};

/** Shared options that fail the start where their value is empty (only an unset variable). */
export const NEEDS_VALUE: ReadonlySet<string> = new Set([
  'tag',
  'alias',
  'log_level',
  'mem_buf_limit',
  'storage.type',
  'storage.total_limit_size',
  'workers',
  'match_regex',
]);

/** True where the plugin's own table speaks of a connection. */
export function usesNetwork(table: OptionTable): boolean {
  return Object.keys(table).some((name) => Object.hasOwn(NETWORK, name) || /^(tls|net)\./.test(name));
}

/** Where else an option that is unknown here is known: `Match belongs to filters and outputs`. */
export function belongsElsewhere(key: string, kind: PluginKind): string | undefined {
  const kinds = (['input', 'filter', 'output'] as const).filter((one) => Object.hasOwn(SHARED[one], key));
  if (kinds.length === 0 || kinds.includes(kind)) return undefined;
  return `'${key}' belongs to ${kinds.map((one) => `${one}s`).join(' and ')}`;
}

const LEVELS: Readonly<Record<string, Level | null>> = {
  off: null,
  error: 'error',
  warn: 'warn',
  warning: 'warn',
  info: 'info',
  debug: 'debug',
  trace: 'trace',
};

/** @returns undefined where the text is no level; null is `off`. */
export function readLevel(text: string): Level | null | undefined {
  const word = text.toLowerCase();
  return Object.hasOwn(LEVELS, word) ? LEVELS[word] : undefined;
}

export const LEVEL_NAMES: readonly string[] = ['off', 'error', 'warn', 'info', 'debug', 'trace'];

/** Retries after the first try; undefined where the text is neither a number above 0 nor one of the words. */
export function readRetryLimit(text: string): number | undefined {
  const word = text.toLowerCase();
  if (word === 'no_limits' || word === 'false' || word === 'off') return Number.POSITIVE_INFINITY;
  if (word === 'no_retries') return 0;
  const count = Number.parseInt(text, 10);
  return count > 0 ? count : undefined;
}

export const STORAGE_TYPES: readonly StorageType[] = ['memory', 'filesystem', 'memrb'];

/** dead_letter: what has a slash in it is a file. */
export function readDeadLetter(text: string): OutputSpec['deadLetter'] {
  return { kind: text.includes('/') ? 'file' : 'output', name: text };
}

/** storage.total_limit_size: undefined is no limit. @throws OptionError */
export function readSizeLimit(text: string): number | undefined {
  return /^(off|false|no)$/i.test(text) ? undefined : readSize(text) || undefined;
}
