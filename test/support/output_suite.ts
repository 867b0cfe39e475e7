/**
 * What every output that sends over the network must do, whatever its protocol: run by each of their tests.
 *
 *     a success                    ok
 *     a passing failure            retry
 *     a refusal                    drop
 *     no answer in time            retry, when the time is over
 *     a connection that breaks     retry
 *     nobody listens               retry
 *     the engine gives up          ends at once, and does not throw
 */
import { EventEmitter, getEventListeners, once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import t from 'tap';
import type { LogEvent } from '../../src/data/event.ts';
import type { OutputDefinition, Verdict } from '../../src/plugin.ts';
import { batchOf, eventOf } from './batch.ts';
import { VirtualClock } from './host.ts';
import { make } from './plugin.ts';

type Pairs = readonly (readonly [string, string])[];

/** What the server answers: a status, or silence, or the end of the connection. */
export type Reply = { status: number; headers?: Record<string, string>; body?: string } | 'silence' | 'drop';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** A server that keeps every request and answers with the replies in turn; the last one repeats. */
export class HttpCapture extends EventEmitter {
  readonly received: Received[] = [];
  readonly #replies: Reply[];
  readonly #server: http.Server;

  private constructor(replies: Reply[]) {
    super();
    this.#replies = [...replies];
    this.#server = http.createServer((request, response) => this.#take(request, response));
  }

  static async start(...replies: Reply[]): Promise<HttpCapture> {
    const capture = new HttpCapture(replies);
    capture.#server.listen(0, '127.0.0.1');
    await once(capture.#server, 'listening');
    return capture;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): Promise<number> {
    return new Promise((resolve) => this.#server.getConnections((_error, count) => resolve(count)));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Resolves when the request with this number (from 1) is there. */
  async request(number: number): Promise<Received> {
    while (this.received.length < number) await once(this, 'request');
    return this.received[number - 1] as Received;
  }

  #take(request: http.IncomingMessage, response: http.ServerResponse): void {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('error', () => undefined);
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = request;
      this.received.push({ method, url, headers, rawHeaders, body: Buffer.concat(pieces) });
      this.#reply(request.socket, response);
      this.emit('request');
    });
  }

  #reply(socket: Socket, response: http.ServerResponse): void {
    const reply = this.#replies.length > 1 ? this.#replies.shift() : this.#replies[0];
    if (reply === 'drop') socket.destroy();
    else if (reply !== undefined && reply !== 'silence') {
      response.writeHead(reply.status, reply.headers);
      response.end(reply.body);
    }
  }
}

export interface OutputSuite {
  readonly definition: OutputDefinition;
  /** The section for a server on this port, with a time of one second for answers. */
  section(port: number): Pairs;
  /** What the server says for each outcome; by default 204, 500, 400. */
  readonly replies?: { readonly ok?: Reply; readonly retry?: Reply; readonly drop?: Reply };
  readonly event?: LogEvent;
}

/** Adds the tests to the caller's file. */
export function outputSuite(suite: OutputSuite): void {
  const { ok = { status: 204 }, retry = { status: 500 }, drop = { status: 400 } } = suite.replies ?? {};
  const batch = () => batchOf([suite.event ?? eventOf({ log: 'x' })]);

  async function start(reply: Reply, port?: number) {
    const server = await HttpCapture.start(reply);
    const clock = new VirtualClock(Date.now());
    const { plugin, host } = await make(suite.definition, suite.section(port ?? server.port), { clock });
    await plugin.start?.();
    const end = async () => {
      await plugin.stop?.();
      await server.stop();
    };
    return { server, clock, plugin, host, end };
  }

  async function verdictFor(reply: Reply): Promise<Verdict> {
    const { plugin, end } = await start(reply);
    const verdict = await plugin.flush(batch(), new AbortController().signal);
    await end();
    return verdict;
  }

  t.test('a success is ok', async (t) => t.match(await verdictFor(ok), { kind: 'ok' }));
  t.test('a passing failure is tried again', async (t) => t.match(await verdictFor(retry), { kind: 'retry' }));
  t.test('a refusal is dropped, with its reason', async (t) =>
    t.match(await verdictFor(drop), { kind: 'drop', reason: /./ }),
  );
  t.test('a connection that breaks is tried again', async (t) =>
    t.match(await verdictFor('drop'), { kind: 'retry', reason: /./ }),
  );

  t.test("nothing is left behind at the engine's signal", async (t) => {
    const { plugin, end } = await start(ok);
    const { signal } = new AbortController();
    const left: number[] = [];
    for (let i = 0; i < 3; i++) {
      t.match(await plugin.flush(batch(), signal), { kind: 'ok' });
      left.push(getEventListeners(signal, 'abort').length);
    }
    t.equal(left[2], left[0], 'it lives as long as the program');
    await end();
  });

  t.test('where nobody listens it is tried again', async (t) => {
    const { server, plugin, end } = await start(ok);
    await server.stop();
    t.match(await plugin.flush(batch(), new AbortController().signal), { kind: 'retry', reason: /ECONNREFUSED/ });
    await end();
  });

  t.test('no answer within the time is tried again, and not before', async (t) => {
    const { server, clock, plugin, end } = await start('silence');
    let verdict: Verdict | undefined;
    const flushing = Promise.resolve(plugin.flush(batch(), new AbortController().signal)).then((value) => {
      verdict = value;
    });
    await server.request(1);
    await clock.advance(900);
    t.equal(verdict, undefined);
    await clock.advance(200);
    await flushing;
    t.match(verdict, { kind: 'retry', reason: /1 second/ });
    await end();
  });

  t.test('when the engine gives up, the flush ends at once', async (t) => {
    const { server, plugin, end } = await start('silence');
    const abort = new AbortController();
    const flushing = plugin.flush(batch(), abort.signal);
    await server.request(1);
    abort.abort();
    t.match(await flushing, { kind: 'retry' });
    await end();
  });

  t.test('a flush that was given up before it began ends at once', async (t) => {
    const { plugin, end } = await start(ok);
    t.match(await plugin.flush(batch(), AbortSignal.abort()), { kind: 'retry' });
    await end();
  });

  t.test('one connection serves one batch after another', async (t) => {
    const { server, plugin, end } = await start(ok);
    for (let i = 0; i < 3; i++) await plugin.flush(batch(), new AbortController().signal);
    t.equal(await server.connections, 1);
    await end();
  });
}
