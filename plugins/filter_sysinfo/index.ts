/**
 * The `sysinfo` filter: appends the version of the program, the name and version of the operating system and the name
 * of the machine, each under a name that the user gives. They are read once.
 */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { Value } from '../../src/data/event.ts';
import { withAppended } from '../../src/data/fields.ts';
import { defineFilter, type OptionTable } from '../../src/plugin.ts';

const options = {
  fluentbit_version_key: { type: 'text', help: 'The field for the version of Sluice.' },
  os_name_key: { type: 'text', help: 'The field for the name of the operating system: linux or macos.' },
  hostname_key: { type: 'text', help: 'The field for the name of the machine.' },
  os_version_key: { type: 'text', help: 'The field for the version of the operating system.' },
  kernel_version_key: { type: 'text', help: 'The field for the version of the kernel.' },
} as const satisfies OptionTable;

const OS_NAMES: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'macos', win32: 'win64' };

/** In the order in which Fluent Bit appends them. */
const VALUES: readonly (readonly [keyof typeof options, () => string])[] = [
  ['fluentbit_version_key', ownVersion],
  ['os_name_key', () => OS_NAMES[process.platform] ?? process.platform],
  ['hostname_key', os.hostname],
  ['os_version_key', os.version],
  ['kernel_version_key', os.release],
];

export default defineFilter({
  name: 'sysinfo',
  summary: 'Appends the name of the machine and versions of the system.',
  options,
  create: (given) => {
    const added: [string, Value][] = [];
    for (const [option, read] of VALUES) {
      const key = given[option];
      if (key !== undefined) added.push([key, read()]);
    }
    return {
      filter: (events) => {
        if (added.length > 0) for (const event of events) event.body = withAppended(event.body, added);
        return events;
      },
    };
  },
});

function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
