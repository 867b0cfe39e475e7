/**
 * Bodies of requests to records: JSON, or a form. Pure. A body is taken as a whole or not at all: a sender that is told
 * of a mistake sends it again.
 */
import { decodeText } from '../../src/data/bytes.ts';
import { type Fields, isFields, setField, type Value } from '../../src/data/event.ts';
import { parseJson } from '../../src/data/json.ts';
import { DocumentCutter } from '../../src/parsers/documents.ts';

/**
 * Objects, and the objects of lists, of one document or several. Other values in lists are left out.
 * @returns undefined where something in it is no document.
 */
export function readJson(body: Buffer): Fields[] | undefined {
  const records: Fields[] = [];
  try {
    for (const text of documentsOf(body)) {
      const value: Value = parseJson(text);
      if (isFields(value)) records.push(value);
      else if (Array.isArray(value)) for (const item of value) if (isFields(item)) records.push(item);
    }
  } catch {
    return undefined;
  }
  return records;
}

/** @throws where something is no object and no list */
function documentsOf(body: Buffer): string[] {
  const cutter = new DocumentCutter(Number.POSITIVE_INFINITY);
  const texts = cutter.push(body, true);
  if (texts.length === 0 || cutter.takeSkipped() > 0) throw new SyntaxError('no JSON');
  return texts;
}

/**
 * NAME=VALUE&NAME=VALUE. As Fluent Bit: values are decoded, names are not; what has no `=` is left out.
 * @returns undefined where nothing is left.
 */
export function readForm(body: Buffer): Fields[] | undefined {
  const record: Fields = {};
  for (const pair of decodeText(body).split('&')) {
    const start = pair.startsWith('\n') ? 1 : 0;
    const equals = pair.indexOf('=', start);
    if (equals <= start) continue;
    setField(record, pair.slice(start, equals).trim(), decodeValue(pair.slice(equals + 1).trim()));
  }
  return Object.keys(record).length > 0 ? [record] : undefined;
}

/** A value with a wrong escape stays as it is. */
function decodeValue(text: string): string {
  if (!/[%+]/.test(text)) return text;
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return text;
  const bytes = Buffer.from(text.replaceAll('+', ' '), 'utf8');
  const out: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte !== 0x25) out.push(byte);
    else {
      out.push(Number.parseInt(bytes.toString('latin1', at + 1, at + 3), 16));
      at += 2;
    }
  }
  return decodeText(Buffer.from(out));
}
