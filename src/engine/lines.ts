/**
 * Emissions of one input that wait for a filter, in line by tag: those of a tag never overtake each other, those of
 * other tags go by. A filter waits for what only some records need (the metadata of one pod); the rest of a node must
 * not wait for it, too. What may wait is bounded: beyond that the input is told to stop reading.
 */

/** More of either than an input's reads are likely to hold; some tens of megabytes at the most. */
const MOST_EMISSIONS = 64;
const MOST_EVENTS = 10_000;

export class Lines {
  /** The last emission in line of each tag that has some. */
  readonly #last = new Map<string, Promise<void>>();
  readonly #left: (roomAgain: boolean) => void;
  #emissions = 0;
  #events = 0;
  #wasFull = false;
  /** The tags whose emissions are on their way right now, the innermost last: filters emit. */
  readonly #inHand: string[] = [];

  /** `left` is called whenever one that waited is done: with true where `hasRoom` was false and is no longer. */
  constructor(left: (roomAgain: boolean) => void) {
    this.#left = left;
  }

  get hasRoom(): boolean {
    const hasRoom = this.#emissions < MOST_EMISSIONS && this.#events < MOST_EVENTS;
    if (!hasRoom) this.#wasFull = true;
    return hasRoom;
  }

  get isWaiting(): boolean {
    return this.#emissions > 0;
  }

  isWaitingFor(tag: string): boolean {
    return this.#last.has(tag);
  }

  /** Runs `way`, which takes `events` events of `tag` along, as soon as those of this tag before it are done. */
  enter(tag: string, events: number, way: () => Promise<void> | undefined): void {
    const before = this.#last.get(tag);
    // What a filter emits while it has events of this tag in hand does not wait for these.
    const done = before && !this.#inHand.includes(tag) ? before.then(() => this.#go(tag, way)) : this.#go(tag, way);
    if (!done) return;
    this.#emissions++;
    this.#events += events;
    const last = Promise.all([before, done]).then(() => {
      this.#emissions--;
      this.#events -= events;
      if (this.#last.get(tag) === last) this.#last.delete(tag);
      const roomAgain = this.#wasFull && this.hasRoom;
      if (roomAgain) this.#wasFull = false;
      this.#left(roomAgain);
    });
    this.#last.set(tag, last);
  }

  /** Resolves when nothing is in line any more. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }

  #go(tag: string, way: () => Promise<void> | undefined): Promise<void> | undefined {
    this.#inHand.push(tag);
    try {
      return way();
    } finally {
      this.#inHand.pop();
    }
  }
}
