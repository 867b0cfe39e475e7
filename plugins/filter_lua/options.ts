/** The options of the `lua` filter. */
import type { OptionTable } from '../../src/plugin.ts';

export const options = {
  script: { type: 'text', help: 'A file with the script; a relative path is looked up beside the configuration, too.' },
  code: { type: 'text', help: 'The script itself, instead of a file.' },
  call: { type: 'text', required: true, help: 'The function that is called for each record.' },
  type_int_key: { type: 'words', help: 'Keys whose numbers become integers.' },
  type_array_key: { type: 'words', help: 'Keys whose tables become lists, empty ones, too.' },
  protected_mode: {
    type: 'boolean',
    default: 'on',
    help: 'Accepted: an error in the script never ends the program, whatever this says.',
  },
  time_as_table: {
    type: 'boolean',
    default: 'off',
    help: 'The time is a table with sec and nsec, which loses nothing, instead of a number.',
  },
  enable_flb_null: { type: 'boolean', default: 'off', help: 'null is flb_null in the script, instead of nil.' },
  time_limit: {
    type: 'time',
    default: '1s',
    min: 0.001,
    help: 'A call for one record that takes longer is stopped; its records stay as they are.',
  },
} as const satisfies OptionTable;
