/**
 * The list of all entries of one file: a chain of arrays of offsets, each about twice as long as the one before.
 *
 * Arrays are filled while the file is read, so they are read past the windows, a few hundred offsets at a time. A chain
 * must go forward in the file: a damaged one ends at the first array that does not, so that no walk is endless.
 */
import { ENTRY_ARRAY_BYTES, getUint64, TYPE_ENTRY_ARRAY } from './format.ts';
import type { WindowedFile } from './windows.ts';

const BATCH = 512;
/** Sound files have about forty. */
const MAX_ARRAYS = 4096;

interface EntryArray {
  readonly offset: number;
  /** How many entries the arrays before it hold. */
  readonly first: number;
  readonly capacity: number;
}

const scratch = Buffer.allocUnsafeSlow(BATCH * 8);
const view = new DataView(scratch.buffer);

export class EntryList {
  readonly #file: WindowedFile;
  readonly #isCompact: boolean;
  readonly #arrays: EntryArray[] = [];
  /** The offsets of the entries from `#from` on, `#count` of them. */
  readonly #batch = new Float64Array(BATCH);
  #from = 0;
  #count = 0;
  #head: number;
  #isBroken = false;

  constructor(file: WindowedFile, isCompact: boolean, head: number) {
    this.#file = file;
    this.#isCompact = isCompact;
    this.#head = head;
  }

  /** True where the chain, or the file, ended before the list did. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** More entries may be there than before; `head`: the offset of the first array. */
  refresh(head: number): void {
    this.#head = head;
    this.#count = 0;
    this.#isBroken = false;
  }

  /** The offset of entry `index`, counted from 0; 0 where there is none (yet), or nothing that could be one. */
  at(index: number): number {
    const at = index - this.#from;
    if (at >= 0 && at < this.#count) return this.#batch[at] as number;
    return this.#fill(index) ? (this.#batch[0] as number) : 0;
  }

  #fill(index: number): boolean {
    this.#count = 0;
    const array = this.#arrayOf(index);
    if (!array) return false;
    const width = this.#isCompact ? 4 : 8;
    const at = index - array.first;
    const wanted = Math.min(BATCH, array.capacity - at) * width;
    const got = this.#file.readInto(scratch, wanted, array.offset + ENTRY_ARRAY_BYTES + at * width);
    this.#from = index;
    this.#count = Math.floor(got / width);
    for (let i = 0; i < this.#count; i++)
      this.#batch[i] = this.#isCompact ? view.getUint32(i * 4, true) : getUint64(view, i * 8);
    if (this.#count === 0) this.#isBroken = true;
    return this.#count > 0;
  }

  #arrayOf(index: number): EntryArray | undefined {
    let array = this.#arrays.at(-1) ?? this.#add(this.#head, 0);
    if (array && index < array.first) return this.#arrays.findLast(({ first }) => first <= index);
    while (array && index >= array.first + array.capacity) {
      const next = this.#nextOf(array);
      array = next > array.offset ? this.#add(next, array.first + array.capacity) : undefined;
    }
    if (!array) this.#isBroken = true;
    return array;
  }

  #add(offset: number, first: number): EntryArray | undefined {
    if (offset <= 0 || offset % 8 !== 0 || this.#arrays.length >= MAX_ARRAYS) return undefined;
    if (this.#file.readInto(scratch, ENTRY_ARRAY_BYTES, offset) < ENTRY_ARRAY_BYTES) return undefined;
    const capacity = Math.floor((getUint64(view, 8) - ENTRY_ARRAY_BYTES) / (this.#isCompact ? 4 : 8));
    if (scratch[0] !== TYPE_ENTRY_ARRAY || capacity < 1) return undefined;
    const array = { offset, first, capacity };
    this.#arrays.push(array);
    return array;
  }

  #nextOf({ offset }: EntryArray): number {
    return this.#file.readInto(scratch, 8, offset + 16) === 8 ? getUint64(view, 0) : 0;
  }
}
