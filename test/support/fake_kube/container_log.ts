/**
 * The log of one run of a container, as a kubelet serves it: only the current file can be read, a follower goes from a
 * rotated file to its successor (or goes silent, or ends, as some kubelets do), lines carry their time with
 * nanoseconds, and a line that the runtime cut into parts comes out whole, with the time of its first part.
 */

export interface LogLine {
  readonly seconds: number;
  readonly nanos: number;
  readonly text: string;
  /** False where the container has not ended the line (yet). */
  readonly whole: boolean;
}

interface LogFile {
  readonly lines: LogLine[];
  next: LogFile | undefined;
}

export interface ReadOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Unix seconds, whole: what is older is left out. */
  readonly sinceSeconds: number | undefined;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
}

/** What a follower does when the file is rotated: the first is right, the others are bugs of real kubelets. */
export type AtRotation = 'follow' | 'silent' | 'end';

/** RFC3339 with nine digits, as the kubelet writes it. */
export function stampOf(seconds: number, nanos: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(nanos).padStart(9, '0')}Z`;
}

let lastMs = 0;
let lastNanos = 0;

/** Now, later than every time before. */
export function tick(): { seconds: number; nanos: number } {
  const now = Date.now();
  lastNanos = now > lastMs ? 0 : lastNanos + 1;
  lastMs = Math.max(now, lastMs);
  const seconds = Math.floor(lastMs / 1000);
  return { seconds, nanos: (lastMs % 1000) * 1_000_000 + lastNanos };
}

export class ContainerLog {
  #file: LogFile = { lines: [], next: undefined };
  readonly #followers = new Set<LogReader>();
  ended = false;

  write(text: string, at: { seconds: number; nanos: number } = tick(), whole = true): void {
    this.#file.lines.push({ ...at, text, whole });
    for (const follower of this.#followers) follower.pump();
  }

  /** The file gets another name and cannot be read any more; a new one begins. */
  rotate(mode: AtRotation = 'follow'): void {
    const next: LogFile = { lines: [], next: undefined };
    const old = this.#file;
    this.#file = next;
    for (const follower of this.#followers) follower.rotated(mode);
    old.next = next;
    for (const follower of this.#followers) follower.pump();
  }

  /** The container has ended: followers come to their end. */
  end(): void {
    this.ended = true;
    for (const follower of [...this.#followers]) follower.pump();
  }

  /** @param write returns false when it has had enough until `pump` is called. */
  read(options: ReadOptions, write: (text: string) => boolean, end: () => void): LogReader {
    const reader = new LogReader(this, this.#file, options, write, () => {
      this.#followers.delete(reader);
      end();
    });
    if (options.follow) this.#followers.add(reader);
    reader.pump();
    return reader;
  }

  close(reader: LogReader): void {
    this.#followers.delete(reader);
  }
}

export class LogReader {
  readonly #log: ContainerLog;
  readonly #options: ReadOptions;
  readonly #write: (text: string) => boolean;
  readonly #end: () => void;
  #file: LogFile;
  #at: number;
  #bytes = 0;
  #isNewLine = true;
  #state: 'reading' | 'silent' | 'last file' | 'over' = 'reading';

  constructor(
    log: ContainerLog,
    file: LogFile,
    options: ReadOptions,
    write: (text: string) => boolean,
    end: () => void,
  ) {
    this.#log = log;
    this.#file = file;
    this.#options = options;
    this.#write = write;
    this.#end = end;
    const { tailLines } = options;
    this.#at = tailLines === undefined ? 0 : Math.max(file.lines.length - tailLines, 0);
  }

  rotated(mode: AtRotation): void {
    if (mode === 'end') this.#state = 'last file';
    if (mode === 'silent') this.#state = 'silent';
  }

  /** Writes what there is, until the receiver has had enough. */
  pump(): void {
    if (this.#state === 'over' || this.#state === 'silent') return;
    while (this.#next()) if (!this.#line(this.#file.lines[this.#at++] as LogLine)) return;
    const isOver = this.#options.follow ? this.#log.ended || this.#state === 'last file' : true;
    if (isOver) this.#finish();
  }

  #next(): boolean {
    while (this.#at >= this.#file.lines.length) {
      if (!this.#file.next || !this.#options.follow || this.#state === 'last file') return false;
      this.#file = this.#file.next;
      this.#at = 0;
    }
    return true;
  }

  /** False: no more for now, or ever. */
  #line({ seconds, nanos, text, whole }: LogLine): boolean {
    const { sinceSeconds, timestamps, limitBytes } = this.#options;
    if (sinceSeconds !== undefined && seconds < sinceSeconds) return true;
    const stamp = timestamps && this.#isNewLine ? `${stampOf(seconds, nanos)} ` : '';
    this.#isNewLine = whole;
    let line = `${stamp}${text}${whole ? '\n' : ''}`;
    if (limitBytes !== undefined) {
      const bytes = Buffer.from(line);
      line = bytes.subarray(0, limitBytes - this.#bytes).toString();
      this.#bytes += bytes.length;
    }
    const hasRoom = this.#write(line);
    if (limitBytes === undefined || this.#bytes < limitBytes) return hasRoom;
    this.#finish();
    return false;
  }

  #finish(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#end();
  }
}
