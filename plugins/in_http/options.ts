/** The options of the `http` input. */
import { LISTEN_OPTIONS, TLS_LISTEN_OPTIONS } from '../../src/net/options.ts';
import type { OptionsOf, OptionTable } from '../../src/plugin.ts';

export const options = {
  listen: { type: 'text', default: '0.0.0.0', help: 'The address to listen at.' },
  port: { type: 'integer', default: '9880', min: 0, max: 65535, help: 'The port to listen at.' },
  tag_key: { type: 'text', help: 'The field, or $accessor, whose value is the tag of a record, where it is a text.' },
  buffer_max_size: { type: 'size', default: '4M', min: 1, help: 'The largest body; a larger one is answered 413.' },
  buffer_chunk_size: { type: 'size', default: '512K', help: 'Accepted; buffers grow as needed.' },
  successful_response_code: {
    type: 'integer',
    default: '201',
    help: 'The status of the answer to a request that was taken: 200, 201 or 204.',
  },
  success_header: {
    type: 'text',
    many: true,
    help: 'NAME VALUE: a header of the answer to a request that was taken.',
  },
  add_remote_addr: {
    type: 'boolean',
    default: 'off',
    help: 'Adds the first address of X-Forwarded-For, where a request has it.',
  },
  remote_addr_key: { type: 'text', default: 'REMOTE_ADDR', help: 'The field for add_remote_addr.' },
  http2: { type: 'boolean', default: 'on', help: 'Speaks HTTP/2, too.' },
  ...LISTEN_OPTIONS,
  ...TLS_LISTEN_OPTIONS,
} as const satisfies OptionTable;

export type Options = OptionsOf<typeof options>;
