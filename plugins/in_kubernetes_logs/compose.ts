/**
 * Lines of one run to events: what was read before is left out, and where lines may be missing an event says so.
 *
 * An event is `{log: TEXT}`, with the map `kubernetes` where it is wanted; a part of a long line has `logtag` P or F, as
 * the CRI has it. A gap is an event with a map `gap` (reason, from, to) in the place of the lines.
 */
import { decodeText } from '../../src/data/bytes.ts';
import { type Fields, type LogEvent, NO_METADATA, setField } from '../../src/data/event.ts';
import type { InputHost } from '../../src/plugin.ts';
import type { LineTaker } from './lines.ts';
import type { Run } from './run.ts';
import type { Options } from './settings.ts';
import { hashText, type Replay } from './trail.ts';

/** Whose log it is that comes; asked at its first line that was not read before. */
export interface Answer {
  /** The API server said, after this answer had begun, that the container had not restarted. */
  readonly isConfirmed: boolean;
  /** The log was read to its end before: lines that do not follow are no gap. */
  readonly isAtEnd: boolean;
  /** Nothing was heard since of the container having restarted. */
  readonly isSame: () => boolean;
  /** It would have been heard. */
  readonly isWatched: () => boolean;
}

const NO_ANSWER: Answer = { isConfirmed: false, isAtEnd: false, isSame: () => true, isWatched: () => true };

/** A line that is given out in parts. */
interface LongLine {
  readonly hash: number;
  /** It was read before. */
  readonly isSkipped: boolean;
}

export class Composer implements LineTaker {
  readonly #run: Run;
  readonly #key: string;
  readonly #saysGaps: boolean;
  readonly #host: InputHost;
  #events: LogEvent[] = [];
  #replay: Replay | undefined;
  /** The lines that are left out are those of this run, so that one of them must come first. */
  #isContinued = false;
  #long: LongLine | undefined;
  /** Another run of the container may have answered. */
  #isInDoubt = false;
  #answer: Answer = NO_ANSWER;
  /** No line of the run was read before. */
  #isFirst = false;
  #hasTakenOver = false;
  /** The parts that were given out of a line whose end did not come. */
  #cutLine: { seconds: number; nanos: number; bytes: number } | undefined;

  constructor(run: Run, { key, gap_events: saysGaps }: Options, host: InputHost) {
    this.#run = run;
    this.#key = key;
    this.#saysGaps = saysGaps;
    this.#host = host;
  }

  /** Reading begins, or goes on after a cut. */
  begin(answer: Answer): void {
    const { trail, before } = this.#run;
    if (!trail.isEmpty) this.#run.before = undefined;
    this.#long = undefined;
    this.#answer = answer;
    this.#isFirst = trail.isEmpty;
    this.#isInDoubt = false;
    this.#replay = trail.replay();
    this.#isContinued = this.#replay !== undefined;
    // Lines of this run may have been taken for lines of the run before, when the watch was late.
    const startedAt = this.#run.startedAt ?? Number.NEGATIVE_INFINITY;
    if (before && before.trail.latest >= startedAt) this.#replay ??= before.trail.strays();
  }

  /** Unix seconds to read from; undefined: the whole log, or from its end. To be asked after `begin`. */
  since(): number | undefined {
    if (this.#isContinued) return this.#replay?.since;
    const { start } = this.#run;
    return start.kind === 'since' ? Math.floor(start.seconds) : undefined;
  }

  /**
   * True where the lines of this answer do not follow those that were read: the log was rotated, or it is the log of the
   * next run. They were left out; once that is known they are to be given again, after another `begin`, or thrown away.
   */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  /** False until a line came by which it is clear whose lines these are, or that it is not clear. */
  get isDecided(): boolean {
    return this.#isInDoubt || !(this.#isFirst || (this.#isContinued && this.#replay?.matched === false));
  }

  /** Since the last time lines were found that had been handed over as those of the run before. */
  takeTakenOver(): boolean {
    const taken = this.#hasTakenOver;
    this.#hasTakenOver = false;
    return taken;
  }

  /** What was composed since the last time. */
  take(): LogEvent[] {
    const events = this.#events;
    if (events.length > 0) this.#events = [];
    return events;
  }

  line(seconds: number, nanos: number, text: string, start: number, end: number): void {
    const hash = hashText(text, start, end);
    if (this.#replay && this.#wasRead(seconds, nanos, hash)) {
      // From now on known as this run's own.
      if (!this.#isContinued) {
        this.#run.trail.push(seconds, nanos, hash);
        this.#hasTakenOver = true;
      }
      return;
    }
    if (this.#doubts()) return;
    this.#run.trail.push(seconds, nanos, hash);
    this.#push(seconds, nanos, text.slice(start, end), undefined);
  }

  piece(seconds: number, nanos: number, bytes: Buffer, offset: number, isLast: boolean): void {
    if (this.#isInDoubt) return;
    const text = decodeText(bytes);
    if (offset === 0 || !this.#long) this.#long = this.#beginLong(seconds, nanos, text);
    const long = this.#long as LongLine;
    const given = this.#givenBytes(seconds, nanos);
    if (!long.isSkipped && offset + bytes.length > given) {
      const part = offset >= given ? text : decodeText(bytes.subarray(given - offset));
      this.#push(seconds, nanos, part, isLast ? 'F' : 'P');
      this.#cutLine = { seconds, nanos, bytes: offset + bytes.length };
    }
    if (!isLast) return;
    if (!long.isSkipped) this.#run.trail.push(seconds, nanos, long.hash);
    this.#cutLine = undefined;
    this.#long = undefined;
  }

  stray(text: string): void {
    this.#host.count('stray_lines_total');
    this.#host.log('debug', `${this.#run.name}: the API server sent a line without a time: ${text.slice(0, 300)}`);
  }

  /** The event for what cannot be read any more; undefined where gaps are not told. */
  gapAtEnd(reason: string): LogEvent | undefined {
    const { latest, latestNanos, isEmpty } = this.#run.trail;
    const now = this.#host.clock.now();
    const from = isEmpty ? undefined : { seconds: latest, nanos: latestNanos };
    return this.#gap(reason, from, { seconds: Math.floor(now / 1000), nanos: Math.floor(now % 1000) * 1_000_000 });
  }

  #beginLong(seconds: number, nanos: number, text: string): LongLine {
    const hash = hashText(text, 0, text.length);
    const wasRead = this.#replay !== undefined && this.#wasRead(seconds, nanos, hash);
    return { hash, isSkipped: wasRead || this.#doubts() };
  }

  /** Asked for every line that was not read before; the first one decides. */
  #doubts(): boolean {
    if (this.#isFirst) {
      this.#isFirst = false;
      const { isConfirmed, isSame, isWatched } = this.#answer;
      if (!(isSame() && (isConfirmed || isWatched()))) this.#isInDoubt = true;
    }
    return this.#isInDoubt;
  }

  #givenBytes(seconds: number, nanos: number): number {
    const cut = this.#cutLine;
    return cut && cut.seconds === seconds && cut.nanos === nanos ? cut.bytes : 0;
  }

  #wasRead(seconds: number, nanos: number, hash: number): boolean {
    const replay = this.#replay as Replay;
    if (replay.skips(seconds, nanos, hash)) return true;
    if (this.#isContinued && !replay.matched) {
      if (!(this.#answer.isConfirmed && this.#answer.isSame())) {
        this.#isInDoubt = true;
        return false;
      }
      this.#isContinued = false;
      if (!this.#answer.isAtEnd) this.#tellGap(seconds, nanos);
    }
    if (replay.isOverAt(seconds)) this.#replay = undefined;
    return false;
  }

  /** None of the lines that were read last came again: the file that holds them was rotated. */
  #tellGap(seconds: number, nanos: number): void {
    const { latest, latestNanos } = this.#run.trail;
    this.#host.count('gaps_total');
    const reason = 'the log was rotated while nobody followed it';
    this.#host.log('warn', `${this.#run.name}: lines may be missing: ${reason}`);
    const gap = this.#gap(reason, { seconds: latest, nanos: latestNanos }, { seconds, nanos });
    if (gap) this.#events.push(gap);
  }

  #gap(
    reason: string,
    from: { seconds: number; nanos: number } | undefined,
    to: { seconds: number; nanos: number },
  ): LogEvent | undefined {
    if (!this.#saysGaps) return undefined;
    const body: Fields = {};
    setField(body, this.#key, `lines may be missing here: ${reason}`);
    body.gap = { reason, ...(from ? { from: stamp(from) } : {}), to: stamp(to) };
    if (this.#run.map) body.kubernetes = this.#run.map;
    return { ...to, metadata: NO_METADATA, body };
  }

  #push(seconds: number, nanos: number, text: string, logtag: 'P' | 'F' | undefined): void {
    const body: Fields = {};
    if (this.#key === 'log') body.log = text;
    else setField(body, this.#key, text);
    if (logtag) body.logtag = logtag;
    if (this.#run.map) body.kubernetes = this.#run.map;
    this.#events.push({ seconds, nanos, metadata: NO_METADATA, body });
  }
}

function stamp({ seconds, nanos }: { seconds: number; nanos: number }): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(nanos).padStart(9, '0')}Z`;
}
