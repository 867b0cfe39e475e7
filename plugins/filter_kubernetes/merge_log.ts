/**
 * Merge_Log: what is in the field `log` becomes fields of the record. Pure; called for every event.
 *
 * `log` is a JSON object, or what a parser makes of it, or a map already. The merged keys follow the record's own; of two
 * of the same name the last one counts. What cannot be merged stays as it is.
 */
import { type Fields, isFields, type LogEvent, setField, type Value } from '../../src/data/event.ts';
import { parseJsonObject } from '../../src/data/json.ts';
import { objectBefore } from '../../src/parsers/json.ts';
import type { Clock, Parser } from '../../src/plugin.ts';

export interface MergeSettings {
  readonly keepLog: boolean;
  readonly trim: boolean;
  /** Merge_Log_Key. */
  readonly under: string | undefined;
  readonly parser: Parser | undefined;
  readonly clock: Clock;
}

/** @returns a new body, made for this event alone. @param suggested goes before the parser of the settings. */
export function mergeLog(event: LogEvent, suggested: Parser | undefined, settings: MergeSettings): Fields {
  const { body } = event;
  const log = Object.hasOwn(body, 'log') ? body.log : undefined;
  if (typeof log === 'string') {
    const parser = suggested ?? settings.parser;
    const parsed = parser ? parsedLog(event, log, parser, settings.clock) : jsonLog(log);
    return parsed ? merge(body, settings.trim ? trimmed(parsed) : parsed, settings) : { ...body };
  }
  if (log === undefined) return { ...body };
  if (isFields(log)) return merge(body, log, settings);
  // As Fluent Bit (kubernetes/merge-log-not-a-string-keep-log-off): what is neither text nor map is lost.
  return settings.keepLog ? { ...body } : without(body, NOTHING, 'log');
}

const NOTHING: Fields = Object.freeze({});

function parsedLog(event: LogEvent, log: string, parser: Parser, clock: Clock): Fields | undefined {
  // As Fluent Bit (kubernetes/merge-parser-regex): a text without a time gets the present one.
  const now = clock.now();
  const seconds = Math.floor(now / 1000);
  const parsed = parser.parse(log, seconds, Math.floor((now - seconds * 1000) * 1e6));
  if (!parsed) return undefined;
  event.seconds = parsed.seconds;
  event.nanos = parsed.nanos;
  return parsed.body;
}

/** An object with a text after it is merged (kubernetes/merge-log-not-a-map), unless that is a document, too. */
function jsonLog(log: string): Fields | undefined {
  return parseJsonObject(log) ?? objectBefore(log);
}

/** Cuts line breaks, and `\n` and `\r` as two characters, off the ends of strings; never the first character. */
function trimmed(fields: Fields): Fields {
  for (const key in fields) {
    const value = fields[key];
    if (typeof value !== 'string') continue;
    const last = value.charCodeAt(value.length - 1);
    if (last !== 0x0a && last !== 0x6e && last !== 0x72) continue;
    const end = trimmedLength(value);
    if (end < value.length) setField(fields, key, value.slice(0, end));
  }
  return fields;
}

function trimmedLength(text: string): number {
  let size = text.length;
  while (size > 1) {
    const last = text.charCodeAt(size - 1);
    if (last === 0x0a) size--;
    else if ((last === 0x6e || last === 0x72) && text.charCodeAt(size - 2) === 0x5c) size -= 2;
    else break;
  }
  return size;
}

function merge(body: Fields, merged: Fields, { keepLog, under }: MergeSettings): Fields {
  if (under !== undefined) {
    const out = keepLog ? { ...body } : without(body, NOTHING, 'log');
    for (const _ in merged) {
      if (Object.hasOwn(out, under)) delete out[under];
      setField(out, under, merged);
      break;
    }
    return out;
  }
  if (!keepLog) return appended(without(body, merged, 'log'), merged);
  for (const key in merged) if (Object.hasOwn(body, key)) return appended(without(body, merged, undefined), merged);
  return { ...body, ...merged };
}

/** The body without the key `dropped` and without the keys of `replaced`, which come after it. */
function without(body: Fields, replaced: Fields, dropped: string | undefined): Fields {
  const out: Fields = {};
  for (const key in body) {
    if (key === dropped || Object.hasOwn(replaced, key)) continue;
    if (key === '__proto__') setField(out, key, body[key] as Value);
    else out[key] = body[key] as Value;
  }
  return out;
}

function appended(out: Fields, merged: Fields): Fields {
  for (const key in merged) {
    if (key === '__proto__') setField(out, key, merged[key] as Value);
    else out[key] = merged[key] as Value;
  }
  return out;
}
