/**
 * The connections of one `tcp` output: made when they are needed, kept for the next batch, left when the server ends them
 * or nobody used them for a while.
 */
import type { Socket } from 'node:net';
import { connect } from '../../src/net/socket.ts';
import { readTls } from '../../src/net/tls.ts';
import type { Clock, OptionsOf } from '../../src/plugin.ts';
import type { options } from './options.ts';

type Options = OptionsOf<typeof options>;
type Tls = Awaited<ReturnType<typeof readTls>>;

/** A connection that nobody uses, and how often it was used. */
interface Kept {
  readonly socket: Socket;
  readonly uses: number;
  /** Stops the waiting for the end of its idle time. */
  forget(): void;
}

export class Connections {
  readonly #given: Options;
  readonly #clock: Clock;
  #tls: Tls | undefined;
  #idle: Kept[] = [];

  constructor(given: Options, clock: Clock) {
    this.#given = given;
    this.#clock = clock;
  }

  /** Reads certificates. @throws OptionError */
  async open(): Promise<void> {
    if (this.#given.tls) this.#tls = await readTls(this.#given);
  }

  close(): void {
    for (const { socket, forget } of this.#idle) {
      forget();
      socket.end();
    }
    this.#idle = [];
  }

  /** Ends when the system has taken all bytes. @throws the system's error, or one that says the time was over. */
  async send(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { host, port } = this.#given;
    const kept = this.#idle.pop();
    kept?.forget();
    const clock = this.#clock;
    const socket =
      kept?.socket ?? (await connect({ address: { host, port }, net: this.#given, tls: this.#tls, clock, signal }));
    try {
      await this.#write(socket, bytes, signal);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    this.#keep(socket, (kept?.uses ?? 0) + 1);
  }

  #write(socket: Socket, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const seconds = this.#given['net.io_timeout'];
    return new Promise((resolve, reject) => {
      const ended = (): void => done(new Error('the server ended the connection'));
      const giveUp = (): void => done(new Error('the delivery was given up'));
      const late = (): void => done(new Error(`nothing was taken within ${seconds} seconds`));
      const cancel = seconds > 0 ? this.#clock.after(seconds * 1000, late) : undefined;
      const done = (error?: Error | null): void => {
        cancel?.();
        socket.removeListener('close', ended);
        signal.removeEventListener('abort', giveUp);
        // What Node says of a write that ended with its connection.
        if (error && 'code' in error && error.code === 'ECANCELED')
          reject(new Error('the server ended the connection'));
        else if (error) reject(error);
        else resolve();
      };
      socket.once('close', ended);
      signal.addEventListener('abort', giveUp);
      if (signal.aborted) giveUp();
      else socket.write(bytes, done);
    });
  }

  #keep(socket: Socket, uses: number): void {
    const most = this.#given['net.keepalive_max_recycle'];
    if (!this.#given['net.keepalive'] || (most > 0 && uses >= most) || socket.destroyed) {
      socket.end();
      return;
    }
    const leave = (): void => {
      forget();
      this.#idle = this.#idle.filter((kept) => kept.socket !== socket);
      socket.end();
    };
    const cancel = this.#clock.after(this.#given['net.keepalive_idle_timeout'] * 1000, leave, true);
    const forget = (): void => {
      cancel();
      socket.removeListener('end', leave);
      socket.removeListener('close', leave);
    };
    socket.once('end', leave);
    socket.once('close', leave);
    // What a server says is not read by anybody, but its end is.
    socket.resume();
    this.#idle.push({ socket, uses, forget });
  }
}
