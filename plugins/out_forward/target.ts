/** One server of the `forward` output: its options, how messages for it look, and the connections that are kept to it. */
import type tls from 'node:tls';
import type { ClientKeys } from '../../src/net/forward_auth.ts';
import { connect } from '../../src/net/socket.ts';
import { readTls } from '../../src/net/tls.ts';
import { type Clock, OptionError } from '../../src/plugin.ts';
import { Connection } from './connection.ts';
import { MessageFormat } from './messages.ts';
import type { Options } from './options.ts';

export class Target {
  /** For logs. */
  readonly name: string;
  readonly format: MessageFormat;
  readonly weight: number;
  readonly #given: Options;
  readonly #clock: Clock;
  readonly #keys: ClientKeys | undefined;
  #tls: tls.ConnectionOptions | undefined;
  /** Connections that nobody uses, the latest last, with what ends the wait for their use. */
  readonly #idle = new Map<Connection, () => void>();
  /** How many connections are in use, and who waits for the end of such a use (net.max_worker_connections). */
  #busy = 0;
  readonly #waiting: (() => void)[] = [];

  /** @throws OptionError where options do not fit together. */
  constructor(given: Options, clock: Clock, name?: string, weight = 1) {
    this.#given = given;
    this.#clock = clock;
    this.#keys = readKeys(given);
    this.format = new MessageFormat(given);
    this.name = name ?? (given.unix_path === undefined ? `${given.host}:${given.port}` : `unix://${given.unix_path}`);
    this.weight = weight;
  }

  /** Reads certificates, so that a wrong file is seen at the start. @throws OptionError */
  async open(): Promise<void> {
    if (this.#given.tls) this.#tls = await readTls(this.#given);
  }

  /** A kept connection, or a new one that has logged in. To be ended by `give` or `drop`. */
  async take(signal: AbortSignal): Promise<Connection> {
    await this.#turn(signal);
    const kept = [...this.#idle.keys()].at(-1);
    if (kept) {
      this.#forget(kept);
      return kept;
    }
    try {
      return await this.#connect(signal);
    } catch (error) {
      this.#free();
      throw error;
    }
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    const { host, port, unix_path: path } = this.#given;
    const socket = await connect({
      address: path === undefined ? { host, port } : { path },
      net: this.#given,
      tls: this.#tls,
      clock: this.#clock,
      signal,
    });
    const ioSeconds = this.#given['net.io_timeout'];
    const ackSeconds = ioSeconds || this.#given.ack_timeout;
    const connection = new Connection(socket, { clock: this.#clock, keys: this.#keys, ioSeconds, ackSeconds });
    try {
      await connection.logIn(signal);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Until there may be one more connection in use. Rejects where the engine gives up. */
  async #turn(signal: AbortSignal): Promise<void> {
    const most = this.#given['net.max_worker_connections'];
    if (most <= 0 || this.#busy < most) {
      this.#busy++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(new Error('the delivery was given up'));
      };
      const go = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      this.#waiting.push(go);
      signal.addEventListener('abort', giveUp);
      if (signal.aborted) giveUp();
    });
  }

  /** The next one that waits takes the place over. */
  #free(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#busy--;
  }

  /** After a batch that went wrong. */
  drop(connection: Connection): void {
    connection.close();
    this.#free();
  }

  /** After a batch that went well. */
  give(connection: Connection): void {
    const most = this.#given['net.keepalive_max_recycle'];
    const isWorn = most > 0 && connection.uses >= most;
    if (!this.#given['net.keepalive'] || isWorn || !connection.isUsable) connection.close();
    else this.#keep(connection);
    this.#free();
  }

  #keep(connection: Connection): void {
    const drop = (): void => {
      this.#forget(connection);
      connection.close();
    };
    const seconds = this.#given['net.keepalive_idle_timeout'];
    const cancel = seconds > 0 ? this.#clock.after(seconds * 1000, drop, true) : () => undefined;
    this.#idle.set(connection, cancel);
    connection.onClose = drop;
  }

  close(): void {
    for (const connection of [...this.#idle.keys()]) {
      this.#forget(connection);
      connection.close();
    }
  }

  #forget(connection: Connection): void {
    this.#idle.get(connection)?.();
    this.#idle.delete(connection);
    connection.onClose = () => undefined;
  }
}

function readKeys(given: Options): ClientKeys | undefined {
  const { shared_key: key, empty_shared_key: isEmpty, username, password, self_hostname: hostname } = given;
  if (key === undefined && !isEmpty) {
    if (username !== undefined) throw new OptionError('username needs shared_key or empty_shared_key', 'username');
    return undefined;
  }
  return { sharedKey: isEmpty ? '' : (key ?? ''), hostname, username: username ?? '', password };
}
