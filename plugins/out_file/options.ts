/** The options of the `file` output. */
import type { OptionTable } from '../../src/plugin.ts';

export const FORMATS = ['out_file', 'plain', 'csv', 'ltsv', 'template', 'msgpack'] as const;
const ACTIONS = ['error', 'drop', 'fallback'] as const;

export const options = {
  path: {
    type: 'text',
    help: 'Directory of the files; may hold record accessors after a fixed beginning. Default: the working directory.',
  },
  file: { type: 'text', help: 'Name of the file; may hold record accessors. Default: the tag.' },
  format: { type: 'text', oneOf: FORMATS, default: 'out_file', help: 'How records are written.' },
  delimiter: {
    type: 'text',
    help: 'Between values: tab, space or comma. Others are ignored. Default: a comma for csv, a tab for ltsv.',
  },
  label_delimiter: { type: 'text', help: 'Between key and value of ltsv: tab, space or comma. Default: a colon.' },
  template: { type: 'text', default: '{time} {message}', help: 'The line of the format template; {key} is a value.' },
  csv_column_names: { type: 'boolean', default: 'off', help: 'Writes the keys as first line of a new csv file.' },
  mkdir: { type: 'boolean', default: 'off', help: 'Makes missing directories (mode 0755).' },
  enable_strftime: {
    type: 'boolean',
    default: 'off',
    help: "Replaces strftime placeholders (%Y%m%d) in path and file by the event's time in UTC.",
  },
  max_dynamic_files: {
    type: 'integer',
    default: '1024',
    min: 0,
    help: 'How many files record accessors and placeholders may name; 0: any number.',
  },
  on_missing_field: {
    type: 'text',
    oneOf: ACTIONS,
    default: 'error',
    help: 'What happens to a record that names no file, or an unsafe one: error (its chunk is dropped), drop, fallback.',
  },
  on_limit_reached: {
    type: 'text',
    oneOf: ACTIONS,
    default: 'error',
    help: 'What happens to a record whose file would be one more than max_dynamic_files: error, drop, fallback.',
  },
  fallback_path: { type: 'text', help: 'Directory of fallback_file.' },
  fallback_file: {
    type: 'text',
    help: 'File for records that name none; required where path or file have record accessors or placeholders.',
  },
  rotate: { type: 'boolean', default: 'off', help: 'Renames a file once it has reached rotate_max_size.' },
  rotate_max_size: { type: 'size', default: '100M', min: 0, help: 'Size at which a file is renamed.' },
  rotate_max_files: { type: 'integer', default: '7', help: 'How many renamed files are kept.' },
  rotate_gzip: { type: 'boolean', default: 'on', help: 'Compresses renamed files.' },
} as const satisfies OptionTable;
