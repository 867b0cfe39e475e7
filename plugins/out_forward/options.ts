/** The options of the `forward` output; a node of an upstream file may have any of them as well. */
import { NET_OPTIONS, TLS_OPTIONS } from '../../src/net/options.ts';
import type { OptionsOf, OptionTable } from '../../src/plugin.ts';

export const options = {
  host: { type: 'text', default: '127.0.0.1', help: 'Name or address of the server.' },
  port: { type: 'integer', default: '24224', min: 1, max: 65535, help: "The server's port." },
  unix_path: { type: 'text', help: 'The unix socket of the server, instead of host and port.' },
  upstream: { type: 'text', help: 'A file that names several servers, instead of host and port.' },
  tag: { type: 'text', help: 'The tag to send: a text, with $TAG, $TAG[n] or fields of the record.' },
  time_as_integer: { type: 'boolean', default: 'off', help: 'Sends whole seconds, for Fluentd before 0.14.' },
  retain_metadata_in_forward_mode: {
    type: 'boolean',
    default: 'on',
    help: 'Sends events with their metadata; off for servers that do not know that form, such as Fluentd.',
  },
  send_options: { type: 'boolean', default: 'off', help: 'Sends how many events a message has.' },
  require_ack_response: {
    type: 'boolean',
    default: 'off',
    help: 'Waits until the server has acknowledged a chunk, and else sends it again.',
  },
  ack_timeout: {
    type: 'time',
    default: '190s',
    help: 'How long to wait for an acknowledgement where net.io_timeout does not say; 0: no limit.',
  },
  compress: { type: 'text', help: 'gzip or zstd; none by default.' },
  add_option: { type: 'text', many: true, help: 'NAME VALUE: an option that is sent with every message.' },
  fluentd_compat: { type: 'boolean', default: 'off', help: 'Accepted; it is about metrics and traces.' },
  shared_key: { type: 'text', secret: true, help: 'The key that both sides have to know (secure forward).' },
  empty_shared_key: { type: 'boolean', default: 'off', help: 'Secure forward with an empty key.' },
  username: { type: 'text', help: 'User to log in as; needs shared_key or empty_shared_key.' },
  password: { type: 'text', default: '', secret: true, help: 'Password of that user.' },
  self_hostname: { type: 'text', default: 'localhost', help: 'The own name in secure forward.' },
  ...NET_OPTIONS,
  ...TLS_OPTIONS,
} as const satisfies OptionTable;

export type Options = OptionsOf<typeof options>;
