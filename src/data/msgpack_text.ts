/**
 * Values as Fluent Bit prints msgpack for people: `{"k"=>"v", "n"=>1, "f"=>1.500000, "x"=>nil}`. Strings stand in
 * quotes and are not escaped, so this text cannot be read back; who needs that takes JSON. Used by the outputs `stdout`,
 * `file` (csv, ltsv, template) and the filter `stdout`.
 */
import { fixedText } from './double_text.ts';
import { Ext, type Fields, Float, type LogEvent, type Value } from './event.ts';
import { nanoText } from './event_time.ts';
import { oddKeyValue } from './odd_key_text.ts';

/** Deeper values are printed as `...`; Fluent Bit has no limit and would run out of stack. */
const MAX_DEPTH = 200;

/** `{"k"=>"v"}`. */
export function msgpackText(value: Value, depth = 0): string {
  switch (typeof value) {
    case 'string':
      return `"${value}"`;
    case 'number':
      return Number.isInteger(value) ? integerText(value) : fixedText(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return value.toString();
    default:
      return value === null ? 'nil' : objectText(value, depth + 1);
  }
}

function objectText(value: Exclude<Value, string | number | boolean | bigint | null>, depth: number): string {
  if (depth > MAX_DEPTH) return '...';
  if (Array.isArray(value)) return `[${value.map((item) => msgpackText(item, depth)).join(', ')}]`;
  if (value instanceof Float) return fixedText(value.value);
  if (value instanceof Uint8Array) return `"${binaryText(value)}"`;
  if (value instanceof Ext) return `(ext: ${value.type})"${binaryText(value.data)}"`;
  return mapText(value, depth);
}

function mapText(fields: Fields, depth: number): string {
  let text = '{';
  for (const key in fields) {
    if (text.length > 1) text += ', ';
    const odd = oddKeyValue(key);
    text += `${odd === undefined ? `"${key}"` : msgpackText(odd, depth)}=>${msgpackText(fields[key] as Value, depth)}`;
  }
  return `${text}}`;
}

/** Bytes of bin and ext: what is printable as it is, the rest as \xNN. */
function binaryText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 0x22) text += '\\"';
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

function integerText(value: number): string {
  // A double past 2^53 that happens to be whole prints all its digits, never an exponent.
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
}

/** An event as the `stdout` output prints it: `[0] tag: [[1700000000.000000000, {}], {"k"=>"v"}]`, with a line break. */
export function eventText(number: number, tag: string, event: LogEvent): string {
  const time = nanoText(event.seconds, event.nanos);
  return `[${number}] ${tag}: [[${time}, ${msgpackText(event.metadata)}], ${msgpackText(event.body)}]\n`;
}
