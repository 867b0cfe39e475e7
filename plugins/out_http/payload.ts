/** Batches to bodies of requests, in each format of the `http` output. Pure. */
import { encodeText } from '../../src/data/bytes.ts';
import { readDateFormat } from '../../src/data/event_time.ts';
import { type GelfKeys, gelfJson } from '../../src/data/gelf.ts';
import { compileEventJson, joinJson, readDateKey, readJsonFormat } from '../../src/data/json_lines.ts';
import type { Batch, OptionsOf, OutputHost } from '../../src/plugin.ts';
import type { options } from './options.ts';

type Options = OptionsOf<typeof options>;

export interface Payload {
  readonly contentType: string;
  body(batch: Batch): Uint8Array;
}

/** An unknown format becomes msgpack and an unknown date double, with an error in the log, as in Fluent Bit. */
export function compilePayload(given: Options, host: Pick<OutputHost, 'log' | 'count' | 'escapeUnicode'>): Payload {
  const word = given.format.toLowerCase();
  if (word === 'gelf') return { contentType: 'application/json', body: gelf(given, host) };
  const format = readJsonFormat(word);
  if (!format) {
    if (word !== 'msgpack') host.log('error', `unrecognized 'format' option '${given.format}'; msgpack is used`);
    return { contentType: 'application/msgpack', body: (batch) => batch.bytes() };
  }
  const dateFormat = readDateFormat(given.json_date_format);
  if (!dateFormat) host.log('error', `unrecognized json_date_format '${given.json_date_format}'; double is used`);
  const date = { key: readDateKey(given.json_date_key), format: dateFormat ?? 'double' };
  const json = compileEventJson(date, host.escapeUnicode);
  return {
    contentType: format === 'json_lines' ? 'application/x-ndjson' : 'application/json',
    body: (batch) => encodeText(joinJson(format, batch, json)),
  };
}

function gelf(given: Options, host: Pick<OutputHost, 'log' | 'count'>): Payload['body'] {
  const keys: GelfKeys = {
    timestamp: given.gelf_timestamp_key,
    host: given.gelf_host_key,
    short_message: given.gelf_short_message_key,
    full_message: given.gelf_full_message_key,
    level: given.gelf_level_key,
  };
  return (batch) => {
    let text = '';
    let left = 0;
    for (const event of batch) {
      const json = gelfJson(event, keys);
      if (json === undefined) left++;
      else text += `${json}\n`;
    }
    if (left > 0) {
      host.count('invalid_records_total', left);
      host.log('error', `${left} records have no ${keys.short_message}, which GELF needs, and are left out`);
    }
    return encodeText(text);
  };
}
