/** For the tests of this output: an instance that speaks to a stand-in through the real SDK. */
import type { Test } from 'tap';
import definition from '../../../plugins/out_cloudwatch_logs/index.ts';
import type { LogEvent } from '../../../src/data/event.ts';
import type { Batch, Output, Verdict } from '../../../src/plugin.ts';
import { batchOf, eventOf, NEW_YEAR } from '../batch.ts';
import { type TestHost, VirtualClock } from '../host.ts';
import { make } from '../plugin.ts';
import { FakeCloudWatch } from './server.ts';

export const NOW_MS = NEW_YEAR * 1000;

/** What the SDK's chain finds first; nothing of the machine the test runs on. */
export function useTestCredentials(): void {
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
  });
}

export interface Rig {
  readonly fake: FakeCloudWatch;
  readonly output: Output;
  readonly host: TestHost;
  readonly clock: VirtualClock;
  flush(batch: Batch | readonly LogEvent[]): Promise<Verdict>;
}

/** Group `grp` is there, stream `str` is not; both go away with the test. */
export async function rig(t: Test, pairs: readonly (readonly [string, string])[] = []): Promise<Rig> {
  useTestCredentials();
  const fake = await FakeCloudWatch.start({ now: () => NOW_MS });
  fake.store.createGroup('grp');
  const named = (key: string) => pairs.some(([other]) => other === key);
  const section = [
    ['region', 'eu-central-1'],
    ['endpoint', fake.server.url],
    ...(named('log_group_name') || named('log_group_name_key') ? [] : [['log_group_name', 'grp']]),
    ...(named('log_stream_prefix') || named('log_stream_name_key') ? [] : [['log_stream_name', 'str']]),
    ...pairs,
  ] as [string, string][];
  const clock = new VirtualClock(NOW_MS);
  const { plugin: output, host } = await make(definition, section, { clock });
  await output.start?.();
  t.teardown(async () => {
    await output.stop?.();
    await fake.server.stop();
  });
  const flush = async (batch: Batch | readonly LogEvent[]) =>
    output.flush(Array.isArray(batch) ? batchOf(batch) : (batch as Batch), new AbortController().signal);
  return { fake, output, host, clock, flush };
}

/** Events one millisecond after the other, each with its number. */
export function numbered(count: number, from = 0): LogEvent[] {
  return Array.from({ length: count }, (_, i) => eventOf({ n: from + i }, NEW_YEAR, (from + i) * 1_000_000));
}

export const logOf = (host: TestHost, level: string): string[] =>
  host.lines.filter((line) => line.level === level).map(({ message }) => message);
