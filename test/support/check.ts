/**
 * Checks texts of configurations against a few made-up plugins: `source`, `change`, `process`, `sink` and `net` (which
 * uses the network).
 */
import fs from 'node:fs';
import path from 'node:path';
import { checkConfig } from '../../src/config/check.ts';
import { Diagnostics, renderDiagnostics } from '../../src/config/diagnostic.ts';
import { loadConfig } from '../../src/config/load.ts';
import { defineFilter, defineInput, defineOutput, defineProcessor, OK, type PluginIndex } from '../../src/plugin.ts';
import type { PipelineSpec } from '../../src/spec.ts';

const input = defineInput({
  name: 'source',
  summary: 'A test.',
  options: {
    path: { type: 'text', required: true, help: 'x' },
    size: { type: 'size', default: '32k', help: 'x' },
    count: { type: 'integer', help: 'x' },
    head: { type: 'boolean', default: 'off', help: 'x' },
    mode: { type: 'text', oneOf: ['fast', 'slow'], default: 'fast', help: 'x' },
    parser: { type: 'text', help: 'x' },
  },
  create: () => ({ start() {}, stop() {} }),
});
const filter = defineFilter({
  name: 'change',
  summary: 'A test.',
  options: { add: { type: 'text', many: true, help: 'x' } },
  create: () => ({ filter: (events) => events }),
});
const joins = defineFilter({
  name: 'join',
  summary: 'A test.',
  options: {},
  behindOutput: 'warn',
  create: () => ({ filter: (events) => events }),
});
const holds = defineFilter({
  name: 'hold',
  summary: 'A test.',
  options: {},
  behindOutput: 'refuse',
  create: () => ({ filter: (events) => events }),
});
const processor = defineProcessor({
  name: 'process',
  summary: 'A test.',
  options: { action: { type: 'text', required: true, help: 'x' } },
  create: () => ({ filter: (events) => events }),
});
const sink = defineOutput({ name: 'sink', summary: 'A test.', options: {}, create: () => ({ flush: () => OK }) });
const net = defineOutput({
  name: 'net',
  summary: 'A test.',
  options: { host: { type: 'text', default: 'localhost', help: 'x' } },
  create: () => ({ flush: () => OK }),
});
export const PLUGINS: PluginIndex = {
  inputs: { source: async () => ({ default: input }) },
  filters: {
    change: async () => ({ default: filter }),
    join: async () => ({ default: joins }),
    hold: async () => ({ default: holds }),
  },
  processors: { process: async () => ({ default: processor }) },
  outputs: { sink: async () => ({ default: sink }), net: async () => ({ default: net }) },
};

export interface CheckedText {
  spec: PipelineSpec;
  /** `error 3: message`, the number being the line. */
  findings: string[];
  text: string;
}

export async function check(
  t: { testdir(fixture: Record<string, string>): string },
  text: string,
  file = 'fluent-bit.conf',
  env: Record<string, string> = {},
): Promise<CheckedText> {
  const folder = t.testdir({});
  fs.writeFileSync(path.join(folder, file), text);
  const diagnostics = new Diagnostics();
  const tree = await loadConfig(
    { file: path.join(folder, file), before: [], parserFiles: [], env: { HOSTNAME: 'h', ...env } },
    diagnostics,
  );
  const { spec } = await checkConfig({ tree, plugins: PLUGINS, logLevel: 'info', env }, diagnostics);
  return {
    spec,
    findings: diagnostics.list.map(({ severity, place, message }) => `${severity} ${place?.line}: ${message}`),
    text: renderDiagnostics(diagnostics.list).replaceAll(path.relative('', path.join(folder, file)), file),
  };
}
