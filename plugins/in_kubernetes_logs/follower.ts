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
  #hasSlot = false;
  /** The API server was asked just now. */
  #isConfirmed = false;
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
    if (this.#hasSlot) this.open();
    else if (waitMs === 0) this.#parts.slots.want(this);
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
    this.#cancel?.();
    this.#cancel = undefined;
    this.start();
  }

  open(): void {
    const { run } = this;
    this.#hasSlot = true;
    if (run.place === 'none') {
      this.#release();
      if (this.#endedWell) this.#read();
      else this.#giveUpRun(`the log of run ${run.identity.restarts} was gone before it was read to its end`);
      return;
    }
    this.#isLast = !run.isRunning || run.place === 'previous';
    this.#place = run.place;
    this.#isGivingUp = false;
    this.lastDataMs = this.#parts.host.clock.monotonic();
    this.#reader.reset();
    const openedAtMs = this.lastDataMs;
    this.#composer.begin({
      isConfirmed: this.#isConfirmed,
      isAtEnd: this.#endedWell,
      isSame: () => run.place === this.#place,
      isWatched: () => this.#parts.isWatched(run, openedAtMs),
    });
    this.#isConfirmed = false;
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
    if (this.#stream) this.#stream.close();
    else {
      // In doubt, and waiting for an answer.
      this.#release();
      this.wake();
    }
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
      if (this.#ended) this.#release();
      return true;
    }
    for (const bytes of this.#take()) this.#reader.push(bytes);
    if (this.#composer.isInDoubt && !this.#isGivingUp) this.giveUp();
    const ended = this.#ended;
    // What the container did not end with a line break is a line when nothing more can come.
    if (ended && !ended.error && this.#isLast && !this.#isGivingUp) this.#reader.end();
    const events = this.#composer.take();
    const hasRoom = events.length === 0 || this.#parts.commits.emit(this.run, events);
    if (ended) this.#afterEnd(ended.error);
    else if (hasRoom && !this.#isPaused) this.#stream?.resume();
    return hasRoom;
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

  #release(): void {
    this.#hasSlot = false;
    this.#parts.slots.release(this);
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
    const isInDoubt = this.#composer.isInDoubt;
    // A container that restarted in between: another run may have answered.
    const isElsewhere = this.#isLast && this.#place !== this.run.place;
    // Not where it was refused: what was read before may have been all.
    if (!(error instanceof KubeError || isInDoubt)) this.#endedWell = !error && !this.#isGivingUp && !isElsewhere;
    // In doubt it keeps its slot, to go on as soon as there is an answer.
    if (!isInDoubt) this.#release();
    if (isInDoubt) this.#resolveDoubt();
    else if (this.#isGivingUp || isElsewhere) this.start();
    else if (error) this.#failed(error);
    else if (this.#isLast) this.#read();
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
      if (this.#endedWell) this.#read();
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

  /** Waits until the API server must know which run it is, asks, and goes on. */
  #resolveDoubt(): void {
    const { run } = this;
    const place = run.place;
    const waitMs = run.trail.isEmpty ? 0 : TOLD_MS;
    this.#later(waitMs, async () => {
      try {
        await this.#parts.refresh(run);
        this.#isConfirmed = run.place === place;
        this.start();
      } catch (error) {
        this.#release();
        this.#failed(error as Error);
      }
    });
  }

  #read(): void {
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
    this.#read();
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
