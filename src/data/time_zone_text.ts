/** %z and %Z: a zone in the text of a time. */
import type { Fields } from './time_fields.ts';
import { abbreviationOffset, rfc822Offset } from './time_zone.ts';

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLetter = (code: number): boolean => (code | 32) >= 97 && (code | 32) <= 122;

function skipBlanks(text: string, at: number): number {
  let now = at;
  while (text.charCodeAt(now) === 32 || text.charCodeAt(now) === 9) now++;
  return now;
}

/** %z: Z, +hh, +hhmm, +hh:mm, GMT, UT, UTC, EST, EDT ... PDT, or a military letter; blanks before it are skipped. */
export function readZoneOffset(text: string, from: number, fields: Fields): number {
  const at = skipBlanks(text, from);
  const sign = text.charCodeAt(at);
  if (sign === 43 || sign === 45) return numericOffset(text, at, sign === 45 ? -1 : 1, fields);
  for (const name of ['UTC', 'GMT', 'UT'])
    if (text.startsWith(name, at)) {
      fields.offset = 0;
      return at + name.length;
    }
  const named = rfc822Offset(text.slice(at, at + 3));
  if (named !== undefined) {
    fields.offset = named;
    return at + 3;
  }
  return zulu(text, at, fields);
}

/** Only Z of the military letters: the others were defined with the wrong sign once and mean nothing since. */
function zulu(text: string, at: number, fields: Fields): number {
  if (text.charCodeAt(at) !== 90 || isLetter(text.charCodeAt(at + 1))) return -1;
  fields.offset = 0;
  return at + 1;
}

function numericOffset(text: string, at: number, sign: number, fields: Fields): number {
  let now = at + 1;
  let digits = 0;
  let value = 0;
  for (; digits < 4; digits++) {
    if (digits === 2 && text.charCodeAt(now) === 58) now++;
    const code = text.charCodeAt(now);
    if (!isDigit(code)) break;
    value = value * 10 + code - 48;
    now++;
  }
  if (digits !== 2 && digits !== 4) return -1;
  const hours = digits === 2 ? value : Math.floor(value / 100);
  const minutes = digits === 2 ? 0 : value % 100;
  if (hours > 14 || minutes > 59) return -1;
  fields.offset = sign * (hours * 3600 + minutes * 60);
  return now;
}

/** %Z: an abbreviation in any case. */
export function readZoneName(text: string, at: number, fields: Fields): number {
  let end = at;
  while (isLetter(text.charCodeAt(end))) end++;
  const offset = abbreviationOffset(text.slice(at, end));
  if (offset === undefined) return -1;
  fields.offset = offset;
  return end;
}
