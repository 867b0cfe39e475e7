/** The options of the `forward` input. */
import { LISTEN_OPTIONS, TLS_LISTEN_OPTIONS } from '../../src/net/options.ts';
import type { OptionsOf, OptionTable } from '../../src/plugin.ts';

export const options = {
  listen: { type: 'text', default: '0.0.0.0', help: 'The address to listen at.' },
  port: { type: 'integer', default: '24224', min: 0, max: 65535, help: 'The port to listen at.' },
  unix_path: { type: 'text', help: 'The unix socket to listen at, instead of listen and port.' },
  unix_perm: { type: 'text', help: 'The permissions of the unix socket, in octal: 0660.' },
  tag_prefix: { type: 'text', help: "Put before every sender's tag; Tag is then not used." },
  ack_on: {
    type: 'text',
    default: 'safe',
    oneOf: ['safe', 'received'],
    help: 'When a chunk is acknowledged: once it is delivered or on disk (safe), or when it has come (received).',
  },
  buffer_chunk_size: { type: 'size', default: '1024000', help: 'Accepted; buffers grow as needed.' },
  buffer_max_size: {
    type: 'size',
    default: '6144000',
    min: 1,
    help: 'The longest message, also when it is uncompressed; a longer one ends its connection.',
  },
  shared_key: { type: 'text', secret: true, help: 'The key that clients have to know (secure forward).' },
  empty_shared_key: { type: 'boolean', default: 'off', help: 'Secure forward with an empty key.' },
  self_hostname: { type: 'text', default: 'localhost', help: 'The own name in secure forward.' },
  'security.users': {
    type: 'text',
    many: true,
    secret: true,
    help: 'USER PASSWORD of a user that may log in; needs shared_key or empty_shared_key.',
  },
  udp_heartbeat: { type: 'boolean', default: 'on', help: "Answers Fluentd's UDP heartbeats at the same port." },
  workers: { type: 'integer', help: 'Accepted; one thread serves all connections.' },
  ...LISTEN_OPTIONS,
  ...TLS_LISTEN_OPTIONS,
} as const satisfies OptionTable;

export type Options = OptionsOf<typeof options>;
