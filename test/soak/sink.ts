/**
 * An HTTP server that takes JSON lines and keeps count of every line of every container. It behaves as a database does: a
 * request is stored when it is answered, and what was not answered was never stored.
 */
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export class Sink {
  /** By container, the numbers of its lines in the order in which they came. */
  readonly came = new Map<string, number[]>();
  readonly #different = new Map<string, Set<number>>();
  readonly #whole = new Map<string, number>();
  gaps = 0;
  requests = 0;
  total = 0;
  /** How many different lines came. */
  different = 0;
  #isHolding = false;
  readonly #server = http.createServer((request, response) => void this.#take(request, response));

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From here on nothing is answered, and so nothing stored. */
  hold(): void {
    this.#isHolding = true;
  }

  release(): void {
    this.#isHolding = false;
  }

  /** How many lines of a container came without a gap, from its first one on. */
  count(container: string): number {
    const different = this.#different.get(container);
    let count = this.#whole.get(container) ?? 0;
    while (different?.has(count)) count++;
    this.#whole.set(container, count);
    return count;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } catch {
      return;
    }
    if (this.#isHolding || response.destroyed) return;
    this.requests++;
    for (const line of Buffer.concat(pieces).toString().split('\n')) if (line !== '') this.#line(line);
    response.writeHead(204).end();
  }

  #line(text: string): void {
    const { log, gap } = JSON.parse(text) as { log: string; gap?: unknown };
    if (gap) {
      this.gaps++;
      return;
    }
    const [, container = '?', number] = /^(\S+)#(\d+) /.exec(log) ?? [];
    const numbers = this.came.get(container) ?? [];
    this.came.set(container, numbers);
    numbers.push(Number(number));
    const different = this.#different.get(container) ?? new Set();
    if (!different.has(Number(number))) this.different++;
    this.#different.set(container, different.add(Number(number)));
    this.total++;
  }
}
