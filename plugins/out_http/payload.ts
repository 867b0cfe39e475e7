/** Batches to bodies of requests, in each format of the `http` output. Pure. */
import { encodeText } from '../../src/data/bytes.ts';
import type { LogEvent } from '../../src/data/event.ts';
import { readDateFormat } from '../../src/data/event_time.ts';
import { type GelfKeys, gelfJson } from '../../src/data/gelf.ts';
import { EventsJson } from '../../src/data/json_bytes.ts';
import { readDateKey, readJsonFormat } from '../../src/data/json_lines.ts';
import { BufferPool } from '../../src/net/buffer_pool.ts';
import type { Batch, OptionsOf, OutputHost } from '../../src/plugin.ts';
import type { options } from './options.ts';

type Options = OptionsOf<typeof options>;

export interface Payload {
  readonly contentType: string;
  body(batch: Batch): Body;
}

export interface Body {
  readonly bytes: Uint8Array;
  /** Called when nobody reads the bytes any longer: their memory serves the next body. */
  release?(): void;
  /** Records that cannot be written in this format, and why. */
  readonly unfit?: { readonly events: readonly LogEvent[]; readonly reason: string };
}

/** Two requests are under way at once; a chunk is seldom larger than 2 MB. */
const KEPT_BYTES = 8 * 1024 * 1024;
/** JSON takes a little more than the MessagePack that a batch's size is about. */
const JSON_GROWTH = 1.2;
/** For the date. */
const PER_EVENT_BYTES = 32;

/** An unknown format becomes msgpack and an unknown date double, with an error in the log, as in Fluent Bit. */
export function compilePayload(given: Options, host: Pick<OutputHost, 'log' | 'escapeUnicode'>): Payload {
  const word = given.format.toLowerCase();
  if (word === 'gelf') return { contentType: 'application/json', body: gelf(given) };
  const format = readJsonFormat(word);
  if (!format) {
    if (word !== 'msgpack') host.log('error', `unrecognized 'format' option '${given.format}'; msgpack is used`);
    return { contentType: 'application/msgpack', body: (batch) => ({ bytes: batch.bytes() }) };
  }
  const dateFormat = readDateFormat(given.json_date_format);
  if (!dateFormat) host.log('error', `unrecognized json_date_format '${given.json_date_format}'; double is used`);
  const date = { key: readDateKey(given.json_date_key), format: dateFormat ?? 'double' };
  const pool = new BufferPool(KEPT_BYTES);
  const json = new EventsJson(format, date, host.escapeUnicode, pool);
  return {
    contentType: format === 'json_lines' ? 'application/x-ndjson' : 'application/json',
    body: (batch) => {
      const { bytes, buffer } = json.write(batch, Math.ceil(batch.size * JSON_GROWTH) + batch.count * PER_EVENT_BYTES);
      return { bytes, release: () => pool.give(buffer) };
    },
  };
}

function gelf(given: Options): Payload['body'] {
  const keys: GelfKeys = {
    timestamp: given.gelf_timestamp_key,
    host: given.gelf_host_key,
    short_message: given.gelf_short_message_key,
    full_message: given.gelf_full_message_key,
    level: given.gelf_level_key,
  };
  const reason = `they have no ${keys.short_message}, which GELF needs`;
  return (batch) => {
    let text = '';
    const events: LogEvent[] = [];
    for (const event of batch) {
      const json = gelfJson(event, keys);
      if (json === undefined) events.push(event);
      else text += `${json}\n`;
    }
    return { bytes: encodeText(text), ...(events.length > 0 && { unfit: { events, reason } }) };
  };
}
