/**
 * For the tests: a tail input on real files in a folder of its own. inotify is off and the clock stands still, so that
 * nothing happens but by `poll` (look at every file, read all there is) and `scan` (look for new files).
 */
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Tail } from '../../plugins/in_tail/follow.ts';
import { TAIL_OPTIONS } from '../../plugins/in_tail/options.ts';
import { readSettings } from '../../plugins/in_tail/settings.ts';
import { readOptions } from '../../src/options.ts';
import { TestHost, type TestHostOptions, VirtualClock } from './host.ts';

export interface TailTest extends TestHostOptions {
  options?: Record<string, string>;
}

export class TailFolder {
  readonly directory: string;
  readonly clock: VirtualClock;
  readonly #test: TailTest;
  host: TestHost;
  tail: Tail | undefined;

  /** Path is `*.log` unless `options` says otherwise; names in options are relative to the folder where they say so. */
  constructor(directory: string, test: TailTest = {}) {
    this.directory = directory;
    this.clock = new VirtualClock(Date.now());
    this.#test = test;
    this.host = this.#newHost();
  }

  #newHost(): TestHost {
    return new TestHost({ name: 'tail.0', tag: 't', ...this.#test, clock: this.clock, section: this.#section() });
  }

  #section(): { key: string; value: string }[] {
    const defaults = { path: this.file('*.log'), read_from_head: 'true', inotify_watcher: 'off' };
    return Object.entries({ ...defaults, ...this.#test.options }).map(([key, value]) => ({ key, value }));
  }

  file(name: string): string {
    return path.join(this.directory, name);
  }

  /** A new run: a new host, the same options, the same folder. */
  start(): this {
    this.host = this.#newHost();
    this.tail = new Tail(readSettings(readOptions(TAIL_OPTIONS, this.#section()), this.host), this.host);
    this.tail.start();
    this.tail.poll();
    return this;
  }

  poll(): this {
    this.tail?.poll();
    return this;
  }

  scan(): this {
    this.tail?.scan();
    return this.poll();
  }

  settle(outcome: 'safe' | 'lost' = 'safe'): this {
    for (const emitted of this.host.emitted) {
      emitted.settle?.(outcome);
      emitted.settle = undefined;
    }
    return this;
  }

  /** As after SIGTERM: everything emitted is delivered. */
  stop(): this {
    this.tail?.stop();
    this.settle();
    return this;
  }

  /** As after SIGKILL, but that the descriptors are closed. */
  kill(): this {
    this.host.abort.abort();
    return this;
  }

  write(name: string, text: string | Buffer): this {
    fs.writeFileSync(this.file(name), text);
    return this;
  }

  append(name: string, text: string): this {
    fs.appendFileSync(this.file(name), text);
    return this;
  }

  rename(from: string, to: string): this {
    fs.renameSync(this.file(from), this.file(to));
    return this;
  }

  remove(name: string): this {
    fs.rmSync(this.file(name));
    return this;
  }

  /** The lines that were emitted in this run. */
  get lines(): string[] {
    return this.host.bodies.map((body) => (body as { log: string }).log);
  }

  /** `tag: line`. */
  get tagged(): string[] {
    return this.host.emitted.flatMap(({ tag, events }) => events.map(({ body }) => `${tag}: ${body.log}`));
  }

  logged(text: string): boolean {
    return this.host.lines.some(({ message }) => message.includes(text));
  }

  /** The rows of a database in the folder; markers, which are too large for a number, as text. */
  rows(name: string): Record<string, unknown>[] {
    const db = new DatabaseSync(this.file(name));
    const rows = db
      .prepare(
        'SELECT id, name, offset, inode, created, rotated, CAST(offset_marker AS TEXT) AS offset_marker, offset_marker_size FROM in_tail_files ORDER BY id',
      )
      .all();
    db.close();
    return rows.map((row) => ({ ...row }));
  }
}
