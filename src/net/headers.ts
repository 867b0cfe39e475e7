/**
 * Headers of requests, as a list of names and values in turn. What comes from records or tags can neither break a request
 * nor change how it is framed: unfit names are left out, unfit characters are removed. Pure.
 */
import { isFields, type Value } from '../data/event.ts';
import { OptionError } from '../plugin.ts';

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Reads `NAME VALUE`. @throws OptionError */
export function readHeader(text: string): readonly [string, string] {
  const [, name = '', value = ''] = /^\s*(\S+)\s*(.*?)\s*$/s.exec(text) ?? [];
  if (!NAME.test(name)) throw new OptionError(`'${text}' is no header; write NAME VALUE`, 'header');
  return [name, headerValue(value)];
}

/** @throws OptionError */
export function checkHeaderName(option: string, name: string): string {
  if (!NAME.test(name)) throw new OptionError(`'${name}' is no name of a header`, option);
  return name;
}

/** UTF-8 goes as its bytes; characters that may not stand in a header are left out. */
export function headerValue(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/[\u0000-\u0008\u000a-\u001f\u007f]/g, '');
}

export function basicAuth(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}

/** Those say how the request itself is sent: never taken from a record. */
const FRAMING = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'host',
  'upgrade',
  'expect',
  'keep-alive',
]);

/** The headers that a record brings; only texts. undefined where the value is no map. */
export function headersOf(value: Value | undefined): [string, string][] | undefined {
  if (!isFields(value)) return undefined;
  const headers: [string, string][] = [];
  for (const [name, text] of Object.entries(value))
    if (typeof text === 'string' && NAME.test(name) && !FRAMING.has(name.toLowerCase()))
      headers.push([name, headerValue(text)]);
  return headers;
}

/** Flat, as undici takes them; without `duplicates` the last of a name counts, at its first place. */
export function flatHeaders(headers: readonly (readonly [string, string])[], duplicates: boolean): string[] {
  if (duplicates) return headers.flat();
  const last = new Map<string, readonly [string, string]>();
  for (const header of headers) last.set(header[0].toLowerCase(), header);
  return [...last.values()].flat();
}
