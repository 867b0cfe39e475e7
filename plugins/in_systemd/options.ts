/** The options of the systemd input, as data: names, defaults and meaning are those of Fluent Bit 5.1. */
import type { OptionTable } from '../../src/plugin.ts';

export const SYSTEMD_OPTIONS = {
  path: {
    type: 'text',
    help: 'The folder of the journal; without it, /run/log/journal and /var/log/journal of this machine.',
  },
  systemd_filter: {
    type: 'text',
    many: true,
    help: 'Only entries with this field: `_SYSTEMD_UNIT=kubelet.service`.',
  },
  systemd_filter_type: {
    type: 'text',
    default: 'or',
    oneOf: ['and', 'or'],
    help: 'Whether an entry must have all the fields of systemd_filter, or one of them.',
  },
  read_from_tail: {
    type: 'boolean',
    default: 'off',
    help: 'Where the database holds no cursor: start with the entries that are written from now on.',
  },
  read_since_minutes_ago: {
    type: 'integer',
    default: '0',
    help: 'Where the database holds no cursor: start with the entries of so many last minutes; 0: with the first one.',
  },
  max_fields: { type: 'integer', default: '8000', help: 'The most fields that are taken from an entry.' },
  max_entries: {
    type: 'integer',
    default: '5000',
    help: 'The most entries that are read before others get a turn.',
  },
  lowercase: { type: 'boolean', default: 'off', help: 'Field names in lower case.' },
  strip_underscores: { type: 'boolean', default: 'off', help: 'Field names without their first underscore.' },
  db: { type: 'text', help: 'The SQLite file that keeps the cursor; without it nothing is kept over a restart.' },
  'db.sync': {
    type: 'text',
    default: 'full',
    oneOf: ['extra', 'full', 'normal', 'off'],
    help: 'How SQLite waits for the disk.',
  },
} as const satisfies OptionTable;
