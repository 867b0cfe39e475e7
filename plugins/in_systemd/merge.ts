/**
 * The entries of all files as one stream: always the earliest of the files' next entries. An entry that lies in two
 * files comes once.
 *
 * The file that had the earliest entry usually has the next one, too: it is compared with the second earliest alone, as
 * long as it comes before that.
 */
import type { JournalFile } from './journal_file.ts';
import { type BootEnd, compareLocations, copyLocation, isSameEntry, type Location } from './location.ts';

export interface Source {
  readonly file: JournalFile;
  /** Its last entry, kept when the file is closed. */
  tail: Location | undefined;
}

export class Merge<S extends Source> {
  readonly #sources: () => Iterable<S>;
  #current: S | undefined;
  #second: S | undefined;
  #boots = new Map<string, BootEnd>();
  #isStale = true;

  constructor(sources: () => Iterable<S>) {
    this.#sources = sources;
  }

  /** There are other files, or other entries in them. */
  changed(): void {
    this.#isStale = true;
    this.#current = undefined;
  }

  /** The file whose head is the earliest entry of all. */
  next(): S | undefined {
    const current = this.#current;
    if (current?.file.load()) {
      const second = this.#second?.file;
      if (!second || compareLocations(current.file, second, this.#boots) < 0) return current;
    }
    if (this.#isStale) this.#findBoots();
    return this.#findEarliest();
  }

  #findEarliest(): S | undefined {
    let first: S | undefined;
    let second: S | undefined;
    for (const source of this.#sources()) {
      while (first && source.file.load() && isSameEntry(source.file, first.file)) source.file.advance();
      if (!source.file.load()) continue;
      if (!first || compareLocations(source.file, first.file, this.#boots) < 0) {
        second = first;
        first = source;
      } else if (!second || compareLocations(source.file, second.file, this.#boots) < 0) second = source;
    }
    this.#current = first;
    this.#second = second;
    return first;
  }

  /** Only asked for where files are of different writers. */
  #findBoots(): void {
    this.#isStale = false;
    this.#boots = new Map();
    const sources = [...this.#sources()];
    if (new Set(sources.map(({ file }) => file.seqnumId)).size < 2) return;
    for (const source of sources) {
      if (source.file.data.isOpen && !(source.file.isArchived && source.tail)) source.tail = tailOf(source.file);
      const { tail } = source;
      const known = tail && this.#boots.get(tail.bootId);
      if (tail && (!known || known.monotonic < tail.monotonic))
        this.#boots.set(tail.bootId, { ...tail, machineId: source.file.machineId });
    }
  }
}

/** The last entry of a file. */
export function tailOf(file: JournalFile): Location | undefined {
  return file.loadBefore(file.count) ? copyLocation(file) : undefined;
}
