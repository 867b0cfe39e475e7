/**
 * The `exec` input: runs a shell command again and again, or once; every line of its output is an event.
 *
 * Never two runs at once: a tick that falls into a run starts the next one right after it, and more of them are left
 * out. While the pipeline has no room, the output is not read, so that the command waits; and no new run starts.
 */
import { type LogEvent, NO_METADATA, timeAt } from '../../src/data/event.ts';
import {
  defineInput,
  type Input,
  type InputHost,
  OptionError,
  type OptionsOf,
  type OptionTable,
  type Parser,
} from '../../src/plugin.ts';
import { type Running, runCommand } from './command.ts';
import { LineSplitter } from './lines.ts';

const options = {
  command: { type: 'text', required: true, help: 'What to run, with `sh -c`.' },
  parser: { type: 'text', help: 'Parser that each line goes through; without one, the line is the field `exec`.' },
  interval_sec: { type: 'integer', default: '1', help: 'Seconds from one run to the next.' },
  interval_nsec: { type: 'integer', default: '0', help: 'Nanoseconds added to interval_sec.' },
  buf_size: {
    type: 'size',
    default: '4096',
    min: 2,
    help: 'A line longer than this, less one byte, is split.',
  },
  oneshot: { type: 'boolean', default: 'off', help: 'Runs the command once, at the start.' },
  exit_after_oneshot: {
    type: 'boolean',
    default: 'off',
    help: 'Runs the command once and ends the program after it.',
  },
  propagate_exit_code: {
    type: 'boolean',
    default: 'off',
    help: "With exit_after_oneshot: the program ends with the command's exit code (128 and the number of a signal).",
  },
} as const satisfies OptionTable;

type Options = OptionsOf<typeof options>;

/** A command that is told to stop has this long before it is killed. */
const KILL_AFTER_MS = 1000;

export default defineInput({
  name: 'exec',
  summary: 'Runs a command again and again; every line of its output is a record.',
  options,
  create: (given, host) => new Exec(given, host),
});

class Exec implements Input {
  readonly #options: Options;
  readonly #host: InputHost;
  readonly #tag: string;
  readonly #parser: Parser | undefined;
  readonly #once: boolean;
  readonly #intervalMs: number;
  readonly #splitter: LineSplitter;
  #running: Running | undefined;
  #cancel: (() => void) | undefined;
  /** When the next run is due, on the clock that only goes forward. */
  #nextMs = 0;
  #paused = false;
  #warned = false;
  /** Set by `stop`: what to call once the run is over. */
  #stopped: (() => void) | undefined;

  constructor(given: Options, host: InputHost) {
    this.#options = given;
    this.#host = host;
    this.#tag = host.tag ?? host.name;
    if (given.parser !== undefined) {
      this.#parser = host.parser(given.parser);
      if (!this.#parser) throw new OptionError(`there is no parser '${given.parser}'`, 'parser');
    }
    if (given.propagate_exit_code && !given.exit_after_oneshot)
      throw new OptionError('propagate_exit_code needs exit_after_oneshot', 'propagate_exit_code');
    this.#once = given.oneshot || given.exit_after_oneshot;
    this.#intervalMs = intervalMs(given);
    this.#splitter = new LineSplitter(given.buf_size - 1);
  }

  start(): void {
    this.#host.signal.addEventListener('abort', () => this.#running?.kill('SIGKILL'), { once: true });
    if (this.#once) this.#run();
    else {
      this.#nextMs = this.#host.clock.monotonic() + this.#intervalMs;
      this.#plan();
    }
  }

  resume(): void {
    this.#paused = false;
    this.#running?.resume();
  }

  /** Ends the command; what it wrote until then is emitted. */
  stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    const running = this.#running;
    if (!running) return Promise.resolve();
    running.kill('SIGTERM');
    running.resume();
    return new Promise((resolve) => {
      const cancel = this.#host.clock.after(KILL_AFTER_MS, () => {
        running.kill('SIGKILL');
        running.abandon();
      });
      this.#stopped = () => {
        cancel();
        resolve();
      };
    });
  }

  #plan(): void {
    const waitMs = Math.max(this.#nextMs - this.#host.clock.monotonic(), 0);
    this.#cancel = this.#host.clock.after(waitMs, () => {
      const passedMs = this.#host.clock.monotonic() - this.#nextMs;
      this.#nextMs += (Math.floor(passedMs / this.#intervalMs) + 1) * this.#intervalMs;
      if (this.#paused) this.#plan();
      else this.#run();
    });
  }

  #run(): void {
    this.#running = runCommand(this.#options.command, {
      output: (bytes) => this.#take(this.#splitter.push(bytes)),
      ended: (status) => this.#ended(status),
      failed: (reason) => this.#host.log('error', `cannot run '${this.#options.command}': ${reason}`),
    });
  }

  #ended(status: number): void {
    this.#running = undefined;
    this.#take(this.#splitter.end());
    this.#host.log('debug', `the command ended with ${status}`);
    if (this.#stopped) this.#stopped();
    else if (this.#options.exit_after_oneshot) this.#host.exit(this.#options.propagate_exit_code ? status : 0);
    else if (!this.#once) this.#plan();
  }

  #take(lines: readonly string[]): void {
    const { seconds, nanos } = timeAt(this.#host.clock.now());
    const parser = this.#parser;
    const events: LogEvent[] = [];
    for (const line of lines) {
      const event = parser
        ? parser.parse(line, seconds, nanos)
        : { seconds, nanos, metadata: NO_METADATA, body: { exec: line } };
      if (event) events.push(event);
    }
    this.#countBad(lines.length - events.length);
    if (events.length === 0 || this.#host.emit(this.#tag, events) || this.#stopped) return;
    this.#paused = true;
    this.#running?.pause();
  }

  #countBad(bad: number): void {
    if (bad === 0) return;
    this.#host.count('invalid_texts_total', bad);
    if (!this.#warned) this.#host.log('warn', `some lines do not fit parser '${this.#parser?.name}'; they are skipped`);
    this.#warned = true;
  }
}

/** Neither of the two above 0 gives the default, as in Fluent Bit. */
function intervalMs({ interval_sec: seconds, interval_nsec: nanos }: Options): number {
  return Math.max(seconds, 0) * 1000 + Math.max(nanos, 0) / 1e6 || 1000;
}
