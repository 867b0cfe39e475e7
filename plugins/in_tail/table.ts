/**
 * The files that are followed, by inode and by the names under which something may be reported of them.
 */
import type { TailFile } from './file.ts';

export class FileTable {
  readonly #byKey = new Map<string, TailFile>();
  readonly #byPath = new Map<string, TailFile>();
  #round: Iterator<TailFile> | undefined;

  get size(): number {
    return this.#byKey.size;
  }

  [Symbol.iterator](): Iterator<TailFile> {
    return this.#byKey.values();
  }

  byKey(key: string): TailFile | undefined {
    return this.#byKey.get(key);
  }

  byPath(path: string): TailFile | undefined {
    return this.#byPath.get(path);
  }

  add(file: TailFile): void {
    this.#byKey.set(file.key, file);
    this.name(file, file.name);
    if (file.realPath !== undefined) this.name(file, file.realPath);
  }

  /** `file` may be reported under this name, too; what had it before has it no longer. */
  name(file: TailFile, path: string): void {
    this.#byPath.set(path, file);
  }

  remove(file: TailFile): void {
    if (this.#byKey.get(file.key) === file) this.#byKey.delete(file.key);
    for (const path of [file.name, file.realPath, file.path])
      if (path !== undefined && this.#byPath.get(path) === file) this.#byPath.delete(path);
  }

  /** The next few files of an endless round over all of them. */
  *next(count: number): Generator<TailFile> {
    for (let left = Math.min(count, this.size); left > 0 && this.size > 0; ) {
      this.#round ??= this.#byKey.values();
      const { value, done } = this.#round.next();
      if (done) this.#round = undefined;
      else {
        left--;
        yield value;
      }
    }
  }
}
