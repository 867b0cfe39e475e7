/**
 * The `syslog` input: messages over TCP, UDP or a unix stream socket; a parser makes a record of each.
 *
 * A message that does not fit the parser is left out and counted. One connection never harms another.
 */

import { decodeText } from '../../src/data/bytes.ts';
import { Bin, type LogEvent, timeAt, withField } from '../../src/data/event.ts';
import { DatagramServer } from '../../src/net/datagram_server.ts';
import { type StreamReader, StreamServer } from '../../src/net/stream_server.ts';
import { defineInput, type Input, type InputHost, OptionError, type Parser } from '../../src/plugin.ts';
import { CountedMessages, LineMessages, type MessageCutter } from './messages.ts';
import { type Options, options } from './options.ts';

export default defineInput({
  name: 'syslog',
  summary: 'Takes syslog messages over TCP, UDP or a unix socket.',
  options,
  create: (given, host) => new Syslog(given, host),
});

type Server = StreamServer | DatagramServer;

class Syslog implements Input {
  readonly #given: Options;
  readonly #host: InputHost;
  readonly #tag: string;
  readonly #parser: Parser;
  readonly #server: Server;
  #hasWarned = false;

  constructor(given: Options, host: InputHost) {
    this.#given = given;
    this.#host = host;
    this.#tag = host.tag ?? host.name;
    const name = given.parser ?? (given.mode === 'unix_tcp' ? 'syslog-rfc3164-local' : 'syslog-rfc5424');
    const parser = host.parser(name);
    if (!parser) throw new OptionError(`there is no parser '${name}'`, 'parser');
    this.#parser = parser;
    this.#server = this.#makeServer();
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

  #makeServer(): Server {
    const { mode, listen: host, port, path, unix_perm: permissions } = this.#given;
    if (mode === 'unix_udp')
      throw new OptionError('Node has no unix datagram sockets; use mode unix_tcp, tcp or udp', 'mode');
    if (mode === 'udp') {
      const onDatagram = (bytes: Buffer, source: string): void => this.#take([bytes], source);
      const receiveBytes = this.#given.receive_buffer_size;
      return new DatagramServer({ host, port, receiveBytes, onDatagram }, this.#host);
    }
    if (mode === 'unix_tcp' && path === undefined) throw new OptionError('mode unix_tcp needs a path', 'path');
    return new StreamServer(
      {
        address: mode === 'unix_tcp' ? { path: path as string } : { host, port },
        mode: mode === 'unix_tcp' ? Number.parseInt(permissions, 8) & 0o7777 : undefined,
        given: this.#given,
        limitBytes: this.#given.buffer_max_size || this.#given.buffer_chunk_size,
        open: (source) => this.#open(source),
      },
      this.#host,
    );
  }

  #open(source: string): StreamReader {
    const cutter: MessageCutter = this.#given.format === 'newline' ? new LineMessages() : new CountedMessages();
    return {
      push: (bytes) => {
        const messages = cutter.push(bytes);
        if (messages) this.#take(messages, source);
        return messages && cutter.waiting;
      },
      end: () => {
        if (cutter.waiting > 0) this.#host.count('unfinished_texts_total');
      },
    };
  }

  #take(messages: readonly Buffer[], source: string): void {
    const { seconds, nanos } = timeAt(this.#host.clock.now());
    const events: LogEvent[] = [];
    for (const bytes of messages) {
      const event = this.#parser.parse(decodeText(bytes), seconds, nanos);
      if (event) events.push(this.#complete(event, bytes, source));
    }
    this.#countBad(messages.length - events.length);
    if (events.length > 0 && !this.#host.emit(this.#tag, events)) this.#server.pause();
  }

  #complete(event: LogEvent, bytes: Buffer, source: string): LogEvent {
    const { raw_message_key: rawKey, source_address_key: sourceKey } = this.#given;
    if (rawKey !== undefined) event.body = withField(event.body, rawKey, new Bin(bytes));
    if (sourceKey !== undefined) event.body = withField(event.body, sourceKey, source);
    return event;
  }

  #countBad(bad: number): void {
    if (bad === 0) return;
    this.#host.count('invalid_texts_total', bad);
    if (!this.#hasWarned)
      this.#host.log('warn', `some messages do not fit parser '${this.#parser.name}'; they are left out`);
    this.#hasWarned = true;
  }
}
