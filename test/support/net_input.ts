/** An input that listens, for its tests: on a free port of 127.0.0.1, on a host that tells when something changed. */
import dgram from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import net from 'node:net';
import { type OptionTable, readOptions } from '../../src/options.ts';
import type { Input, Soon } from '../../src/plugin.ts';
import { sectionOf } from './batch.ts';
import { TestHost, type TestHostOptions } from './host.ts';

export class NetHost extends TestHost {
  readonly told = new EventEmitter();
  override emit(...given: Parameters<TestHost['emit']>): boolean {
    const room = super.emit(...given);
    queueMicrotask(() => this.told.emit('change'));
    return room;
  }
  override log(...given: Parameters<TestHost['log']>): void {
    super.log(...given);
    queueMicrotask(() => this.told.emit('change'));
  }
  override count(name: string, by?: number): void {
    super.count(name, by);
    queueMicrotask(() => this.told.emit('change'));
  }
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await once(this.told, 'change');
  }
  /** All bodies, once there are so many. */
  async events(count: number): Promise<unknown[]> {
    await this.until(() => this.bodies.length >= count);
    return this.bodies;
  }
}

interface Definition {
  readonly name: string;
  readonly options: OptionTable;
  create(options: never, host: never): Soon<Input>;
}

export interface Opened {
  readonly host: NetHost;
  readonly input: Input;
  readonly port: number;
  /** A connection to it. */
  connect(): Promise<net.Socket>;
  /** Sends a datagram to it. */
  send(text: string | Buffer): Promise<void>;
}

/** Starts it with these options; `listen` and `port` are given unless they are there. */
export async function openInput(
  t: { teardown(run: () => unknown): void },
  definition: Definition,
  given: Readonly<Record<string, string>> = {},
  how: TestHostOptions = {},
): Promise<Opened> {
  const host = new NetHost({ name: `${definition.name}.0`, ...how });
  const pairs = Object.entries({ listen: '127.0.0.1', port: '0', ...given });
  const input = await definition.create(readOptions(definition.options, sectionOf(pairs)) as never, host as never);
  await input.start();
  const port = (input as { port?: number }).port ?? 0;
  const sockets: net.Socket[] = [];
  const udp = dgram.createSocket('udp4');
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    udp.close();
    await input.stop();
  });
  const connect = async (): Promise<net.Socket> => {
    const socket = net.connect(given.path === undefined ? { port, host: '127.0.0.1' } : { path: given.path });
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  const send = (text: string | Buffer): Promise<void> =>
    new Promise((done, failed) => {
      udp.send(text, port, '127.0.0.1', (error) => (error ? failed(error) : done()));
    });
  return { host, input, port, connect, send };
}
