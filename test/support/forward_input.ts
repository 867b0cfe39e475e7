/** A forward input that listens for the tests of it, on a host that keeps what it emits. */
import { EventEmitter, once } from 'node:events';
import forward from '../../plugins/in_forward/index.ts';
import { readOptions } from '../../src/options.ts';
import type { Input } from '../../src/plugin.ts';
import { ForwardClient } from './forward_client.ts';
import { TestHost, type TestHostOptions, VirtualClock } from './host.ts';

/** A host that tells when something was emitted, logged or counted. */
export class Host extends TestHost {
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
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await once(this.told, 'change');
  }
  events(count: number): Promise<void> {
    return this.until(() => this.bodies.length >= count);
  }
  get errors(): string[] {
    return this.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
  }
}

type Pairs = readonly (readonly [string, string])[];
const PORT = ['port', '0'] as const;

export async function open(
  t: { teardown(run: () => unknown): void },
  pairs: Pairs = [],
  options: TestHostOptions = {},
) {
  const clock = new VirtualClock();
  const host = new Host({ name: 'forward.0', clock, ...options });
  const all: Pairs = [['listen', '127.0.0.1'], ...(pairs.some(([key]) => key === 'port') ? [] : [PORT]), ...pairs];
  const section = all.map(([key, value]) => ({ key, value }));
  const input: Input = await forward.create(readOptions(forward.options, section) as never, host);
  await input.start();
  const port = Number(
    /:(\d+)$/.exec(host.lines.find(({ message }) => message.startsWith('listening'))?.message ?? '')?.[1],
  );
  const clients: ForwardClient[] = [];
  const connect = async (...given: Parameters<typeof ForwardClient.open> | []) => {
    const client = await ForwardClient.open(given[0] ?? port, given[1]);
    clients.push(client);
    return client;
  };
  t.teardown(async () => {
    await input.stop();
    await input.close?.();
    for (const client of clients) client.close();
  });
  return { host, clock, input, port, connect };
}
