/**
 * The `stdout` output: prints records to standard output, for people (the default) or as JSON.
 *
 * A batch counts as delivered when the system has taken all of it; a reader that is slow slows down this output only.
 */
import { encodeText } from '../../src/data/bytes.ts';
import { readDateFormat } from '../../src/data/event_time.ts';
import { compileEventJson, joinJson, readDateKey, readJsonFormat } from '../../src/data/json_lines.ts';
import { eventText } from '../../src/data/msgpack_text.ts';
import { standardOutput } from '../../src/net/stdout.ts';
import {
  type Batch,
  defineOutput,
  OK,
  type OptionsOf,
  type OptionTable,
  type OutputHost,
  retry,
} from '../../src/plugin.ts';

const options = {
  format: {
    type: 'text',
    default: 'msgpack',
    help: 'msgpack (for people), json (one array a chunk), json_lines or json_stream.',
  },
  json_date_key: { type: 'text', default: 'date', help: 'Key of the time in JSON; false: none.' },
  json_date_format: {
    type: 'text',
    default: 'double',
    help: 'How the time is written in JSON: double, iso8601, java_sql_timestamp, epoch, epoch_ms.',
  },
} as const satisfies OptionTable;

export default defineOutput({
  name: 'stdout',
  summary: 'Prints records to standard output.',
  options,
  create: (given, host) => {
    const print = compilePrint(given, host);
    return {
      flush: async (batch) => {
        try {
          await standardOutput().write(encodeText(print(batch)));
          return OK;
        } catch (error) {
          return retry(`cannot write to standard output: ${(error as Error).message}`);
        }
      },
    };
  },
});

/** A batch as text. */
export type Print = (batch: Pick<Batch, 'tag' | 'events'>) => string;

export function compilePrint(given: OptionsOf<typeof options>, host: Pick<OutputHost, 'log' | 'escapeUnicode'>): Print {
  const format = readJsonFormat(given.format);
  if (!format) {
    if (given.format.toLowerCase() !== 'msgpack')
      host.log('error', `unrecognized 'format' option '${given.format}'; msgpack is used`);
    return ({ tag, events }) => events.map((event, number) => eventText(number, tag, event)).join('');
  }
  const dateFormat = readDateFormat(given.json_date_format);
  if (!dateFormat) host.log('error', `invalid json_date_format '${given.json_date_format}'; double is used`);
  const date = { key: readDateKey(given.json_date_key), format: dateFormat ?? 'double' };
  const json = compileEventJson(date, host.escapeUnicode);
  return ({ events }) => {
    const text = joinJson(format, events, json);
    return format === 'json_lines' ? text : `${text}\n`;
  };
}
