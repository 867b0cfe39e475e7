/**
 * Buffers that are used again. V8 counts every new one against its heap and collects garbage for it, and the system has
 * to clear its pages: for messages of 200 kB that is half of the time that reading them takes (bench/forward.ts).
 *
 * A buffer is given back by who took it, or is left to the garbage collector; never both used and given back.
 */

/** Sizes are powers of two from here on; what is smaller is not worth it. */
const SMALLEST = 1 << 16;

export class BufferPool {
  readonly #free = new Map<number, Buffer[]>();
  readonly #limitBytes: number;
  #freeBytes = 0;

  /** `limitBytes`: how much is kept for later. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** At least `bytes` long. */
  take(bytes: number): Buffer {
    if (this.#limitBytes === 0 || bytes > this.#limitBytes) return Buffer.allocUnsafeSlow(bytes);
    let size = SMALLEST;
    while (size < bytes) size *= 2;
    const found = this.#free.get(size)?.pop();
    if (!found) return Buffer.allocUnsafeSlow(size);
    this.#freeBytes -= size;
    return found;
  }

  /** What is no buffer of this pool's sizes, or too much, is let go. */
  give(buffer: Buffer): void {
    const size = buffer.length;
    if (size < SMALLEST || (size & (size - 1)) !== 0 || this.#freeBytes + size > this.#limitBytes) return;
    const list = this.#free.get(size);
    if (list) list.push(buffer);
    else this.#free.set(size, [buffer]);
    this.#freeBytes += size;
  }
}
