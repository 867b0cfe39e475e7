/**
 * What the chunks that wait for one output take on disk, and its storage.total_limit_size: a new chunk is always taken,
 * and as few of the oldest as will do make room for it, those of earlier runs first. What the output has in hand stays.
 */
import type { Delivery } from './delivery.ts';

/** What an earlier run left for the output, and which is not handed to it yet. */
export interface WaitingOnDisk {
  bytes(): number;
  /** @returns false where there is none any more. */
  giveUpOldest(): boolean;
}

export class DiskShare {
  readonly limitBytes: number | undefined;
  backlog: WaitingOnDisk | undefined;
  #usedBytes = 0;

  constructor(limitBytes: number | undefined) {
    this.limitBytes = limitBytes;
  }

  /** Those that have to go before the delivery can stay, in that order; they are counted out by `remove`. */
  *makeRoomFor(delivery: Delivery, open: Iterable<Delivery>): Iterable<Delivery> {
    if (this.limitBytes === undefined || delivery.diskBytes === 0) return;
    const room = this.limitBytes - delivery.diskBytes;
    const fits = () => this.#usedBytes + (this.backlog?.bytes() ?? 0) <= room;
    if (fits()) return;
    const candidates = [...open].filter(({ state, diskBytes }) => state !== 'flushing' && diskBytes > 0);
    for (const other of candidates) if (other.chunk.isBacklog && !fits()) yield other;
    while (!fits() && this.backlog?.giveUpOldest());
    for (const other of candidates) if (!other.chunk.isBacklog && !fits()) yield other;
  }

  add(delivery: Delivery): void {
    this.#usedBytes += delivery.diskBytes;
  }

  remove(delivery: Delivery): void {
    this.#usedBytes -= delivery.diskBytes;
  }
}
