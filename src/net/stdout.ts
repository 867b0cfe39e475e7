/**
 * Standard output for records, shared by all plugins that print some: whole pieces in the order in which they came, each
 * acknowledged once the system has taken it.
 *
 * A pipe that nobody reads must neither stop the event loop (as Node's own process.stdout would, which blocks on pipes)
 * nor the exit of the process (as a write in the thread pool would). So a pipe is opened a second time, without
 * blocking, through /proc: that leaves the descriptor that others share (a shell, stderr of the same pipe) as it is. A
 * socket (systemd gives one) cannot be opened again and is itself switched to not blocking. Files and terminals are
 * written to directly.
 */
import fs from 'node:fs';
import net from 'node:net';

export interface TextSink {
  /** Resolves when all is written. @throws the system's error, as EPIPE where the reader has gone. */
  write(bytes: Uint8Array): Promise<void>;
}

let shared: TextSink | undefined;

/** The process's standard output; opened at first use. */
export function standardOutput(): TextSink {
  shared ??= openSink(1);
  return shared;
}

/** A sink for a descriptor that stays open. */
export function openSink(descriptor: number): TextSink {
  const kind = fs.fstatSync(descriptor);
  if (kind.isFIFO()) {
    try {
      const flags = fs.constants.O_WRONLY | fs.constants.O_NONBLOCK;
      return new StreamSink(fs.openSync(`/proc/self/fd/${descriptor}`, flags));
    } catch {
      // No /proc, or no right to open the pipe again: the blocking way below still works.
    }
  }
  return kind.isSocket() ? new StreamSink(descriptor) : new FileSink(descriptor);
}

class StreamSink implements TextSink {
  readonly #socket: net.Socket;
  #error: Error | undefined;

  constructor(descriptor: number) {
    this.#socket = new net.Socket({ fd: descriptor, readable: false, writable: true });
    this.#socket.on('error', (error) => {
      this.#error = error;
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#error) reject(this.#error);
      else this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** How long to wait where a descriptor that does not block has no room. */
const FULL_MS = 10;

class FileSink implements TextSink {
  readonly #descriptor: number;
  #last: Promise<void> = Promise.resolve();

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(bytes: Uint8Array): Promise<void> {
    const done = this.#last.then(() => this.#writeAll(bytes));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += await this.#writeSome(bytes, at);
  }

  #writeSome(bytes: Uint8Array, from: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.write(this.#descriptor, bytes, from, bytes.length - from, null, (error, written) => {
        if (!error) resolve(written);
        else if (error.code === 'EAGAIN') setTimeout(resolve, FULL_MS, 0);
        else reject(error);
      });
    });
  }
}
