/** The `tcp` input: JSON documents, or texts between separators, over TCP connections. */
import { timeAt } from '../../src/data/event.ts';
import { LISTEN_OPTIONS, TLS_LISTEN_OPTIONS } from '../../src/net/options.ts';
import { type StreamReader, StreamServer } from '../../src/net/stream_server.ts';
import { PAYLOAD_OPTIONS, type PayloadOptions, PayloadReader, readPayload } from '../../src/parsers/payload.ts';
import { defineInput, type Input, type InputHost, type OptionsOf, type OptionTable } from '../../src/plugin.ts';

const options = {
  listen: { type: 'text', default: '0.0.0.0', help: 'The address to listen at.' },
  port: { type: 'integer', default: '5170', min: 0, max: 65535, help: 'The port to listen at.' },
  ...PAYLOAD_OPTIONS,
  chunk_size: { type: 'integer', default: '32', help: 'Units of 1024 bytes; the default of buffer_size.' },
  buffer_size: {
    type: 'integer',
    help: 'Units of 1024 bytes: a connection that sends a longer text or document is closed.',
  },
  ...LISTEN_OPTIONS,
  ...TLS_LISTEN_OPTIONS,
} as const satisfies OptionTable;

type Options = OptionsOf<typeof options>;

export default defineInput({
  name: 'tcp',
  summary: 'Takes JSON documents, or texts, over TCP connections.',
  options,
  create: (given, host) => new Tcp(given, host),
});

class Tcp implements Input {
  readonly #host: InputHost;
  readonly #tag: string;
  readonly #payload: PayloadOptions;
  readonly #server: StreamServer;
  #hasWarned = false;

  constructor(given: Options, host: InputHost) {
    this.#host = host;
    this.#tag = host.tag ?? host.name;
    this.#payload = readPayload(given, host);
    const { listen, port, buffer_size: units = given.chunk_size } = given;
    this.#server = new StreamServer(
      {
        address: { host: listen, port },
        given,
        limitBytes: Math.max(units, 1) * 1024 - 1,
        open: (source) => this.#open(source),
      },
      host,
    );
  }

  start(): Promise<void> {
    return this.#server.start();
  }

  /** The port that it listens at; for tests, where the system chooses one. */
  get port(): number {
    return this.#server.port;
  }

  resume(): void {
    this.#server.resume();
  }

  stop(): void {
    this.#server.stop();
  }

  describe(): string[] {
    return [`${this.#server.connections} connections`];
  }

  #open(source: string): StreamReader {
    const reader = new PayloadReader(this.#payload, source);
    return {
      push: (bytes) => {
        this.#take(reader, bytes);
        return reader.waiting;
      },
      // As Fluent Bit: a text without its separator may be half of one.
      end: () => {
        if (reader.waiting > 0) this.#host.count('unfinished_texts_total');
      },
    };
  }

  #take(reader: PayloadReader, bytes: Buffer): void {
    const { seconds, nanos } = timeAt(this.#host.clock.now());
    const events = reader.read(bytes, false, seconds, nanos);
    this.#countSkipped(reader.takeSkipped());
    if (events.length > 0 && !this.#host.emit(this.#tag, events)) this.#server.pause();
  }

  #countSkipped(skipped: number): void {
    if (skipped === 0) return;
    this.#host.count('invalid_texts_total', skipped);
    if (!this.#hasWarned) this.#host.log('warn', 'somebody sent text that is no JSON; it is skipped');
    this.#hasWarned = true;
  }
}
