/**
 * An HTTP server that is as bad as servers get: it answers 500 and 503, cuts connections before and after it has taken
 * a request, answers late, and goes away altogether for a while. What it took whole is counted, also where the sender
 * cannot know that.
 */
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import { randomFrom } from './random.ts';
import { Tally } from './tally.ts';

export class Destination {
  readonly tally = new Tally();
  readonly #random: () => number;
  readonly #server: http.Server;
  readonly #sockets = new Set<net.Socket>();
  #timer: NodeJS.Timeout | undefined;
  port = 0;
  /** From here on it only answers 200. */
  isGood = false;
  requests = 0;
  /** Events that came again because it took them and then cut the connection. */
  repeatedByCuts = 0;
  #cutAfter = new Set<string>();

  constructor(seed: number) {
    this.#random = randomFrom(seed);
    this.#server = http.createServer((request, response) => this.#serve(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async start(): Promise<void> {
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as net.AddressInfo).port;
    this.#timer = setTimeout(() => this.#leave(), 3000 + this.#random() * 4000);
  }

  /** Gone for a while: connections are refused. */
  async #leave(): Promise<void> {
    await this.#close();
    setTimeout(() => this.start(), this.isGood ? 0 : 300 + this.#random() * 1000);
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.#close();
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    const parts: Buffer[] = [];
    const what = this.isGood ? 1 : this.#random();
    if (what < 0.05) {
      request.once('data', () => request.socket.destroy());
      return;
    }
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      this.requests++;
      this.#answer(what, Buffer.concat(parts).toString('latin1'), request, response);
    });
    request.on('error', () => {});
  }

  #answer(what: number, body: string, request: http.IncomingMessage, response: http.ServerResponse): void {
    if (what < 0.12) response.writeHead(500).end('no');
    else if (what < 0.16) response.writeHead(503, { 'retry-after': '1' }).end('later');
    else if (what < 0.2) {
      // Taken, but the sender will never know.
      this.#take(body);
      this.#cutAfter.add(body);
      request.socket.destroy();
    } else if (what < 0.25) {
      this.#take(body);
      setTimeout(() => response.writeHead(200).end(), this.#random() * 500);
    } else {
      this.#take(body);
      response.writeHead(200).end();
    }
  }

  #take(body: string): void {
    const repeated = this.tally.take(body);
    if (this.#cutAfter.delete(body)) this.repeatedByCuts += repeated;
  }
}
