/**
 * Reads the log of one run of a container through the API server, from where it was left to its end.
 *
 *     wait for the run before ─▶ wait for a slot ─▶ open ─▶ pieces ─▶ turn: lines, events ─▶ ended ─┬▶ read to the end
 *              ▲                                                                                   │
 *              └──────── cut off, its turn is over, silent, still running: wait, then ─────────────┘
 *
 * Always: a line is handed over once, whatever happens to the connection (trail.ts). The log counts as read when an
 * answer that was asked for after the container's end came to its own end. At most `HELD_BYTES` of a log, and what is in
 * the connection, wait here to be worked on.
 */
import { Backoff, type KubeClient, KubeError, type KubeStream } from '../../src/net/kube.ts';
import type { InputHost } from '../../src/plugin.ts';
import type { Commits } from './commits.ts';
import { Composer } from './compose.ts';
import { LineReader } from './lines.ts';
import type { Place, Run } from './run.ts';
import type { Settings } from './settings.ts';
import type { Slots, Follower as SlotTaker } from './slots.ts';
import type { Troubles } from './troubles.ts';
import type { Turns, TurnTaker } from './turns.ts';

export interface FollowerParts {
  readonly settings: Settings;
  readonly host: InputHost;
  readonly client: KubeClient;
  readonly commits: Commits;
  readonly slots: Slots;
  readonly turns: Turns<RunFollower>;
  readonly troubles: Troubles;
  /** The run is read to its end, or as far as it can be. */
  finished(run: Run): void;
  /** Asks the API server for the pod of a run. @throws KubeError, or the error of the connection. */
  refresh(run: Run): Promise<void>;
  /** Whether the watch runs without a break since then: so what it said of a run holds. */
  isWatched(run: Run, sinceMs: number): boolean;
}

const HELD_BYTES = 32 * 1024;
/** A kubelet that started the next run has told the API server after this. */
const TOLD_MS = 3000;
/** The lines of a run are handed over when those of the run before have arrived, or after this. */
const ORDER_MS = 10_000;
/** A container whose log ended is given this long until the watch says so. */
const SETTLE_DOWN_MS = 1000;
/** How often a log that is refused is tried again while its container has ended. */
const MOST_REFUSALS = 5;
/** The same for the run before the present one, whose lines wait for this. */
const MOST_REFUSALS_BEFORE = 2;
/** The log of a pod that is gone ends soon; one that does not is closed after this much silence. */
const GONE_IDLE_MS = 60_000;

export class RunFollower implements SlotTaker, TurnTaker {
  readonly run: Run;
  readonly #parts: FollowerParts;
  readonly #composer: Composer;
  readonly #reader: LineReader;
  readonly #backoff: Backoff;
  #stream: KubeStream | undefined;
  #pieces: Buffer[] = [];
  #heldBytes = 0;
  #isPaused = false;
  /** Set once the answer has ended; dealt with when all its bytes are. */
  #ended: { readonly error: Error | undefined } | undefined;
  /** Whether the container had ended when the log was asked for. */
  #isLast = false;
  /** Where the log was then. */
  #place: Place = 'current';
  #isStopped = false;
  /** The last answer came to its own end: most likely that of the log. */
  #endedWell = false;
  #isGivingUp = false;
  /** What came of this answer before it was clear whose lines these are. */
  #head: Buffer[] = [];
  /** `asking`: whose they are is being asked; `wrong`: those of another run, to be thrown away. */
  #doubt: 'none' | 'asking' | 'wrong' = 'none';
  #openedAtMs = 0;
  /**
   * The first bytes of an answer wait for their next turn: whether the watch was cut before they were sent is known then.
   * A connection's end is told later than another one's bytes.
   */
  #hasWaited = false;
  #refusals = 0;
  #cancel: (() => void) | undefined;
  /** Spread, so that not all are opened anew together. */
  readonly #idleMs: number;
  lastDataMs: number;

  constructor(run: Run, parts: FollowerParts) {
    this.run = run;
    this.#parts = parts;
    this.#composer = new Composer(run, parts.settings.options, parts.host);
    this.#reader = new LineReader(this.#composer, parts.settings.options.max_line_size);
    this.#backoff = new Backoff(parts.host.clock, SETTLE_DOWN_MS);
    this.#idleMs = parts.settings.idleMs * (0.75 + parts.host.clock.random() / 2);
    this.lastDataMs = parts.host.clock.monotonic();
  }

  /** Gets into line for a slot, unless the run before is not read yet. */
  start(): void {
    if (this.run.isRead || this.#stream || this.#cancel || this.#isStopped) return;
    const waitMs = this.#waitForBefore();
    if (waitMs === 0) this.#parts.slots.want(this);
    else if (waitMs < Number.POSITIVE_INFINITY) this.#later(waitMs);
  }

  /** Lines of the run before go first; then it wakes this one. */
  #waitForBefore(): number {
    const { before } = this.run;
    if (!before) return 0;
    if (!before.isRead) return Number.POSITIVE_INFINITY;
    if (before.open === 0) return 0;
    return Math.max(before.readAtMs + ORDER_MS - this.#parts.host.clock.monotonic(), 0);
  }

  /** The watch told something new: no need to wait any longer. */
  wake(): void {
    // Nothing of this answer was taken yet, and it may be the log of the next run: that one would not end.
    const isOpen = this.#stream !== undefined && this.#doubt === 'none' && !(this.#isLast || this.#composer.isDecided);
    if ((isOpen || this.#doubt === 'asking') && this.run.place !== this.#place) this.#throwAway();
    if (this.#doubt !== 'none') return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.start();
  }

  open(): void {
    const { run } = this;
    if (run.place === 'none') {
      this.#parts.slots.release(this);
      if (this.#endedWell) this.#finish();
      else this.#giveUpRun(`the log of run ${run.identity.restarts} was gone before it was read to its end`);
      return;
    }
    this.#isLast = !run.isRunning || run.place === 'previous';
    this.#place = run.place;
    this.#isGivingUp = false;
    this.#hasWaited = false;
    this.lastDataMs = this.#parts.host.clock.monotonic();
    this.#openedAtMs = this.lastDataMs;
    this.#begin(false);
    this.#stream = this.#parts.client.stream(this.#path(), {
      opened: () => this.#opened(),
      data: (bytes) => this.#data(bytes),
      ended: (error) => {
        this.#ended = { error };
        this.#parts.turns.add(this);
      },
    });
    if (this.#parts.turns.isPaused) this.pause();
  }

  giveUp(): void {
    this.#isGivingUp = true;
    this.#stream?.close();
  }

  pause(): void {
    this.#isPaused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#heldBytes < HELD_BYTES) this.#stream?.resume();
  }

  /** Opens a log anew that was silent for too long. */
  checkIdle(nowMs: number): void {
    const limit = this.run.isGone ? GONE_IDLE_MS : this.#idleMs;
    if (this.#stream && !this.#ended && limit > 0 && nowMs - this.lastDataMs >= limit && !this.#isPaused) this.giveUp();
  }

  /** For good; what was not handed over yet is left. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#stream?.close();
  }

  get state(): string {
    if (this.#stream) return `open held=${this.#heldBytes}`;
    return this.run.isRead ? 'read' : 'waiting';
  }

  turn(): boolean {
    if (this.#isStopped) {
      if (this.#ended) this.#parts.slots.release(this);
      return true;
    }
    if (this.#doubt === 'asking') return true;
    if (!this.#hasWaited && this.#pieces.length > 0 && !this.#composer.isDecided) {
      this.#hasWaited = true;
      this.#parts.turns.add(this);
      return true;
    }
    for (const bytes of this.#take()) this.#read(bytes);
    const ended = this.#ended;
    // What the container did not end with a line break is a line when nothing more can come.
    if (ended && !ended.error && this.#isLast && !this.#isGivingUp && this.#doubt === 'none') this.#reader.end();
    if (this.#composer.isInDoubt && this.#doubt === 'none') {
      this.#ask();
      return true;
    }
    const events = this.#composer.take();
    // Where there are events, the answer for them speaks for all lines before.
    if (this.#composer.takeTakenOver() && events.length === 0) this.#parts.commits.takenOver(this.run);
    const hasRoom = events.length === 0 || this.#parts.commits.emit(this.run, events);
    if (ended) this.#afterEnd(ended.error);
    else if (hasRoom && !this.#isPaused) this.#stream?.resume();
    return hasRoom;
  }

  /** @param isConfirmed the API server was asked after the answer had begun: it is this run's. */
  #begin(isConfirmed: boolean): void {
    const { run } = this;
    this.#reader.reset();
    this.#head = [];
    this.#composer.begin({
      isConfirmed,
      isAtEnd: this.#endedWell,
      isSame: () => run.place === this.#place,
      isWatched: () => this.#parts.isWatched(run, this.#openedAtMs),
    });
  }

  #read(bytes: Buffer): void {
    if (this.#doubt === 'wrong') return;
    const composer = this.#composer;
    if (!composer.isDecided || composer.isInDoubt) this.#head.push(bytes);
    if (!composer.isInDoubt) this.#reader.push(bytes);
    if (this.#head.length > 0 && composer.isDecided && !composer.isInDoubt) this.#head = [];
  }

  #opened(): void {
    this.#refusals = 0;
    const { run } = this;
    // From now on "the end of the log" would be another one.
    if (run.start.kind === 'now') run.start = { kind: 'since', seconds: run.start.seconds };
  }

  #data(bytes: Buffer): void {
    this.#backoff.reset();
    this.lastDataMs = this.#parts.host.clock.monotonic();
    this.#pieces.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= HELD_BYTES) this.#stream?.pause();
    this.#parts.turns.add(this);
  }

  #take(): Buffer[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#heldBytes = 0;
    return pieces;
  }

  #afterEnd(error: Error | undefined): void {
    this.#stream = undefined;
    this.#ended = undefined;
    this.#parts.slots.release(this);
    const isWrong = this.#doubt === 'wrong';
    this.#doubt = 'none';
    // A container that restarted in between: another run may have answered.
    const isElsewhere = isWrong || (this.#isLast && this.#place !== this.run.place);
    // Not where it was refused: what was read before may have been all.
    if (!(error instanceof KubeError || isWrong)) this.#endedWell = !error && !this.#isGivingUp && !isElsewhere;
    if (isWrong && this.#place === this.run.place) this.#later(this.#backoff.nextMs());
    else if (this.#isGivingUp || isElsewhere) this.start();
    else if (error) this.#failed(error);
    else if (this.#isLast) this.#finish();
    else if (!this.run.isRunning) this.start();
    // The container ended, which the watch will say; or its kubelet stops following at a rotation.
    else this.#later(this.#backoff.nextMs());
  }

  #failed(error: Error): void {
    const { run } = this;
    const status = error instanceof KubeError ? error.status : 0;
    const isUnreadable = status === 404 || status === 400;
    if (isUnreadable) this.#refusals++;
    if (status === 404 && run.isGone) {
      if (this.#endedWell) this.#finish();
      else this.#giveUpRun('the pod was gone before its log was read to its end');
      return;
    }
    const most = run.place === 'previous' ? MOST_REFUSALS_BEFORE : MOST_REFUSALS;
    if (isUnreadable && !run.isRunning && this.#refusals > most) {
      this.#giveUpRun(`the log of a container that ended cannot be read: ${error.message}`);
      return;
    }
    this.#parts.troubles.say(error, run.name);
    this.#later(this.#backoff.nextMs(isUnreadable ? undefined : error));
  }

  /** Nothing is handed over until the API server has said, after this answer had begun, whose it is. */
  #ask(): void {
    const { run } = this;
    if (run.place !== this.#place) {
      this.#throwAway();
      return;
    }
    this.#doubt = 'asking';
    this.#stream?.pause();
    // A kubelet that has started the next run needs a moment to tell the API server.
    this.#later(run.trail.isEmpty ? 0 : TOLD_MS, async () => {
      try {
        await this.#parts.refresh(run);
        if (this.#doubt === 'asking') this.#goOn();
      } catch (error) {
        if (this.#doubt !== 'asking') return;
        // A pod that is gone starts no other run.
        if (error instanceof KubeError && error.status === 404) this.#goOn();
        else {
          this.#parts.troubles.say(error as Error, run.name);
          this.#throwAway();
        }
      }
    });
  }

  /** They are this run's: from the first byte again. */
  #goOn(): void {
    const head = this.#head;
    this.#doubt = 'none';
    this.#begin(true);
    this.#pieces.unshift(...head);
    this.#parts.turns.add(this);
  }

  /** They are not, or nobody knows: the log is asked for again. */
  #throwAway(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#doubt = 'wrong';
    this.#head = [];
    this.#take();
    this.#stream?.close();
    this.#parts.turns.add(this);
  }

  #finish(): void {
    this.run.isRead = true;
    this.run.readAtMs = this.#parts.host.clock.monotonic();
    this.#parts.finished(this.run);
  }

  /** Nothing more can be read of this run. */
  #giveUpRun(reason: string): void {
    this.#parts.host.count('logs_cut_short_total');
    const gap = this.#composer.gapAtEnd(reason);
    if (gap) this.#parts.commits.emit(this.run, [gap]);
    this.#parts.host.log('warn', `${this.run.name}: ${reason}`);
    this.#finish();
  }

  #later(ms: number, run: () => void = () => this.start()): void {
    this.#cancel = this.#parts.host.clock.after(ms, () => {
      this.#cancel = undefined;
      run();
    });
  }

  #path(): string {
    const { identity, place } = this.run;
    const query = new URLSearchParams({ container: identity.container, timestamps: 'true' });
    if (place === 'previous') query.set('previous', 'true');
    else if (!this.#isLast) query.set('follow', 'true');
    const since = this.#composer.since();
    if (since !== undefined) query.set('sinceTime', `${new Date(since * 1000).toISOString().slice(0, 19)}Z`);
    else if (this.run.start.kind === 'now') query.set('tailLines', '0');
    return `/api/v1/namespaces/${identity.namespace}/pods/${identity.pod}/log?${query}`;
  }
}
