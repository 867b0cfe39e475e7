/** Memory for the bodies of requests, used again. One whose request failed is not given back: it may still be read. */
import { REQUEST_BYTES } from './requests.ts';

/** For escapes in the names of groups and streams, which are counted without. */
const SPARE_BYTES = 8192;
const MOST_KEPT = 4;

export class BufferPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(REQUEST_BYTES + SPARE_BYTES);
  }

  give(buffer: Buffer): void {
    if (this.#free.length < MOST_KEPT) this.#free.push(buffer);
  }
}
