/**
 * From where a file is read: from its row in the database, if that is still about this file; else from where it was
 * when it was left out as too old; else from its head or its end, as the options say.
 */
import fs from 'node:fs';
import type { InputHost } from '../../src/plugin.ts';
import { type Commits, readPosition } from './commits.ts';
import type { Descriptors } from './descriptors.ts';
import type { TailFile } from './file.ts';
import { HEAD, type OffsetDatabase, type Position, type Row } from './offsets.ts';
import type { Settings } from './settings.ts';

export interface PlacementParts {
  readonly settings: Settings;
  readonly host: InputHost;
  readonly commits: Commits;
  readonly descriptors: Descriptors;
  readonly database: OffsetDatabase | undefined;
}

export class Placement {
  readonly #parts: PlacementParts;
  /** Where reading goes on in files that were left out because they were old. */
  readonly #ignored = new Map<string, number>();
  #fromHead: boolean;

  constructor(parts: PlacementParts) {
    this.#parts = parts;
    this.#fromHead = parts.settings.fromHeadAtStart;
  }

  /** From now on, files count as found after the start. */
  started(): void {
    this.#fromHead = this.#parts.settings.fromHeadLater;
  }

  /** True where the file is not read because it was not modified for Ignore_Older; where it will be read from is kept. */
  isTooOld(key: string, stat: fs.BigIntStats): boolean {
    const { settings, host } = this.#parts;
    if (settings.ignoreOlderMs <= 0 || host.clock.now() - Number(stat.mtimeMs) <= settings.ignoreOlderMs) return false;
    if (!this.#ignored.has(key)) this.#ignored.set(key, Number(stat.size));
    return true;
  }

  /** Keeps where reading ended in a file that is not followed any longer because it is old. */
  ignore(file: TailFile): void {
    this.#ignored.set(file.key, file.safeOffset);
  }

  /** Sets where a new file of `size` bytes is read from, and notes it in the database. */
  place(file: TailFile, size: number): void {
    const row = this.#row(file);
    const ignoredAt = this.#ignored.get(file.key);
    this.#ignored.delete(file.key);
    if (row) {
      file.progress.rowId = row.id;
      const isUsable = row.offset <= size && this.isUnchanged(file, row);
      this.begin(file, isUsable ? row : HEAD);
      if (!isUsable) this.#parts.commits.found(file, HEAD);
      return;
    }
    const offset = ignoredAt !== undefined && ignoredAt <= size ? ignoredAt : this.#fromHead ? 0 : size;
    const position = offset === 0 ? HEAD : this.#positionAt(file, offset);
    this.begin(file, position);
    this.#parts.commits.found(file, position);
  }

  /** True where the bytes before the row's offset are those that were there. */
  isUnchanged(file: TailFile, row: Row): boolean {
    if (row.markerSize === 0 || row.offset === 0) return true;
    if (!this.#parts.descriptors.use(file)) return false;
    return readPosition(file.fd, row.offset)?.marker === row.marker;
  }

  begin(file: TailFile, position: Position): void {
    file.progress.safe = position;
    if (file.gzip) {
      file.gzip.begin(file, position);
      return;
    }
    file.at = position.offset;
    file.scanned = position.offset;
    file.seenSize = position.offset;
    this.#keepMark(file);
  }

  #row(file: TailFile): Row | undefined {
    const row = this.#parts.database?.find(file.inode);
    if (!row || !this.#parts.settings.database?.compareName || row.name === file.name) return row;
    this.#parts.database?.delete([row.id]);
    return undefined;
  }

  /** The bytes before `at`, by which a later truncation is seen. */
  #keepMark(file: TailFile): void {
    const length = Math.min(file.mark.length, file.at);
    if (length === 0 || !this.#parts.descriptors.use(file)) return;
    const read = fs.readSync(file.fd, file.mark, 0, length, file.at - length);
    file.markLength = read === length ? length : 0;
  }

  #positionAt(file: TailFile, offset: number): Position {
    const plain: Position = { offset, marker: 0n, markerSize: 0, unpacked: file.gzip ? 0 : -1 };
    if (!this.#parts.database || !this.#parts.descriptors.use(file)) return plain;
    const position = readPosition(file.fd, offset);
    return position && file.gzip ? { ...position, unpacked: 0 } : (position ?? plain);
  }
}
