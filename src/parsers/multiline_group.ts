/**
 * A record that is being joined: its text so far, the event of its first line (where lines are records) and what is
 * needed to put it out in time and to know which lines it holds back.
 *
 * The text is only ever added to, never looked at before it is put out: V8 keeps it as a rope, and a record of many
 * lines costs no copying.
 */
import { type Fields, type LogEvent, NO_METADATA, setField, withField } from '../data/event.ts';
import type { RuleNode } from './rule_graph.ts';

export class Group {
  /** How many lines it holds; 0: nothing is pending, and only `state` means something. */
  lines = 0;
  /** The position of its first line. */
  position = Number.POSITIVE_INFINITY;
  /** Monotonic milliseconds. */
  deadline = 0;
  /** The rule that took the last line; stays when the record was put out by the clock, so that late lines fit. */
  state: RuleNode | undefined;
  #event: LogEvent | undefined;
  #seconds = 0;
  #nanos = 0;
  #text = '';
  #bytes = 0;
  #endsWithBreak = false;
  #isTruncated = false;
  #metadata: Fields = NO_METADATA;

  begin(event: LogEvent | undefined, position: number, seconds: number, nanos: number): void {
    this.#event = event;
    this.#metadata = event?.metadata ?? NO_METADATA;
    this.#seconds = seconds;
    this.#nanos = nanos;
    this.position = position;
  }

  /** Keys of later lines' metadata that earlier ones did not have. */
  addMetadata(metadata: Fields): void {
    if (metadata !== NO_METADATA && metadata !== this.#metadata) this.#metadata = { ...metadata, ...this.#metadata };
  }

  /** A line break, unless the text is empty or ends with one. */
  breakLine(): void {
    if (this.#text === '' || this.#endsWithBreak) return;
    this.#text += '\n';
    this.#bytes++;
    this.#endsWithBreak = true;
  }

  addBlankLine(): void {
    this.#text += '\n';
    this.#bytes++;
    this.#endsWithBreak = true;
  }

  add(text: string): void {
    if (text === '') return;
    this.#text += text;
    this.#endsWithBreak = text.endsWith('\n');
  }

  /** Adds what is within the limit (0: none); false where that is not all. */
  addWithin(text: string, limitBytes: number): boolean {
    if (limitBytes > 0) {
      const room = limitBytes - this.#bytes;
      const bytes = Buffer.byteLength(text);
      this.#bytes += bytes;
      if (bytes > room) {
        this.#isTruncated = true;
        this.add(cutText(text, room));
        return false;
      }
    }
    this.add(text);
    return true;
  }

  /** The whole record, or undefined where there is no text in it; the group is empty afterwards. */
  take(keyContent: string | undefined): LogEvent | undefined {
    const event = this.#event ? this.#joined(this.#event, keyContent) : this.#plain(keyContent);
    if (event && this.#isTruncated) event.metadata = { ...this.#metadata, multiline_truncated: true };
    else if (event) event.metadata = this.#metadata;
    this.lines = 0;
    this.position = Number.POSITIVE_INFINITY;
    this.#event = undefined;
    this.#metadata = NO_METADATA;
    this.#text = '';
    this.#bytes = 0;
    this.#endsWithBreak = false;
    this.#isTruncated = false;
    return event;
  }

  #joined(event: LogEvent, keyContent: string | undefined): LogEvent {
    const isWhole = this.lines === 1 && !this.#isTruncated;
    if (!isWhole && keyContent !== undefined) event.body = withField(event.body, keyContent, this.#text);
    return event;
  }

  #plain(keyContent: string | undefined): LogEvent | undefined {
    if (this.#text === '') return undefined;
    return plainEvent(this.#text, keyContent, this.#seconds, this.#nanos);
  }
}

/** A line without a record: under the key of the parser, or with a line break under `log`. Blank ones are nothing. */
export function plainEvent(text: string, keyContent: string | undefined, seconds: number, nanos: number): LogEvent {
  const body: Fields = {};
  if (keyContent !== undefined) setField(body, keyContent, text);
  else body.log = text.endsWith('\n') ? text : `${text}\n`;
  return { seconds, nanos, metadata: NO_METADATA, body };
}

/** As much of a text as fits into so many bytes of UTF-8, never half a character. */
export function cutText(text: string, bytes: number): string {
  let left = bytes;
  let at = 0;
  for (const character of text) {
    const point = character.codePointAt(0) as number;
    // A byte that is no UTF-8 stands as one lone surrogate.
    left -= point < 0x80 || (point >= 0xdc80 && point <= 0xdcff) ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (left < 0) break;
    at += character.length;
  }
  return text.slice(0, at);
}
