/**
 * What was read last of one run of a container, so that reading can go on after a cut without a line lost or repeated.
 *
 * The API takes a sinceTime in whole seconds only, and lines may come a little out of order (two streams, one log). So
 * reading goes on one second before the second of the latest line, and every line that comes again is known by its
 * time and a hash of its text:
 *
 *     ... entries (time, hash), in the order of the log ...
 *         │ kept: from the window of the last settled line on     │ settled            │ read, not settled yet
 *
 * Of a very busy second only the last `KEPT` settled lines are kept; what is not later than those before them (`floor`)
 * counts as read. Numbers: `position` counts all lines of the run since this object was made.
 */

/** Settled lines that are kept at most. */
const KEPT = 256;
/** So many are kept however old they are: of a run whose first lines may turn out to be another's (`strays`). */
const FEW = 64;
/** How far before the second of the latest line reading goes on. */
const SLACK_SECONDS = 1;
const FIRST_CAPACITY = 16;

/** The end of the settled part, to be written down. */
export interface Snapshot {
  /** Unix seconds to read on from. */
  readonly since: number;
  /** What is not later is read, also where no entry says so. */
  readonly floorSeconds: number;
  readonly floorNanos: number;
  /** Three numbers a line: seconds after `since`, nanoseconds, hash. */
  readonly entries: Int32Array;
}

export class Trail {
  #seconds = new Float64Array(FIRST_CAPACITY);
  #nanos = new Int32Array(FIRST_CAPACITY);
  #hashes = new Int32Array(FIRST_CAPACITY);
  /** Index of the first entry that is kept, and of the first free one. */
  #head = 0;
  #end = 0;
  /** Position of index 0. */
  #base = 0;
  #settled = 0;
  #latestSettled = Number.NEGATIVE_INFINITY;
  #floorSeconds = Number.NEGATIVE_INFINITY;
  #floorNanos = 0;
  /** The second of the latest line that was read. */
  latest = Number.NEGATIVE_INFINITY;
  latestNanos = 0;
  /** The second of the first line that was read; undefined where another program read it, or nobody. */
  first: number | undefined;

  /** Goes on where another program stopped. */
  static from({ since, floorSeconds, floorNanos, entries }: Snapshot): Trail {
    const trail = new Trail();
    for (let i = 0; i + 2 < entries.length; i += 3)
      trail.push(since + (entries[i] as number), entries[i + 1] as number, entries[i + 2] as number);
    trail.#floorSeconds = floorSeconds;
    trail.#floorNanos = floorNanos;
    trail.first = undefined;
    trail.latest = Math.max(trail.latest, since + SLACK_SECONDS);
    trail.#latestSettled = trail.latest;
    trail.settle(trail.position);
    return trail;
  }

  /** How many lines were read. */
  get position(): number {
    return this.#base + this.#end;
  }

  get isEmpty(): boolean {
    return this.latest === Number.NEGATIVE_INFINITY;
  }

  /** Notes a line that was read. */
  push(seconds: number, nanos: number, hash: number): void {
    if (this.#end === this.#seconds.length) this.#grow();
    this.#seconds[this.#end] = seconds;
    this.#nanos[this.#end] = nanos;
    this.#hashes[this.#end] = hash;
    this.#end++;
    if (this.isEmpty) this.first = seconds;
    if (seconds < this.latest || (seconds === this.latest && nanos < this.latestNanos)) return;
    this.latest = seconds;
    this.latestNanos = nanos;
  }

  /** Lines before this position need not be read again by anybody. */
  settle(position: number): void {
    const to = position - this.#base;
    for (let i = this.#settled - this.#base; i < to; i++)
      this.#latestSettled = Math.max(this.#latestSettled, this.#seconds[i] as number);
    this.#settled = Math.max(this.#settled, position);
    const since = this.#latestSettled - SLACK_SECONDS;
    while (this.#head < to) {
      const isOld = (this.#seconds[this.#head] as number) < since;
      if (to - this.#head <= (isOld ? FEW : KEPT)) break;
      if (!isOld) this.#raiseFloor(this.#head);
      this.#head++;
    }
  }

  /** `most`: how many entries there may be; the latest ones. */
  snapshot(most = KEPT): Snapshot | undefined {
    if (this.#latestSettled === Number.NEGATIVE_INFINITY) return undefined;
    const since = this.#latestSettled - SLACK_SECONDS;
    const to = this.#settled - this.#base;
    const from = Math.max(this.#head, to - most);
    let floorSeconds = this.#floorSeconds;
    let floorNanos = this.#floorNanos;
    for (let i = this.#head; i < from; i++)
      if (isLater(this.#seconds[i] as number, this.#nanos[i] as number, floorSeconds, floorNanos)) {
        floorSeconds = this.#seconds[i] as number;
        floorNanos = this.#nanos[i] as number;
      }
    const entries = new Int32Array((to - from) * 3);
    let at = 0;
    for (let i = from; i < to; i++) {
      if ((this.#seconds[i] as number) < since) continue;
      entries[at++] = (this.#seconds[i] as number) - since;
      entries[at++] = this.#nanos[i] as number;
      entries[at++] = this.#hashes[i] as number;
    }
    return { since, floorSeconds, floorNanos, entries: entries.subarray(0, at) };
  }

  /** What will come again when reading goes on now; undefined where nothing was read yet. */
  replay(): Replay | undefined {
    if (this.isEmpty) return undefined;
    const since = this.latest - SLACK_SECONDS;
    return this.#expected(new Replay(since, this.latest, this.#floorSeconds, this.#floorNanos), since);
  }

  /** All that is known to have been read, of whatever run it is: what comes again in a log that is read from its start. */
  strays(): Replay {
    const since = this.latest - SLACK_SECONDS;
    const replay = new Replay(since, this.latest, this.#floorSeconds, this.#floorNanos);
    return this.#expected(replay, Number.NEGATIVE_INFINITY);
  }

  #expected(replay: Replay, from: number): Replay {
    for (let i = this.#head; i < this.#end; i++)
      if ((this.#seconds[i] as number) >= from)
        replay.expect(this.#seconds[i] as number, this.#nanos[i] as number, this.#hashes[i] as number);
    return replay;
  }

  #raiseFloor(index: number): void {
    const seconds = this.#seconds[index] as number;
    const nanos = this.#nanos[index] as number;
    if (!isLater(seconds, nanos, this.#floorSeconds, this.#floorNanos)) return;
    this.#floorSeconds = seconds;
    this.#floorNanos = nanos;
  }

  /** Makes room: throws away what is before the head, or doubles. */
  #grow(): void {
    const kept = this.#end - this.#head;
    const size = kept * 2 > this.#seconds.length ? this.#seconds.length * 2 : this.#seconds.length;
    const seconds = new Float64Array(size);
    const nanos = new Int32Array(size);
    const hashes = new Int32Array(size);
    seconds.set(this.#seconds.subarray(this.#head, this.#end));
    nanos.set(this.#nanos.subarray(this.#head, this.#end));
    hashes.set(this.#hashes.subarray(this.#head, this.#end));
    this.#seconds = seconds;
    this.#nanos = nanos;
    this.#hashes = hashes;
    this.#base += this.#head;
    this.#head = 0;
    this.#end = kept;
  }
}

function isLater(seconds: number, nanos: number, thanSeconds: number, thanNanos: number): boolean {
  return seconds > thanSeconds || (seconds === thanSeconds && nanos > thanNanos);
}

/** The lines that come again after a cut; each is left out once. */
export class Replay {
  /** Unix seconds: to be asked for as sinceTime. */
  readonly since: number;
  readonly #latest: number;
  readonly #floorSeconds: number;
  readonly #floorNanos: number;
  /** Hashes by time, as nanoseconds after `since`. */
  readonly #expected = new Map<number, number[]>();
  #left = 0;
  /** A line of those was seen: the log goes on where it was cut. */
  matched = false;

  constructor(since: number, latest: number, floorSeconds: number, floorNanos: number) {
    this.since = since;
    this.#latest = latest;
    this.#floorSeconds = floorSeconds;
    this.#floorNanos = floorNanos;
  }

  expect(seconds: number, nanos: number, hash: number): void {
    const key = (seconds - this.since) * 1e9 + nanos;
    const hashes = this.#expected.get(key);
    if (hashes) hashes.push(hash);
    else this.#expected.set(key, [hash]);
    this.#left++;
  }

  /** Whether this line was read before. */
  skips(seconds: number, nanos: number, hash: number): boolean {
    const hashes = this.#expected.get((seconds - this.since) * 1e9 + nanos);
    const index = hashes?.indexOf(hash) ?? -1;
    if (hashes && index >= 0) {
      hashes.splice(index, 1);
      this.#left--;
      this.matched = true;
      return true;
    }
    if (isLater(seconds, nanos, this.#floorSeconds, this.#floorNanos)) return false;
    this.matched = true;
    return true;
  }

  /** True where nothing that was read before can follow a line of this second. */
  isOverAt(seconds: number): boolean {
    return this.#left === 0 || seconds > this.#latest;
  }
}

/** How many characters of a line tell it from others of the same nanosecond. */
const HASHED = 1024;

/** A hash of the beginning of a text, from `start` to `end`: FNV-1a over at most 64 of its characters, evenly taken. */
export function hashText(text: string, start: number, end: number): number {
  const length = Math.min(end - start, HASHED);
  const step = (length >> 6) + 1;
  let hash = 0x811c9dc5 ^ length;
  for (let i = start; i < start + length; i += step) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}
