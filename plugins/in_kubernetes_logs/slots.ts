/**
 * How many logs are followed at once, and how fast they are opened, so that neither this program nor the API server has
 * more to bear than it should. Who wants to be followed waits in line; while somebody waits, those who were followed
 * for a whole turn go to the end of the line, the ones that were silent for longest first.
 */
import type { Clock } from '../../src/plugin.ts';

export interface Follower {
  /** It is its turn. */
  open(): void;
  /** Gives its place up, in its own time: `release` follows. */
  giveUp(): void;
  /** When the last line came, on the clock that only goes forward. */
  readonly lastDataMs: number;
}

export interface SlotLimits {
  readonly most: number;
  readonly perSecond: number;
  readonly turnMs: number;
}

const LOOK_MS = 1000;

export class Slots {
  readonly #clock: Clock;
  readonly #limits: SlotLimits;
  readonly #waiting = new Set<Follower>();
  /** With the time at which it was opened. */
  readonly #open = new Map<Follower, number>();
  readonly #leaving = new Set<Follower>();
  #tokens: number;
  #refilledAt: number;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(clock: Clock, limits: SlotLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#tokens = limits.perSecond;
    this.#refilledAt = clock.monotonic();
  }

  get openCount(): number {
    return this.#open.size;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Gets into line. */
  want(follower: Follower): void {
    if (this.#stopped || this.#open.has(follower)) return;
    this.#waiting.add(follower);
    this.#advance();
  }

  /** Its log is not open any more, and it does not wait. */
  release(follower: Follower): void {
    this.#waiting.delete(follower);
    this.#leaving.delete(follower);
    this.#open.delete(follower);
    this.#advance();
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    this.#cancel?.();
  }

  #advance(): void {
    if (this.#stopped) return;
    this.#refill();
    for (const follower of this.#waiting) {
      if (this.#open.size >= this.#limits.most || this.#tokens < 1) break;
      this.#tokens--;
      this.#waiting.delete(follower);
      this.#open.set(follower, this.#clock.monotonic());
      follower.open();
    }
    if (this.#waiting.size > 0) this.#lookLater();
  }

  #lookLater(): void {
    if (this.#cancel || this.#stopped) return;
    const isFull = this.#open.size >= this.#limits.most;
    const waitMs = isFull ? LOOK_MS : Math.ceil((1 - this.#tokens) * (1000 / this.#limits.perSecond));
    this.#cancel = this.#clock.after(Math.max(waitMs, 1), () => {
      this.#cancel = undefined;
      if (isFull) this.#makeRoom();
      this.#advance();
    });
  }

  #makeRoom(): void {
    const before = this.#clock.monotonic() - this.#limits.turnMs;
    const candidates = [...this.#open].filter(([one, openedAt]) => openedAt <= before && !this.#leaving.has(one));
    const silentFirst = candidates.sort(([a], [b]) => a.lastDataMs - b.lastDataMs);
    for (const [follower] of silentFirst.slice(0, this.#waiting.size - this.#leaving.size)) {
      this.#leaving.add(follower);
      follower.giveUp();
    }
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    const { perSecond } = this.#limits;
    this.#tokens = Math.min(perSecond, this.#tokens + ((now - this.#refilledAt) / 1000) * perSecond);
    this.#refilledAt = now;
  }
}
