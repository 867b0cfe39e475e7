/** Times of lines as digits: nanoseconds since 1970, which no double could hold. */

/** Writes times one after the other; most of them are within the same second as the one before. */
export class TimeDigits {
  #seconds = 0;
  #digits: Uint8Array = Buffer.alloc(0);

  /** For times after 1970. There must be room for 25 bytes. @returns where they end */
  write(out: Uint8Array, from: number, seconds: number, nanos: number): number {
    if (seconds !== this.#seconds) {
      this.#seconds = seconds;
      this.#digits = Buffer.from(String(seconds), 'latin1');
    }
    const digits = this.#digits;
    let at = from;
    for (let i = 0; i < digits.length; i++) out[at++] = digits[i] as number;
    for (let rest = nanos, i = at + 8; i >= at; i--) {
      const tenth = (rest / 10) | 0;
      out[i] = 0x30 + rest - tenth * 10;
      rest = tenth;
    }
    return at + 9;
  }
}

export function nanoseconds(seconds: number, nanos: number): string {
  if (seconds > 0) return seconds + String(1_000_000_000 + nanos).slice(1);
  return String(BigInt(seconds) * 1_000_000_000n + BigInt(nanos));
}
