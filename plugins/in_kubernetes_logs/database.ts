/**
 * Cursors in a SQLite file, through Node's own SQLite:
 *
 *     kubernetes_logs_cursor(uid, container, restarts, namespace, pod, start, since, floor, floor_nanos, lines, is_read)
 *     kubernetes_logs_state(key, value): last_seen
 *
 * `start` is where reading begins while no line was delivered (NULL: at the start of the log, else Unix seconds); `since`
 * is NULL until then. `lines` holds the last delivered lines, three little-endian 32-bit numbers each (see trail.ts). With
 * WAL and synchronous=NORMAL a kill of the program loses nothing that was written.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { OptionError } from '../../src/plugin.ts';
import type { Loaded, RowKey, Saved, Store } from './store.ts';

const TABLES = `
CREATE TABLE IF NOT EXISTS kubernetes_logs_cursor (
  uid TEXT NOT NULL, container TEXT NOT NULL, restarts INTEGER NOT NULL, namespace TEXT NOT NULL, pod TEXT NOT NULL,
  start REAL, since REAL, floor REAL, floor_nanos INTEGER, lines BLOB, is_read INTEGER NOT NULL,
  PRIMARY KEY (uid, container, restarts)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kubernetes_logs_state (key TEXT PRIMARY KEY, value REAL) WITHOUT ROWID;
`;

/** How long a write waits for another program that has the database locked. */
const BUSY_MS = 1000;

export class Database implements Store {
  readonly everyMs = 5;
  readonly entries = 256;
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #seen: StatementSync;

  /** @throws OptionError where the file cannot be opened. */
  constructor(path: string, sync: string) {
    this.#db = open(path, sync);
    this.#put = this.#db.prepare('INSERT OR REPLACE INTO kubernetes_logs_cursor VALUES (?,?,?,?,?,?,?,?,?,?,?)');
    this.#delete = this.#db.prepare(
      'DELETE FROM kubernetes_logs_cursor WHERE uid = ? AND container = ? AND restarts = ?',
    );
    this.#seen = this.#db.prepare("INSERT OR REPLACE INTO kubernetes_logs_state VALUES ('last_seen', ?)");
  }

  load(): Loaded {
    const rows = this.#db.prepare('SELECT * FROM kubernetes_logs_cursor').all();
    const state = this.#db.prepare("SELECT value FROM kubernetes_logs_state WHERE key = 'last_seen'").get();
    return { rows: rows.map(toSaved), lastSeen: state === undefined ? undefined : Number(state.value) };
  }

  write(changed: readonly Saved[], removed: readonly RowKey[], lastSeen: number): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      for (const row of changed) this.#putRow(row);
      for (const { uid, container, restarts } of removed) this.#delete.run(uid, container, restarts);
      this.#seen.run(lastSeen);
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#db.close();
  }

  #putRow({ uid, container, restarts, namespace, pod, start, snapshot, isRead }: Saved): void {
    const lines =
      snapshot && new Uint8Array(snapshot.entries.buffer, snapshot.entries.byteOffset, snapshot.entries.byteLength);
    const floor = snapshot && Number.isFinite(snapshot.floorSeconds) ? snapshot : undefined;
    this.#put.run(
      ...([uid, container, restarts, namespace, pod] as const),
      start.kind === 'start' ? null : start.seconds,
      snapshot?.since ?? null,
      floor?.floorSeconds ?? null,
      floor?.floorNanos ?? null,
      lines ?? null,
      isRead ? 1 : 0,
    );
  }
}

function open(path: string, sync: string): DatabaseSync {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  try {
    const db = new DatabaseSync(path, { timeout: BUSY_MS });
    db.exec('PRAGMA journal_mode = WAL');
    db.exec(`PRAGMA synchronous = ${sync}`);
    db.exec(TABLES);
    return db;
  } catch (error) {
    throw new OptionError(`cannot open/create database ${path}: ${(error as Error).message}`, 'db');
  }
}

function toSaved(row: Record<string, unknown>): Saved {
  return {
    uid: String(row.uid),
    container: String(row.container),
    restarts: Number(row.restarts),
    namespace: String(row.namespace),
    pod: String(row.pod),
    start: row.start === null ? { kind: 'start' } : { kind: 'since', seconds: Number(row.start) },
    snapshot:
      row.since === null
        ? undefined
        : {
            since: Number(row.since),
            floorSeconds: row.floor === null ? Number.NEGATIVE_INFINITY : Number(row.floor),
            floorNanos: Number(row.floor_nanos ?? 0),
            entries: toEntries(row.lines as Uint8Array | null),
          },
    isRead: Number(row.is_read) !== 0,
  };
}

/** A copy, since the bytes may lie anywhere. */
export function toEntries(bytes: Uint8Array | null): Int32Array {
  return new Int32Array(Uint8Array.from(bytes ?? []).buffer, 0, Math.floor((bytes?.length ?? 0) / 12) * 3);
}
