/**
 * Docker_Mode: Docker's json-file driver cuts lines after 16 KiB into several JSON lines, of which only the last one's
 * `log` ends with a line break. In: JSON lines; out: one record with the values of `log` joined, made of the last line
 * (so it has the last part's time). With Docker_Mode_Parser, records that span several such lines are joined, too:
 * a line whose text the parser takes begins a record.
 *
 * The texts are joined as they stand in the JSON, escapes and all, so that no other value is touched.
 */
import type { LogEvent } from '../../src/data/event.ts';
import type { Parser } from '../../src/plugin.ts';
import type { Joiner } from './joiner.ts';
import type { Shaper } from './shape.ts';

export interface DockerSettings {
  /** The Parser for the joined line. */
  readonly parser: Parser | undefined;
  readonly first: Parser | undefined;
  readonly flushMs: number;
  readonly shaper: Shaper;
}

export class DockerJoiner implements Joiner {
  readonly #settings: DockerSettings;
  readonly #name: string;
  /** The values of `log` so far, as JSON writes them, without their quotes. */
  #joined = '';
  #lastLine = '';
  #isComplete = true;
  #seconds = 0;
  #nanos = 0;
  #deadline = 0;
  #pendingAt = Number.POSITIVE_INFINITY;

  constructor(settings: DockerSettings, name: string) {
    this.#settings = settings;
    this.#name = name;
  }

  get pendingAt(): number {
    return this.#pendingAt;
  }

  line(text: string, offset: number, seconds: number, nanos: number, now: number, out: LogEvent[]): void {
    const { first, flushMs } = this.#settings;
    if (first && this.#isComplete && first.parse(text, seconds, nanos)) this.#give(out);
    const value = findLog(text);
    if (!value) {
      this.#give(out);
      this.#emit(text, offset, seconds, nanos, out);
      return;
    }
    const log = text.slice(value.start, value.end);
    if (this.#pendingAt === Number.POSITIVE_INFINITY) this.#pendingAt = offset;
    this.#joined += log;
    this.#lastLine = text;
    this.#seconds = seconds;
    this.#nanos = nanos;
    this.#deadline = now + flushMs;
    this.#isComplete = endsWithLineBreak(log);
    if (this.#isComplete && !first) this.#give(out);
  }

  flush(now: number, out: LogEvent[]): void {
    if (now >= this.#deadline) this.#give(out);
  }

  carry(): void {
    if (this.#pendingAt < Number.POSITIVE_INFINITY) this.#pendingAt = -1;
  }

  #give(out: LogEvent[]): void {
    if (this.#pendingAt === Number.POSITIVE_INFINITY) return;
    const value = findLog(this.#lastLine);
    const line = value
      ? this.#lastLine.slice(0, value.start) + this.#joined + this.#lastLine.slice(value.end)
      : this.#lastLine;
    const offset = Math.max(this.#pendingAt, 0);
    this.#joined = '';
    this.#lastLine = '';
    this.#isComplete = true;
    this.#pendingAt = Number.POSITIVE_INFINITY;
    this.#emit(line, offset, this.#seconds, this.#nanos, out);
  }

  #emit(line: string, offset: number, seconds: number, nanos: number, out: LogEvent[]): void {
    const { parser, shaper } = this.#settings;
    const event = parser?.parse(line, seconds, nanos);
    if (event) out.push(shaper.after(event, this.#name, offset));
    else out.push(shaper.raw(line, this.#name, offset, seconds, nanos));
  }
}

/** Where the text of the top level's `log` stands, between its quotes; undefined where the line is no such object. */
export function findLog(text: string): { start: number; end: number } | undefined {
  if (text.charCodeAt(0) !== 0x7b || !isJson(text)) return undefined;
  let depth = 0;
  let isKey = true;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '"') {
      const end = stringEnd(text, at);
      if (depth === 1 && isKey && text.slice(at + 1, end) === 'log') return stringAfter(text, end + 1);
      at = end;
    } else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    else if (char === ':') isKey = false;
    else if (char === ',') isKey = true;
  }
  return undefined;
}

function stringAfter(text: string, from: number): { start: number; end: number } | undefined {
  const quote = /\s*:\s*"/y;
  quote.lastIndex = from;
  if (!quote.test(text)) return undefined;
  return { start: quote.lastIndex, end: stringEnd(text, quote.lastIndex - 1) };
}

/** The index of the closing quote of the string that opens at `at`. */
function stringEnd(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (end >= 0 && countBackslashes(text, end) % 2 === 1) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function endsWithLineBreak(log: string): boolean {
  if (/\\u000a$/i.test(log)) return countBackslashes(log, log.length - 5) % 2 === 1;
  return log.endsWith('\\n') && countBackslashes(log, log.length - 1) % 2 === 1;
}

function countBackslashes(text: string, before: number): number {
  let count = 0;
  while (text.charCodeAt(before - 1 - count) === 0x5c) count++;
  return count;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
