/**
 * Connections at TCP ports, with or without TLS, and at unix sockets: waiting for them and making them. Either way a
 * connection is handed over when it is ready (with TLS: after the handshake); who gets it closes it.
 */
import dns from 'node:dns';
import fs from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import type { OptionsOf } from '../options.ts';
import type { Clock } from '../plugin.ts';
import type { NET_OPTIONS } from './options.ts';

export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

export interface ListenOptions {
  readonly address: Address;
  /** The permissions of a unix socket. */
  readonly mode?: number | undefined;
  /** How many connections may wait to be accepted. */
  readonly backlog?: number | undefined;
  readonly tls?: tls.TlsOptions | undefined;
  /** Either this, for who listens to the socket's `data` himself, */
  onConnection?(socket: net.Socket): void;
  /** or this, which is faster: what it returns takes the bytes that come; they are valid during the call only. */
  onReader?(socket: net.Socket): (bytes: Buffer) => void;
  /** A connection that ended before it was ready, as by a failed TLS handshake. */
  onFailure(reason: string): void;
}

export interface Listener {
  /** As a user writes it: 127.0.0.1:24224 or unix:///run/x.sock. */
  readonly name: string;
  /** 0 for a unix socket. */
  readonly port: number;
  /** Takes no more connections; those there are stay. */
  close(): void;
}

/** A client that has sent all may still wait for answers; one that is gone without a word is found out. */
const SOCKET = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

/** @throws the system's error, with the address in its message. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { address, backlog } = options;
  if ('path' in address) removeStaleSocket(address.path);
  const server = options.tls ? tlsServer(options, options.tls) : plainServer(options);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`cannot listen: ${error.message}`, { cause: error })));
    server.listen({ ...address, backlog: backlog ?? 128 }, resolve);
  });
  server.removeAllListeners('error');
  server.on('error', (error) => options.onFailure(error.message));
  if ('path' in address && options.mode !== undefined) fs.chmodSync(address.path, options.mode);
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
  const name = 'path' in address ? `unix://${address.path}` : `${hostText(address.host)}:${port}`;
  return { name, port, close: () => server.close() };
}

/**
 * Node reads into a new buffer of 64 KiB every time. Here all connections read into one, which spares a third of the CPU
 * time of reading, and more in the garbage collector (bench/forward.ts: 0.4 of 1.7 seconds). Node lets clients choose their
 * buffer, and servers not; so the handle of a connection that was accepted but not read yet gets a socket of its own.
 */
const READ_BYTES = 256 * 1024;
let readBuffer: Buffer | undefined;

function plainServer({ onConnection, onReader }: ListenOptions): net.Server {
  if (!onReader) return net.createServer(SOCKET, onConnection);
  return net.createServer({ ...SOCKET, pauseOnConnect: true }, (accepted) => {
    const socket = adopt(accepted, (bytes) => take(bytes));
    const take = onReader(socket);
    socket.resume();
  });
}

interface WithHandle {
  _handle?: object | null;
}

function adopt(accepted: net.Socket & WithHandle, take: (bytes: Buffer) => void): net.Socket {
  const handle = accepted._handle;
  if (!handle) {
    accepted.on('data', take);
    return accepted;
  }
  accepted._handle = null;
  accepted.destroy();
  readBuffer ??= Buffer.allocUnsafeSlow(READ_BYTES);
  const buffer = readBuffer;
  const onread = {
    buffer,
    callback: (length: number) => {
      take(buffer.subarray(0, length));
      return true;
    },
  };
  return new net.Socket({ handle, ...SOCKET, onread } as net.SocketConstructorOpts);
}

function tlsServer(options: ListenOptions, settings: tls.TlsOptions): tls.Server {
  const { onConnection, onReader } = options;
  const accept = onReader ? (socket: net.Socket) => socket.on('data', onReader(socket)) : onConnection;
  const server = tls.createServer({ ...SOCKET, ...settings }, accept);
  server.on('tlsClientError', (error, socket) => {
    options.onFailure(`TLS handshake with ${peerName(socket)}: ${error.message}`);
  });
  return server;
}

/** What an earlier run left; nothing but a socket is removed. */
function removeStaleSocket(path: string): void {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSocket()) fs.unlinkSync(path);
}

export function hostText(host: string): string {
  return net.isIPv6(host) ? `[${host}]` : host;
}

/** Who is at the other end, for logs. */
export function peerName({ remoteAddress, remotePort }: net.Socket): string {
  return remoteAddress === undefined ? 'a local client' : `${hostText(remoteAddress)}:${remotePort}`;
}

export interface ConnectOptions {
  readonly address: Address;
  /** The values of the shared options. */
  readonly net: OptionsOf<typeof NET_OPTIONS>;
  /** What `readTls` gives; undefined: no TLS. */
  readonly tls: tls.ConnectionOptions | undefined;
  readonly clock: Clock;
  /** Aborted when nobody waits for the connection any longer. */
  readonly signal: AbortSignal;
}

/** A connection that is ready to be written to. Rejects with the system's error, or one that says the time was over. */
export function connect({ address, net: given, tls: secure, clock, signal }: ConnectOptions): Promise<net.Socket> {
  const place = 'path' in address ? address : { ...address, ...routeOptions(given) };
  const socket = secure ? tls.connect({ ...place, ...secure }) : net.connect(place);
  socket.setNoDelay(true);
  return new Promise((resolve, reject) => {
    const seconds = given['net.connect_timeout'];
    const fail = (error: Error): void => {
      end();
      socket.destroy();
      reject(error);
    };
    const late = (): void => fail(new Error(`no connection within ${seconds} seconds`));
    const giveUp = (): void => fail(new Error('the connection was given up'));
    const cancel = seconds > 0 ? clock.after(seconds * 1000, late) : undefined;
    const end = (): void => {
      cancel?.();
      signal.removeEventListener('abort', giveUp);
      socket.removeListener('error', fail);
      // An error that comes when all is over must not end the program.
      socket.on('error', () => undefined);
    };
    socket.once('error', fail);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      end();
      resolve(socket);
    });
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
  });
}

function routeOptions(given: OptionsOf<typeof NET_OPTIONS>): Partial<net.TcpNetConnectOpts> {
  const source = given['net.source_address'];
  const idle = given['net.tcp_keepalive_time'];
  const lookup = lookupFor(given);
  return {
    keepAlive: given['net.tcp_keepalive'],
    ...(idle > 0 ? { keepAliveInitialDelay: idle * 1000 } : {}),
    ...(source === undefined ? {} : { localAddress: source }),
    ...(given.ipv6 ? { family: 6 } : {}),
    ...(lookup === undefined ? {} : { lookup }),
  };
}

/** The order in which the addresses of a name are tried, where the options say one. */
export function lookupFor(given: OptionsOf<typeof NET_OPTIONS>): net.LookupFunction | undefined {
  const four = given['net.dns.prefer_ipv4'];
  if (!four && !given['net.dns.prefer_ipv6']) return undefined;
  const order = four ? 'ipv4first' : 'ipv6first';
  return (hostname, options, done) => dns.lookup(hostname, { ...options, order }, done);
}
