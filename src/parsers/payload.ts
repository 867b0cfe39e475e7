/**
 * What network inputs get as bytes, as events: JSON documents (format json), or texts between separators (format none),
 * with or without a parser. One reader for each connection; a datagram has one of its own.
 *
 * An object is a record, a list becomes `{"msg": list}`, a text `{"log": text}`. What is no document is skipped and
 * counted; empty texts are left out.
 */

import { decodeText } from '../data/bytes.ts';
import { type Fields, isFields, type LogEvent, NO_METADATA, setField, type Value, withField } from '../data/event.ts';
import { parseJson } from '../data/json.ts';
import { OptionError, type OptionsOf, type OptionTable } from '../options.ts';
import type { Host, Parser } from '../plugin.ts';
import { DocumentCutter } from './documents.ts';
import { unescapeUtf8 } from './unescape.ts';

export const PAYLOAD_OPTIONS = {
  format: { type: 'text', default: 'json', oneOf: ['json', 'none'], help: 'JSON documents, or any texts (none).' },
  separator: {
    type: 'text',
    default: '\\n',
    help: 'Format none: what stands between two texts; \\n, \\t and \\x00 are understood.',
  },
  parser: { type: 'text', help: 'A parser for each text; the format is then none.' },
  source_address_key: { type: 'text', help: 'Adds the address of the sender under this key.' },
} as const satisfies OptionTable;

export interface PayloadOptions {
  readonly format: 'json' | 'none';
  /** Format none: what stands after every text; at least one byte. */
  readonly separator: Buffer;
  /** Format none: a text that it does not fit comes as `log`. */
  readonly parser: Parser | undefined;
  /** The field that gets the sender's address. */
  readonly sourceKey: string | undefined;
}

/** @throws OptionError */
export function readPayload(given: OptionsOf<typeof PAYLOAD_OPTIONS>, host: Pick<Host, 'parser'>): PayloadOptions {
  const parser = given.parser === undefined ? undefined : host.parser(given.parser);
  if (given.parser !== undefined && !parser) throw new OptionError(`there is no parser '${given.parser}'`, 'parser');
  const separator = Buffer.from(unescapeUtf8(given.separator));
  if (separator.length === 0) throw new OptionError('a separator is at least one character', 'separator');
  return { format: parser ? 'none' : given.format, separator, parser, sourceKey: given.source_address_key };
}

export class PayloadReader {
  readonly #options: PayloadOptions;
  readonly #source: string;
  readonly #documents = new DocumentCutter(Number.POSITIVE_INFINITY);
  #waiting: Buffer = Buffer.alloc(0);
  #skipped = 0;

  constructor(options: PayloadOptions, source: string) {
    this.#options = options;
    this.#source = source;
  }

  /** Bytes of a text or document whose end has not come yet. */
  get waiting(): number {
    return this.#options.format === 'json' ? this.#documents.waiting : this.#waiting.length;
  }

  /** How many texts were no documents since the last call. */
  takeSkipped(): number {
    const skipped = this.#skipped + this.#documents.takeSkipped();
    this.#skipped = 0;
    return skipped;
  }

  /** The events that are whole now. `last`: no more bytes will come, and the rest is a text, too. */
  read(bytes: Buffer, last: boolean, seconds: number, nanos: number): LogEvent[] {
    return this.#options.format === 'json'
      ? this.#readDocuments(bytes, last, seconds, nanos)
      : this.#readTexts(bytes, last, seconds, nanos);
  }

  #readDocuments(bytes: Buffer, last: boolean, seconds: number, nanos: number): LogEvent[] {
    const events: LogEvent[] = [];
    for (const text of this.#documents.push(bytes, last)) {
      const body = bodyOf(text);
      if (body) events.push({ seconds, nanos, metadata: NO_METADATA, body: this.#withSource(body) });
      else this.#skipped++;
    }
    return events;
  }

  #readTexts(bytes: Buffer, last: boolean, seconds: number, nanos: number): LogEvent[] {
    const { separator, parser } = this.#options;
    const all = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    const end = last ? all.length : all.lastIndexOf(separator);
    if (end < 0) {
      this.#waiting = all;
      return [];
    }
    this.#waiting = last ? Buffer.alloc(0) : all.subarray(end + separator.length);
    const events: LogEvent[] = [];
    for (const text of decodeText(all.subarray(0, end)).split(separator.toString())) {
      if (text === '') continue;
      const event = parser?.parse(text, seconds, nanos) ?? {
        seconds,
        nanos,
        metadata: NO_METADATA,
        body: { log: text },
      };
      event.body = this.#withSource(event.body);
      events.push(event);
    }
    return events;
  }

  #withSource(body: Fields): Fields {
    const { sourceKey } = this.#options;
    return sourceKey === undefined ? body : withField(body, sourceKey, this.#source);
  }
}

function bodyOf(text: string): Fields | undefined {
  let value: Value;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  if (isFields(value)) return value;
  const body: Fields = {};
  setField(body, 'msg', value);
  return body;
}
