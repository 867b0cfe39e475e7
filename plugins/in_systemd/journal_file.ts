/**
 * One file of a journal, as a stream of entries: `head` tells where and when the next one is, `advance` goes on.
 *
 * A file grows while it is read: `refresh` reads its header again. A damaged entry is left out when a sound one comes
 * after it; damaged ones at the end wait, since a file may only look damaged while somebody writes it.
 */
import fs from 'node:fs';
import { EntryList } from './entry_list.ts';
import { ENTRY_BYTES, getUint64, HEADER_BYTES, type Header, OBJECT_BYTES, readHeader, TYPE_ENTRY } from './format.ts';
import type { Location } from './location.ts';
import { type WindowCache, WindowedFile } from './windows.ts';

/** Entries of this many fields (in files that are not compact) are taken for damaged. */
const MAX_ENTRY_BYTES = 1024 * 1024;
/** So many damaged entries at the end of a file are looked at again when it grows. */
const RECHECKED = 64;
/** After so many damaged ones in a row others get a turn. */
const MAX_DAMAGED = 65_536;
/** A search that meets damaged entries looks at so many others beside them. */
const NEIGHBOURS = 100;

const headerBytes = Buffer.allocUnsafeSlow(HEADER_BYTES);

export class JournalFile implements Location {
  readonly data: WindowedFile;
  readonly fileId: string;
  readonly seqnumId: string;
  readonly isCompact: boolean;
  readonly headerBytes: number;
  /** Where it is now; a rotation renames it. */
  path: string;
  /** True from the first refresh on that saw it archived. */
  isArchived = false;
  /** How many entries it has. */
  count = 0;
  /** The number of the last one, in an archived file. */
  tailSeqnum = 0;
  /** The place of the next entry in the list. */
  index = 0;
  /** Damaged entries that were left out. */
  damaged = 0;

  /** Whether the fields below, to `offset`, are those of the next entry. */
  hasHead = false;
  seqnum = 0;
  realtime = 0;
  monotonic = 0;
  bootId = '';
  xorHigh = 0;
  xorLow = 0;
  /** Where the entry object lies, and how long it is. */
  offset = 0;
  bytes = 0;

  readonly #list: EntryList;
  readonly #boot = new Uint32Array(4);
  #tailObject = 0;
  /** Nothing can be read of it until the next refresh. */
  #isIdle = false;

  /** Takes `fd` over. @throws FormatError, or what fs throws: then it does not take it. */
  constructor(path: string, fd: number, cache: WindowCache) {
    const header = readHeader(headerBytes.subarray(0, fs.readSync(fd, headerBytes, 0, HEADER_BYTES, 0)));
    this.path = path;
    this.data = new WindowedFile(fd, cache);
    this.fileId = header.fileId;
    this.seqnumId = header.seqnumId;
    this.isCompact = header.isCompact;
    this.headerBytes = header.headerBytes;
    this.#list = new EntryList(this.data, header.isCompact, header.entryArray);
    this.#take(header);
  }

  /** Reads the header again. @returns whether there may be more entries. @throws FormatError, or what fs throws */
  refresh(): boolean {
    const got = this.data.readInto(headerBytes, HEADER_BYTES, 0);
    const header = readHeader(headerBytes.subarray(0, got));
    this.#archive(header);
    // Damaged entries at the end, if there are any, get another chance.
    if (header.entries === this.count && this.index >= this.count) return false;
    this.data.dropFrom(header.entries === this.count ? 0 : this.#tailObject);
    this.#list.refresh(header.entryArray);
    this.#take(header);
    this.#isIdle = false;
    return true;
  }

  /** Everything that it will ever hold was read. */
  get isDone(): boolean {
    return this.isArchived && !this.hasHead && this.index >= this.count;
  }

  get isIdle(): boolean {
    return this.#isIdle;
  }

  /**
   * Makes the entry at `index`, or the first sound one after it, the head. A file that cannot be read has none until the
   * next refresh, which throws again if it still cannot. @returns whether there is one
   */
  load(): boolean {
    if (this.hasHead) return true;
    if (this.index >= this.count || this.#isIdle) return false;
    try {
      return this.#loadFirst();
    } catch {
      this.pause();
      return false;
    }
  }

  #loadFirst(): boolean {
    const end = Math.min(this.count, this.index + MAX_DAMAGED);
    for (let index = this.index; index < end; index++) {
      if (!this.#readEntry(this.#list.at(index))) {
        if (this.#list.isBroken) return this.#giveUp(this.count);
        continue;
      }
      this.damaged += index - this.index;
      this.index = index;
      this.hasHead = true;
      return true;
    }
    return this.#giveUp(end);
  }

  /** The head cannot be read now: it waits for the next refresh. */
  pause(): void {
    this.hasHead = false;
    this.#isIdle = true;
  }

  /** Leaves the head behind. */
  advance(): void {
    this.hasHead = false;
    this.index++;
  }

  toEnd(): void {
    this.hasHead = false;
    this.index = this.count;
  }

  /** Goes to the first entry that is not `before`; entries for which it holds come before all others. */
  seek(before: (entry: Location) => boolean): void {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const probe = this.#soundFrom(middle, high);
      if (probe < high && before(this)) low = probe + 1;
      else high = middle;
    }
    this.hasHead = false;
    this.index = low;
  }

  /** The last sound entry before `index`; its fields are in this object until the next `load`. */
  loadBefore(index: number): boolean {
    this.hasHead = false;
    for (let at = index - 1; at >= Math.max(index - NEIGHBOURS, 0); at--)
      if (this.#readEntry(this.#list.at(at))) return true;
    return false;
  }

  /** Nothing of it is kept in memory but its place. */
  close(): void {
    this.hasHead = false;
    this.data.close();
  }

  #take(header: Header): void {
    this.count = header.entries;
    this.tailSeqnum = header.tailSeqnum;
    this.#archive(header);
    this.#tailObject = header.tailObject;
  }

  /** Nobody goes on with a file that journald has put aside, whatever state it was left in. */
  #archive(header: Header): void {
    this.isArchived ||= header.isArchived || this.path.endsWith('~');
  }

  /** Nothing before `end` is sound. The last few of a file may become so, and are looked at again. */
  #giveUp(end: number): false {
    const isFinal = this.isArchived || end < this.count;
    const index = isFinal ? end : this.#list.isBroken ? this.index : end - RECHECKED;
    this.#isIdle = true;
    if (index > this.index) {
      this.damaged += index - this.index;
      this.index = index;
    }
    return false;
  }

  /** The first sound entry of [from, to) and near `from`; `to` where there is none. */
  #soundFrom(from: number, to: number): number {
    const end = Math.min(to, from + NEIGHBOURS);
    for (let index = from; index < end; index++) if (this.#readEntry(this.#list.at(index))) return index;
    return to;
  }

  #readEntry(offset: number): boolean {
    const { data } = this;
    if (offset < this.headerBytes || offset % 8 !== 0 || !data.locate(offset, ENTRY_BYTES)) return false;
    const { view, at } = data;
    if (view.getUint8(at) !== TYPE_ENTRY) return false;
    const bytes = getUint64(view, at + 8);
    const width = this.isCompact ? 4 : 16;
    if (bytes < ENTRY_BYTES || bytes > MAX_ENTRY_BYTES || (bytes - ENTRY_BYTES) % width !== 0) return false;
    const seqnum = getUint64(view, at + OBJECT_BYTES);
    const realtime = getUint64(view, at + 24);
    const monotonic = getUint64(view, at + 32);
    if (seqnum === 0 || realtime === 0 || !Number.isSafeInteger(seqnum + realtime + monotonic)) return false;
    this.seqnum = seqnum;
    this.realtime = realtime;
    this.monotonic = monotonic;
    this.#readBoot(view, at + 40);
    this.xorLow = view.getUint32(at + 56, true);
    this.xorHigh = view.getUint32(at + 60, true);
    this.offset = offset;
    this.bytes = bytes;
    return true;
  }

  /** The id is nearly always that of the entry before: then no new text is made. */
  #readBoot(view: DataView, at: number): void {
    const boot = this.#boot;
    let isSame = this.bootId !== '';
    for (let i = 0; i < 4; i++) {
      const word = view.getUint32(at + i * 4, true);
      if (boot[i] !== word) isSame = false;
      boot[i] = word;
    }
    if (!isSame) this.bootId = this.data.bytes.toString('hex', at, at + 16);
  }
}
