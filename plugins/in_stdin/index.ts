/**
 * The `stdin` input: JSON records, or lines for a parser, from standard input; at its end the program ends, once all is
 * delivered.
 *
 * What is no record is skipped and counted, and what stands around it is read all the same. While the pipeline has no
 * room, standard input is not read, so that a pipe's writer waits.
 */
import type { Readable } from 'node:stream';
import { type LogEvent, timeAt } from '../../src/data/event.ts';
import { DocumentCutter } from '../../src/parsers/documents.ts';
import {
  defineInput,
  type Input,
  type InputHost,
  OptionError,
  type OptionsOf,
  type OptionTable,
  type Parser,
} from '../../src/plugin.ts';
import { eventFromJson } from './events.ts';
import { LineCutter } from './lines.ts';

const options = {
  parser: { type: 'text', help: 'Parser that each line goes through; without one, JSON is read.' },
  buffer_size: {
    type: 'size',
    default: '16k',
    help: 'How long a line may be. JSON documents may have 1 MiB at least.',
  },
} as const satisfies OptionTable;

/** Fluent Bit's 16 KB limit loses longer documents; none is lost below this. */
const DOCUMENT_BYTES = 1 << 20;

export default defineInput({
  name: 'stdin',
  summary: 'Reads JSON records, or lines for a parser, from standard input.',
  options,
  create: (given, host) => new Stdin(given, host, () => process.stdin),
});

/** The two ways to cut bytes into texts. */
interface Cutter {
  push(bytes: Buffer, last?: boolean): string[];
  takeSkipped(): number;
}

export class Stdin implements Input {
  readonly #host: InputHost;
  readonly #tag: string;
  readonly #open: () => Readable;
  readonly #cutter: Cutter;
  readonly #parser: Parser | undefined;
  #stream: Readable | undefined;
  #warned = false;

  constructor(given: OptionsOf<typeof options>, host: InputHost, open: () => Readable) {
    this.#host = host;
    this.#tag = host.tag ?? host.name;
    this.#open = open;
    if (given.parser !== undefined) {
      this.#parser = host.parser(given.parser);
      if (!this.#parser) throw new OptionError(`there is no parser '${given.parser}'`, 'parser');
    }
    this.#cutter = this.#parser
      ? new LineCutter(Math.max(given.buffer_size, 1))
      : new DocumentCutter(Math.max(given.buffer_size, DOCUMENT_BYTES));
  }

  start(): void {
    const stream = this.#open();
    this.#stream = stream;
    stream.on('data', this.#onData);
    stream.on('end', this.#onEnd);
    stream.on('error', this.#onError);
  }

  resume(): void {
    this.#stream?.resume();
  }

  stop(): void {
    const stream = this.#stream;
    if (!stream) return;
    this.#stream = undefined;
    stream.off('data', this.#onData);
    stream.off('end', this.#onEnd);
    stream.off('error', this.#onError);
    stream.pause();
  }

  readonly #onData = (bytes: Buffer): void => this.#take(bytes, false);

  readonly #onEnd = (): void => {
    this.#take(Buffer.alloc(0), true);
    this.#host.log('info', 'end of standard input');
    this.#host.exit(0);
  };

  readonly #onError = (error: Error): void => {
    this.#host.log('error', `cannot read standard input: ${error.message}`);
    this.#onEnd();
  };

  #take(bytes: Buffer, last: boolean): void {
    const { seconds, nanos } = timeAt(this.#host.clock.now());
    const events: LogEvent[] = [];
    let bad = 0;
    for (const text of this.#cutter.push(bytes, last)) {
      const event = this.#parser ? this.#parser.parse(text, seconds, nanos) : eventFromJson(text, seconds, nanos);
      if (event) events.push(event);
      else bad++;
    }
    this.#countBad(bad + this.#cutter.takeSkipped());
    if (events.length > 0 && !this.#host.emit(this.#tag, events)) this.#stream?.pause();
  }

  #countBad(bad: number): void {
    if (bad === 0) return;
    this.#host.count('invalid_texts_total', bad);
    if (!this.#warned) this.#host.log('warn', 'standard input holds text that is no record; it is skipped');
    this.#warned = true;
  }
}
