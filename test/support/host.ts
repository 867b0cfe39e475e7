/**
 * Hosts for the tests of plugins: they keep what a plugin emits, logs and counts, and the clock stands still until the
 * test moves it.
 */
import type { LogEvent } from '../../src/data/event.ts';
import { decodeEvents } from '../../src/data/msgpack.ts';
import type {
  Batch,
  Clock,
  FilterHost,
  InputHost,
  Level,
  MetricFamily,
  MultilineParser,
  OutputHost,
  PackedEvents,
  Parser,
  Property,
  Settle,
} from '../../src/plugin.ts';

export interface Emitted {
  tag: string;
  events: LogEvent[];
  settle: Settle | undefined;
}

/** A clock that a test moves by hand; timers run in the order of their time. */
export class VirtualClock implements Clock {
  #now: number;
  #timers: { at: number; run: () => void }[] = [];
  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }
  now(): number {
    return this.#now;
  }
  monotonic(): number {
    return this.#now;
  }
  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }
  random(): number {
    return 0.5;
  }
  get pending(): number {
    return this.#timers.length;
  }
  /** Moves time on; runs what falls due, and lets promises settle between timers. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await new Promise((go) => setImmediate(go));
      const next = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#now = Math.max(this.#now, next.at);
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.run();
    }
    this.#now = end;
    await new Promise((go) => setImmediate(go));
  }
}

export interface TestHostOptions {
  name?: string;
  tag?: string;
  section?: Property[];
  parsers?: Record<string, Parser>;
  multilineParsers?: Record<string, MultilineParser>;
  variables?: Record<string, string>;
  clock?: Clock;
  /** What `emit` answers. */
  room?: () => boolean;
}

/** One object that serves as the host of any kind of plugin. */
export class TestHost implements InputHost, FilterHost, OutputHost {
  readonly name: string;
  readonly alias = undefined;
  readonly section: readonly Property[];
  readonly abort = new AbortController();
  readonly signal: AbortSignal = this.abort.signal;
  readonly clock: Clock;
  readonly escapeUnicode = true;
  readonly variables: ReadonlyMap<string, string>;
  readonly tag: string | undefined;
  readonly memBufLimitBytes = undefined;
  readonly workers = 1;
  readonly lines: { level: Level; message: string }[] = [];
  readonly families: MetricFamily[] = [];
  readonly counts: Record<string, number> = {};
  readonly emitted: Emitted[] = [];
  readonly passed: Emitted[] = [];
  readonly discarded: { events: readonly LogEvent[]; reason: string }[] = [];
  readonly #options: TestHostOptions;
  held = 0;
  exited: number | undefined;

  constructor(options: TestHostOptions = {}) {
    this.#options = options;
    this.name = options.name ?? 'test.0';
    this.tag = options.tag;
    this.section = options.section ?? [];
    this.variables = new Map(Object.entries(options.variables ?? {}));
    this.clock = options.clock ?? new VirtualClock();
  }
  log(level: Level, message: string): void {
    this.lines.push({ level, message });
  }
  logs(): boolean {
    return true;
  }
  count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }
  publish(family: MetricFamily): void {
    this.families.push(family);
  }
  parser(name: string): Parser | undefined {
    return this.#options.parsers?.[name];
  }
  emitPacked(tag: string, events: PackedEvents, settle?: Settle): boolean {
    return this.emit(tag, decodeEvents(events.bytes), settle);
  }
  discard(_batch: Batch, events: readonly LogEvent[], reason: string): void {
    this.discarded.push({ events, reason });
  }
  multilineParser(name: string): MultilineParser | undefined {
    return this.#options.multilineParsers?.[name];
  }
  emit(tag: string, events: LogEvent[], settle?: Settle): boolean {
    this.emitted.push({ tag, events, settle });
    return this.#options.room?.() ?? true;
  }
  passOn(tag: string, events: LogEvent[], settle?: Settle): void {
    this.passed.push({ tag, events, settle });
  }
  exit(code = 0): void {
    this.exited = code;
  }
  hold(): Settle {
    this.held++;
    return () => {
      this.held--;
    };
  }
  /** The bodies of all that was emitted, in order. */
  get bodies(): unknown[] {
    return this.emitted.flatMap(({ events }) => events.map((event) => event.body));
  }
}
