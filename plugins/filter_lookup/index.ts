/**
 * The `lookup` filter: looks a field up in a table from a CSV file, and adds what is found to the record.
 *
 * As Fluent Bit: numbers, booleans and null are looked up as the text they are printed as, lists and maps are not; what
 * is found stands at the end, and takes the place of a field of its name. The file is read once, at the start.
 */
import fs from 'node:fs';
import { compileAccessor } from '../../src/data/accessor.ts';
import { decodeText } from '../../src/data/bytes.ts';
import { generalText } from '../../src/data/double_text.ts';
import { Float, type LogEvent, type Value } from '../../src/data/event.ts';
import { withAppended } from '../../src/data/fields.ts';
import { defineFilter, type FilterHost, OptionError, type OptionsOf, type OptionTable } from '../../src/plugin.ts';
import { normalized, readTable, type Table } from './table.ts';

const options = {
  data_source: {
    type: 'text',
    required: true,
    aliases: ['file'],
    help: 'The CSV file: the first column is looked up, the second is what is found. Its older name is `file`.',
  },
  lookup_key: { type: 'text', required: true, help: 'The field that is looked up: a key or a record accessor.' },
  result_key: { type: 'text', required: true, help: 'The field that gets what was found.' },
  ignore_case: { type: 'boolean', default: 'off', help: 'Compares without regard to the case of A to Z.' },
  skip_header_row: {
    type: 'boolean',
    help: 'Leaves the first row out; off unless the file is named by `file`, which always has one.',
  },
} as const satisfies OptionTable;

type Options = OptionsOf<typeof options>;

export default defineFilter({
  name: 'lookup',
  summary: 'Adds to records what a CSV file has for one of their fields.',
  options,
  create: (given, host) => {
    const { get } = compileAccessor(given.lookup_key);
    let table: Table = new Map();
    return {
      start: () => {
        table = load(given, host);
        host.log('info', `${table.size} entries of '${given.data_source}'`);
      },
      filter: (events) => {
        for (const event of events) look(event, get(event.body), table, given);
        return events;
      },
    };
  },
});

/** @throws OptionError where the file cannot be read. */
function load(given: Options, host: FilterHost): Table {
  try {
    return readTable(decodeText(fs.readFileSync(given.data_source)), {
      skipHeader: given.skip_header_row ?? host.section.some(({ key }) => key === 'file'),
      ignoreCase: given.ignore_case,
      complain: (row) => host.log('warn', `row ${row} of '${given.data_source}' has an open quote and is left out`),
    });
  } catch (error) {
    throw new OptionError(`'${given.data_source}' cannot be read: ${(error as Error).message}`, 'data_source');
  }
}

function look(event: LogEvent, value: Value | undefined, table: Table, given: Options): void {
  const text = value === undefined ? undefined : textOf(value);
  if (text === undefined) return;
  const found = table.get(normalized(text, given.ignore_case));
  if (found !== undefined) event.body = withAppended(event.body, [[given.result_key, found]]);
}

/** undefined for lists, maps and bytes. */
function textOf(value: Value): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : generalText(value, 15);
  if (value instanceof Float) return generalText(value.value, 15);
  return value === null || typeof value !== 'object' ? String(value) : undefined;
}
