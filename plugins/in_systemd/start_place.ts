/**
 * Where to begin in each file at the start: after what the database knows, or as the options say. Files that come later
 * are read from their first entry.
 */
import type { CursorDatabase, Progress } from './database.ts';
import { NO_CURSOR } from './database.ts';
import type { JournalFile } from './journal_file.ts';
import { copyLocation, formatCursor, type Location, parseCursor } from './location.ts';

export type StartPlace =
  /** The number of the last entry of each file; others are read from their first one. */
  | { readonly kind: 'progress'; readonly seqnums: ReadonlyMap<string, number> }
  /** Somebody else's: it names one entry. */
  | { readonly kind: 'cursor'; readonly text: string; readonly at: Location }
  /** Microseconds since 1970. */
  | { readonly kind: 'since'; readonly realtime: number }
  | { readonly kind: 'tail' }
  | { readonly kind: 'head' };

export interface StartOptions {
  readonly read_from_tail: boolean;
  readonly read_since_minutes_ago: number;
}

/** `now` in Unix milliseconds. `warn` hears of a cursor that is none. */
export function findStartPlace(
  options: StartOptions,
  database: CursorDatabase | undefined,
  now: number,
  warn: (message: string) => void,
): StartPlace {
  const seqnums = database?.progress();
  if (seqnums) return { kind: 'progress', seqnums };
  const text = database?.cursor;
  const at = text === undefined ? undefined : parseCursor(text);
  if (text !== undefined && at) return { kind: 'cursor', text, at };
  if (text !== undefined && text !== NO_CURSOR) warn(`the cursor in the database cannot be read: ${text}`);
  if (options.read_from_tail) return { kind: 'tail' };
  const minutes = options.read_since_minutes_ago;
  return minutes > 0 ? { kind: 'since', realtime: (now - minutes * 60_000) * 1000 } : { kind: 'head' };
}

/** Puts a file that was found at the start to its place. */
export function goToStart(file: JournalFile, place: StartPlace): void {
  if (place.kind === 'tail') file.toEnd();
  else if (place.kind === 'since') file.seek((entry) => entry.realtime < place.realtime);
  else if (place.kind === 'cursor') goToCursor(file, place.at);
  else if (place.kind === 'progress') goAfter(file, place.seqnums.get(file.fileId) ?? 0);
}

function goToCursor(file: JournalFile, at: Location): void {
  if (file.seqnumId === at.seqnumId) goAfter(file, at.seqnum);
  else file.seek((entry) => entry.realtime <= at.realtime);
}

function goAfter(file: JournalFile, seqnum: number): void {
  if (seqnum === 0) return;
  if (file.isArchived && file.tailSeqnum <= seqnum) file.toEnd();
  else file.seek((entry) => entry.seqnum <= seqnum);
}

/**
 * What the database must know so that a restart begins at the same places: the cursor and the number of the entry before
 * each file's place; undefined where it knows it, or where nothing is left out.
 */
export function startProgress(
  files: Iterable<JournalFile>,
  place: StartPlace,
): { cursor: string; files: Progress[] } | undefined {
  if (place.kind === 'head' || place.kind === 'progress') return undefined;
  let latest: Location | undefined;
  const progress: Progress[] = [];
  for (const file of files) {
    if (!file.loadBefore(file.index)) continue;
    progress.push({ fileId: file.fileId, seqnum: file.seqnum });
    if (!latest || file.realtime > latest.realtime) latest = copyLocation(file);
  }
  if (place.kind === 'cursor') return { cursor: place.text, files: progress };
  return latest && { cursor: formatCursor(latest), files: progress };
}
