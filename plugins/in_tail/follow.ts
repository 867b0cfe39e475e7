/**
 * The tail input at work: finds files, reads those with unread bytes by turns, and looks after them.
 *
 *     inotify, timers ─▶ discover.ts, rotate.ts ─▶ turns.ts ─▶ reader.ts ─▶ commits.ts ─▶ the engine
 *
 * When the engine has no room, nothing is read until `resume`.
 */
import type { LogEvent } from '../../src/data/event.ts';
import type { Input, InputHost } from '../../src/plugin.ts';
import { Commits } from './commits.ts';
import { Descriptors } from './descriptors.ts';
import { Discovery } from './discover.ts';
import type { TailFile } from './file.ts';
import { joinerMaker } from './joiners.ts';
import { OffsetDatabase } from './offsets.ts';
import { Placement } from './place.ts';
import { Reader } from './reader.ts';
import { Rotation } from './rotate.ts';
import type { Settings } from './settings.ts';
import { FileTable } from './table.ts';
import { Turns } from './turns.ts';
import { DirectoryWatcher } from './watch.ts';

/** How many files are looked at in one go. */
const CHECKS = 500;
const POLL_MS = 250;
const GONE_MS = 250;
const FLUSH_MS = 250;
const UNCLEAR_MS = 500;

/** What is made at the start. */
interface Parts {
  readonly commits: Commits;
  readonly descriptors: Descriptors;
  readonly reader: Reader;
  readonly rotation: Rotation;
  readonly discovery: Discovery;
  readonly placement: Placement;
}

export class Tail implements Input {
  readonly #settings: Settings;
  readonly #host: InputHost;
  readonly #table = new FileTable();
  readonly #turns: Turns;
  readonly #timers = new Map<string, () => void>();
  /** Files found at the start that did not come to their end yet, for Exit_On_Eof. */
  readonly #unfinished = new Set<TailFile>();
  #watcher: DirectoryWatcher | undefined;
  #parts: Parts | undefined;
  #stopped = false;
  /** False where some directory could not be watched. */
  #isWatchingAll = true;
  #watches = 0;

  constructor(settings: Settings, host: InputHost) {
    this.#settings = settings;
    this.#host = host;
    this.#turns = new Turns({ turn: (file) => this.#turn(file) }, host.clock, settings.batchBytes);
  }

  start(): void {
    const parts = this.#build();
    for (const file of this.#takeNew()) if (this.#settings.exitOnEof) this.#unfinished.add(file);
    parts.discovery.rescue();
    parts.placement.started();
    this.#every('refresh', this.#settings.refreshMs, () => this.scan());
    const checkMs = this.#settings.inotify ? Math.min(this.#settings.watcherMs, this.#settings.pollMs) : POLL_MS;
    this.#every('check', checkMs, () => this.#checkSome());
    this.#every('gone', GONE_MS, () => this.#purge());
    if (this.#settings.joining.kind !== 'none') this.#every('flush', FLUSH_MS, () => this.#flush());
    this.#host.signal.addEventListener('abort', () => this.#abort(), { once: true });
  }

  resume(): void {
    this.#turns.resume();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#close();
    for (const file of this.#table) this.#flushFile(file, Number.POSITIVE_INFINITY);
    this.#parts?.descriptors.closeAll();
    this.#parts?.commits.stop();
  }

  describe(): string[] {
    const { size } = this.#table;
    const open = this.#parts?.descriptors.count ?? 0;
    const lines = [`files=${size} open=${open} unread=${this.#turns.size} watches=${this.#watcher?.count ?? 0}`];
    for (const file of this.#table) {
      if (lines.length > 100) break;
      lines.push(`  ${file.name} inode=${file.inode} offset=${file.at} ${stateOf(file)}`);
    }
    return lines;
  }

  /** Looks for new files by their pattern. */
  scan(): void {
    this.#watcher?.refresh();
    this.#takeNew();
    for (const file of this.#table) if (file.failed) this.#turns.add(file);
  }

  /** Looks at every file, then reads until nothing is left: what otherwise happens by and by. For tests. */
  poll(): void {
    this.#check(this.#table.size);
    this.#purge();
    this.#turns.drain();
  }

  #build(): Parts {
    const host = this.#host;
    const settings = this.#settings;
    const table = this.#table;
    const database = settings.database && new OffsetDatabase(settings.database, () => host.clock.now());
    const commits = new Commits(host, database);
    const descriptors = new Descriptors(settings.maxOpenFiles);
    const reader = new Reader(settings, host, commits, descriptors);
    const rotation = new Rotation({ settings, host, table, commits, descriptors, reader });
    const placement = new Placement({ settings, host, commits, descriptors, database });
    const discovery = new Discovery({
      ...{ settings, host, table, descriptors, placement, commits, database },
      makeJoiner: joinerMaker(settings),
      wake: (file) => this.#turns.add(file),
      leave: (file) => {
        rotation.leave(file);
        this.#turns.add(file);
      },
    });
    rotation.retired = (file) => placement.ignore(file);
    this.#parts = { commits, descriptors, reader, rotation, discovery, placement };
    if (settings.inotify) this.#watcher = this.#makeWatcher();
    return this.#parts;
  }

  #makeWatcher(): DirectoryWatcher {
    return new DirectoryWatcher({
      changed: (path, isRename) => this.#changed(path, isRename),
      unclear: () => this.#scanSoon(),
      failed: (directory, error) => {
        this.#isWatchingAll = false;
        this.#host.log('warn', `cannot watch ${directory} (${error.message}); looking at its files from time to time`);
      },
    });
  }

  #takeNew(): TailFile[] {
    const watch = (directory: string): boolean => this.#watcher?.watch(directory) ?? false;
    const found = this.#parts?.discovery.scan(watch) ?? [];
    for (const file of found) this.#taken(file);
    return found;
  }

  #taken(file: TailFile): void {
    if (file.realPath !== undefined)
      this.#watcher?.watch(file.realPath.slice(0, file.realPath.lastIndexOf('/')) || '/');
    this.#turns.add(file);
  }

  /** inotify reported something under this name. */
  #changed(path: string, isRename: boolean): void {
    if (this.#stopped || !this.#parts) return;
    const file = this.#table.byPath(path);
    if (file && !isRename) this.#grown(file);
    if (file && isRename) this.#checkFile(file);
    if (!file || file.gone) this.#look(path);
    if (isRename && !file && this.#parts.discovery.hasWildDirectories) this.#scanSoon();
  }

  #grown(file: TailFile): void {
    // Known to have unread bytes, it must be open: while nothing is read its name may be taken away.
    if (this.#turns.paused && file.fd < 0) this.#hold(file);
    this.#turns.add(file);
  }

  #hold(file: TailFile): void {
    try {
      this.#parts?.descriptors.use(file);
    } catch {
      // The turn will say it.
    }
  }

  #look(path: string): void {
    const file = this.#parts?.discovery.look(path);
    if (file) this.#taken(file);
  }

  #checkFile(file: TailFile): void {
    const state = this.#parts?.rotation.check(file);
    if (state !== 'same') this.#turns.add(file);
    if (state === 'gone') this.#look(file.name);
  }

  /** Where events come, a look at every file is needed only for those that get lost. */
  #checkSome(): void {
    const { size } = this.#table;
    this.#check(!this.#settings.inotify ? size : this.#isWatchingAll ? CHECKS : Math.max(CHECKS, size / 4));
  }

  #check(count: number): void {
    for (const file of [...this.#table.next(count)]) this.#checkFile(file);
  }

  #purge(): void {
    const { rotation } = this.#parts ?? {};
    // The name of a rotated file is made anew any moment; that is worth more than to wait for Refresh_Interval.
    for (const file of rotation?.gone ?? []) if (this.#table.byPath(file.name) === file) this.#look(file.name);
    for (const file of rotation?.purge() ?? []) this.#turns.add(file);
  }

  #scanSoon(): void {
    if (!this.#timers.has('unclear')) this.#once('unclear', UNCLEAR_MS, () => this.scan());
  }

  #turn(file: TailFile): number {
    if (!this.#parts || !this.#isItsTurn(file)) return 0;
    const { hasRoom, bytes } = this.#parts.reader.turn(file);
    if (!hasRoom) this.#turns.pause();
    if (!file.atEnd && !file.gzip?.waiting) this.#turns.add(file);
    else if (!file.wasRead) this.#readOnce(file);
    return bytes;
  }

  /** The end of the file that had this name before comes first. */
  #isItsTurn(file: TailFile): boolean {
    const { before } = file;
    if (!before) return true;
    if (!before.abandoned && (before.queued || this.#parts?.rotation.check(before) === 'grown')) {
      this.#turns.add(before);
      this.#turns.add(file);
      return false;
    }
    file.before = undefined;
    if (before.joiner && file.joiner && before.joiner.pendingAt < Number.POSITIVE_INFINITY) {
      this.#parts?.commits.carried(before, file);
      const own = file.joiner;
      file.joiner = before.joiner;
      before.joiner = own;
      file.joiner.carry();
    }
    return true;
  }

  #readOnce(file: TailFile): void {
    file.wasRead = true;
    this.#host.log('info', `inotify_fs_add(): inode=${file.inode} watch_fd=${++this.#watches} name=${file.name}`);
    if (!this.#unfinished.delete(file)) return;
    this.#host.log('info', `inode=${file.inode} file=${file.name} ended, stop`);
    if (this.#unfinished.size === 0) this.#host.exit(0);
  }

  #flush(): void {
    const now = this.#host.clock.monotonic();
    if (this.#turns.paused) return;
    for (const file of this.#table)
      if (file.joiner && file.joiner.pendingAt < Number.POSITIVE_INFINITY) this.#flushFile(file, now);
  }

  #flushFile(file: TailFile, now: number): void {
    const events: LogEvent[] = [];
    file.joiner?.flush(now, events);
    if (events.length > 0 && this.#parts?.commits.emit(file, events) === false) this.#turns.pause();
  }

  #every(name: string, ms: number, run: () => void): void {
    this.#once(name, ms, () => {
      run();
      if (!this.#stopped) this.#every(name, ms, run);
    });
  }

  #once(name: string, ms: number, run: () => void): void {
    const cancel = this.#host.clock.after(ms, () => {
      this.#timers.delete(name);
      if (!this.#stopped) run();
    });
    this.#timers.set(name, cancel);
  }

  #close(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#watcher?.close();
    this.#turns.stop();
  }

  #abort(): void {
    this.#stopped = true;
    this.#close();
    this.#parts?.descriptors.closeAll();
    this.#parts?.commits.abort();
  }
}

function stateOf(file: TailFile): string {
  if (file.abandoned) return 'given up';
  if (!file.atEnd || file.queued) return 'reading';
  return file.gone ? 'rotated' : 'done';
}
