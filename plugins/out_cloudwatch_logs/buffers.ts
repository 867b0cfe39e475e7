/** Memory for the bodies of requests, used again. One whose request failed is not given back: it may still be read. */
import { REQUEST_BYTES } from './requests.ts';

/** Escapes do not count, and hardly ever double a message; what is never written to takes no memory. */
const BODY_BYTES = 2 * REQUEST_BYTES;
const MOST_KEPT = 4;

export class BufferPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BODY_BYTES);
  }

  give(buffer: Buffer): void {
    if (this.#free.length < MOST_KEPT) this.#free.push(buffer);
  }
}
