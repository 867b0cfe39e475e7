/**
 * Events as JSON texts with their time in a key, as the outputs `stdout`, `http`, `tcp` and others write them: Fluent
 * Bit's formats json (one array), json_lines (one a line) and json_stream (one after another), with `json_date_key` and
 * `json_date_format`.
 */
import type { LogEvent } from './event.ts';
import { type DateFormat, dateJson } from './event_time.ts';
import { toJson } from './json.ts';

export const JSON_FORMATS = ['json', 'json_lines', 'json_stream'] as const;
export type JsonFormat = (typeof JSON_FORMATS)[number];

/** Reads a format in any case; undefined for one that is not JSON. */
export function readJsonFormat(text: string | undefined): JsonFormat | undefined {
  const word = text?.toLowerCase();
  return JSON_FORMATS.find((format) => format === word);
}

export interface JsonDate {
  /** undefined: no date. */
  readonly key: string | undefined;
  readonly format: DateFormat;
}

/** `json_date_key` as users write it: false turns the date off. */
export function readDateKey(text: string): string | undefined {
  return /^(?:false|off|no)$/i.test(text) ? undefined : text;
}

/** One event as a JSON object. */
export type EventJson = (event: LogEvent) => string;

export function compileEventJson(date: JsonDate, escapeUnicode: boolean): EventJson {
  const { key, format } = date;
  if (key === undefined) return (event) => toJson(event.body, escapeUnicode);
  const head = `{${toJson(key, escapeUnicode)}:`;
  return (event) => {
    const json = toJson(event.body, escapeUnicode);
    // A record's own key of that name wins, as in Fluent Bit: output/stdout-json-date-key-exists.
    if (Object.hasOwn(event.body, key)) return json;
    const start = head + dateJson(format, event.seconds, event.nanos);
    return json.length === 2 ? `${start}}` : `${start},${json.slice(1)}`;
  };
}

/** All events of a batch as one text; json_lines ends with a line break, the others don't. */
export function joinJson(format: JsonFormat, events: Iterable<LogEvent>, json: EventJson): string {
  const separator = format === 'json' ? ',' : '';
  const after = format === 'json_lines' ? '\n' : '';
  let text = '';
  for (const event of events) text += (text === '' ? '' : separator) + json(event) + after;
  return format === 'json' ? `[${text}]` : text;
}
