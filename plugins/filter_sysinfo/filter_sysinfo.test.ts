import { readFileSync } from 'node:fs';
import os from 'node:os';
import t from 'tap';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import sysinfo from './index.ts';

const ALL = [
  ['kernel_version_key', 'kernel'],
  ['os_version_key', 'os_version'],
  ['Hostname_key', 'host'],
  ['Os_name_key', 'os'],
  ['Fluentbit_version_key', 'version'],
] as const;

t.test('what is asked for is appended, in the order of Fluent Bit', async (t) => {
  const { plugin } = await make(sysinfo, ALL);
  const event = eventOf(Object.freeze({ host: 'old', a: 1 }));
  await plugin.filter([event], 'tag');
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  t.same(event.body, {
    a: 1,
    version,
    os: process.platform === 'darwin' ? 'macos' : process.platform,
    host: os.hostname(),
    os_version: os.version(),
    kernel: os.release(),
  });
  t.same(Object.keys(event.body), ['a', 'version', 'os', 'host', 'os_version', 'kernel']);
});

t.test('without an option nothing changes', async (t) => {
  const { plugin } = await make(sysinfo);
  const body = { a: 1 };
  const events = [eventOf(body)];
  t.equal(await plugin.filter(events, 'tag'), events);
  t.equal(events[0]?.body, body);
});

t.test('random records: nothing changes but what is added', async (t) => {
  const added = new Set<string>(ALL.map(([, key]) => key));
  await leavesTheRestAlone(t, async () => (await make(sysinfo, ALL)).plugin, {
    keys: ['host', 'os', 'a'],
    touches: (key) => added.has(key),
  });
});
