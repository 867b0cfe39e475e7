/** The `udp` input: JSON documents, or texts between separators, in datagrams; each datagram stands for itself. */
import { timeAt } from '../../src/data/event.ts';
import { DatagramServer } from '../../src/net/datagram_server.ts';
import { PAYLOAD_OPTIONS, type PayloadOptions, PayloadReader, readPayload } from '../../src/parsers/payload.ts';
import { defineInput, type Input, type InputHost, type OptionsOf, type OptionTable } from '../../src/plugin.ts';

const options = {
  listen: { type: 'text', default: '0.0.0.0', help: 'The address to listen at.' },
  port: { type: 'integer', default: '5170', min: 0, max: 65535, help: 'The port to listen at.' },
  ...PAYLOAD_OPTIONS,
  chunk_size: { type: 'integer', help: 'Accepted; a datagram is taken whole.' },
  buffer_size: { type: 'integer', help: 'Accepted; a datagram is taken whole.' },
} as const satisfies OptionTable;

export default defineInput({
  name: 'udp',
  summary: 'Takes JSON documents, or texts, in UDP datagrams.',
  options,
  create: (given, host) => new Udp(given, host),
});

class Udp implements Input {
  readonly #host: InputHost;
  readonly #tag: string;
  readonly #payload: PayloadOptions;
  readonly #server: DatagramServer;
  #hasWarned = false;

  constructor(given: OptionsOf<typeof options>, host: InputHost) {
    this.#host = host;
    this.#tag = host.tag ?? host.name;
    this.#payload = readPayload(given, host);
    const { listen, port } = given;
    const onDatagram = (bytes: Buffer, source: string): void => this.#take(bytes, source);
    this.#server = new DatagramServer({ host: listen, port, onDatagram }, host);
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

  #take(bytes: Buffer, source: string): void {
    const { seconds, nanos } = timeAt(this.#host.clock.now());
    const reader = new PayloadReader(this.#payload, source);
    const events = reader.read(bytes, true, seconds, nanos);
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
