/**
 * The database of the cursor: Fluent Bit's own table, so that either program can go on where the other stopped.
 *
 *     in_systemd_cursor(cursor, updated)              one row: the last entry that is settled, as sd_journal names it
 *     sluice_systemd_files(file_id, seqnum, cursor)   our own: the number of the last settled entry of each file
 *
 * One cursor orders files of several writers (other machines, a journal that began anew) by their clocks alone and may
 * jump over entries; the number in each file is exact. Our rows count only while one of them has the cursor of the first
 * table: otherwise Fluent Bit has read on in the meantime.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

const TABLES = `
  CREATE TABLE IF NOT EXISTS in_systemd_cursor (  cursor  TEXT NOT NULL,  updated INTEGER);
  CREATE TABLE IF NOT EXISTS sluice_systemd_files (
    file_id TEXT PRIMARY KEY, seqnum INTEGER NOT NULL, cursor TEXT NOT NULL);
`;

/** How long the start, and later a write, waits for another program that has the database locked. */
const OPEN_BUSY_MS = 5000;
const WRITE_BUSY_MS = 250;

/** What Fluent Bit writes where it has read nothing yet. */
export const NO_CURSOR = '(null)';

export interface Progress {
  readonly fileId: string;
  /** Of the last settled entry; 0: none. */
  readonly seqnum: number;
}

export class CursorDatabase {
  readonly #db: DatabaseSync;
  readonly #update: StatementSync;
  readonly #insert: StatementSync;
  readonly #keepFile: StatementSync;
  readonly #forgetFile: StatementSync;
  readonly #now: () => number;

  /** `sync`: PRAGMA synchronous; `now` in Unix milliseconds. @throws where the file cannot be opened */
  constructor(path: string, sync: string | undefined, now: () => number) {
    const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
    this.#now = now;
    this.#db = new DatabaseSync(path, { timeout: OPEN_BUSY_MS });
    if (sync !== undefined) this.#db.exec(`PRAGMA synchronous = ${sync}`);
    this.#db.exec(TABLES);
    this.#db.exec('DELETE FROM in_systemd_cursor WHERE ROWID < (SELECT MAX(ROWID) FROM in_systemd_cursor)');
    this.#update = this.#db.prepare('UPDATE in_systemd_cursor SET cursor = ?, updated = ?');
    this.#insert = this.#db.prepare('INSERT INTO in_systemd_cursor (cursor, updated) VALUES (?, ?)');
    this.#keepFile = this.#db.prepare(
      'INSERT OR REPLACE INTO sluice_systemd_files (file_id, seqnum, cursor) VALUES (?, ?, ?)',
    );
    this.#forgetFile = this.#db.prepare('DELETE FROM sluice_systemd_files WHERE file_id = ?');
    if (this.cursor === undefined) this.#insert.run(NO_CURSOR, this.#seconds());
    this.#db.exec(`PRAGMA busy_timeout = ${WRITE_BUSY_MS}`);
  }

  /** As it stands there: perhaps none that can be read. */
  get cursor(): string | undefined {
    const row = this.#db.prepare('SELECT cursor FROM in_systemd_cursor LIMIT 1').get();
    return row && String(row.cursor);
  }

  /** The number of the last settled entry by the id of its file; undefined where they are not up to date. */
  progress(): Map<string, number> | undefined {
    const { cursor } = this;
    const rows = this.#db.prepare('SELECT file_id, seqnum, cursor FROM sluice_systemd_files').all();
    if (!rows.some((row) => row.cursor === cursor)) return undefined;
    return new Map(rows.map((row) => [String(row.file_id), Number(row.seqnum)]));
  }

  /** Keeps all of it, or nothing. */
  write(cursor: string, files: Iterable<Progress>, forgotten: Iterable<string> = []): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const { changes } = this.#update.run(cursor, this.#seconds());
      if (Number(changes) === 0) this.#insert.run(cursor, this.#seconds());
      for (const fileId of forgotten) this.#forgetFile.run(fileId);
      for (const { fileId, seqnum } of files) this.#keepFile.run(fileId, seqnum, cursor);
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000);
  }
}
