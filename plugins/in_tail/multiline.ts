/**
 * multiline.parser: joins the lines of a file with a list of multiline parsers (src/parsers/multiline.ts). Positions are
 * offsets in the file, so that the offset of an unfinished record is never committed. Path_Key and Offset_Key come after
 * the record's own keys; the offset is that of its first line.
 */
import type { LogEvent } from '../../src/data/event.ts';
import { type MultilinePlan, MultilineStream } from '../../src/parsers/multiline.ts';
import type { Joiner } from './joiner.ts';
import type { Shaper } from './shape.ts';

/** The position of lines that are in the file that was rotated away. */
const CARRIED = -1;

export class MultilineJoiner implements Joiner {
  readonly #stream: MultilineStream;

  /** `name` is the file's, for Path_Key. */
  constructor(plan: MultilinePlan, shaper: Shaper, name: string) {
    const shape = (event: LogEvent, offset: number) => shaper.after(event, name, Math.max(offset, 0));
    this.#stream = new MultilineStream(plan, shaper.bare ? undefined : shape);
  }

  get pendingAt(): number {
    return this.#stream.pendingPosition;
  }

  line(text: string, offset: number, seconds: number, nanos: number, now: number, out: LogEvent[]): void {
    this.#stream.push(text, offset, seconds, nanos, now, out);
  }

  flush(now: number, out: LogEvent[]): void {
    this.#stream.flush(now, out);
  }

  carry(): void {
    this.#stream.moveTo(CARRIED);
  }
}
