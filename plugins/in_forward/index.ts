/**
 * The `forward` input: listens for Fluent Bit, Fluentd, Docker's log driver and the loggers of many languages.
 *
 * A chunk is acknowledged once its events are safe. While the engine has no room no connection is read, and then they
 * take turns. One connection never harms another: what is wrong with it ends it alone.
 */
import type { Socket } from 'node:net';
import { BufferPool } from '../../src/net/buffer_pool.ts';
import { ServerHandshake, type ServerKeys } from '../../src/net/forward_auth.ts';
import { type Listener, listen } from '../../src/net/socket.ts';
import { readServerTls } from '../../src/net/tls.ts';
import {
  defineInput,
  type Input,
  type InputHost,
  OptionError,
  type PackedEvents,
  type Settle,
} from '../../src/plugin.ts';
import { Connection, type Gate } from './connection.ts';
import { answerHeartbeats, type Heartbeat } from './heartbeat.ts';
import { type Options, options } from './options.ts';

export default defineInput({
  name: 'forward',
  summary: 'Takes records from Fluent Bit, Fluentd and all that speak their Forward protocol.',
  options,
  create: (given, host) => new Forward(given, host),
});

/** How much memory for messages is kept for the next ones. */
const POOL_BYTES = 8 << 20;

const SIGNALS = ['logs', 'metrics', 'traces'];

class Forward implements Input {
  readonly #given: Options;
  readonly #host: InputHost;
  readonly #keys: ServerKeys | undefined;
  readonly #mode: number | undefined;
  readonly #connections = new Set<Connection>();
  /** Those that have something to emit, in the order in which they may. */
  readonly #waiting = new Set<Connection>();
  readonly #signals = new Set<number>();
  #hasRoom = true;
  #isStopping = false;
  #listener: Listener | undefined;
  #heartbeat: Heartbeat | undefined;
  readonly #gate: Gate;

  constructor(given: Options, host: InputHost) {
    this.#given = given;
    this.#host = host;
    this.#keys = readKeys(given);
    this.#mode = readMode(given.unix_perm);
    this.#gate = this.#makeGate();
  }

  async start(): Promise<void> {
    const { unix_path: path, listen: host, port, tls, udp_heartbeat: answers } = this.#given;
    this.#listener = await listen({
      address: path === undefined ? { host, port } : { path },
      mode: this.#mode,
      backlog: this.#given['net.backlog'],
      tls: tls ? { ...(await readServerTls(this.#given)), handshakeTimeout: this.#loginMs || 120_000 } : undefined,
      onReader: (socket) => this.#accept(socket),
      onFailure: (reason) => this.#host.log('warn', reason),
    });
    this.#host.log('info', `listening on ${this.#listener.name}`);
    if (path !== undefined || !answers) return;
    this.#heartbeat = answerHeartbeats(host, this.#listener.port, (reason) =>
      this.#host.log('info', `no answers to UDP heartbeats: ${reason}`),
    );
  }

  /** The port that it listens at; for tests, where the system chooses one. */
  get port(): number {
    return this.#listener?.port ?? 0;
  }

  resume(): void {
    this.#hasRoom = true;
    for (const connection of [...this.#waiting]) {
      if (!this.#hasRoom) return;
      this.#waiting.delete(connection);
      connection.go();
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#listener?.close();
    this.#heartbeat?.stop();
    await Promise.all([...this.#connections].map((connection) => connection.finish()));
  }

  /** The last acknowledgements are out. */
  close(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  describe(): string[] {
    return [`${this.#connections.size} connections, ${this.#waiting.size} of them wait for room`];
  }

  get #loginMs(): number {
    return this.#given['net.accept_timeout'] * 1000;
  }

  #accept(socket: Socket): (bytes: Buffer) => void {
    const connection = new Connection(this.#gate, socket, this.#keys && new ServerHandshake(this.#keys));
    this.#connections.add(connection);
    this.#host.count('connections_total');
    const silentMs = this.#given['net.io_timeout'] * 1000;
    if (silentMs > 0)
      socket.setTimeout(silentMs, () => {
        if (!connection.isBusy) connection.destroy();
      });
    connection.start();
    return (bytes) => connection.take(bytes);
  }

  #makeGate(): Gate {
    const host = this.#host;
    const input = this;
    const { tag_prefix: prefix } = this.#given;
    return {
      clock: host.clock,
      pool: new BufferPool(POOL_BYTES),
      limitBytes: this.#given.buffer_max_size,
      ackWhenReceived: this.#given.ack_on === 'received',
      loginMs: this.#loginMs,
      timeoutLevel: this.#given['net.accept_timeout_log_error'] ? 'error' : 'debug',
      get hasRoom() {
        return input.#hasRoom || input.#isStopping;
      },
      tagOf: prefix === undefined ? (sent) => host.tag ?? sent : (sent) => prefix + sent,
      emit: (tag, events, settle) => this.#emit(tag, events, settle),
      wait: (connection) => this.#waiting.add(connection),
      closed: (connection) => {
        this.#connections.delete(connection);
        this.#waiting.delete(connection);
      },
      dropSignal: (signal) => this.#dropSignal(signal),
      log: (level, message) => host.log(level, message),
      count: (name, by) => host.count(name, by),
    };
  }

  /** What came is taken in any case; `false` says that no more should come. */
  #emit(tag: string, events: PackedEvents, settle: Settle | undefined): void {
    if (!this.#host.emitPacked(tag, events, settle)) this.#hasRoom = false;
  }

  #dropSignal(signal: number): void {
    this.#host.count('unsupported_signals_total');
    if (this.#signals.has(signal)) return;
    this.#signals.add(signal);
    const what = SIGNALS[signal] ?? `signal ${signal}`;
    this.#host.log('warn', `a sender sends ${what}, which Sluice does not route; they are acknowledged and left out`);
  }
}

function readKeys(given: Options): ServerKeys | undefined {
  const { shared_key: key, empty_shared_key: isEmpty, self_hostname: hostname } = given;
  const users = new Map(given['security.users'].map(readUser));
  if (key !== undefined || isEmpty) return { sharedKey: isEmpty ? '' : (key ?? ''), hostname, users };
  if (users.size > 0) throw new OptionError('security.users needs shared_key or empty_shared_key', 'security.users');
  return undefined;
}

function readUser(text: string): [string, string] {
  const match = /^(\S+)\s+(.+)$/.exec(text.trim());
  if (!match) throw new OptionError('write a user as USER PASSWORD', 'security.users');
  return [match[1] as string, match[2] as string];
}

function readMode(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-7]{1,4}$/.test(text)) throw new OptionError(`'${text}' are no permissions; write 0660`, 'unix_perm');
  return Number.parseInt(text, 8);
}
