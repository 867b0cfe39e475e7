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
import { unescaped } from '../../src/data/json_escapes.ts';
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

export interface Message {
  /** As it stands in a request: escaped. */
  readonly text: string;
  /** What that takes. */
  readonly bytes: number;
  /** What CloudWatch counts: the bytes of the message itself. */
  readonly size: number;
}

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

  /** How many bytes more than CloudWatch counts the message that was written last takes. */
  get extra(): number {
    return this.#bytes?.extra ?? 0;
  }

  /** The message, which may be too long. 'empty' where nothing is lost without it, undefined where there is no log_key. */
  of(event: LogEvent): Message | 'empty' | undefined {
    const { logKey, emf } = this.#settings;
    let { body } = event;
    if (logKey !== undefined) return this.#field(body, logKey);
    if (emf) body = emfBody(body, event.seconds, emf) ?? body;
    const text = this.#json.text(body);
    return text === '{}' ? 'empty' : this.message(text);
  }

  #field(body: Fields, key: string): Message | 'empty' | undefined {
    const value = getField(body, key);
    if (value === undefined) return undefined;
    if (value === '') return 'empty';
    if (typeof value !== 'string') return this.message(this.#json.value(value));
    const text = toJson(value, this.#settings.escapeUnicode).slice(1, -1);
    return { text, bytes: this.#bytesOf(text), size: Buffer.byteLength(value) };
  }

  /** Of a text that is escaped. */
  message(text: string): Message {
    const bytes = this.#bytesOf(text);
    return { text, bytes, size: text.includes('\\') ? Buffer.byteLength(unescaped(text)) : bytes };
  }

  #bytesOf(text: string): number {
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
