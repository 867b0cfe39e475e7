/**
 * Between the reader and the database: which place may be written down because everything before it is settled
 * (delivered, or durable on disk).
 *
 * A round is what was read in one go; its events may have several tags, which are settled on their own. Rounds are
 * committed in reading order; after one with a `lost` event none is, so that a restart reads it again.
 */
import type { InputHost, Settle } from '../../src/plugin.ts';
import type { CursorDatabase } from './database.ts';
import { formatCursor, type Location } from './location.ts';

/** Writes come at most this often, since each may wait for the disk. */
const WRITE_EVERY_MS = 250;

/** What was read in one go. */
export interface Round {
  /** Its last entry. */
  readonly last: Location;
  /** The last number that was read of each file that took part. */
  readonly files: ReadonlyMap<string, number>;
}

interface OpenRound extends Round {
  pending: number;
}

export class Commits {
  readonly #host: InputHost;
  readonly #database: CursorDatabase;
  readonly #rounds: OpenRound[] = [];
  /** Settled, and not yet written. */
  #last: Location | undefined;
  readonly #files = new Map<string, number>();
  readonly #forgotten = new Set<string>();
  #cancel: (() => void) | undefined;
  #lastWrite = Number.NEGATIVE_INFINITY;
  #isFrozen = false;
  #hasFailed = false;

  constructor(host: InputHost, database: CursorDatabase) {
    this.#host = host;
    this.#database = database;
  }

  /** Opens a round; `emissions` times the settle that comes back will be called. */
  open(round: Round, emissions: number): Settle {
    const open: OpenRound = { ...round, pending: emissions };
    this.#rounds.push(open);
    if (emissions === 0) this.#advance();
    return (outcome) => {
      if (outcome === 'lost') this.#isFrozen = true;
      open.pending--;
      this.#advance();
    };
  }

  /** The file will not come again. */
  forget(fileId: string): void {
    this.#forgotten.add(fileId);
  }

  /** Writes now what is settled. */
  write(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (!this.#last) return;
    this.#lastWrite = this.#host.clock.monotonic();
    try {
      const files = [...this.#files].map(([fileId, seqnum]) => ({ fileId, seqnum }));
      this.#database.write(formatCursor(this.#last), files, this.#forgotten);
      this.#last = undefined;
      this.#files.clear();
      this.#forgotten.clear();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) this.#host.log('error', `db: cannot write the cursor: ${(error as Error).message}`);
      this.#hasFailed = true;
      this.#plan();
    }
  }

  /** Writes what is left, and stops. */
  close(): void {
    this.write();
    this.#cancel?.();
    this.#cancel = undefined;
    this.#database.close();
  }

  #advance(): void {
    let done = 0;
    while (this.#rounds[done]?.pending === 0 && !this.#isFrozen) this.#take(this.#rounds[done++] as OpenRound);
    if (done === 0) return;
    this.#rounds.splice(0, done);
    this.#plan();
  }

  #take(round: OpenRound): void {
    this.#last = round.last;
    for (const [fileId, seqnum] of round.files) this.#files.set(fileId, seqnum);
  }

  #plan(): void {
    if (this.#cancel) return;
    const waitMs = Math.max(this.#lastWrite + WRITE_EVERY_MS - this.#host.clock.monotonic(), 0);
    this.#cancel = this.#host.clock.after(waitMs, () => this.write(), true);
  }
}
