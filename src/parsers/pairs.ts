/** What ltsv and logfmt share: pairs become typed keys, and a time that does not fit fails the whole line. */
import { type Fields, type LogEvent, NO_METADATA, setField, type Value } from '../data/event.ts';
import { matchOf } from '../data/regex.ts';
import type { Parser } from '../plugin.ts';
import type { DecodeBody } from './decoders.ts';
import { type TimeField, withoutKey } from './time_field.ts';
import type { Convert } from './types.ts';

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
    if (!pairs || pairs.length === 0) return undefined;
    const { time, types, decode } = this.#settings;
    let body: Fields = {};
    for (const [key, value] of pairs) setField(body, key, typed(types, key, value));
    const event = { seconds, nanos, metadata: NO_METADATA, body };
    if (time && Object.hasOwn(body, time.key)) {
      if (!time.read(body[time.key])) return undefined;
      event.seconds = time.reader.seconds;
      event.nanos = time.reader.nanos;
      if (!time.keep) body = withoutKey(body, time.key);
    }
    event.body = decode ? decode(body) : body;
    return event;
  }
}

function typed(types: ReadonlyMap<string, Convert>, key: string, value: string | true): Value {
  return value === true ? true : (types.get(key)?.(value) ?? value);
}

/** label:value, with tabs between; reading ends at a part without a label. */
export function readLtsv(text: string): [string, string][] | undefined {
  const pairs: [string, string][] = [];
  for (const part of text.split('\t')) {
    const match = /^([0-9A-Za-z_.-]+):([\s\S]*)$/.exec(part);
    if (!match) break;
    pairs.push([match[1] as string, match[2] as string]);
  }
  return pairs;
}

const PAIR = /([^\s="]+)(?:(=)(?:"((?:[^"\\]|\\[\s\S])*)(?:"|$)|([^\s="]*)))?/y;

/** key=value, key="quoted value", key; what stands between two pairs is skipped. */
export function readLogfmt(bareKeys: boolean): ReadPairs {
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
      if (quoted !== undefined) pairs.push([key, unquote(quoted)]);
      else pairs.push([key, plain === undefined || plain === '' ? true : plain]);
    }
    return pairs;
  };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function unquote(text: string): string {
  return text.includes('\\') ? text.replace(/\\([\s\S])/g, (_all, letter: string) => ESCAPES[letter] ?? letter) : text;
}
