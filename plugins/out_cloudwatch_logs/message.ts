/**
 * Events to messages: the text of one CloudWatch event as it stands between quotes in a request, so escaped already.
 *
 * Without log_key it is the whole record as JSON, with it the value of that field. A message may have 1,000,000 bytes as
 * it stands in the request; what is longer is cut (at a character, never within an escape) or split. Pure.
 */
import { BodyBytes } from '../../src/data/body_bytes.ts';
import { BodyJson } from '../../src/data/body_json.ts';
import { type Fields, getField, type LogEvent } from '../../src/data/event.ts';
import { toJson } from '../../src/data/json.ts';
import { type Emf, emfBody, isMetrics } from './emf.ts';

/** As Fluent Bit: below the 1 MiB that CloudWatch takes, so that there is room for the rest of the request. */
export const MOST_MESSAGE_BYTES = 1_000_000;
const MARK = '[Truncated...]';

export interface MessageSettings {
  readonly logKey: string | undefined;
  readonly escapeUnicode: boolean;
  /** Fields that only name the target. */
  readonly removed: readonly string[];
  readonly tooLarge: 'cut' | 'mark' | 'split';
  readonly emf: Emf | undefined;
}

/** Why an event has no message: it is empty (nothing is lost), or it has no log_key. */
export type NoMessage = 'empty' | 'no log_key';

export class Messages {
  readonly #settings: MessageSettings;
  readonly #json: BodyJson;
  /** Where the message is the record as it is. */
  readonly #bytes: BodyBytes | undefined;

  constructor(settings: MessageSettings) {
    const { escapeUnicode, removed, logKey } = settings;
    const edits = new Map(removed.map((key) => [key, () => undefined]));
    const options = { nested: true, escapeUnicode, edits };
    this.#settings = settings;
    this.#json = new BodyJson(options);
    if (logKey === undefined) this.#bytes = new BodyBytes(options);
  }

  /**
   * Writes the message at `at`. @returns where it ends, or -1 where `text` has to do it: there may be no room, or the
   * message is none that can be written in one go.
   */
  write(event: LogEvent, out: Buffer, at: number): number {
    if (!this.#bytes || (this.#settings.emf && isMetrics(event.body))) return -1;
    return this.#bytes.write(event.body, out, at);
  }

  /** The message, which may be too long. '' for an empty one, undefined where there is no log_key. */
  text(event: LogEvent): string | undefined {
    const { logKey, emf } = this.#settings;
    let { body } = event;
    if (logKey !== undefined) return this.#field(body, logKey);
    if (emf) body = emfBody(body, event.seconds, emf) ?? body;
    const text = this.#json.text(body);
    return text === '{}' ? '' : text;
  }

  #field(body: Fields, key: string): string | undefined {
    const value = getField(body, key);
    if (value === undefined) return undefined;
    return typeof value === 'string'
      ? toJson(value, this.#settings.escapeUnicode).slice(1, -1)
      : this.#json.value(value);
  }

  /** How many bytes it takes in a request. */
  bytes(text: string): number {
    return this.#settings.escapeUnicode ? text.length : Buffer.byteLength(text);
  }

  /** The pieces that a message of too many bytes becomes; one of them unless the user wants it split. */
  shorten(text: string): string[] {
    const { tooLarge } = this.#settings;
    if (tooLarge === 'cut') return [text.slice(0, cutAt(text, 0, MOST_MESSAGE_BYTES))];
    if (tooLarge === 'mark') return [text.slice(0, cutAt(text, 0, MOST_MESSAGE_BYTES - MARK.length)) + MARK];
    const pieces: string[] = [];
    for (let from = 0; from < text.length; ) {
      const end = cutAt(text, from, MOST_MESSAGE_BYTES);
      pieces.push(text.slice(from, end));
      from = end;
    }
    return pieces;
  }
}

/** Where to cut an escaped text so that what begins at `from` has at most this many bytes of UTF-8. */
export function cutAt(text: string, from: number, bytes: number): number {
  let end = Math.min(from + bytes, text.length);
  // Every character takes at least a byte, at most three times its UTF-16 length: come down to the right place.
  for (let over = 1; over > 0; end -= Math.ceil(over / 3)) {
    over = Buffer.byteLength(text.slice(from, end)) - bytes;
    if (over <= 0) break;
  }
  return end === text.length ? end : wholeEscapes(text, end);
}

/** The last place up to `end` that is neither within an escape nor within a pair of surrogates. */
function wholeEscapes(text: string, end: number): number {
  const within = /(?<!\\)(?:\\\\)*(\\(?:u[0-9a-f]{0,3})?)$/.exec(text.slice(Math.max(0, end - 64), end));
  let at = end - (within?.[1]?.length ?? 0);
  if (/(?<!\\)(?:\\\\)*\\ud[89ab][0-9a-f]{2}$/.test(text.slice(Math.max(0, at - 64), at))) at -= 6;
  else if (/[\ud800-\udbff]$/.test(text.slice(at - 1, at))) at--;
  return at;
}
