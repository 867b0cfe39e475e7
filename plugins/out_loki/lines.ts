/** Records to lines of Loki, in each line_format. Pure. */
import { BodyBytes } from '../../src/data/body_bytes.ts';
import { BodyJson, type Edits } from '../../src/data/body_json.ts';
import { doubleText, generalText } from '../../src/data/double_text.ts';
import { Ext, type Fields, Float, type Value } from '../../src/data/event.ts';
import { toJson } from '../../src/data/json.ts';
import { keyText } from '../../src/data/odd_key_text.ts';
import { editBody } from './edits.ts';

export interface LineSettings {
  readonly format: 'json' | 'key_value';
  readonly dropSingleKey: 'off' | 'on' | 'raw';
  readonly escapeUnicode: boolean;
  /** Whether a line stands in a string of JSON, and so is escaped once more. */
  readonly nested: boolean;
  readonly edits: Edits;
}

/** The line of a record; with `nested` escaped already, without the quotes around. Called for every event. */
export type LineOf = (body: Fields) => string;

export function compileLines(settings: LineSettings): LineOf {
  const { format, dropSingleKey, escapeUnicode, nested, edits } = settings;
  if (format === 'json' && dropSingleKey === 'off') {
    const json = new BodyJson({ nested, escapeUnicode, ...(edits.size > 0 ? { edits } : {}) });
    return (body) => json.text(body);
  }
  const text = plainLines(settings);
  return nested ? (body) => toJson(text(body), false).slice(1, -1) : text;
}

/** Where the line ends that begins at `at`, or -1 where it might not fit. Called for every event. */
export type WriteLine = (body: Fields, out: Buffer, at: number) => number;

/** The same lines as `compileLines` gives, which is `line`, as bytes. */
export function compileWriter(
  { format, dropSingleKey, escapeUnicode, nested, edits }: LineSettings,
  line: LineOf,
): WriteLine {
  if (format === 'json' && dropSingleKey === 'off') {
    const bytes = new BodyBytes({ nested, escapeUnicode, ...(edits.size > 0 ? { edits } : {}) });
    return (body, out, at) => bytes.write(body, out, at);
  }
  return (body, out, at) => {
    const text = line(body);
    return at + text.length * MOST_BYTES_A_UNIT > out.length ? -1 : at + out.write(text, at);
  };
}

/** A string takes at most three bytes of UTF-8 for each of its units. */
const MOST_BYTES_A_UNIT = 3;

function plainLines({ format, dropSingleKey, escapeUnicode, edits }: LineSettings): LineOf {
  const json = (value: Value) => toJson(value, escapeUnicode);
  const whole = format === 'json' ? json : keyValueLine;
  const raw = dropSingleKey === 'raw' || format === 'key_value';
  const alone = format === 'json' ? json : keyValueText;
  return (body) => {
    const edited = editBody(body, edits);
    const single = dropSingleKey === 'off' ? undefined : onlyValue(edited);
    if (single === undefined) return whole(edited);
    return raw && typeof single === 'string' ? single : alone(single);
  };
}

function onlyValue(body: Fields): Value | undefined {
  let only: Value | undefined;
  let count = 0;
  for (const key in body) {
    if (++count > 1) return undefined;
    only = body[key];
  }
  return only;
}

const MAX_DEPTH = 200;

/** `s="text" n=5`: strings are not escaped, as in Fluent Bit. */
function keyValueLine(body: Fields): string {
  let line = '';
  for (const key in body) line += `${line === '' ? '' : ' '}${keyText(key)}=${keyValueText(body[key] as Value)}`;
  return line;
}

function keyValueText(value: Value, depth = 0): string {
  switch (typeof value) {
    case 'string':
      return `"${value}"`;
    case 'number':
      return Number.isInteger(value) ? String(value) : generalText(value, 16);
    case 'boolean':
    case 'bigint':
      return String(value);
    default:
      return value === null ? 'null' : objectText(value, depth + 1);
  }
}

function objectText(value: Exclude<Value, string | number | boolean | bigint | null>, depth: number): string {
  if (depth > MAX_DEPTH) return '"..."';
  if (value instanceof Float) return doubleText(value.value);
  if (Array.isArray(value)) return `"[${value.map((item) => keyValueText(item, depth)).join(' ')}]"`;
  if (value instanceof Uint8Array || value instanceof Ext) return '';
  const fields = value as Fields;
  return `"map[${Object.keys(fields)
    .map((key) => `${keyText(key)}:${keyValueText(fields[key] as Value, depth)}`)
    .join(' ')}]"`;
}
