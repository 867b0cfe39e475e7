/** The options of the `syslog` input. */
import { LISTEN_OPTIONS, TLS_LISTEN_OPTIONS } from '../../src/net/options.ts';
import type { OptionsOf, OptionTable } from '../../src/plugin.ts';

export const options = {
  mode: {
    type: 'text',
    default: 'unix_udp',
    oneOf: ['tcp', 'udp', 'unix_tcp', 'unix_udp'],
    help: 'How messages come. The default, unix_udp, is not supported: choose another one.',
  },
  listen: { type: 'text', default: '0.0.0.0', help: 'Modes tcp and udp: the address to listen at.' },
  port: { type: 'integer', default: '5140', min: 0, max: 65535, help: 'Modes tcp and udp: the port to listen at.' },
  path: { type: 'text', help: 'Mode unix_tcp: the socket to listen at.' },
  unix_perm: { type: 'text', default: '0644', help: 'Mode unix_tcp: the permissions of the socket, in octal.' },
  parser: {
    type: 'text',
    help: 'The parser for each message; by itself syslog-rfc5424, with unix_tcp syslog-rfc3164-local.',
  },
  format: {
    type: 'text',
    default: 'newline',
    oneOf: ['newline', 'octet_counting'],
    help: 'Modes tcp and unix_tcp: how a message ends; octet_counting as in RFC 6587.',
  },
  raw_message_key: { type: 'text', help: 'Adds the whole message under this key.' },
  source_address_key: { type: 'text', help: 'Adds the address of the sender under this key.' },
  buffer_chunk_size: { type: 'size', default: '32768', help: 'The default of buffer_max_size.' },
  buffer_max_size: {
    type: 'size',
    default: '0',
    help: 'Modes tcp and unix_tcp: a connection that sends a longer message is closed; 0: buffer_chunk_size.',
  },
  receive_buffer_size: { type: 'size', help: "Mode udp: the size of the system's receive buffer." },
  ...LISTEN_OPTIONS,
  ...TLS_LISTEN_OPTIONS,
} as const satisfies OptionTable;

export type Options = OptionsOf<typeof options>;
