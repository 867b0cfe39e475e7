/**
 * One run of a container: from its start to its end. A restart makes another run, with another container ID, another tag
 * and another log; its lines come after those of the run before.
 */
import type { Fields } from '../../src/data/event.ts';
import type { Saved, Start } from './store.ts';
import { Trail } from './trail.ts';

/** Where the API server has the log: the present or last run, the run before, or nowhere any more. */
export type Place = 'current' | 'previous' | 'none';

export interface RunIdentity {
  readonly uid: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly restarts: number;
}

export class Run {
  identity: RunIdentity;
  key: string;
  tag: string;
  /** `containerd://...`; tells which run a status speaks of. */
  containerId: string;
  /** Unix seconds, as the status says it; undefined where it does not. */
  startedAt: number | undefined;
  /** Where to begin while nothing was read. */
  start: Start;
  /** Lines that were read. */
  trail: Trail;
  /** The run before this one, as long as its lines are not all read. */
  before: Run | undefined;
  place: Place = 'current';
  /** False once the container has ended, as the watch says it. */
  isRunning = true;
  /** The pod's object is gone. */
  isGone = false;
  /** Every line that can be read was read. */
  isRead = false;
  /** When that was, on the clock that only goes forward. */
  readAtMs = 0;
  /** The map `kubernetes` of the pod as it is now. */
  map: Fields | undefined;

  // What commits.ts keeps.
  /** How many emissions are not settled. */
  open = 0;
  /** Something was lost: nothing later may be saved. */
  isFrozen = false;
  /** Its pod is gone: the row goes, too, when all is settled. */
  isForgotten = false;

  constructor(
    identity: RunIdentity,
    tag: string,
    containerId: string,
    startedAt: number | undefined,
    saved: Saved | Start,
  ) {
    this.identity = identity;
    this.key = keyOf(identity);
    this.tag = tag;
    this.containerId = containerId;
    this.startedAt = startedAt;
    const isSaved = 'start' in saved;
    this.start = isSaved ? saved.start : saved;
    this.trail = isSaved && saved.snapshot ? Trail.from(saved.snapshot) : new Trail();
    this.isRead = isSaved && saved.isRead;
  }

  /**
   * Whether the lines that were read as those of this run are those of the next one, which started at `nextStart` (Unix
   * seconds): the watch was late, and the log that the API server gave out was the next run's already. Within the second
   * of its start nobody can tell; then they are taken for this run's.
   */
  hasLinesOf(nextStart: number | undefined): boolean {
    const { first } = this.trail;
    return first !== undefined && nextStart !== undefined && first > nextStart;
  }

  /** This was the next run all the time, and what was made for that one is this run, of which nothing was read yet. */
  changePlaces(next: Run): void {
    const { identity, key, tag, containerId, startedAt, map, start, before } = this;
    this.identity = next.identity;
    this.key = next.key;
    this.tag = next.tag;
    this.containerId = next.containerId;
    this.startedAt = next.startedAt;
    this.map = next.map;
    this.start = next.start;
    this.before = undefined;
    Object.assign(next, { identity, key, tag, containerId, startedAt, map, start, before });
    this.isRead = false;
    this.isForgotten = false;
  }

  /** For logs. */
  get name(): string {
    const { namespace, pod, container } = this.identity;
    return `${namespace}/${pod}/${container}`;
  }
}

export function keyOf({ uid, container, restarts }: Pick<RunIdentity, 'uid' | 'container' | 'restarts'>): string {
  return `${uid}/${container}/${restarts}`;
}
