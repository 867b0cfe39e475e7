/**
 * The `tcp` output: records to a TCP port, with or without TLS. There are no answers: a chunk counts as delivered when
 * the system has taken it.
 */
import { compileAccessor, valueToText } from '../../src/data/accessor.ts';
import { encodeText } from '../../src/data/bytes.ts';
import { readDateFormat } from '../../src/data/event_time.ts';
import { toJson } from '../../src/data/json.ts';
import { compileEventJson, joinJson, readDateKey, readJsonFormat } from '../../src/data/json_lines.ts';
import { compileTemplate } from '../../src/data/template.ts';
import { verdictOfError } from '../../src/net/verdict.ts';
import { type Batch, defineOutput, OK, type OptionsOf, type OutputHost } from '../../src/plugin.ts';
import { Connections } from './connections.ts';
import { options } from './options.ts';

export default defineOutput({
  name: 'tcp',
  summary: 'Sends records to a TCP port.',
  options,
  concurrency: 2,
  create: (given, host) => {
    const connections = new Connections(given, host.clock);
    const encode = compileEncoder(given, host);
    return {
      start: () => connections.open(),
      stop: () => connections.close(),
      flush: async (batch, signal) => {
        try {
          await connections.send(encode(batch), signal);
          return OK;
        } catch (error) {
          return verdictOfError(error);
        }
      },
    };
  },
});

type Host = Pick<OutputHost, 'log' | 'escapeUnicode'>;

/** An unknown format becomes msgpack and an unknown date double, with an error in the log, as in Fluent Bit. */
function compileEncoder(given: OptionsOf<typeof options>, host: Host): (batch: Batch) => Uint8Array {
  if (given.raw_message_key !== undefined) return rawLines(given.raw_message_key, host);
  const format = readJsonFormat(given.format);
  if (!format) {
    if (given.format.toLowerCase() !== 'msgpack')
      host.log('error', `unrecognized 'format' option '${given.format}'; msgpack is used`);
    return (batch) => batch.bytes();
  }
  const dateFormat = readDateFormat(given.json_date_format);
  if (!dateFormat) host.log('error', `unrecognized json_date_format '${given.json_date_format}'; double is used`);
  const date = { key: readDateKey(given.json_date_key), format: dateFormat ?? 'double' };
  const json = compileEventJson(date, host.escapeUnicode);
  return (batch) => encodeText(joinJson(format, batch, json));
}

/**
 * A record without the field is an empty line: output/tcp-raw-message-key. Values are texts as in any template, but for
 * lists, of which Fluent Bit makes nothing.
 */
function rawLines(key: string, { escapeUnicode }: Host): (batch: Batch) => Uint8Array {
  const field = compileAccessor(key);
  const template = key.includes('$') ? compileTemplate(key) : undefined;
  return (batch) => {
    let text = '';
    for (const { body } of batch) {
      const value = field.get(body);
      if (Array.isArray(value)) text += toJson(value, escapeUnicode);
      else if (template) text += template.fill(body, batch.tag);
      else if (value !== undefined) text += valueToText(value);
      text += '\n';
    }
    return encodeText(text);
  };
}
