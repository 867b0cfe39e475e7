/**
 * A server for inputs that read UDP datagrams. Nothing holds up their senders: what comes while there is no room waits
 * in memory, within a limit, and what is more is dropped and counted.
 */
import dgram from 'node:dgram';
import net from 'node:net';
import type { InputHost } from '../plugin.ts';
import { hostText } from './socket.ts';

export interface DatagramOptions {
  readonly host: string;
  readonly port: number;
  /** SO_RCVBUF; undefined: what the system gives. */
  readonly receiveBytes?: number | undefined;
  /** `source`: udp://ADDRESS:PORT. */
  onDatagram(bytes: Buffer, source: string): void;
}

/** What may wait for room. */
const WAITING_BYTES = 4 * 1024 * 1024;

export class DatagramServer {
  readonly #options: DatagramOptions;
  readonly #host: InputHost;
  #socket: dgram.Socket | undefined;
  #waiting: { bytes: Buffer; source: string }[] = [];
  #waitingBytes = 0;
  #isPaused = false;
  #hasWarned = false;

  constructor(options: DatagramOptions, host: InputHost) {
    this.#options = options;
    this.#host = host;
  }

  /** @throws the system's error */
  async start(): Promise<void> {
    const { host: address, port, receiveBytes } = this.#options;
    const socket = dgram.createSocket(net.isIPv6(address) ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => reject(new Error(`cannot listen: ${error.message}`, { cause: error })));
      socket.bind(port, address, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', (error) => this.#host.log('warn', error.message));
    socket.on('message', (bytes, from) => this.#take(bytes, `udp://${hostText(from.address)}:${from.port}`));
    if (receiveBytes !== undefined) socket.setRecvBufferSize(receiveBytes);
    this.#socket = socket;
    this.#host.log('info', `listening on udp://${hostText(address)}:${socket.address().port}`);
  }

  get port(): number {
    return this.#socket?.address().port ?? 0;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#hasWarned = false;
    this.#deliver();
  }

  /** What waits is handed over all the same. */
  stop(): void {
    this.#socket?.close();
    this.#socket = undefined;
    for (const { bytes, source } of this.#waiting.splice(0)) this.#options.onDatagram(bytes, source);
  }

  #take(bytes: Buffer, source: string): void {
    if (!this.#isPaused) {
      this.#options.onDatagram(bytes, source);
      return;
    }
    if (this.#waitingBytes + bytes.length > WAITING_BYTES) {
      this.#drop();
      return;
    }
    this.#waiting.push({ bytes, source });
    this.#waitingBytes += bytes.length;
  }

  #deliver(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    let done = 0;
    for (const one of waiting) {
      if (this.#isPaused) break;
      done++;
      this.#options.onDatagram(one.bytes, one.source);
    }
    for (const { bytes, source } of waiting.slice(done)) this.#take(bytes, source);
  }

  #drop(): void {
    this.#host.count('datagrams_dropped_total');
    if (!this.#hasWarned) this.#host.log('warn', 'there is no room: datagrams are dropped');
    this.#hasWarned = true;
  }
}
