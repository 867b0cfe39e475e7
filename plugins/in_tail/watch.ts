/**
 * Tells when something happens in a directory (inotify, through fs.watch). It is a hint that makes things quick: files
 * are also looked at from time to time, because events get lost (a full queue, network file systems, no watches left).
 */
import fs from 'node:fs';
import path from 'node:path';

export interface WatchEvents {
  /** `file` is the directory as it was given, joined with the name; `isRename`: made, removed or moved. */
  changed(file: string, isRename: boolean): void;
  /** Something happened that only a new scan can tell. */
  unclear(): void;
  /** A directory cannot be watched; said once each. */
  failed(directory: string, error: Error): void;
}

interface Watch {
  readonly watcher: fs.FSWatcher;
  readonly inode: bigint;
  /** An ancestor of a directory that is not there yet: only tells that it may be now. */
  readonly isAncestor: boolean;
}

export class DirectoryWatcher {
  readonly #events: WatchEvents;
  readonly #watches = new Map<string, Watch>();
  readonly #complained = new Set<string>();

  constructor(events: WatchEvents) {
    this.#events = events;
  }

  get count(): number {
    return this.#watches.size;
  }

  /** @returns true where a watch was added. */
  watch(directory: string): boolean {
    if (this.#watches.get(directory)?.isAncestor === false) return false;
    if (this.#add(directory, false)) return true;
    if (fs.existsSync(directory)) return false;
    let ancestor = path.dirname(directory);
    while (ancestor !== path.dirname(ancestor) && !fs.existsSync(ancestor)) ancestor = path.dirname(ancestor);
    if (!this.#watches.has(ancestor)) this.#add(ancestor, true);
    return false;
  }

  /** Directories may be removed and made again: watches the new ones, forgets those that are gone. */
  refresh(): void {
    for (const [directory, watch] of [...this.#watches]) {
      const stat = fs.statSync(directory, { bigint: true, throwIfNoEntry: false });
      if (stat?.ino === watch.inode) continue;
      this.#remove(directory);
      if (stat) this.#add(directory, watch.isAncestor);
    }
  }

  close(): void {
    for (const directory of [...this.#watches.keys()]) this.#remove(directory);
  }

  #add(directory: string, isAncestor: boolean): boolean {
    try {
      const stat = fs.statSync(directory, { bigint: true });
      if (!stat.isDirectory()) return false;
      const watcher = fs.watch(directory, (type, name) => {
        if (isAncestor || name === null) this.#events.unclear();
        else this.#events.changed(join(directory, name), type === 'rename');
      });
      watcher.on('error', () => this.#remove(directory));
      this.#remove(directory);
      this.#watches.set(directory, { watcher, inode: stat.ino, isAncestor });
      return true;
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!isMissing && !this.#complained.has(directory)) this.#events.failed(directory, error as Error);
      this.#complained.add(directory);
      return false;
    }
  }

  #remove(directory: string): void {
    const watch = this.#watches.get(directory);
    this.#watches.delete(directory);
    watch?.watcher.close();
  }
}

/** Keeps the spelling that glob gives: `.` is left out, `a//` stays. */
function join(directory: string, name: string): string {
  if (directory === '.') return name;
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}
