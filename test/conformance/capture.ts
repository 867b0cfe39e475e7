/** Servers that keep what the router sends to them: HTTP (and HTTPS) requests, or the text of TCP connections. */
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import zlib from 'node:zlib';
import type { CaptureSpec, Reply } from './case.ts';
import { captureForward } from './forward.ts';
import { readMsgpack } from './msgpack.ts';
import { sleep } from './wait.ts';

export interface Capture {
  /** Everything caught so far, in order. */
  readonly seen: unknown[];
  close(): void;
}

export async function startCapture(spec: CaptureSpec, port: number, folder: string): Promise<Capture> {
  if (spec.kind === 'tcp') return captureTcp(port);
  return spec.kind === 'forward' ? captureForward(spec, port) : new HttpCapture(spec).start(port, folder);
}

const KEPT_HEADERS =
  /^(content-type|content-encoding|authorization|x-scope-orgid|x-amz-target|user-agent|x-.*|accept|host)$/;

class HttpCapture implements Capture {
  readonly seen: unknown[] = [];
  readonly #spec: CaptureSpec;
  readonly #counts = new Map<unknown, number>();
  #server: http.Server | https.Server | undefined;

  constructor(spec: CaptureSpec) {
    this.#spec = spec;
  }

  async start(port: number, folder: string): Promise<this> {
    const handle: http.RequestListener = (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (data: Buffer) => parts.push(data));
      request.on('end', () => void this.#answer(request, response, Buffer.concat(parts)));
    };
    const { tls } = this.#spec;
    const read = (file: string) => fs.readFileSync(path.join(folder, file));
    const server = tls
      ? https.createServer({ cert: read(tls.cert), key: read(tls.key) }, handle)
      : http.createServer(handle);
    this.#server = server;
    await new Promise<void>((ok) => server.listen(port, '127.0.0.1', ok));
    return this;
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse, body: Buffer): Promise<void> {
    const url = request.url ?? '';
    const route = this.#spec.routes?.find(
      (one) =>
        (!one.method || one.method === request.method) &&
        (one.path === url || (one.prefix !== undefined && url.startsWith(one.prefix))) &&
        (!one.target || String(request.headers['x-amz-target'] ?? '').endsWith(one.target)),
    );
    const reply = this.#reply(route ?? this.#spec, route?.replies ?? this.#spec.replies ?? [{ status: 200 }]);
    const ignored = this.#spec.ignore_paths?.some((one) => url.startsWith(one)) || route?.silent;
    if (!ignored) {
      const headers = Object.fromEntries(Object.entries(request.headers).filter(([key]) => KEPT_HEADERS.test(key)));
      const replied = reply.drop ? 'dropped' : reply.status;
      this.seen.push({ method: request.method, path: url, headers, ...decode(body, request.headers), replied });
    }
    if (reply.delay) await sleep(reply.delay * 1000);
    if (reply.drop) {
      request.socket.destroy();
      return;
    }
    const text =
      typeof reply.body === 'string' ? reply.body : reply.body === undefined ? '' : JSON.stringify(reply.body);
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(text);
  }

  /** The last reply repeats. */
  #reply(key: unknown, replies: readonly Reply[]): Reply {
    const nth = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, nth);
    return replies[Math.min(nth, replies.length) - 1] ?? { status: 200 };
  }

  close(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

function decode(bytes: Buffer, headers: http.IncomingHttpHeaders): Record<string, unknown> {
  const encoding = headers['content-encoding'];
  const plain =
    encoding === 'gzip' ? zlib.gunzipSync(bytes) : encoding === 'zstd' ? zlib.zstdDecompressSync(bytes) : bytes;
  if (/msgpack/.test(headers['content-type'] ?? '')) return { msgpack: readMsgpack(plain) };
  const text = plain.toString('utf8');
  if (!/json/.test(headers['content-type'] ?? '')) return { text };
  try {
    return { json: JSON.parse(text) };
  } catch {
    // Several documents, one a line.
  }
  try {
    return {
      lines: text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    };
  } catch {
    return { text };
  }
}

async function captureTcp(port: number): Promise<Capture> {
  const seen: unknown[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    const entry = { text: '' };
    sockets.add(socket);
    seen.push(entry);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      entry.text += data.toString('utf8');
    });
  });
  await new Promise<void>((ok) => server.listen(port, '127.0.0.1', ok));
  return {
    seen,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** A port that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((ok) => server.listen(0, '127.0.0.1', ok));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((ok) => server.close(ok));
  return port;
}
