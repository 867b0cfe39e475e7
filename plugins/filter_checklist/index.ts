/**
 * The `checklist` filter: looks a field up in a list from a file, and adds fields to the records that are on it.
 *
 * As Fluent Bit: one value a line, empty lines and lines with a # at their start are left out; only strings are looked
 * up; `partial` means that the value begins with an entry, in which `%` stands for any text and `_` for any character.
 * A file that cannot be read is an error in the log, and no record is on the list.
 */
import fs from 'node:fs';
import { compileAccessor } from '../../src/data/accessor.ts';
import { decodeText } from '../../src/data/bytes.ts';
import type { Value } from '../../src/data/event.ts';
import { withAppended } from '../../src/data/fields.ts';
import { defineFilter, type FilterHost, OptionError, type OptionTable } from '../../src/plugin.ts';
import { asciiLower, compileEntries } from './entries.ts';

const options = {
  file: { type: 'text', required: true, help: 'The list: one value a line.' },
  lookup_key: { type: 'text', required: true, help: 'The field that is looked up: a key or a record accessor.' },
  record: { type: 'words', many: true, help: 'KEY VALUE: a field that is added; true, false and null are no strings.' },
  mode: {
    type: 'text',
    default: 'exact',
    help: 'exact: the value is on the list; partial: it begins with an entry of the list.',
  },
  ignore_case: { type: 'boolean', default: 'off', help: 'Compares without regard to the case of A to Z.' },
  print_query_time: { type: 'boolean', default: 'off', help: 'Logs how long it took to find each value.' },
} as const satisfies OptionTable;

export default defineFilter({
  name: 'checklist',
  summary: 'Adds fields to records whose value is on a list.',
  options,
  create: (given, host) => {
    const { get } = compileAccessor(given.lookup_key);
    const added = given.record.map(readRecord);
    if (added.length === 0) host.log('warn', "there is no 'record' to add");
    const partial = given.mode.toLowerCase() === 'partial';
    let isListed = (_text: string): boolean => false;
    return {
      start: () => {
        isListed = compileEntries(readEntries(given.file, host), partial, given.ignore_case);
        if (given.print_query_time) isListed = timed(isListed, host);
      },
      filter: (events) => {
        for (const event of events) {
          const value = get(event.body);
          if (typeof value !== 'string') continue;
          if (isListed(given.ignore_case ? asciiLower(value) : value)) event.body = withAppended(event.body, added);
        }
        return events;
      },
    };
  },
});

const WORDS: Readonly<Record<string, Value>> = { true: true, false: false, null: null };

function readRecord(words: readonly string[]): [string, Value] {
  const [key] = words;
  const value = words.at(-1);
  if (key === undefined || value === undefined || words.length < 2)
    throw new OptionError(`'${words.join(' ')}' is no record; write KEY VALUE`, 'record');
  const word = value.toLowerCase();
  return [key, Object.hasOwn(WORDS, word) ? (WORDS[word] as Value) : value];
}

function readEntries(file: string, host: FilterHost): string[] {
  try {
    const lines = decodeText(fs.readFileSync(file)).split(/\r?\n/);
    return lines.filter((line) => line !== '' && !line.startsWith('#'));
  } catch (error) {
    host.log('error', `the list cannot be read, no record is on it: ${(error as Error).message}`);
    return [];
  }
}

function timed(isListed: (text: string) => boolean, host: FilterHost): (text: string) => boolean {
  return (text) => {
    const start = process.hrtime.bigint();
    const found = isListed(text);
    if (found) host.log('info', `found within ${process.hrtime.bigint() - start} ns: '${text}'`);
    return found;
  };
}
