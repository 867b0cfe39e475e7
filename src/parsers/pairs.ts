/**
 * What ltsv, tskv and logfmt share: pairs become typed keys. As Fluent Bit: a time that does not fit fails the whole line, and
 * so does a line that holds nothing but its time.
 */
import { type Fields, type LogEvent, NO_METADATA, setField, type Value } from '../data/event.ts';
import { matchOf } from '../data/regex.ts';
import type { Parser } from '../plugin.ts';
import type { DecodeBody } from './decoders.ts';
import type { TimeField } from './time_field.ts';
import type { Convert } from './types.ts';
import { unescapeUtf8 } from './unescape.ts';

export interface PairSettings {
  readonly time: TimeField | undefined;
  readonly types: ReadonlyMap<string, Convert>;
  readonly decode: DecodeBody | undefined;
}

/** Reads a line to pairs; `true` is a key without a value. undefined where the line is of another form. */
export type ReadPairs = (text: string) => [string, string | true][] | undefined;

export class PairParser implements Parser {
  readonly name: string;
  readonly #read: ReadPairs;
  readonly #settings: PairSettings;

  constructor(name: string, read: ReadPairs, settings: PairSettings) {
    this.name = name;
    this.#read = read;
    this.#settings = settings;
  }

  parse(text: string, seconds: number, nanos: number): LogEvent | undefined {
    const pairs = this.#read(text);
    if (!pairs) return undefined;
    const { time, types, decode } = this.#settings;
    const body: Fields = {};
    const event = { seconds, nanos, metadata: NO_METADATA, body };
    let left = false;
    for (const [key, value] of pairs) {
      if (time !== undefined && key === time.key && value !== true && value !== '') {
        if (!setTime(event, time, value)) return undefined;
        if (!time.keep) continue;
      }
      left = true;
      setField(body, key, typed(types, key, value));
    }
    if (!left) return undefined;
    if (decode) event.body = decode(body);
    return event;
  }
}

/** False where the text is no time. */
function setTime(event: LogEvent, time: TimeField, text: string): boolean {
  if (!time.read(text)) return false;
  if (time.isNone) return true;
  event.seconds = time.reader.seconds;
  event.nanos = time.reader.nanos;
  return true;
}

function typed(types: ReadonlyMap<string, Convert>, key: string, value: string | true): Value {
  return value === true ? true : (types.get(key)?.(value) ?? value);
}

/** A line break or a NUL ends a value, and the line. */
const LABELLED = /([0-9A-Za-z_.-]*):([^\0\t\n\r\x0e]*)\t?/y;

const EQUATED = /([0-9A-Za-z_.-]*)=([^\0\t\n\r\x0e]*)\t?/y;

/** label:value, with tabs between; reading ends at a part without a label and a colon. */
export const readLtsv: ReadPairs = (text) => readLabelled(text, 0, LABELLED);

/** label=value, with tabs between; `tskv` may stand before them. */
export const readTskv: ReadPairs = (text) => readLabelled(text, text.startsWith('tskv\t') ? 5 : 0, EQUATED);

function readLabelled(text: string, from: number, form: RegExp): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = from; at < text.length; ) {
    form.lastIndex = at;
    const match = matchOf(form, text);
    if (!match) break;
    if (match[1] !== '') pairs.push([match[1] as string, match[2] as string]);
    at += match[0].length;
  }
  return pairs;
}

/** Words end at a blank, at a control character, at `=` and at a double quote. */
const PAIR = /([^\0-\x20="]+)(?:(=)(?:"((?:[^"\\]|\\[\s\S]|\\$)*)(?:"|$)|([^\0-\x20="]*)))?/y;

/**
 * key=value, key="quoted value", key; what stands between two pairs is skipped, and a line break right behind one ends
 * the line. As Fluent Bit, with `raw` (a parser with Types) a key without a value is an empty text, and what is quoted
 * keeps its backslashes.
 */
export function readLogfmt(bareKeys: boolean, raw: boolean): ReadPairs {
  const nothing = raw ? '' : true;
  return (text) => {
    const pairs: [string, string | true][] = [];
    let at = 0;
    while (at < text.length) {
      PAIR.lastIndex = at;
      const match = matchOf(PAIR, text);
      if (!match) {
        at++;
        continue;
      }
      const [all, key = '', equals, quoted, plain] = match;
      at += all.length;
      if (equals === undefined && !bareKeys) return undefined;
      if (quoted !== undefined) pairs.push([key, raw ? quoted : unescapeUtf8(quoted)]);
      else pairs.push([key, plain === undefined || plain === '' ? nothing : plain]);
      if (text[at] === '\n' || text[at] === '\r') break;
    }
    return pairs;
  };
}
