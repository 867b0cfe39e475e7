/** For the tests of the kubernetes filter: an instance of it at a fake cluster, on a virtual clock. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';
import kubernetes from '../../../plugins/filter_kubernetes/index.ts';
import type { Fields, LogEvent } from '../../../src/data/event.ts';
import type { Filter, Parser, Soon } from '../../../src/plugin.ts';
import { eventOf } from '../batch.ts';
import { type TestHost, VirtualClock } from '../host.ts';
import { make } from '../plugin.ts';
import { FakeKube } from './server.ts';

export interface Enricher {
  readonly fake: FakeKube;
  readonly clock: VirtualClock;
  readonly host: TestHost;
  readonly filter: Filter;
  /** The folder with the token. */
  readonly folder: string;
  /** Bodies in, bodies out. */
  run(tag: string, ...bodies: Fields[]): Promise<Fields[]>;
  /** What `filter` returns, at once or later. */
  call(tag: string, ...bodies: Fields[]): Soon<LogEvent[]>;
}

export interface EnricherPlan {
  readonly options?: Readonly<Record<string, string>>;
  readonly parsers?: Record<string, Parser>;
  readonly fake?: FakeKube;
  /** Instead of the fake's. */
  readonly url?: string;
}

export async function enricher(t: Test, plan: EnricherPlan = {}): Promise<Enricher> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'enricher-'));
  fs.writeFileSync(path.join(folder, 'token'), 'secret');
  const fake = plan.fake ?? (await FakeKube.start());
  const clock = new VirtualClock();
  const options = {
    kube_url: plan.url ?? fake.url,
    kube_token_file: path.join(folder, 'token'),
    kube_namespace_file: path.join(folder, 'none'),
    ...plan.options,
  };
  const { plugin: filter, host } = await make(kubernetes, Object.entries(options), {
    clock,
    ...(plan.parsers ? { parsers: plan.parsers } : {}),
  });
  t.teardown(async () => {
    await filter.stop?.();
    if (!plan.fake) await fake.stop();
    fs.rmSync(folder, { recursive: true });
  });
  await filter.start?.();
  const call = (tag: string, ...bodies: Fields[]) =>
    filter.filter(
      bodies.map((body) => eventOf(body)),
      tag,
    );
  const run = async (tag: string, ...bodies: Fields[]) => (await call(tag, ...bodies)).map(({ body }) => body);
  return { fake, clock, host, filter, folder, run, call };
}

/** The tag that tail gives a container's log. */
export function tagOf(pod: string, container = 'app', namespace = 'default', id = 'a'.repeat(64)): string {
  return `kube.var.log.containers.${pod}_${namespace}_${container}-${id}.log`;
}

/** Until `done` holds; time stands still. Requests are answered meanwhile. */
export async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await done())) await new Promise((go) => setImmediate(go));
}
