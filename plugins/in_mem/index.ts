/** The `mem` input: how much memory the machine has and uses, and a process of it, again and again. Linux only. */
import fs from 'node:fs';
import { type Fields, NO_METADATA, timeAt } from '../../src/data/event.ts';
import { defineInput, type Input, type InputHost, type OptionsOf, type OptionTable } from '../../src/plugin.ts';
import { machineMemory, residentBytes, shortSize } from './memory.ts';

const options = {
  pid: { type: 'integer', default: '0', min: 0, help: 'A process whose memory is measured as well; 0: none.' },
  interval_sec: { type: 'integer', default: '1', help: 'Seconds from one look to the next.' },
  interval_nsec: { type: 'integer', default: '0', help: 'Nanoseconds added to interval_sec.' },
  // Where a test puts its own files.
  path_procfs: { type: 'text', default: '/proc', help: 'Where the system says it.' },
} as const satisfies OptionTable;

type Options = OptionsOf<typeof options>;

export default defineInput({
  name: 'mem',
  summary: 'Measures the memory of the machine, and of a process.',
  options,
  create: (given, host) => new Mem(given, host),
});

class Mem implements Input {
  readonly #host: InputHost;
  readonly #tag: string;
  readonly #folder: string;
  readonly #intervalMs: number;
  /** 0 once it is gone. */
  #pid: number;
  #cancel: (() => void) | undefined;
  #isPaused = false;
  #hasFailed = false;

  constructor({ pid, interval_sec: seconds, interval_nsec: nanos, path_procfs: folder }: Options, host: InputHost) {
    this.#host = host;
    this.#tag = host.tag ?? host.name;
    this.#folder = folder;
    this.#pid = pid;
    // As Fluent Bit: no interval is a second.
    this.#intervalMs = (seconds > 0 ? seconds : 1) * 1000 + Math.max(nanos, 0) / 1e6;
  }

  start(): void {
    this.#cancel = this.#host.clock.after(this.#intervalMs, () => {
      if (!this.#isPaused) this.#look();
      this.start();
    });
  }

  resume(): void {
    this.#isPaused = false;
  }

  stop(): void {
    this.#cancel?.();
  }

  #look(): void {
    const now = this.#host.clock.now();
    let body: Fields;
    try {
      body = machineMemory(fs.readFileSync(`${this.#folder}/meminfo`, 'latin1'));
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) this.#host.log('error', `the memory cannot be measured: ${(error as Error).message}`);
      this.#hasFailed = true;
      return;
    }
    const bytes = this.#process();
    if (bytes !== undefined) Object.assign(body, { proc_bytes: bytes, proc_hr: shortSize(bytes) });
    const { seconds, nanos } = timeAt(now);
    this.#isPaused = !this.#host.emit(this.#tag, [{ seconds, nanos, metadata: NO_METADATA, body }]);
  }

  #process(): number | undefined {
    if (this.#pid === 0) return undefined;
    try {
      return residentBytes(fs.readFileSync(`${this.#folder}/${this.#pid}/status`, 'latin1'));
    } catch {
      this.#host.log('warn', `there is no process ${this.#pid} any more; it is measured no longer`);
      this.#pid = 0;
      return undefined;
    }
  }
}
