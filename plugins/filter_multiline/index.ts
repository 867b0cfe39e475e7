/**
 * The `multiline` filter: joins records that belong together: the lines of a stack trace (mode parser), or the parts
 * into which Docker cut a long line (mode partial_message).
 */

import { MultilinePlan } from '../../src/parsers/multiline.ts';
import type { FilterHost } from '../../src/plugin.ts';
import { defineFilter, type MultilineParser, OptionError, type OptionsOf, type OptionTable } from '../../src/plugin.ts';
import { BufferedJoin, ChunkJoin } from './join.ts';
import { PartialJoin } from './partial.ts';

const options = {
  mode: {
    type: 'text',
    oneOf: ['parser', 'partial_message'],
    default: 'parser',
    help: 'parser: join by multiline.parser; partial_message: join what Docker cut, by its partial_ keys.',
  },
  'multiline.parser': { type: 'csv', many: true, help: 'Multiline parsers, built in or own, in the order of trying.' },
  'multiline.key_content': { type: 'text', help: 'The key that holds the text; needed by mode partial_message.' },
  buffer: {
    type: 'boolean',
    default: 'on',
    help: 'Wait for lines to come; off: join only what came together, and wait for nothing.',
  },
  'multiline.max_lines': {
    type: 'text',
    help: 'Accepted; multiline_buffer_limit of the SERVICE section is the limit.',
  },
  flush_ms: { type: 'integer', default: '2000', help: 'Milliseconds until an unfinished record goes on.' },
  debug_flush: { type: 'boolean', default: 'off', help: 'Accepted; use log_level debug and the stdout filter.' },
  emitter_name: { type: 'text', help: 'Accepted; there is no emitter: joined records go on by themselves.' },
  'emitter_storage.type': {
    type: 'text',
    oneOf: ['memory', 'filesystem'],
    default: 'memory',
    help: 'Accepted; joined records are stored as those of their input.',
  },
  emitter_mem_buf_limit: { type: 'size', default: '10M', help: 'Accepted; the limit of the input counts.' },
} as const satisfies OptionTable;

/** As Fluent Bit: less than this fails the start. */
const SHORTEST_FLUSH_MS = 500;

export default defineFilter({
  name: 'multiline',
  summary: 'Joins records that belong together.',
  options,
  behindOutput: 'warn',
  create: (given, host) => (given.mode === 'partial_message' ? partial(given, host) : joined(given, host)),
});

type Given = OptionsOf<typeof options>;

function partial(given: Given, host: FilterHost): PartialJoin {
  const key = given['multiline.key_content'];
  if (key === undefined) throw new OptionError("mode partial_message needs 'multiline.key_content'", 'mode');
  if (!given.buffer) host.log('warn', 'mode partial_message always buffers: buffer off has no effect');
  return new PartialJoin(host, key, Math.max(given.flush_ms, 1));
}

function joined(given: Given, host: FilterHost): BufferedJoin | ChunkJoin {
  const names = given['multiline.parser'].flat();
  if (names.length === 0)
    throw new OptionError("mode parser needs at least one 'multiline.parser'", 'multiline.parser');
  const parsers = names.map((name): MultilineParser => {
    const parser = host.multilineParser(name);
    if (!parser) throw new OptionError(`multiline parser '${name}' is not registered`, 'multiline.parser');
    return parser;
  });
  const plan = new MultilinePlan(parsers, given['multiline.key_content'], given.flush_ms);
  if (!given.buffer) return new ChunkJoin(host, plan);
  if (given.flush_ms < SHORTEST_FLUSH_MS)
    throw new OptionError(`flush_ms must be at least ${SHORTEST_FLUSH_MS}`, 'flush_ms');
  return new BufferedJoin(host, plan, given.flush_ms);
}
