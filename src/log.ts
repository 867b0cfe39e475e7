/**
 * Log lines as Fluent Bit prints them, so that what greps them goes on working:
 *
 *     [2026/11/21 03:05:04.123] [ info] [input:tail:tail.0] inotify_fs_add(): ...
 *
 * or, with `log_format json`, one JSON object a line. Lines go to stderr, or to Log_File, which is opened for every
 * line anew only after it was rotated away. A logger never throws: a full disk must not stop the router.
 */
import fs from 'node:fs';
import type { Level } from './plugin.ts';

const RANK: Readonly<Record<Level, number>> = { error: 1, warn: 2, info: 3, debug: 4, trace: 5 };
const LABEL: Readonly<Record<Level, string>> = {
  error: 'error',
  warn: ' warn',
  info: ' info',
  debug: 'debug',
  trace: 'trace',
};

export interface LogSink {
  /** One whole line, with its line break. */
  write(line: string): void;
}

export interface LogSettings {
  /** null: off. */
  level: Level | null;
  format: 'text' | 'json';
  sink: LogSink;
  /** Unix milliseconds. */
  now(): number;
}

export class Logger {
  readonly #settings: LogSettings;
  readonly #component: string;
  readonly #level: Level | null | undefined;

  /** `level` undefined: that of the settings, which may still change (the configuration is read after the start). */
  constructor(settings: LogSettings, component = '', level?: Level | null) {
    this.#settings = settings;
    this.#component = component;
    this.#level = level;
  }

  /** A logger for one instance: `child('input:tail:tail.0')`. */
  child(component: string, level?: Level | null): Logger {
    return new Logger(this.#settings, component, level);
  }

  logs(level: Level): boolean {
    const limit = this.#level === undefined ? this.#settings.level : this.#level;
    return limit !== null && RANK[level] <= RANK[limit];
  }

  log(level: Level, message: string): void {
    if (!this.logs(level)) return;
    const now = new Date(this.#settings.now());
    this.#settings.sink.write(
      this.#settings.format === 'json'
        ? `${JSON.stringify({ time: now.toISOString(), level, component: this.#component || undefined, message })}\n`
        : textLine(now, level, this.#component, message),
    );
  }

  error(message: string): void {
    this.log('error', message);
  }
  warn(message: string): void {
    this.log('warn', message);
  }
  info(message: string): void {
    this.log('info', message);
  }
  debug(message: string): void {
    this.log('debug', message);
  }
}

function textLine(now: Date, level: Level, component: string, message: string): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const date = `${now.getFullYear()}/${two(now.getMonth() + 1)}/${two(now.getDate())}`;
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  const fraction = String(now.getMilliseconds()).padStart(3, '0');
  const where = component === '' ? '' : `[${component}] `;
  // A line break in a message (a hostile file name) would let it forge a log line of its own.
  return `[${date} ${time}.${fraction}] [${LABEL[level]}] ${where}${message.replace(/[\r\n]+/g, ' ')}\n`;
}

export const stderrSink: LogSink = {
  write(line) {
    try {
      fs.writeSync(2, line);
    } catch {
      // EAGAIN on a full pipe, EPIPE on a closed one: there is nowhere to report it.
    }
  },
};

/** Appends to a file; after the file was renamed or removed (logrotate), the next line makes it anew. */
export function fileSink(file: string): LogSink {
  return {
    write(line) {
      try {
        fs.appendFileSync(file, line);
      } catch (error) {
        stderrSink.write(`[log] cannot write ${file}: ${(error as Error).message}\n${line}`);
      }
    },
  };
}
