/**
 * Who arrived, how often and in what order: every event has the name of its source and a number, written as
 * `SOURCE=NUMBER;` with seven digits.
 */
export class Tally {
  readonly #seen = new Map<string, Uint8Array>();
  readonly #highest = new Map<string, number>();
  /** Different events. */
  arrived = 0;
  repeated = 0;
  /** Events that came for the first time, but after a later one of the same source. */
  outOfOrder = 0;

  /** Counts all events in a text. @returns how many of them had been there before. */
  take(text: string): number {
    const before = this.repeated;
    for (const match of text.matchAll(/([a-z]+\d*)=(\d{7});/g)) this.#count(match[1] as string, Number(match[2]));
    return this.repeated - before;
  }

  #count(source: string, number: number): void {
    let seen = this.#seen.get(source);
    if (!seen || number >= seen.length) {
      const larger = new Uint8Array(Math.max(number + 1, (seen?.length ?? 500_000) * 2));
      if (seen) larger.set(seen);
      seen = larger;
      this.#seen.set(source, seen);
    }
    if (seen[number]) {
      this.repeated++;
      return;
    }
    seen[number] = 1;
    this.arrived++;
    const highest = this.#highest.get(source) ?? -1;
    if (number < highest) this.outOfOrder++;
    else this.#highest.set(source, number);
  }

  /** The numbers below `count` that never came. */
  missing(source: string, count: number): number[] {
    const seen = this.#seen.get(source);
    return Array.from({ length: count }, (_, number) => number).filter((number) => !seen?.[number]);
  }
}
