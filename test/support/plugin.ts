/** Makes an instance of a plugin as the engine would: options read from a section, on a test host. */
import { type OptionTable, readOptions } from '../../src/options.ts';
import type { Soon } from '../../src/plugin.ts';
import { sectionOf } from './batch.ts';
import { TestHost, type TestHostOptions } from './host.ts';

interface Definition<P> {
  readonly options: OptionTable;
  create(options: never, host: never): Soon<P>;
}

export interface Made<P> {
  readonly plugin: P;
  readonly host: TestHost;
}

/** @throws OptionError, as `create` and the readers of options do. */
export async function make<P>(
  definition: Definition<P>,
  pairs: readonly (readonly [string, string])[] = [],
  options: TestHostOptions = {},
): Promise<Made<P>> {
  const section = sectionOf(pairs);
  const host = new TestHost({ ...options, section });
  const values = readOptions(definition.options, section);
  return { plugin: await definition.create(values as never, host as never), host };
}
