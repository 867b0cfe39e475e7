/**
 * Between the readers and the store: hands events over, and writes down how far a run is delivered.
 *
 * Always: a cursor that is written says of no line that it was delivered before the engine said so (settled as safe). A
 * settle speaks for all lines of the run before it, since a tag's events are settled in order. After a `lost` the cursor
 * of the run stays. Without a store nothing is kept.
 */
import type { LogEvent } from '../../src/data/event.ts';
import type { InputHost, Settle } from '../../src/plugin.ts';
import type { Run } from './run.ts';
import type { RowKey, Saved, Store } from './store.ts';

const RETRY_MS = 1000;

export class Commits {
  readonly #host: InputHost;
  readonly #store: Store | undefined;
  readonly #dirty = new Set<Run>();
  readonly #removed = new Map<string, RowKey>();
  #scheduled = false;
  /** A write of a store that takes its time. */
  #underWay: Promise<void> | undefined;
  #lastWrite = Number.NEGATIVE_INFINITY;
  #failed = false;
  #closed = false;
  /** Called when all lines of a run that is read have arrived. */
  arrived: (run: Run) => void = () => {};

  constructor(host: InputHost, store: Store | undefined) {
    this.#host = host;
    this.#store = store;
  }

  /** Hands over events of a run; all of its lines until now are read. @returns false where the input should wait. */
  emit(run: Run, events: LogEvent[]): boolean {
    const { position } = run.trail;
    run.open++;
    const settle: Settle = (outcome) => this.#settled(run, position, outcome);
    return this.#host.emit(run.tag, events, settle);
  }

  /** All lines of the run until now were handed over as those of the run before, and nothing else was: it is written down. */
  takenOver(run: Run): void {
    if (run.open > 0 || (run.before?.open ?? 0) > 0 || run.isFrozen) return;
    run.trail.settle(run.trail.position);
    this.note(run);
  }

  /** The run is known, or was read to its end: its row is written. */
  note(run: Run): void {
    if (!this.#store || run.isFrozen) return;
    this.#removed.delete(run.key);
    this.#dirty.add(run);
    this.#schedule(0);
  }

  /** The pod is gone, and the run is read: its row goes when all is settled. */
  forget(run: Run): void {
    run.isForgotten = true;
    if (run.open === 0) this.#remove(run);
  }

  /** Rows of runs that nobody knows any more. */
  removeRows(rows: Iterable<RowKey>): void {
    if (!this.#store) return;
    for (const row of rows) this.#removed.set(`${row.uid}/${row.container}/${row.restarts}`, row);
    this.#schedule(0);
  }

  /** Called now and then, so that the store knows until when somebody was there. */
  touch(): void {
    if (this.#store) this.#schedule(0);
  }

  /** Writes what is left, at the end. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#underWay;
    await this.#write();
    this.#store?.close();
  }

  #settled(run: Run, position: number, outcome: 'safe' | 'lost'): void {
    run.open--;
    if (outcome === 'lost') run.isFrozen = true;
    if (run.open === 0 && run.isRead) this.arrived(run);
    if (run.isFrozen) return;
    run.trail.settle(position);
    if (run.isForgotten && run.open === 0) this.#remove(run);
    else this.note(run);
  }

  #remove(run: Run): void {
    if (!this.#store || run.isFrozen) return;
    this.#dirty.delete(run);
    this.#removed.set(run.key, { ...run.identity });
    this.#schedule(0);
  }

  #schedule(delayMs: number): void {
    if (this.#scheduled || !this.#store || this.#closed) return;
    this.#scheduled = true;
    const run = () => {
      if (!this.#scheduled || this.#closed) return;
      this.#scheduled = false;
      void this.#write();
    };
    const quietMs = this.#host.clock.monotonic() - this.#lastWrite;
    const waitMs = Math.max(delayMs, this.#store.everyMs - quietMs);
    // Not in the settle itself: several come in a row, and one write serves them all.
    if (waitMs <= 0) queueMicrotask(run);
    else this.#host.clock.after(waitMs, run, true);
  }

  #write(): Promise<void> | undefined {
    const store = this.#store;
    if (!store || this.#underWay) return undefined;
    const runs = [...this.#dirty];
    const removed = [...this.#removed];
    this.#dirty.clear();
    this.#removed.clear();
    this.#lastWrite = this.#host.clock.monotonic();
    const rows = runs.map((run) => rowOf(run, store.entries));
    const keys = removed.map(([, row]) => row);
    const failed = (error: unknown) => {
      for (const run of runs) if (!this.#removed.has(run.key)) this.#dirty.add(run);
      for (const [key, row] of removed) this.#removed.set(key, row);
      this.#report(error);
    };
    try {
      const written = store.write(rows, keys, this.#host.clock.now() / 1000);
      this.#underWay = written?.then(() => this.#written(), failed).finally(() => this.#done());
      if (!written) this.#written();
    } catch (error) {
      failed(error);
    }
    return this.#underWay;
  }

  #written(): void {
    this.#failed = false;
  }

  #done(): void {
    this.#underWay = undefined;
    if (this.#dirty.size > 0 || this.#removed.size > 0) this.#schedule(0);
  }

  #report(error: unknown): void {
    if (!this.#failed) this.#host.log('error', `cannot write the cursors: ${(error as Error).message}; trying again`);
    this.#failed = true;
    this.#schedule(RETRY_MS);
  }
}

function rowOf(run: Run, entries: number): Saved {
  const { uid, namespace, pod, container, restarts } = run.identity;
  return {
    ...{ uid, namespace, pod, container, restarts },
    start: run.start,
    snapshot: run.trail.snapshot(entries),
    isRead: run.isRead && run.open === 0,
  };
}
