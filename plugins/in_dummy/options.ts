/** The options of the `dummy` input. */
import type { OptionTable } from '../../src/plugin.ts';

export const options = {
  dummy: { type: 'text', default: '{"message":"dummy"}', help: 'The record, a JSON object.' },
  metadata: { type: 'text', default: '{}', help: "The record's metadata, a JSON object." },
  rate: { type: 'integer', default: '1', help: 'Events a second.' },
  interval_sec: { type: 'integer', default: '0', help: 'Seconds between events; this and interval_nsec replace rate.' },
  interval_nsec: { type: 'integer', default: '0', help: 'Nanoseconds between events, added to interval_sec.' },
  copies: { type: 'integer', default: '1', help: 'How many events each time.' },
  samples: { type: 'integer', default: '0', help: 'How often events are made; 0: without end.' },
  start_time_sec: { type: 'integer', default: '-1', help: 'Time of the first event, Unix seconds; -1: now.' },
  start_time_nsec: { type: 'integer', default: '-1', help: 'Nanoseconds added to start_time_sec.' },
  fixed_timestamp: { type: 'boolean', default: 'off', help: 'All events get the time of the first one.' },
  flush_on_startup: { type: 'boolean', default: 'off', help: 'Makes the first event at once, not after one interval.' },
  test_hang_on_exit: { type: 'boolean', default: 'off', help: "Accepted for Fluent Bit's own tests; no effect." },
} as const satisfies OptionTable;
