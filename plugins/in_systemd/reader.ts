/**
 * The input at work: waits for changes, reads entries in turns, hands them over in rounds, and keeps the cursor.
 *
 * A round is a few hundred entries, put together by their tags; after some milliseconds of rounds the event loop is
 * given back. While there is no room nothing is read. Without a database events are emitted without a settle.
 */
import fs from 'node:fs';
import type { LogEvent } from '../../src/data/event.ts';
import { type Input, type InputHost, OptionError, type OptionsOf } from '../../src/plugin.ts';
import { Commits } from './commits.ts';
import { CursorDatabase } from './database.ts';
import { EntryReader } from './entries.ts';
import { Folders, rootsOf } from './folders.ts';
import { copyLocation, type Location } from './location.ts';
import { Matches } from './matches.ts';
import { Merge } from './merge.ts';
import type { SYSTEMD_OPTIONS } from './options.ts';
import { type JournalSource, Sources } from './sources.ts';
import { findStartPlace, goToStart, type StartPlace, startProgress } from './start_place.ts';

type Options = OptionsOf<typeof SYSTEMD_OPTIONS>;

/** How long rounds may go on before others get the loop. */
const SLICE_MS = 6;
/** A round ends after so many entries or characters. */
const ROUND_ENTRIES = 512;
const ROUND_CHARACTERS = 256 * 1024;
/** How often files are looked at where nothing told of a change. */
const POLL_MS = 1000;
const UNKNOWN_UNIT = 'unknown';

export class Systemd implements Input {
  readonly #options: Options;
  readonly #host: InputHost;
  readonly #tag: string;
  readonly #hasUnitTag: boolean;
  readonly #entries: EntryReader;
  readonly #sources: Sources;
  readonly #merge: Merge<JournalSource>;
  readonly #folders: Folders;
  readonly #told = new Set<string>();
  #commits: Commits | undefined;
  #start: StartPlace | undefined;
  #cancelPoll: (() => void) | undefined;
  #isScheduled = false;
  #isPaused = false;
  #isStopped = false;
  #needsScan = true;
  #needsRefresh = false;

  /** @throws OptionError */
  constructor(options: Options, host: InputHost) {
    this.#options = options;
    this.#host = host;
    this.#tag = host.tag ?? host.name;
    this.#hasUnitTag = this.#tag.includes('*');
    const matches = new Matches(options.systemd_filter, options.systemd_filter_type === 'and');
    this.#entries = new EntryReader({ maxFields: options.max_fields, wantsUnit: this.#hasUnitTag, matches });
    this.#sources = new Sources(
      {
        lowercase: options.lowercase,
        stripUnderscores: options.strip_underscores,
        matches,
        unreadable: (reason, file) => this.#countField(reason, file.path),
      },
      {
        opened: (source) => this.#place(source),
        finished: (source) => source.isGone && this.#commits?.forget(source.file.fileId),
        warn: (message) => host.log('warn', message),
      },
    );
    this.#merge = new Merge(() => this.#sources);
    this.#folders = new Folders(rootsOf(options.path));
  }

  start(): void {
    const { path } = this.#options;
    if (path !== undefined && !fs.statSync(path, { throwIfNoEntry: false })?.isDirectory())
      throw new OptionError(`the path ${path} is no folder`, 'path');
    const database = this.#openDatabase();
    const { clock } = this.#host;
    const place = findStartPlace(this.#options, database, clock.now(), (message) => this.#host.log('warn', message));
    this.#start = place;
    this.#folders.watch((isRename) => this.#changed(isRename));
    this.#scan();
    this.#keepStart(place, database);
    this.#start = undefined;
    this.#poll();
    this.#schedule();
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelPoll?.();
    this.#folders.close();
    this.#sources.close();
  }

  /** No settle comes any more. */
  close(): void {
    this.#commits?.close();
  }

  describe(): string[] {
    const open = this.#sources.open;
    const left = open.reduce((sum, { file }) => sum + file.count - file.index, 0);
    return [`journal files: ${[...this.#sources].length}, open: ${open.length}, unread entries: ${left}`];
  }

  /** As Fluent Bit: without the database that it cannot open, it runs all the same. */
  #openDatabase(): CursorDatabase | undefined {
    const path = this.#options.db;
    if (path === undefined) return undefined;
    try {
      const database = new CursorDatabase(path, this.#options['db.sync'], () => this.#host.clock.now());
      this.#commits = new Commits(this.#host, database);
      return database;
    } catch (error) {
      this.#host.log('error', `cannot open/create database ${path}, no cursor is kept: ${(error as Error).message}`);
      return undefined;
    }
  }

  #place(source: JournalSource): void {
    const { file } = source;
    this.#host.log('debug', `reads ${file.path}`);
    if (this.#start) goToStart(file, this.#start);
  }

  #keepStart(place: StartPlace, database: CursorDatabase | undefined): void {
    if (!database) return;
    const sources = [...this.#sources];
    const progress = startProgress(
      sources.filter(({ file }) => file.data.isOpen).map(({ file }) => file),
      place,
    );
    if (progress) database.write(progress.cursor, progress.files);
    if (place.kind !== 'progress') return;
    const known = new Set(sources.map(({ file }) => file.fileId));
    for (const fileId of place.seqnums.keys()) if (!known.has(fileId)) this.#commits?.forget(fileId);
  }

  #changed(isRename: boolean): void {
    this.#needsRefresh = true;
    if (isRename) this.#needsScan = true;
    this.#schedule();
  }

  /** What nobody told of: on network file systems, or where inotify has no room. */
  #poll(): void {
    this.#cancelPoll = this.#host.clock.after(POLL_MS, () => {
      this.#changed(true);
      this.#poll();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isPaused || this.#isStopped) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#isStopped || this.#isPaused) return;
      if (this.#turn()) this.#schedule();
    });
  }

  /** @returns whether there is more to read */
  #turn(): boolean {
    const { clock } = this.#host;
    const end = clock.monotonic() + SLICE_MS;
    if (this.#needsScan) this.#scan();
    if (this.#needsRefresh) {
      this.#needsRefresh = false;
      if (this.#sources.refresh()) this.#merge.changed();
    }
    let hasMore = true;
    while (hasMore && !this.#isPaused && clock.monotonic() < end) hasMore = this.#round();
    for (const source of this.#sources.open) this.#countDamage(source);
    this.#sources.finish();
    return hasMore;
  }

  #scan(): void {
    this.#needsScan = false;
    if (this.#sources.update(this.#folders.scan())) this.#merge.changed();
  }

  /** @returns whether there may be more to read */
  #round(): boolean {
    const limit = Math.min(this.#options.max_entries, ROUND_ENTRIES);
    const groups = new Map<string, LogEvent[]>();
    const touched = new Set<JournalSource>();
    let source: JournalSource | undefined;
    let last: Location | undefined;
    let characters = 0;
    let rows = 0;
    do {
      source = this.#merge.next();
      if (!source) break;
      characters += this.#read(source, groups);
      if (!source.file.hasHead) continue;
      touched.add(source);
      source.readSeqnum = source.file.seqnum;
      rows++;
      if (this.#commits) last = copyLocation(source.file);
      source.file.advance();
    } while (rows < limit && characters < ROUND_CHARACTERS);
    this.#emit(groups, last, touched);
    return source !== undefined;
  }

  /** Adds the head of the file to the events of its tag. @returns about how many characters it has */
  #read(source: JournalSource, groups: Map<string, LogEvent[]>): number {
    let event: LogEvent | undefined;
    try {
      event = this.#entries.read(source.file, source.fields);
    } catch {
      source.file.pause();
    }
    if (!event) return 0;
    const tag = this.#hasUnitTag ? this.#tagOf(this.#entries.unit) : this.#tag;
    const group = groups.get(tag);
    if (group) group.push(event);
    else groups.set(tag, [event]);
    return this.#entries.characters;
  }

  #tagOf(unit = UNKNOWN_UNIT): string {
    const star = this.#tag.indexOf('*');
    return this.#tag.slice(0, star) + unit + this.#tag.slice(star + 1);
  }

  #emit(groups: Map<string, LogEvent[]>, last: Location | undefined, touched: Set<JournalSource>): void {
    const files = new Map<string, number>();
    for (const { file, readSeqnum } of touched) files.set(file.fileId, readSeqnum);
    const settle = last && this.#commits?.open({ last, files }, groups.size);
    for (const [tag, events] of groups) if (!this.#host.emit(tag, events, settle)) this.#isPaused = true;
  }

  /** Each reason is told once. */
  #countField(reason: string, path: string): void {
    this.#host.count('unreadable_fields_total');
    if (this.#told.has(reason)) return;
    this.#told.add(reason);
    this.#host.log('warn', `left out: a field in ${path} ${reason}; others like it are counted only`);
  }

  #countDamage({ file }: JournalSource): void {
    if (file.damaged === 0) return;
    this.#host.count('damaged_entries_total', file.damaged);
    this.#host.log('warn', `left out: ${file.damaged} damaged entries of ${file.path}`);
    file.damaged = 0;
  }
}
