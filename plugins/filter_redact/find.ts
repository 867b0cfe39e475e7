/**
 * Finds what must not be seen in a text: one pass from left to right, in which a table tells for each character whether
 * anything could begin (or be in the midst) there, and a few of its neighbours whether a closer look is worth it. Only
 * then a matcher of `kinds.ts` is asked. What is found never overlaps, and no text takes more than a few steps a
 * character: matchers look at a bounded piece, or at a run of characters that is not looked at again.
 *
 * Nearly all texts hold nothing: about 2 ns a character of an access log then, a third of what one regular expression
 * for all kinds took (node bench/run.ts --only redact).
 */
import {
  awsIdEnd,
  cardEnd,
  emailAround,
  ip4End,
  ip6Around,
  isDigit,
  isHex,
  jwtEnd,
  type Kind,
  ssnEnd,
  tokenAfter,
  valueAfterName,
} from './kinds.ts';

const DIGIT = 1;
const AT_SIGN = 2;
const PERCENT = 3;
const COLON = 4;
const BEARER = 5;
const JWT = 6;
const AWS_ID = 7;
const KEY_OR_TOKEN = 8;

/** Signs, as codes. */
const E = 101;
const BLANK = 32;
/** So many bytes behind a text may be asked for. */
const BEYOND = 5;
/** Of so few characters each is taken on its own. */
const SHORT = 24;
const DASH = 45;
const POINT = 46;

/** What may stand behind the first digits of a number with separators. */
const SEPARATORS = new Uint8Array(256);
for (const code of [BLANK, DASH, POINT]) SEPARATORS[code] = 1;

export class Finder {
  /** What `next` has found: text[start .. end) is of this kind. */
  kind: Kind = 'card';
  start = 0;
  end = 0;

  readonly #triggers = new Uint8Array(256);
  readonly #hasCard: boolean;
  readonly #hasSsn: boolean;
  readonly #hasIp: boolean;
  #text = '';
  /**
   * The text, one byte a character: they are read three times as fast as characters. What is not ASCII is a 0, as are
   * some bytes behind the end.
   */
  #bytes = Buffer.allocUnsafe(1024);
  #colons = 0;
  /** Up to here no such thing can begin: a longer look has shown it. */
  #noIp6 = 0;
  #noToken = 0;

  constructor(kinds: Iterable<Kind>) {
    const wanted = new Set(kinds);
    this.#hasCard = wanted.has('card');
    this.#hasSsn = wanted.has('ssn');
    this.#hasIp = wanted.has('ip');
    const put = (kind: Kind, signs: string, trigger: number) => {
      if (wanted.has(kind)) for (const sign of signs) this.#triggers[sign.charCodeAt(0)] = trigger;
    };
    for (const kind of ['card', 'ssn', 'ip'] as const) put(kind, '0123456789', DIGIT);
    put('ip', ':', COLON);
    put('email', '@', AT_SIGN);
    put('email', '%', PERCENT);
    put('token', 'bB', BEARER);
    put('token', 'J', JWT);
    put('aws', 'A', AWS_ID);
    put('aws', 'kK', KEY_OR_TOKEN);
  }

  /** @returns false where the text holds nothing; else `next` is to be called. */
  begin(text: string): boolean {
    if (text.length + BEYOND > this.#bytes.length) this.#bytes = Buffer.allocUnsafe(text.length + BEYOND);
    const bytes = this.#bytes;
    // Fewer bytes than characters there are never; more where one is not ASCII.
    if ((text.length < SHORT || bytes.write(text) !== text.length) && !this.#fill(text)) return false;
    for (let at = text.length; at < text.length + BEYOND; at++) bytes[at] = 0;
    this.#text = text;
    this.end = 0;
    this.#colons = 0;
    this.#noIp6 = 0;
    this.#noToken = 0;
    return true;
  }

  /** One by one; what is not ASCII begins nothing. @returns whether anything may begin anywhere */
  #fill(text: string): boolean {
    const bytes = this.#bytes;
    const triggers = this.#triggers;
    let any = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      const byte = code < 128 ? code : 0;
      bytes[at] = byte;
      any |= triggers[byte] as number;
    }
    return any !== 0;
  }

  /** To be called until it says false. */
  next(): boolean {
    const bytes = this.#bytes;
    const triggers = this.#triggers;
    const mayFollow = SEPARATORS;
    const { length } = this.#text;
    for (let at = this.end; at < length; at++) {
      const trigger = triggers[bytes[at] as number] as number;
      if (trigger === 0) continue;
      if (trigger === DIGIT) {
        let end = at + 1;
        while (isDigit(bytes[end] as number)) end++;
        const isWorthIt = mayFollow[bytes[end] as number] === 1 || end - at > 12;
        if (isWorthIt && this.#lookAtDigits(bytes, at, end)) return true;
        at = end - 1;
      } else if (this.#look(trigger, bytes, at)) return true;
    }
    return false;
  }

  /** A run of digits is looked at once; its length and what follows tell what it may be. */
  #lookAtDigits(bytes: Uint8Array, at: number, end: number): boolean {
    const count = end - at;
    const next = bytes[end];
    if (count < 4) {
      if (next === POINT)
        return isDigit(bytes[end + 1] as number) && this.#hasIp && this.#found('ip', at, ip4End(bytes, at));
      const isSsn = count === 3 && (next === DASH || next === BLANK) && bytes[end + 3] === next && this.#hasSsn;
      return isSsn && this.#found('ssn', at, ssnEnd(this.#text, at));
    }
    // Four or six digits follow in a number with separators; 2026-01-01 is none.
    const isCard =
      count === 4 ? (next === DASH || next === BLANK) && isDigit(bytes[end + 3] as number) : count > 12 && count < 20;
    return isCard && this.#hasCard && this.#found('card', at, cardEnd(this.#text, at));
  }

  #look(trigger: number, bytes: Uint8Array, at: number): boolean {
    const next = bytes[at + 1] as number;
    switch (trigger) {
      case COLON:
        // Two side by side, or so many that an address without them may be there.
        return (++this.#colons > 5 ? isHex(next) || next === 58 : next === 58) && this.#lookAtColon(at);
      case BEARER:
        return (next | 32) === E && at >= this.#noToken && this.#lookAtBearer(at);
      case KEY_OR_TOKEN:
        return (next | 32) === E && isInName(bytes, at) && this.#lookBehindName(at);
      case AWS_ID:
        return bytes[at + 3] === 65 && this.#found('aws', at, awsIdEnd(this.#text, at));
      case JWT:
        return at > 1 && bytes[at - 1] === 121 && bytes[at - 2] === E && this.#lookAtJwt(at - 2);
      case PERCENT:
        return next === 52 && bytes[at + 2] === 48 && this.#lookAround(at, at + 3);
      default:
        return this.#lookAround(at, at + 1);
    }
  }

  #lookAtColon(at: number): boolean {
    if (at < this.#noIp6) return false;
    const [start, end, runEnd] = ip6Around(this.#text, at, this.end);
    this.#noIp6 = runEnd;
    return this.#found('ip', start, end);
  }

  #lookAtBearer(at: number): boolean {
    const [start, end, runEnd] = tokenAfter(this.#text, at);
    this.#noToken = Math.max(this.#noToken, runEnd);
    return this.#found('token', start, end);
  }

  #lookAtJwt(start: number): boolean {
    if (start < this.#noToken || start < this.end) return false;
    const [end, runEnd] = jwtEnd(this.#text, start);
    this.#noToken = runEnd;
    return this.#found('token', start, end);
  }

  #lookBehindName(at: number): boolean {
    const span = valueAfterName(this.#text, at, this.end);
    return span !== undefined && this.#found('aws', span[0], span[1]);
  }

  #lookAround(sign: number, behind: number): boolean {
    const span = emailAround(this.#text, sign, behind, this.end);
    return span !== undefined && this.#found('email', span[0], span[1]);
  }

  /** False where nothing ends there. */
  #found(kind: Kind, start: number, end: number): boolean {
    if (end <= start) return false;
    this.kind = kind;
    this.start = start;
    this.end = end;
    return true;
  }
}

/** The letters beside the K of key, or of token; so many words have the one or the other that both are asked for. */
function isInName(bytes: Uint8Array, at: number): boolean {
  const third = (bytes[at + 2] as number) | 32;
  return third === 121 || (third === 110 && at > 1 && ((bytes[at - 2] as number) | 32) === 116);
}
