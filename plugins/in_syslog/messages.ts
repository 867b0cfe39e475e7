/**
 * Cuts syslog messages out of a stream of bytes. Pure.
 *
 *     newline          MESSAGE \n        or MESSAGE \0; empty ones are left out
 *     octet counting   LENGTH SP MESSAGE        (RFC 6587, 3.4.1), and a line break after it, if there is one
 */
const LINE_BREAK = 10;
const SPACE = 32;
const NOTHING = Buffer.alloc(0);
/** No message has a length of more digits. */
const MAX_DIGITS = 9;

export interface MessageCutter {
  /** The messages that are whole now; undefined: the stream is none of messages. */
  push(bytes: Buffer): Buffer[] | undefined;
  /** How many bytes wait for the end of their message. */
  readonly waiting: number;
}

export class LineMessages implements MessageCutter {
  #waiting: Buffer = NOTHING;

  get waiting(): number {
    return this.#waiting.length;
  }

  push(bytes: Buffer): Buffer[] {
    const all = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    const messages: Buffer[] = [];
    let start = 0;
    // What waited was searched already.
    for (let at = this.#waiting.length; at < all.length; at++) {
      const byte = all[at];
      if (byte !== LINE_BREAK && byte !== 0) continue;
      if (at > start) messages.push(all.subarray(start, at));
      start = at + 1;
    }
    this.#waiting = all.subarray(start);
    return messages;
  }
}

export class CountedMessages implements MessageCutter {
  #waiting: Buffer = NOTHING;

  get waiting(): number {
    return this.#waiting.length;
  }

  push(bytes: Buffer): Buffer[] | undefined {
    const all = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    const messages: Buffer[] = [];
    let start = 0;
    for (;;) {
      if (all[start] === LINE_BREAK) start++;
      const space = all.indexOf(SPACE, start);
      const digits = all.toString('latin1', start, space < 0 ? all.length : space);
      if (digits.length > MAX_DIGITS || !/^\d*$/.test(digits) || (space >= 0 && digits === '')) return undefined;
      const end = space + 1 + Number(digits);
      if (space < 0 || end > all.length) break;
      if (end > space + 1) messages.push(all.subarray(space + 1, end));
      start = end;
    }
    this.#waiting = all.subarray(start);
    return messages;
  }
}
