/**
 * The options of connections that every plugin with a network shares: net.*, tls.* and the timeouts of HTTP. A plugin
 * spreads these tables into its own and adds `host` and `port` with its own defaults.
 */
import type { OptionTable } from '../options.ts';

export const NET_OPTIONS = {
  ipv6: { type: 'boolean', default: 'off', help: 'Takes IPv6 addresses of the host only.' },
  'net.connect_timeout': { type: 'time', default: '10s', help: 'How long connecting may take.' },
  'net.connect_timeout_log_error': { type: 'boolean', default: 'on', help: 'Accepted; a timeout is always logged.' },
  'net.source_address': { type: 'text', help: 'The own address to connect from.' },
  'net.keepalive': { type: 'boolean', default: 'on', help: 'Uses connections again.' },
  'net.keepalive_idle_timeout': { type: 'time', default: '30s', help: 'How long an idle connection is kept.' },
  'net.keepalive_max_recycle': {
    type: 'integer',
    default: '2000',
    help: 'How often a connection is used; 0: no limit.',
  },
  'net.io_timeout': {
    type: 'time',
    default: '0s',
    help: 'How long a connection may be silent while in use; 0: no limit.',
  },
  'net.max_worker_connections': { type: 'integer', default: '0', help: 'The most connections; 0: no limit.' },
  'net.proxy_env_ignore': { type: 'boolean', default: 'off', help: 'Ignores HTTP_PROXY and NO_PROXY.' },
  'net.dns.mode': { type: 'text', help: "Accepted; the system's resolver is used." },
  'net.dns.resolver': { type: 'text', help: "Accepted; the system's resolver is used." },
  'net.dns.prefer_ipv4': { type: 'boolean', default: 'off', help: 'Tries IPv4 addresses first.' },
  'net.dns.prefer_ipv6': { type: 'boolean', default: 'off', help: 'Tries IPv6 addresses first.' },
  'net.tcp_keepalive': { type: 'boolean', default: 'off', help: 'Turns on TCP keepalive.' },
  'net.tcp_keepalive_time': { type: 'integer', default: '-1', help: 'Seconds of silence before the first probe.' },
  'net.tcp_keepalive_interval': { type: 'integer', default: '-1', help: 'Accepted; the system decides.' },
  'net.tcp_keepalive_probes': { type: 'integer', default: '-1', help: 'Accepted; the system decides.' },
} as const satisfies OptionTable;

/** What the end that connects and the one that listens have alike. */
const EITHER_SIDE = {
  'tls.key_passwd': { type: 'text', secret: true, help: 'The password of the own key.' },
  'tls.min_version': { type: 'text', help: 'The oldest version to speak: TLSv1.2, TLSv1.3.' },
  'tls.max_version': { type: 'text', help: 'The newest version to speak: TLSv1.2, TLSv1.3.' },
  'tls.ciphers': { type: 'text', help: 'The ciphers to use, as OpenSSL names them.' },
} as const satisfies OptionTable;

export const TLS_OPTIONS = {
  tls: { type: 'boolean', default: 'off', help: 'Speaks TLS.' },
  'tls.verify': { type: 'boolean', default: 'on', help: "Checks the server's certificate." },
  'tls.verify_hostname': {
    type: 'boolean',
    default: 'off',
    help: "Checks that the certificate is for the host's name, too. Off by default, as in Fluent Bit: turn it on.",
  },
  'tls.debug': { type: 'integer', default: '1', help: 'Accepted; no effect.' },
  'tls.vhost': { type: 'text', help: 'The name to ask the server for (SNI), where it is not the host.' },
  'tls.ca_path': { type: 'text', help: 'A directory of certificates to trust.' },
  'tls.ca_file': { type: 'text', help: 'A file of certificates to trust.' },
  'tls.crt_file': { type: 'text', help: 'The own certificate.' },
  'tls.key_file': { type: 'text', help: 'The own key.' },
  ...EITHER_SIDE,
} as const satisfies OptionTable;

export const HTTP_OPTIONS = {
  'http.response_timeout': { type: 'time', default: '60s', help: 'How long the whole answer may take; 0: no limit.' },
  'http.read_idle_timeout': {
    type: 'time',
    default: '0s',
    help: 'How long the server may be silent within its answer; 0: no limit.',
  },
} as const satisfies OptionTable;

/** The options of who listens. */
export const LISTEN_OPTIONS = {
  'net.backlog': { type: 'integer', default: '128', min: 1, help: 'How many connections may wait to be accepted.' },
  'net.accept_timeout': {
    type: 'time',
    default: '10s',
    help: 'How long a client may take to get ready (TLS, login); 0: no limit.',
  },
  'net.accept_timeout_log_error': {
    type: 'boolean',
    default: 'on',
    help: 'Whether such a timeout is an error in the log.',
  },
  'net.io_timeout': { type: 'time', default: '0s', help: 'How long a connection may be silent; 0: no limit.' },
  'net.share_port': { type: 'boolean', default: 'off', help: 'Accepted; no effect.' },
} as const satisfies OptionTable;

export const TLS_LISTEN_OPTIONS = {
  tls: { type: 'boolean', default: 'off', help: 'Speaks TLS; needs tls.crt_file and tls.key_file.' },
  'tls.verify': { type: 'boolean', default: 'on', help: 'Accepted; see tls.verify_client_cert.' },
  'tls.verify_client_cert': {
    type: 'boolean',
    default: 'off',
    help: 'Takes only clients with a certificate that tls.ca_file or tls.ca_path vouch for.',
  },
  'tls.verify_hostname': { type: 'boolean', default: 'off', help: 'Accepted; no effect.' },
  'tls.debug': { type: 'integer', default: '1', help: 'Accepted; no effect.' },
  'tls.vhost': { type: 'text', help: 'Accepted; no effect.' },
  'tls.ca_path': { type: 'text', help: "A directory of certificates that clients' certificates are checked against." },
  'tls.ca_file': { type: 'text', help: "A file of certificates that clients' certificates are checked against." },
  'tls.crt_file': { type: 'text', help: 'The own certificate, with those between it and its authority.' },
  'tls.key_file': { type: 'text', help: 'The own key.' },
  ...EITHER_SIDE,
} as const satisfies OptionTable;
