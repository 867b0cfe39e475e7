/**
 * Joins the lines of one file, or the records of one tag, with a list of multiline parsers. Lines go in one by one;
 * records come out whole, in the order in which they ended.
 *
 * A line goes to the parser that took the line before it, then to the others in their order. A line that none takes
 * ends what all of them hold, and goes out alone. Each parser holds its own groups (one a stream of a container:
 * stdout, stderr), so a record may come out after one that began later. What goes in comes out, but for a blank line
 * outside a record and, in a record that reaches the limit, the rest of that line.
 *
 * Lines are of two kinds. Plain text: every record ends with a line break, `{"log": "...\n"}`. And records, which a
 * parser made of the line, or which came as such (in the filter): they are joined in one key; the other keys and the
 * time are those of the first one. Source: Fluent Bit's behaviour, in the recorded cases under multiline/.
 */
import type { LogEvent } from '../data/event.ts';
import type { MultilineParser } from '../plugin.ts';
import { cutText, plainEvent } from './multiline_group.ts';
import { type Line, Member, MemberPlan, type Shape } from './multiline_member.ts';

/** Multiline_Buffer_Limit where the user says nothing. */
const LIMIT_BYTES = 2 * 1024 * 1024;
const NOWHERE: LogEvent[] = [];

/** What the streams of one input or filter share: the list of parsers, compiled. */
export class MultilinePlan {
  readonly members: readonly MemberPlan[];
  /** 0: no limit. */
  readonly limitBytes: number;

  /** `keyContent` and `flushMs` stand for those of the parsers, where the user says so for the whole list. */
  constructor(parsers: readonly MultilineParser[], keyContent?: string, flushMs?: number) {
    // As Fluent Bit: the longest timeout of the list counts for all.
    const longest = flushMs ?? Math.max(...parsers.map((parser) => parser.flushMs));
    this.limitBytes = parsers[0]?.limitBytes ?? LIMIT_BYTES;
    this.members = parsers.map((parser) => new MemberPlan(parser, keyContent, longest, this.limitBytes));
  }
}

export class MultilineStream {
  readonly #members: readonly Member[];
  readonly #limitBytes: number;
  readonly #shape: Shape | undefined;
  readonly #line: Line = { position: 0, seconds: 0, nanos: 0, now: 0, out: NOWHERE };
  /** The one that took the last line. */
  #recent: Member | undefined;

  /** `shape` may change an event before it goes out; it is told the position of the event's first line. */
  constructor(plan: MultilinePlan, shape?: Shape) {
    this.#members = plan.members.map((member) => new Member(member, shape));
    this.#limitBytes = plan.limitBytes;
    this.#shape = shape;
  }

  /**
   * Takes one line of text, without its line break; finished records go to `out`. `position` is any number that grows
   * from line to line, `seconds` and `nanos` are the time of reading, `now` is in monotonic milliseconds.
   */
  push(text: string, position: number, seconds: number, nanos: number, now: number, out: LogEvent[]): void {
    const line = this.#line;
    line.position = position;
    line.seconds = seconds;
    line.nanos = nanos;
    line.now = now;
    line.out = out;
    if (!this.#recent?.takeText(text, line) && !this.#findForText(text, line)) this.#alone(text, line);
    line.out = NOWHERE;
  }

  /** Takes one record. */
  pushEvent(event: LogEvent, position: number, now: number, out: LogEvent[]): void {
    const line = this.#line;
    line.position = position;
    line.seconds = event.seconds;
    line.nanos = event.nanos;
    line.now = now;
    line.out = out;
    if (!this.#recent?.takeEvent(event, line) && !this.#findForEvent(event, line)) {
      this.flush(Number.POSITIVE_INFINITY, out);
      out.push(this.#shape ? this.#shape(event, position) : event);
    }
    line.out = NOWHERE;
  }

  /** Gives out what has waited long enough; with `now` Infinity, everything. */
  flush(now: number, out: LogEvent[]): void {
    for (let i = 0; i < this.#members.length; i++) (this.#members[i] as Member).flush(now, out);
  }

  /** The position of the first line that is held; Infinity for none. */
  get pendingPosition(): number {
    let first = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#members.length; i++)
      first = Math.min(first, (this.#members[i] as Member).pendingPosition);
    return first;
  }

  /** What is held is at this position from now on. */
  moveTo(position: number): void {
    for (const member of this.#members) member.moveTo(position);
  }

  #findForText(text: string, line: Line): boolean {
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i] as Member;
      if (member === this.#recent || !member.takeText(text, line)) continue;
      this.#recent = member;
      return true;
    }
    return false;
  }

  #findForEvent(event: LogEvent, line: Line): boolean {
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i] as Member;
      if (member === this.#recent || !member.takeEvent(event, line)) continue;
      this.#recent = member;
      return true;
    }
    return false;
  }

  #alone(text: string, line: Line): void {
    this.flush(Number.POSITIVE_INFINITY, line.out);
    if (text === '') return;
    const limit = this.#limitBytes;
    const isLong = limit > 0 && text.length * 3 > limit && Buffer.byteLength(text) > limit;
    const kept = isLong ? cutText(text, limit) : text;
    const event = plainEvent(kept, this.#members[0]?.plan.keyContent, line.seconds, line.nanos);
    if (isLong) event.metadata = { multiline_truncated: true };
    line.out.push(this.#shape ? this.#shape(event, line.position) : event);
  }
}
