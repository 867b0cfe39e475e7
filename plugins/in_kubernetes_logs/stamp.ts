/**
 * The timestamp before every line of a pod's log: RFC 3339, up to nine digits of a fraction, `Z` or an offset (a kubelet
 * writes the time zone of its node). Lines of the same second come in a row, so the text of the last second is compared
 * first.
 */

const SECOND_CHARS = 19;

export class StampReader {
  seconds = 0;
  nanos = 0;
  #lastText = '?';
  #lastSeconds = 0;

  /** @returns where the line's own text begins; -1 where no timestamp stands at `start`. */
  read(text: string, start: number, end: number): number {
    if (end - start < SECOND_CHARS + 1 || !this.#readSecond(text, start)) return -1;
    let at = start + SECOND_CHARS;
    let nanos = 0;
    if (text.charCodeAt(at) === 46) {
      let unit = 100_000_000;
      for (at++; at < end; at++) {
        const digit = text.charCodeAt(at) - 48;
        if (digit < 0 || digit > 9) break;
        nanos += digit * unit;
        unit = Math.floor(unit / 10);
      }
    }
    this.nanos = nanos;
    this.seconds = this.#lastSeconds;
    if (text.charCodeAt(at) === 90) at++;
    else {
      const offset = offsetAt(text, at, end);
      if (Number.isNaN(offset)) return -1;
      this.seconds -= offset;
      at += 6;
    }
    // An empty line may come without its blank.
    if (at >= end) return end;
    return text.charCodeAt(at) === 32 ? at + 1 : -1;
  }

  #readSecond(text: string, start: number): boolean {
    if (text.startsWith(this.#lastText, start)) return true;
    const second = text.slice(start, start + SECOND_CHARS);
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(second)) return false;
    const ms = Date.parse(`${second}Z`);
    if (Number.isNaN(ms)) return false;
    this.#lastText = second;
    this.#lastSeconds = ms / 1000;
    return true;
  }
}

/** `+01:30` in seconds; NaN where there is none. */
function offsetAt(text: string, at: number, end: number): number {
  if (end - at < 6) return Number.NaN;
  const match = /^([+-])(\d\d):(\d\d)$/.exec(text.slice(at, at + 6));
  if (!match) return Number.NaN;
  const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60;
  return match[1] === '-' ? -seconds : seconds;
}
