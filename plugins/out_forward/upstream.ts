/**
 * Files that name the servers of an output:
 *
 *     [UPSTREAM]                upstream_servers:
 *         name  logs              - name: logs
 *     [NODE]                        nodes:
 *         name  one                   - name: one
 *         host  10.0.0.1                host: 10.0.0.1
 *         port  24224                   port: 24224
 *
 * A node may have any option of the output, which then replaces that of the section, and a `weight`. In YAML, `_` may
 * stand where an option has a dot. ${NAME} is a variable of the environment.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { OptionError, type Property } from '../../src/plugin.ts';

export interface UpstreamNode {
  readonly name: string;
  readonly weight: number;
  readonly properties: readonly Property[];
}

/** `folder`: where a relative name is looked for besides the working directory. @throws OptionError */
export async function readUpstream(
  name: string,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<UpstreamNode[]> {
  const text = await readFile(name, folder);
  const filled = text.replace(/\$\{(\w+)\}/g, (_all, variable: string) => env[variable] ?? '');
  const sections = /\.ya?ml$/i.test(name) ? await yamlNodes(filled, name) : classicNodes(filled, name);
  if (sections.length === 0) throw new OptionError(`${name} names no node`, 'upstream');
  return sections.map((properties) => nodeOf(properties, name));
}

async function readFile(name: string, folder: string): Promise<string> {
  const here = await fs.readFile(name, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (typeof here === 'string') return here;
  try {
    return await fs.readFile(path.resolve(folder, name), 'utf8');
  } catch {
    throw new OptionError(`cannot read ${name}: ${here.message}`, 'upstream');
  }
}

function classicNodes(text: string, name: string): Property[][] {
  const nodes: Property[][] = [];
  let section = '';
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const head = /^\[(\w+)\]$/.exec(trimmed);
    if (head) {
      section = (head[1] as string).toLowerCase();
      if (section === 'node') nodes.push([]);
      continue;
    }
    const [, key, value] = /^(\S+)\s+(.*)$/.exec(trimmed) ?? [];
    if (key === undefined || value === undefined || section === '')
      throw new OptionError(`${name}:${index + 1}: this is no section and no property`, 'upstream');
    if (section === 'node') nodes.at(-1)?.push({ key: key.toLowerCase(), value });
  }
  return nodes;
}

interface Group {
  readonly nodes?: readonly Readonly<Record<string, unknown>>[];
}

async function yamlNodes(text: string, name: string): Promise<Property[][]> {
  const { parse } = await import('yaml');
  let groups: readonly Group[] | undefined;
  try {
    groups = (parse(text) as { upstream_servers?: readonly Group[] } | null)?.upstream_servers;
  } catch (error) {
    throw new OptionError(`${name}: ${(error as Error).message}`, 'upstream');
  }
  const nodes = Array.isArray(groups) ? (groups as readonly Group[])[0]?.nodes : undefined;
  if (!Array.isArray(nodes)) return [];
  return (nodes as NonNullable<Group['nodes']>).map((node) =>
    Object.entries(node).map(([key, value]) => ({ key: dotted(key.toLowerCase()), value: String(value) })),
  );
}

const dotted = (key: string): string => key.replace(/^(tls|net)_/, '$1.');

function nodeOf(properties: readonly Property[], file: string): UpstreamNode {
  const value = (key: string): string | undefined => properties.find((one) => one.key === key)?.value;
  const name = value('name');
  for (const key of ['name', 'host', 'port'])
    if (value(key) === undefined) throw new OptionError(`${file}: node '${name ?? '?'}' has no ${key}`, 'upstream');
  const weight = Number(value('weight') ?? 1);
  if (!(weight > 0)) throw new OptionError(`${file}: the weight of node '${name}' is not above 0`, 'upstream');
  return {
    name: name as string,
    weight,
    properties: properties.filter(({ key }) => key !== 'name' && key !== 'weight'),
  };
}
