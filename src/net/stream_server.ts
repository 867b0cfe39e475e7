/**
 * A server for inputs that read streams: it listens, hands over what each connection sends, and holds all of them while
 * there is no room, so that the senders are held up by TCP. One connection never harms another.
 */
import type { Socket } from 'node:net';
import type { OptionsOf } from '../options.ts';
import type { InputHost } from '../plugin.ts';
import type { LISTEN_OPTIONS, TLS_LISTEN_OPTIONS } from './options.ts';
import { type Address, type Listener, listen, peerName } from './socket.ts';
import { readServerTls } from './tls.ts';

/** One connection's bytes on their way to events. */
export interface StreamReader {
  /** @returns how many bytes wait for the end of their message; undefined: nothing sensible can follow */
  push(bytes: Buffer): number | undefined;
  /** The sender has sent all. */
  end(): void;
}

export interface StreamServerOptions {
  readonly address: Address;
  readonly mode?: number | undefined;
  readonly given: OptionsOf<typeof LISTEN_OPTIONS & typeof TLS_LISTEN_OPTIONS>;
  /** A connection with a message of so many bytes is closed. */
  readonly limitBytes: number;
  /** For each new connection; `source`: tcp://ADDRESS:PORT, or unix://PATH. */
  open(source: string): StreamReader;
}

const DEFAULT_HANDSHAKE_MS = 120_000;

export class StreamServer {
  readonly #options: StreamServerOptions;
  readonly #host: InputHost;
  readonly #sockets = new Set<Socket>();
  #listener: Listener | undefined;
  #isPaused = false;

  constructor(options: StreamServerOptions, host: InputHost) {
    this.#options = options;
    this.#host = host;
  }

  /** @throws the system's error, or OptionError */
  async start(): Promise<void> {
    const { address, mode, given } = this.#options;
    const handshakeTimeout = given['net.accept_timeout'] * 1000 || DEFAULT_HANDSHAKE_MS;
    this.#listener = await listen({
      address,
      mode,
      backlog: given['net.backlog'],
      tls: given.tls ? { ...(await readServerTls(given)), handshakeTimeout } : undefined,
      onConnection: (socket) => this.#accept(socket),
      onFailure: (reason) => this.#host.log('warn', reason),
    });
    this.#host.log('info', `listening on ${this.#listener.name}`);
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  pause(): void {
    this.#isPaused = true;
    for (const socket of this.#sockets) socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    for (const socket of this.#sockets) if (!this.#isPaused) socket.resume();
  }

  /** Takes nothing more, from nobody. */
  stop(): void {
    this.#listener?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    const { address, given, limitBytes } = this.#options;
    const peer = peerName(socket);
    const reader = this.#options.open('path' in address ? `unix://${address.path}` : `tcp://${peer}`);
    this.#sockets.add(socket);
    this.#host.count('connections_total');
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', (error) => this.#host.log('debug', `${peer}: ${error.message}`));
    socket.on('end', () => {
      reader.end();
      socket.end();
    });
    socket.on('data', (bytes: Buffer) => {
      const waiting = reader.push(bytes);
      if (waiting === undefined) this.#refuse(socket, peer, 'what it sends cannot be read');
      else if (waiting >= limitBytes) this.#refuse(socket, peer, `a message is longer than ${limitBytes} bytes`);
    });
    const silentMs = given['net.io_timeout'] * 1000;
    if (silentMs > 0) socket.setTimeout(silentMs, () => !socket.isPaused() && socket.destroy());
    if (this.#isPaused) socket.pause();
  }

  #refuse(socket: Socket, peer: string, reason: string): void {
    this.#host.count('refused_connections_total');
    this.#host.log('warn', `${peer} is disconnected: ${reason}`);
    socket.destroy();
  }
}
