/**
 * The database of offsets: Fluent Bit's own table, so that either program can go on where the other stopped.
 *
 *     in_tail_files(id, name, offset, inode, created, rotated, offset_marker, offset_marker_size)
 *
 * `offset` is where to read on: the first byte that is not settled. `offset_marker` is XXH3 of the last
 * `offset_marker_size` (at most 32) bytes before it, by which a file that was written anew is known. A second table
 * of our own, `sluice_tail_files`, keeps what the first has no column for: under which name a rotated file was found
 * (its tag depends on it) and whether the file that came after it is known, when the file was made (an inode number alone may have been given to another file since) and
 * how many unpacked bytes of a .gz member are done. Fluent Bit does not look at it.
 *
 * Writes come in batches of one transaction. Inodes and markers are 64 bits wide: bigints.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { OptionError } from '../../src/plugin.ts';
import type { DatabaseSettings } from './settings.ts';

/** A place in a file that a restart may go on from. */
export interface Position {
  readonly offset: number;
  readonly marker: bigint;
  readonly markerSize: number;
  /** Of the .gz member that begins at `offset`: how many unpacked bytes are done; -1 for files that are no .gz. */
  readonly unpacked: number;
}

export const HEAD: Position = Object.freeze({ offset: 0, marker: 0n, markerSize: 0, unpacked: -1 });

export interface Row extends Position {
  readonly id: number;
  readonly name: string;
  readonly inode: bigint;
  readonly rotated: boolean;
  /** The name under which the file was first found, if it was rotated since. */
  readonly origin: string | undefined;
  /** When the file was made, in nanoseconds; 0 where nobody knows. */
  readonly born: bigint;
  /** The file that came after it under its name has a row, too. */
  readonly succeeded: boolean;
}

/** One change, for `write`. */
export interface Update {
  /** 0 until the row is there; filled in. */
  rowId: number;
  readonly name: string;
  readonly inode: bigint;
  readonly born: bigint;
  readonly position: Position;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS in_tail_files (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, offset INTEGER, inode INTEGER, created INTEGER,
    rotated INTEGER DEFAULT 0, offset_marker INTEGER DEFAULT 0, offset_marker_size INTEGER DEFAULT 0);
  CREATE TABLE IF NOT EXISTS sluice_tail_files (
    id INTEGER PRIMARY KEY, origin TEXT, born INTEGER DEFAULT 0, unpacked INTEGER DEFAULT 0,
    succeeded INTEGER DEFAULT 0);
`;

const SELECT = `
  SELECT f.id, f.name, f.offset, f.inode, f.rotated, f.offset_marker, f.offset_marker_size,
    s.origin, s.born, s.unpacked, s.succeeded
  FROM in_tail_files f LEFT JOIN sluice_tail_files s ON s.id = f.id`;

export class OffsetDatabase {
  readonly #db: DatabaseSync;
  readonly #byInode: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #rotate: StatementSync;
  readonly #delete: StatementSync;
  readonly #keepOrigin: StatementSync;
  readonly #keepUnpacked: StatementSync;
  readonly #keepBirth: StatementSync;
  readonly #succeed: StatementSync;
  readonly #forget: StatementSync;
  readonly #now: () => number;

  /** `now` in Unix milliseconds. @throws OptionError where the file cannot be opened. */
  constructor(settings: DatabaseSettings, now: () => number) {
    this.#now = now;
    this.#db = open(settings);
    this.#byInode = this.#prepare(`${SELECT} WHERE f.inode = ? ORDER BY f.id DESC LIMIT 1`);
    this.#insert = this.#prepare(
      'INSERT INTO in_tail_files (name, offset, inode, created, offset_marker, offset_marker_size) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#update = this.#prepare(
      'UPDATE in_tail_files SET offset = ?, offset_marker = ?, offset_marker_size = ? WHERE id = ?',
    );
    this.#rotate = this.#prepare('UPDATE in_tail_files SET name = ?, rotated = 1 WHERE id = ?');
    this.#delete = this.#prepare('DELETE FROM in_tail_files WHERE id = ?');
    this.#keepOrigin = this.#prepare(
      'INSERT INTO sluice_tail_files (id, origin) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET origin = excluded.origin',
    );
    this.#keepUnpacked = this.#prepare(
      'INSERT INTO sluice_tail_files (id, unpacked) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET unpacked = excluded.unpacked',
    );
    this.#keepBirth = this.#prepare('INSERT OR REPLACE INTO sluice_tail_files (id, born) VALUES (?, ?)');
    this.#succeed = this.#prepare('UPDATE sluice_tail_files SET succeeded = 1 WHERE id = ?');
    this.#forget = this.#prepare('DELETE FROM sluice_tail_files WHERE id = ?');
  }

  /** The newest row of this inode. */
  find(inode: bigint): Row | undefined {
    const row = this.#byInode.get(BigInt.asIntN(64, inode));
    return row && toRow(row);
  }

  /** All of them, the oldest first. */
  rows(): Row[] {
    return this.#prepare(`${SELECT} ORDER BY f.id`).all().map(toRow);
  }

  /** Writes all of it, or nothing. Rows that are not there (any more) are made. */
  write(updates: Iterable<Update>): void {
    this.#transaction(() => {
      for (const update of updates) this.#write(update);
    });
  }

  rotate(id: number, name: string, origin: string): void {
    this.#transaction(() => {
      this.#rotate.run(name, id);
      this.#keepOrigin.run(id, origin);
    });
  }

  /** The file that came after this one has a row now. */
  succeed(id: number): void {
    this.#succeed.run(id);
  }

  delete(ids: Iterable<number>): void {
    this.#transaction(() => {
      for (const id of ids) {
        this.#delete.run(id);
        this.#forget.run(id);
      }
    });
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #write(update: Update): void {
    const { offset, marker, markerSize, unpacked } = update.position;
    const changed = update.rowId === 0 ? 0 : this.#update.run(offset, marker, markerSize, update.rowId).changes;
    if (Number(changed) === 0) {
      const created = Math.floor(this.#now() / 1000);
      const inode = BigInt.asIntN(64, update.inode);
      const { lastInsertRowid } = this.#insert.run(update.name, offset, inode, created, marker, markerSize);
      update.rowId = Number(lastInsertRowid);
      // An id may be used again after its row was deleted by somebody who does not know our table.
      this.#keepBirth.run(update.rowId, BigInt.asIntN(64, update.born));
    }
    if (unpacked >= 0) this.#keepUnpacked.run(update.rowId, unpacked);
  }

  #transaction(run: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      run();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #prepare(sql: string): StatementSync {
    const statement = this.#db.prepare(sql);
    statement.setReadBigInts(true);
    return statement;
  }
}

/** How long a write waits for another program that has the database locked. */
const BUSY_MS = 1000;

function open(settings: DatabaseSettings): DatabaseSync {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  try {
    const db = new DatabaseSync(settings.path, { timeout: BUSY_MS });
    db.exec(`PRAGMA synchronous = ${settings.sync}`);
    if (settings.exclusive) db.exec('PRAGMA locking_mode = EXCLUSIVE');
    db.exec(`PRAGMA journal_mode = ${settings.journalMode}`);
    db.exec(TABLES);
    addMarkerColumns(db);
    return db;
  } catch (error) {
    throw new OptionError(`cannot open/create database ${settings.path}: ${(error as Error).message}`, 'db');
  }
}

/** Databases of Fluent Bit 4 and older have no markers. */
function addMarkerColumns(db: DatabaseSync): void {
  const columns = new Set(
    db
      .prepare("SELECT name FROM pragma_table_info('in_tail_files')")
      .all()
      .map((c) => c.name),
  );
  for (const column of ['rotated', 'offset_marker', 'offset_marker_size'])
    if (!columns.has(column)) db.exec(`ALTER TABLE in_tail_files ADD COLUMN ${column} INTEGER DEFAULT 0`);
}

function toRow(row: Record<string, unknown>): Row {
  const number = (value: unknown): number => Number((value as bigint | null) ?? 0);
  return {
    id: number(row.id),
    name: String(row.name),
    inode: BigInt.asUintN(64, (row.inode as bigint | null) ?? 0n),
    offset: number(row.offset),
    rotated: number(row.rotated) !== 0,
    marker: (row.offset_marker as bigint | null) ?? 0n,
    markerSize: number(row.offset_marker_size),
    origin: row.origin === null ? undefined : String(row.origin),
    succeeded: number(row.succeeded) !== 0,
    born: (row.born as bigint | null) ?? 0n,
    unpacked: row.unpacked === null ? -1 : number(row.unpacked),
  };
}
