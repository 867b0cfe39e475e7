/**
 * What joins lines to records: multiline parsers, the older Multiline mode, Docker mode. Every file has one of its own.
 *
 * A joiner always knows the offset of the first line that it holds back, so that no offset past it is committed.
 */
import type { LogEvent } from '../../src/data/event.ts';

export interface Joiner {
  /** The offset of the first line that is held; Infinity for none, -1 for one of the file that was rotated away. */
  readonly pendingAt: number;
  /**
   * Takes a line (without its line break) that begins at `offset`; finished records go to `out`. `seconds` and `nanos`
   * are the time of reading, `now` monotonic milliseconds.
   */
  line(text: string, offset: number, seconds: number, nanos: number, now: number, out: LogEvent[]): void;
  /** Gives out what has waited long enough; with `now` Infinity, everything. */
  flush(now: number, out: LogEvent[]): void;
  /** What is held belongs to the file that was rotated away from here on; the next lines are of its successor. */
  carry(): void;
}

/** Makes the joiner of a file named `name`. */
export type MakeJoiner = (name: string) => Joiner;
