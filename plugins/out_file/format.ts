/**
 * Events to the bytes of a file, one line an event, in each of the formats of Fluent Bit's `file` output. Pure.
 *
 * csv and ltsv print values as Fluent Bit does, as msgpack text: strings in quotes that are not escaped.
 */
import { encodeText } from '../../src/data/bytes.ts';
import type { LogEvent, Value } from '../../src/data/event.ts';
import { nanoText, secondsText } from '../../src/data/event_time.ts';
import { toJson } from '../../src/data/json.ts';
import { encodeEvents } from '../../src/data/msgpack.ts';
import { msgpackText } from '../../src/data/msgpack_text.ts';
import { keyText } from '../../src/data/odd_key_text.ts';
import type { OptionsOf } from '../../src/plugin.ts';
import type { options } from './options.ts';

/** `fresh`: the file is empty, so csv column names may be written. */
export type Format = (tag: string, events: Iterable<LogEvent>, fresh: boolean) => Buffer | Uint8Array;

/** The `options` that matter here. */
export type FormatOptions = Pick<
  OptionsOf<typeof options>,
  'format' | 'delimiter' | 'label_delimiter' | 'template' | 'csv_column_names'
>;

export function compileFormat(given: FormatOptions, escapeUnicode: boolean): Format {
  switch (given.format) {
    case 'msgpack':
      return (_tag, events) => encodeEvents([...events]);
    case 'plain':
      return lines((event) => `${toJson(event.body, escapeUnicode, true)}\n`);
    case 'csv':
      return csv(delimiterOf(given.delimiter) ?? ',', given.csv_column_names);
    case 'ltsv':
      return lines(ltsv(delimiterOf(given.delimiter) ?? '\t', delimiterOf(given.label_delimiter) ?? ':'));
    case 'template':
      return lines(compileLine(given.template));
    default:
      return lines(
        (event, tag) =>
          `${tag}: [${nanoText(event.seconds, event.nanos)}, ${toJson(event.body, escapeUnicode, true)}]\n`,
      );
  }
}

type Line = (event: LogEvent, tag: string) => string;

function lines(line: Line): Format {
  return (tag, events) => {
    let text = '';
    for (const event of events) text += line(event, tag);
    return encodeText(text);
  };
}

function delimiterOf(word: string | undefined): string | undefined {
  switch (word?.toLowerCase()) {
    case '\\t':
    case 'tab':
      return '\t';
    case 'space':
      return ' ';
    case 'comma':
      return ',';
    default:
      return undefined;
  }
}

function csv(delimiter: string, columnNames: boolean): Format {
  return (tag, events, fresh) => {
    let names = columnNames && fresh;
    const format = lines((event) => {
      const keys = Object.keys(event.body);
      if (keys.length === 0) return '';
      const head = names ? ['timestamp', ...keys.map((key) => `"${keyText(key)}"`)].join(delimiter) + '\n' : '';
      names = false;
      const values = Object.values(event.body).map((value) => msgpackText(value));
      return `${head}${nanoText(event.seconds, event.nanos)}${delimiter}${values.join(delimiter)}\n`;
    });
    return format(tag, events, fresh);
  };
}

function ltsv(delimiter: string, label: string): Line {
  return (event) => {
    let text = '';
    for (const [key, value] of Object.entries(event.body))
      text += `${delimiter}"${keyText(key)}"${label}${msgpackText(value)}`;
    return text === '' ? '' : `"time"${label}${secondsText(event.seconds, event.nanos)}${text}\n`;
  };
}

/**
 * The line of the format template: `{time}` and `{key}` are replaced; what has no value stays as it is, and so do
 * braces that are not closed or stand within others (`{{log}}` is `{`, the value, `}`).
 */
function compileLine(template: string): Line {
  const parts = template.split(/\{([^{}]*)\}/);
  return (event) => {
    let text = '';
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at] as string;
      text += at % 2 === 0 ? part : placeholder(part, event);
    }
    return `${text}\n`;
  };
}

function placeholder(key: string, event: LogEvent): string {
  if (key === 'time') return secondsText(event.seconds, event.nanos);
  if (!Object.hasOwn(event.body, key)) return `{${key}}`;
  const value = event.body[key] as Value;
  return typeof value === 'string' ? value : msgpackText(value);
}
