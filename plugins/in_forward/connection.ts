/**
 * One connection of the `forward` input: bytes in, events to the engine, acknowledgements out.
 *
 *     handshake ─▶ open ─▶ ended       (with a shared key; without one it begins open)
 *
 * Messages are handled in their order. While one is uncompressed, or the engine has no room, the socket is not read, so
 * that the sender is held up by TCP. A connection that ends, by the client or by a mistake of it, stays until the
 * acknowledgements of what came before are out.
 */
import type { Socket } from 'node:net';
import type { Value } from '../../src/data/event.ts';
import { decodeValue, encodeValue, MsgpackError } from '../../src/data/msgpack.ts';
import { scanEvents } from '../../src/data/msgpack_scan.ts';
import type { BufferPool } from '../../src/net/buffer_pool.ts';
import type { ServerHandshake } from '../../src/net/forward_auth.ts';
import { FrameCutter } from '../../src/net/forward_frames.ts';
import { ForwardError, type ForwardMessage, readMessage } from '../../src/net/forward_message.ts';
import { peerName } from '../../src/net/socket.ts';
import type { Clock, Level, PackedEvents, Settle } from '../../src/plugin.ts';
import { unpack } from './unpack.ts';

/** What a connection needs of its input. */
export interface Gate {
  readonly pool: BufferPool;
  readonly clock: Clock;
  readonly limitBytes: number;
  readonly ackWhenReceived: boolean;
  /** False while the engine wants no more. */
  readonly hasRoom: boolean;
  /** How long a handshake may take; 0: no limit. */
  readonly loginMs: number;
  readonly timeoutLevel: Level;
  /** The tag in the pipeline for a sender's tag. */
  tagOf(sent: string): string;
  emit(tag: string, events: PackedEvents, settle?: Settle): void;
  /** Its `go` is to be called once there is room again. */
  wait(connection: Connection): void;
  closed(connection: Connection): void;
  dropSignal(signal: number): void;
  log(level: Level, message: string): void;
  count(name: string, by?: number): void;
}

/** A PING is shorter; nobody who is not known may have more kept for him. */
const LOGIN_BYTES = 4096;
/** How long a connection that has ended waits for what it has to acknowledge. */
const LINGER_MS = 5000;

export class Connection {
  readonly #gate: Gate;
  readonly #socket: Socket;
  readonly #peer: string;
  readonly #cutter: FrameCutter;
  #handshake: ServerHandshake | undefined;
  #cancelLogin: (() => void) | undefined;
  #cancelLinger: (() => void) | undefined;
  /** Set while a message is uncompressed. */
  #unpacking: Promise<void> | undefined;
  #pendingAcks = 0;
  /** Nothing more will be read from the socket. */
  #isStopping = false;
  /** Nothing more will be emitted. */
  #isEnded = false;
  /** Events of the message mode, which come one by one: those of one tag go on together. */
  #gathered: Buffer[] = [];
  #gatheredTag = '';

  constructor(gate: Gate, socket: Socket, handshake: ServerHandshake | undefined) {
    this.#gate = gate;
    this.#socket = socket;
    this.#peer = peerName(socket);
    this.#handshake = handshake;
    this.#cutter = new FrameCutter(handshake ? LOGIN_BYTES : gate.limitBytes, gate.pool);
  }

  start(): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.on('error', (error) => this.#gate.log('debug', `${this.#peer}: ${error.message}`));
    socket.on('close', () => this.#closed());
    socket.on('end', () => this.#end());
    socket.on('drain', () => this.#run());
    if (!this.#handshake) return;
    socket.write(this.#handshake.helo());
    if (this.#gate.loginMs > 0)
      this.#cancelLogin = this.#gate.clock.after(this.#gate.loginMs, () => this.#late(), true);
  }

  /** Bytes that came; they are the caller's again afterwards. */
  take(bytes: Buffer): void {
    this.#cutter.push(bytes);
    this.#run();
    this.#cutter.keep();
  }

  /** There is room again. */
  go(): void {
    this.#run();
  }

  /** True where a silent client is no fault of it. */
  get isBusy(): boolean {
    return this.#pendingAcks > 0 || this.#unpacking !== undefined || this.#socket.isPaused();
  }

  /** The input stops: what came whole is emitted, nothing more is read; acknowledgements still go out. */
  async finish(): Promise<void> {
    this.#isStopping = true;
    this.#socket.pause();
    this.#run();
    while (this.#unpacking) await this.#unpacking;
    this.#end();
  }

  destroy(): void {
    this.#socket.destroySoon();
  }

  #run(): void {
    if (this.#isEnded || this.#unpacking) return;
    try {
      while (this.#mayGoOn()) {
        if (!this.#cutter.next()) {
          this.#emitGathered();
          if (this.#socket.isPaused() && !this.#isStopping) this.#socket.resume();
          return;
        }
        this.#handle();
        if (this.#unpacking) break;
      }
      this.#emitGathered();
      this.#socket.pause();
    } catch (error) {
      this.#emitGathered();
      this.#fail(error);
    }
  }

  /** Who does not read his acknowledgements gets no more of them. */
  #mayGoOn(): boolean {
    if (this.#socket.writableNeedDrain) return false;
    if (this.#gate.hasRoom) return true;
    this.#gate.wait(this);
    return false;
  }

  #handle(): void {
    const { bytes, start, end } = this.#cutter;
    if (this.#handshake) {
      this.#login(bytes.subarray(start, end));
      return;
    }
    let message = readMessage(bytes, start, end);
    let release: (() => void) | undefined;
    // The engine keeps entries: they must not lie where the next bytes are read to.
    if (this.#cutter.isOwn) release = () => this.#cutter.giveBack(bytes);
    else if (!message.isOwn) message = { ...message, entries: Buffer.from(message.entries) };
    if (message.signal !== 0) {
      this.#gate.dropSignal(message.signal);
      this.#ack(message.chunk);
    } else if (message.compressed) this.#unpack(message, message.compressed, release);
    else this.#take(message, release);
  }

  #login(ping: Buffer): void {
    const { pong, refusal } = (this.#handshake as ServerHandshake).answer(readPing(ping));
    this.#socket.write(pong);
    if (refusal !== undefined) throw new ForwardError(`refused: ${refusal}`);
    this.#handshake = undefined;
    this.#cancelLogin?.();
    this.#cutter.limitBytes = this.#gate.limitBytes;
  }

  #unpack(message: ForwardMessage, kind: 'gzip' | 'zstd', release: (() => void) | undefined): void {
    this.#emitGathered();
    this.#unpacking = unpack(kind, message.entries, this.#gate.limitBytes)
      .then((entries) => {
        this.#unpacking = undefined;
        release?.();
        this.#take({ ...message, entries }, undefined);
        this.#run();
      })
      .catch((error) => {
        this.#unpacking = undefined;
        this.#fail(error);
      });
  }

  /** `release`: gives the memory back in which the message lies. */
  #take(message: ForwardMessage, release: (() => void) | undefined): void {
    const { tag, chunk, broken, count, entries: bytes } = message;
    if (count < 0) this.#takePacked(message, release);
    else if (count === 1 && chunk === undefined) this.#gather(this.#gate.tagOf(tag), bytes);
    else if (count > 0) this.#emit(tag, { bytes, count, release }, broken === undefined ? chunk : undefined);
    else if (broken === undefined) this.#ack(chunk);
    if (broken === undefined) return;
    if (message.count === 0 && message.entries.length === 0) this.#skip(broken, chunk);
    else throw new ForwardError(broken);
  }

  /** As Fluent Bit: what comes before something that is no event is taken, and all of it acknowledged. */
  #takePacked({ tag, entries, chunk }: ForwardMessage, release: (() => void) | undefined): void {
    const { count, end, stop } = scanEvents(entries);
    if (stop !== 'end') {
      this.#gate.count('broken_messages_total');
      const lost = entries.length - end;
      this.#gate.log('error', `${this.#peer}: ${lost} bytes after event ${count} of a packed message are no event`);
    }
    const bytes = stop === 'end' ? entries : entries.subarray(0, end);
    if (count > 0) this.#emit(tag, { bytes, count, release }, chunk);
    else this.#ack(chunk);
  }

  /** One event that cannot be taken, in a message that has no other. */
  #skip(reason: string, chunk: string | undefined): void {
    this.#gate.count('broken_messages_total');
    this.#gate.log('error', `${this.#peer}: ${reason}; it is left out`);
    this.#ack(chunk);
  }

  #emit(tag: string, events: PackedEvents, chunk: string | undefined): void {
    this.#emitGathered();
    if (chunk === undefined || this.#gate.ackWhenReceived) {
      this.#gate.emit(this.#gate.tagOf(tag), events);
      this.#ack(chunk);
      return;
    }
    this.#pendingAcks++;
    this.#gate.emit(this.#gate.tagOf(tag), events, (outcome) => {
      this.#pendingAcks--;
      if (outcome === 'safe') this.#ack(chunk);
      if (this.#isEnded) this.#closeIfDone();
    });
  }

  #gather(tag: string, event: Buffer): void {
    if (this.#gathered.length > 0 && this.#gatheredTag !== tag) this.#emitGathered();
    this.#gatheredTag = tag;
    this.#gathered.push(event);
  }

  #emitGathered(): void {
    const events = this.#gathered;
    if (events.length === 0) return;
    this.#gathered = [];
    const bytes = events.length === 1 ? (events[0] as Buffer) : Buffer.concat(events);
    this.#gate.emit(this.#gatheredTag, { bytes, count: events.length });
  }

  #ack(chunk: string | undefined): void {
    if (chunk !== undefined && this.#socket.writable) this.#socket.write(encodeValue({ ack: chunk }));
  }

  #late(): void {
    this.#gate.log(this.#gate.timeoutLevel, `${this.#peer}: no login in time; the connection is closed`);
    this.#socket.destroy();
  }

  #fail(error: unknown): void {
    this.#gate.count('broken_messages_total');
    this.#gate.log('error', `${this.#peer}: ${(error as Error).message}; the connection is closed`);
    this.#end();
  }

  /** Nothing more comes in: the end of it is when the last acknowledgement is out. */
  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelLogin?.();
    this.#socket.pause();
    this.#closeIfDone();
    if (this.#pendingAcks > 0 && !this.#isStopping)
      this.#cancelLinger = this.#gate.clock.after(LINGER_MS, () => this.#socket.destroySoon(), true);
  }

  #closeIfDone(): void {
    if (this.#pendingAcks === 0) this.#socket.destroySoon();
  }

  #closed(): void {
    this.#isEnded = true;
    this.#cancelLogin?.();
    this.#cancelLinger?.();
    this.#gate.closed(this);
  }
}

function readPing(bytes: Buffer): Value {
  try {
    return decodeValue(bytes);
  } catch (error) {
    if (error instanceof MsgpackError) throw new ForwardError('the client sent no PING');
    throw error;
  }
}
