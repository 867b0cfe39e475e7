/**
 * The entries of all files as one stream: always the earliest of the files' next entries. An entry that lies in two
 * files comes once.
 *
 * The file that had the earliest entry usually has the next one, too: it is compared with the second earliest alone, as
 * long as it comes before that.
 */
import type { JournalFile } from './journal_file.ts';
import { compareLocations, isSameEntry } from './location.ts';

export interface Source {
  readonly file: JournalFile;
}

export class Merge<S extends Source> {
  readonly #sources: () => Iterable<S>;
  #current: S | undefined;
  #second: S | undefined;

  constructor(sources: () => Iterable<S>) {
    this.#sources = sources;
  }

  /** There are other files, or other entries in them. */
  changed(): void {
    this.#current = undefined;
  }

  /** The file whose head is the earliest entry of all. */
  next(): S | undefined {
    const current = this.#current;
    if (current?.file.load()) {
      const second = this.#second?.file;
      if (!second || compareLocations(current.file, second) < 0) return current;
    }
    return this.#findEarliest();
  }

  #findEarliest(): S | undefined {
    let first: S | undefined;
    let second: S | undefined;
    for (const source of this.#sources()) {
      while (first && source.file.load() && isSameEntry(source.file, first.file)) source.file.advance();
      if (!source.file.load()) continue;
      if (!first || compareLocations(source.file, first.file) < 0) {
        second = first;
        first = source;
      } else if (!second || compareLocations(source.file, second.file) < 0) second = source;
    }
    this.#current = first;
    this.#second = second;
    return first;
  }
}
