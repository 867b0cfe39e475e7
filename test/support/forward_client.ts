/** A client of the Forward protocol that sends what a test says, whether it makes sense or not. */
import { EventEmitter, once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import type { Value } from '../../src/data/event.ts';
import { encodeValue, Reader } from '../../src/data/msgpack.ts';
import { ClientHandshake, type ClientKeys } from '../../src/net/forward_auth.ts';

export class ForwardClient extends EventEmitter {
  readonly socket: net.Socket;
  #got: Buffer = Buffer.alloc(0);
  isClosed = false;

  private constructor(socket: net.Socket) {
    super();
    this.socket = socket;
    socket.on('data', (data: Buffer) => {
      this.#got = Buffer.concat([this.#got, data]);
      this.emit('change');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.emit('change');
    });
  }

  /** @throws the error of the connection. */
  static async open(target: number | string, secure?: tls.ConnectionOptions): Promise<ForwardClient> {
    const place = typeof target === 'string' ? { path: target } : { port: target, host: '127.0.0.1' };
    const socket = secure ? tls.connect({ ...place, ...secure }) : net.connect(place);
    await once(socket, secure ? 'secureConnect' : 'connect');
    return new ForwardClient(socket);
  }

  send(...messages: Value[]): void {
    this.socket.write(Buffer.concat(messages.map((message) => encodeValue(message))));
  }

  /** The next value that came; undefined where the connection ended instead. */
  async answer(): Promise<Value | undefined> {
    for (;;) {
      const reader = new Reader(this.#got);
      if (!reader.done) {
        const value = reader.value();
        this.#got = this.#got.subarray(reader.at);
        return value;
      }
      if (this.isClosed) return undefined;
      await once(this, 'change');
    }
  }

  /** True where something came that nobody has asked for yet. */
  get hasAnswer(): boolean {
    return this.#got.length > 0;
  }

  /** The handshake of secure forward. @throws ForwardError where the server does not do its part. */
  async logIn(keys: Partial<ClientKeys> = {}): Promise<void> {
    const all = { sharedKey: 'secret', hostname: 'client', username: '', password: '', ...keys };
    const handshake = new ClientHandshake(all);
    this.socket.write(handshake.ping((await this.answer()) ?? null));
    handshake.check((await this.answer()) ?? null);
  }

  async closed(): Promise<void> {
    while (!this.isClosed) await once(this, 'change');
  }

  close(): void {
    this.socket.destroy();
  }
}
