/**
 * Listening at a TCP port, with or without TLS, or at a unix socket. Who listens gets every connection once it is
 * ready to be read (with TLS: after the handshake), and closes what it took itself.
 */
import fs from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';

export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

export interface ListenOptions {
  readonly address: Address;
  /** The permissions of a unix socket. */
  readonly mode?: number | undefined;
  /** How many connections may wait to be accepted. */
  readonly backlog?: number | undefined;
  readonly tls?: tls.TlsOptions | undefined;
  onConnection(socket: net.Socket): void;
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
  const server = options.tls ? tlsServer(options, options.tls) : net.createServer(SOCKET, options.onConnection);
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

function tlsServer(options: ListenOptions, settings: tls.TlsOptions): tls.Server {
  const server = tls.createServer({ ...SOCKET, ...settings }, options.onConnection);
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
