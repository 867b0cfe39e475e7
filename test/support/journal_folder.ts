/** The systemd input on a folder of journal files, driven by a test: its clock stands still until the test moves it. */
import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import definition from '../../plugins/in_systemd/index.ts';
import { readOptions } from '../../src/options.ts';
import type { Input, LogEvent, Settle } from '../../src/plugin.ts';
import { sectionOf } from './batch.ts';
import { TestHost, VirtualClock } from './host.ts';
import type { JournalWriter } from './journal_writer.ts';

const POLL_MS = 1000;

class Host extends TestHost {
  readonly told = new EventEmitter();
  override emit(tag: string, events: LogEvent[], settle?: Settle): boolean {
    queueMicrotask(() => this.told.emit('emitted'));
    return super.emit(tag, events, settle);
  }
}

export interface JournalFolderOptions {
  readonly tag?: string;
  readonly room?: () => boolean;
}

export class JournalFolder {
  readonly dir: string;
  readonly clock = new VirtualClock();
  readonly #t: Test;
  host!: Host;
  input: Input | undefined;

  constructor(t: Test, dir = t.testdir({})) {
    this.#t = t;
    this.dir = dir;
  }

  file(name: string): string {
    return path.join(this.dir, name);
  }

  /** Saves what the writer has, under this name. */
  save(name: string, writer: JournalWriter): this {
    fs.mkdirSync(path.dirname(this.file(name)), { recursive: true });
    writer.save(this.file(name));
    return this;
  }

  /** Starts the input; returns when it has read what is there. */
  async start(options: Record<string, string | string[]> = {}, how: JournalFolderOptions = {}): Promise<this> {
    await this.stop();
    this.host = new Host({ name: 'systemd.0', clock: this.clock, ...how });
    const pairs = Object.entries({ path: this.dir, ...options }).flatMap(([key, value]) =>
      [value].flat().map((one) => [key, one] as const),
    );
    this.input = await definition.create(readOptions(definition.options, sectionOf(pairs)) as never, this.host);
    await this.input.start();
    this.#t.teardown(() => this.stop());
    await this.idle();
    return this;
  }

  /** Lets the input look for what is new. */
  async poll(): Promise<this> {
    await this.clock.advance(POLL_MS);
    return this.idle();
  }

  /** Waits until it has read in turns what it knows of. */
  async idle(): Promise<this> {
    for (let turns = 0; turns < 5; turns++) await new Promise((go) => setImmediate(go));
    return this;
  }

  emitted(): Promise<unknown> {
    return once(this.host.told, 'emitted');
  }

  /** As the engine: stop, then close. */
  async stop(): Promise<void> {
    const { input } = this;
    this.input = undefined;
    await input?.stop();
    await input?.close?.();
  }

  /** Everything that was emitted is delivered. */
  settle(outcome: 'safe' | 'lost' = 'safe'): void {
    for (const { settle } of this.host.emitted.splice(0)) settle?.(outcome);
  }

  get events(): LogEvent[] {
    return this.host.emitted.flatMap(({ events }) => events);
  }

  get messages(): unknown[] {
    return this.events.map(({ body }) => body.MESSAGE);
  }

  get tagged(): string[] {
    return this.host.emitted.flatMap(({ tag, events }) => events.map(({ body }) => `${tag}: ${body.MESSAGE}`));
  }

  logged(part: string): boolean {
    return this.host.lines.some(({ message }) => message.includes(part));
  }
}
