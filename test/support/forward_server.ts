/** A server of the Forward protocol that keeps what it gets and answers as a test says. */
import { EventEmitter, once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { type Fields, isFields, type Value } from '../../src/data/event.ts';
import { encodeValue, Reader } from '../../src/data/msgpack.ts';
import { ServerHandshake, type ServerKeys } from '../../src/net/forward_auth.ts';

/** What follows a message: an acknowledgement where it is asked for, another one, nothing, or the end. */
export type Reply = 'ack' | 'other' | 'silence' | 'drop';

export interface ServerOptions {
  readonly keys?: ServerKeys;
  readonly tls?: tls.TlsOptions;
  /** Instead of a port. */
  readonly path?: string;
  readonly port?: number;
}

export class ForwardServer extends EventEmitter {
  readonly messages: Value[][] = [];
  connections = 0;
  /** For each message in turn; the last one repeats. */
  replies: Reply[];
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor(options: ServerOptions, replies: Reply[]) {
    super();
    this.replies = replies;
    const accept = (socket: net.Socket) => this.#accept(socket, options.keys && new ServerHandshake(options.keys));
    this.#server = options.tls ? tls.createServer(options.tls, accept) : net.createServer(accept);
  }

  static async start(options: ServerOptions = {}, ...replies: Reply[]): Promise<ForwardServer> {
    const server = new ForwardServer(options, replies.length > 0 ? replies : ['ack']);
    const { path, port = 0 } = options;
    server.#server.listen(path === undefined ? { port, host: '127.0.0.1' } : { path });
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves when the message with this number (from 1) is there. */
  async message(number: number): Promise<Value[]> {
    while (this.messages.length < number) await once(this, 'message');
    return this.messages[number - 1] as Value[];
  }

  /** Ends every connection that there is; new ones are taken. */
  async hangUp(): Promise<void> {
    const open = [...this.#sockets];
    await Promise.all(
      open.map((socket) => {
        const closed = once(socket, 'close');
        socket.destroy();
        return closed;
      }),
    );
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    await this.hangUp();
    await closed;
  }

  #accept(socket: net.Socket, handshake: ServerHandshake | undefined): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    let rest: Buffer = Buffer.alloc(0);
    let isKnown = handshake === undefined;
    if (handshake) socket.write(handshake.helo());
    socket.on('data', (data: Buffer) => {
      rest = Buffer.concat([rest, data]);
      for (const value of this.#values(rest)) {
        if (isKnown) this.#take(socket, value as Value[]);
        else {
          isKnown = true;
          const { pong, refusal } = (handshake as ServerHandshake).answer(value);
          if (refusal === undefined) socket.write(pong);
          else socket.end(pong);
        }
      }
      rest = this.#rest;
    });
  }

  #rest: Buffer = Buffer.alloc(0);

  *#values(bytes: Buffer): Generator<Value> {
    const reader = new Reader(bytes);
    try {
      while (!reader.done) yield reader.value();
    } catch {
      // A value that is not whole yet.
    } finally {
      this.#rest = bytes.subarray(reader.at);
    }
  }

  #take(socket: net.Socket, message: Value[]): void {
    this.messages.push(message);
    const reply = this.replies.length > 1 ? this.replies.shift() : this.replies[0];
    const options = message.at(-1);
    const chunk = isFields(options) ? (options as Fields).chunk : undefined;
    if (reply === 'drop') socket.destroy();
    else if (reply === 'other') socket.write(encodeValue({ ack: 'other' }));
    else if (reply === 'ack' && chunk !== undefined) socket.write(encodeValue({ ack: chunk }));
    this.emit('message');
  }
}
