/**
 * Records as GELF 1.1, as Fluent Bit writes them: known fields by their names, others with `_` before them, nested maps
 * flattened (`_a_b`), lists as one text, booleans as texts, null left out, odd characters of names as `_`.
 *
 * Source: docs.graylog.org, GELF payload specification.
 */

import { fixedText } from './double_text.ts';
import { Ext, type Fields, Float, isFields, type LogEvent, type Value } from './event.ts';
import { toJson } from './json.ts';
import { keyText } from './odd_key_text.ts';

/** Which fields of a record are GELF's own. */
export interface GelfKeys {
  readonly timestamp: string;
  readonly host: string;
  readonly short_message: string;
  readonly full_message: string;
  readonly level: string;
}

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

/** undefined where the record has no short message, which GELF needs. */
export function gelfJson(event: LogEvent, keys: GelfKeys): string | undefined {
  const own = new Map(Object.entries(keys).map(([name, key]) => [key, name]));
  const pieces = ['"version":"1.1"'];
  const found = new Set<string>();
  for (const key in event.body) {
    const value = event.body[key] as Value;
    const name = own.get(key);
    if (name !== undefined) found.add(name);
    if (key === 'id' && name === undefined) continue;
    if (isFields(value)) flatten(pieces, `_${name ?? keyText(key)}`, value);
    else if (value !== null)
      pieces.push(`"${safeName(name ?? `_${keyText(key)}`)}":${valueJson(name === 'level' ? level(value) : value)}`);
  }
  if (!found.has('short_message')) return undefined;
  if (!found.has('timestamp'))
    pieces.push(`"timestamp":${event.seconds}.${String(Math.floor(event.nanos / 1e6)).padStart(3, '0')}`);
  return `{${pieces.join(', ')}}`;
}

function flatten(pieces: string[], prefix: string, fields: Fields): void {
  for (const key in fields) {
    const value = fields[key] as Value;
    if (isFields(value)) flatten(pieces, `${prefix}_${keyText(key)}`, value);
    else pieces.push(`"${safeName(`${prefix}_${keyText(key)}`)}":${valueJson(value)}`);
  }
}

function safeName(name: string): string {
  return Buffer.from(name)
    .toString('latin1')
    .replace(/[^A-Za-z0-9_.-]/g, '_');
}

function level(value: Value): Value {
  if (typeof value !== 'string') return value;
  if (/^[0-7]$/.test(value)) return Number(value);
  const number = LEVELS.indexOf(value.toLowerCase());
  return number < 0 ? value : number;
}

function valueJson(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return `"${value}"`;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : fixedText(value);
  if (value instanceof Float) return fixedText(value.value);
  if (Array.isArray(value)) return toJson(value.map(itemText).join(', '), true);
  return toJson(value, true);
}

/** An item of a list, within the list's text. */
function itemText(value: Value): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(itemText).join(', ');
  if (isFields(value))
    return Object.entries(value)
      .map(([key, inner]) => `${safeName(key)}=${itemText(inner)}`)
      .join(' ');
  if (value instanceof Uint8Array || value instanceof Ext) return toJson(value, true);
  return valueJson(value).replace(/^"|"$/g, '');
}
