/** `--help`: the command line with all plugins, or the options of one plugin; `-J` the same as JSON. */
import { CLI_OPTIONS, type CommandLine } from './cli.ts';
import { guess } from './config/diagnostic.ts';
import { type PluginKind, SHARED } from './config/shared.ts';
import { helpText, jsonSchema } from './describe.ts';
import type { AnyDefinition, PluginIndex } from './plugin.ts';

type Loaders = Readonly<Record<string, () => Promise<{ default: AnyDefinition }>>>;

/** Writes the help that was asked for. @returns the exit code. */
export async function usage(
  command: CommandLine,
  plugins: PluginIndex,
  write: (text: string) => void,
): Promise<number> {
  const loaders: Readonly<Record<PluginKind, Loaders>> = {
    input: plugins.inputs,
    filter: { ...plugins.filters, ...plugins.processors },
    output: plugins.outputs,
  };
  if (!command.plugin) {
    write(command.action === 'schema' ? await allSchemas(loaders) : await overview(loaders));
    return 0;
  }
  const { kind, name } = command.plugin;
  const table = loaders[kind];
  const key = name.toLowerCase();
  const load = Object.hasOwn(table, key) ? table[key] : undefined;
  if (!load) {
    write(`there is no ${kind} '${name}'${guess(key, Object.keys(table))}\n`);
    return 1;
  }
  const definition = (await load()).default;
  if (command.action === 'schema') write(`${JSON.stringify(jsonSchema(definition, SHARED[kind]), null, 2)}\n`);
  else write(helpText(definition, SHARED[kind]));
  return 0;
}

async function allSchemas(loaders: Readonly<Record<PluginKind, Loaders>>): Promise<string> {
  const all: Record<string, unknown> = {};
  for (const kind of ['input', 'filter', 'output'] as const)
    for (const [name, load] of Object.entries(loaders[kind]))
      all[`${kind}:${name}`] = jsonSchema((await load()).default, SHARED[kind]);
  return `${JSON.stringify(all, null, 2)}\n`;
}

async function overview(loaders: Readonly<Record<PluginKind, Loaders>>): Promise<string> {
  const lines = [
    'Usage: sluice [OPTION]\n       sluice check -c FILE    look for mistakes; a warning is an error, too\n\nOptions\n',
  ];
  for (const [name, { short, value, help }] of Object.entries(CLI_OPTIONS)) {
    const flag = `${short ? `-${short}, ` : '    '}--${name}${value ? `=${value}` : ''}`;
    lines.push(`  ${flag.padEnd(44)}${help}\n`);
  }
  for (const [title, kind] of [
    ['Inputs', 'input'],
    ['Filters', 'filter'],
    ['Outputs', 'output'],
  ] as const) {
    lines.push(`\n${title}\n`);
    for (const [name, load] of Object.entries(loaders[kind]))
      lines.push(`  ${name.padEnd(24)}${(await load()).default.summary}\n`);
  }
  lines.push('\nThe options of a plugin: sluice -i NAME -h (-F, -o)\n');
  return lines.join('');
}
