/**
 * Cuts the stream of a Forward connection into messages: MessagePack values that follow each other directly, arrays each.
 *
 *     pushed pieces   | 93 a1 61 .. 93 | a1 62 .. |          | .. |
 *     frames          |<---- one ---->|<------------- two ------->|
 *
 * Pieces are borrowed: they are read into one buffer again and again. A frame that lies within one piece is given out in
 * place (`isOwn` is false: copy what is to stay). One that goes over several is gathered in a buffer of its own, which
 * grows with what came, never with what a length claims. Each byte is looked at once, however small the pieces, and long
 * texts and binaries are stepped over. What a frame holds besides its end is for `forward_message.ts` to see.
 */
import { BufferPool } from './buffer_pool.ts';
import { ForwardError } from './forward_message.ts';

/** The smallest buffer for a frame that came in pieces, and how much of the next one may be copied along. */
const FIRST_BYTES = 256 * 1024;
const SLACK_BYTES = 4096;

/** Bytes after the type of the fixed types from C0 on; -1: a length follows; -2: there is no such type. */
const FIXED = [0, -2, 0, 0, -1, -1, -1, -1, -1, -1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17];

const EMPTY = Buffer.alloc(0);

export class FrameCutter {
  /** The frame that `next` found: from `start` to `end` in `bytes`. */
  bytes: Buffer = EMPTY;
  start = 0;
  end = 0;
  /** Whether `bytes` hold this frame alone and are never written to again. */
  isOwn = false;
  /** The longest frame; may change between two of them. */
  limitBytes: number;
  readonly #pool: BufferPool;
  /** Where the open frame lies: in the piece that came, or in `#own`. */
  #base: Buffer = EMPTY;
  #begin = 0;
  #have = 0;
  #isGathered = false;
  /** What of the last piece is not in `#base` yet, while that is an own buffer. */
  #piece: Buffer = EMPTY;
  #pieceAt = 0;
  /** The walk through the open frame: where it is, and how many values are to come. */
  #at = 0;
  #pending = 1;

  constructor(limitBytes: number, pool = new BufferPool(0)) {
    this.limitBytes = limitBytes;
    this.#pool = pool;
  }

  /** Takes a piece until `next` has answered false or `keep` was called. To be called after either. */
  push(piece: Buffer): void {
    if (this.#isGathered) {
      this.#piece = piece;
      this.#pieceAt = 0;
    } else this.#beginAt(piece, 0);
  }

  /** Takes the memory of an own frame back, to be used again. */
  giveBack(bytes: Buffer): void {
    this.#pool.give(bytes);
  }

  /** Copies what is left of the piece, for calls of `next` at a later time. */
  keep(): void {
    if (this.#isGathered) {
      // Nobody has asked since it came: there was no room.
      if (this.#pieceAt < this.#piece.length) {
        this.#piece = Buffer.from(this.#piece.subarray(this.#pieceAt));
        this.#pieceAt = 0;
      }
    } else if (this.#have > this.#begin) this.#beginAt(Buffer.from(this.#base.subarray(this.#begin, this.#have)), 0);
  }

  /** True where whole frames or a beginning of one are held. */
  get hasMore(): boolean {
    return this.#have > this.#begin;
  }

  /** @returns whether there was another frame. @throws ForwardError where it is too long or can be none. */
  next(): boolean {
    for (;;) {
      const need = this.#walk();
      if (Math.max(need, this.#at) - this.#begin > this.limitBytes)
        throw new ForwardError(`a message is longer than buffer_max_size, ${this.limitBytes} bytes`);
      if (need === 0) {
        this.#finish();
        return true;
      }
      if (this.#isGathered) {
        if (!this.#gather(need)) return false;
      } else {
        if (this.hasMore) this.#moveToOwn(need);
        return false;
      }
    }
  }

  #beginAt(piece: Buffer, at: number): void {
    this.#base = piece;
    this.#begin = at;
    this.#have = piece.length;
    this.#isGathered = false;
    this.#at = at;
    this.#pending = 1;
  }

  #finish(): void {
    this.bytes = this.#base;
    if (this.#isGathered && this.#base.length > this.#at * 2) {
      // A buffer that is mostly empty is not worth keeping for its content.
      this.bytes = Buffer.from(this.#base.subarray(0, this.#at));
      this.#pool.give(this.#base);
    }
    this.start = this.#begin;
    this.end = this.#at;
    this.isOwn = this.#isGathered;
    if (!this.#isGathered) this.#beginAt(this.#base, this.end);
    // What was copied past the end of the frame came with the last piece, and is read again from there.
    else this.#beginAt(this.#piece, this.#pieceAt - (this.#have - this.end));
  }

  #moveToOwn(need: number): void {
    const held = this.#base.subarray(this.#begin, this.#have);
    this.#at -= this.#begin;
    const own = this.#pool.take(this.#capacity(need - this.#begin, held.length));
    held.copy(own);
    this.#base = own;
    this.#begin = 0;
    this.#have = held.length;
    this.#isGathered = true;
    this.#piece = EMPTY;
    this.#pieceAt = 0;
  }

  /** What it takes where it is known, but at first only four times what is there. */
  #capacity(need: number, have: number): number {
    return Math.max(Math.min(need + SLACK_BYTES, Math.max(FIRST_BYTES, have * 4)), have + SLACK_BYTES);
  }

  /** Copies some of the last piece to the open frame. @returns whether there was more of it. */
  #gather(need: number): boolean {
    const left = this.#piece.length - this.#pieceAt;
    if (left === 0) return false;
    const wanted = Math.min(left, need - this.#have + SLACK_BYTES);
    if (this.#have + wanted > this.#base.length) {
      const larger = this.#pool.take(this.#capacity(need, this.#have + wanted));
      this.#base.copy(larger, 0, 0, this.#have);
      this.#pool.give(this.#base);
      this.#base = larger;
    }
    this.#piece.copy(this.#base, this.#have, this.#pieceAt, this.#pieceAt + wanted);
    this.#have += wanted;
    this.#pieceAt += wanted;
    return true;
  }

  /** @returns 0 at the end of the frame; else how long `#base` has to be at least for it to end. */
  #walk(): number {
    const bytes = this.#base;
    const have = this.#have;
    let at = this.#at;
    let pending = this.#pending;
    if (at === this.#begin && at < have) checkRoot(bytes[at] as number);
    while (pending > 0 && at < have) {
      const type = bytes[at] as number;
      if (type < 0x80 || type >= 0xe0) at++;
      else if (type < 0x90) {
        at++;
        pending += (type & 15) * 2;
      } else if (type < 0xa0) {
        at++;
        pending += type & 15;
      } else if (type < 0xc0) at += 1 + (type & 31);
      else {
        const fixed = FIXED[type - 0xc0];
        if (fixed === -2) throw new ForwardError('a message is no MessagePack');
        if (fixed === undefined || fixed === -1) {
          const width = widthOf(type);
          if (at + 1 + width > have) {
            this.#at = at;
            this.#pending = pending;
            return at + width + pending;
          }
          const length = width === 1 ? (bytes[at + 1] as number) : bytes.readUIntBE(at + 1, width);
          at += 1 + width;
          if (type >= 0xde) pending += length * 2;
          else if (type >= 0xdc) pending += length;
          else at += length + (type >= 0xc7 && type <= 0xc9 ? 1 : 0);
        } else at += 1 + fixed;
      }
      pending--;
    }
    this.#at = at;
    this.#pending = pending;
    return pending === 0 && at <= have ? 0 : at + pending;
  }
}

/** Anything else (an HTTP request, a scan) would be taken for a row of small numbers. */
function checkRoot(type: number): void {
  if ((type < 0x90 || type >= 0xa0) && type !== 0xdc && type !== 0xdd)
    throw new ForwardError('what came is no Forward message (no array)');
}

/** How many bytes the length has: 1, 2 or 4. */
function widthOf(type: number): number {
  if (type >= 0xdc) return type & 1 ? 4 : 2;
  if (type >= 0xd9) return 1 << (type - 0xd9);
  return 1 << ((type - 0xc4) % 3);
}
