/**
 * An option table in other forms: as `--help` of a plugin, as the table of a README, as a JSON schema, as a section of
 * a configuration to begin with.
 */
import type { OptionSpec, OptionTable } from './options.ts';

export interface Described {
  readonly kind: string;
  readonly name: string;
  readonly summary: string;
  readonly options: OptionTable;
}

/** What `-i NAME -h` prints; `shared` are the options that every plugin of its kind has. */
export function helpText(plugin: Described, shared: OptionTable): string {
  const names = [...Object.keys(plugin.options), ...Object.keys(shared)];
  const width = Math.min(34, Math.max(0, ...names.map((name) => name.length)) + 2);
  const part = (title: string, table: OptionTable) =>
    Object.keys(table).length === 0
      ? ''
      : `\n${title}\n${Object.entries(table)
          .map(([name, spec]) => optionHelp(name, spec, width))
          .join('')}`;
  return `${plugin.name} ${plugin.kind} plugin\n\n${plugin.summary}\n${part('OPTIONS', plugin.options)}${part(
    `OPTIONS OF EVERY ${plugin.kind.toUpperCase()}`,
    shared,
  )}`;
}

function optionHelp(name: string, spec: OptionSpec, width: number): string {
  const [first = '', ...rest] = wrap(spec.help, 100 - width);
  const lines = [`${name.padEnd(width)}${first}`, ...rest.map((line) => ' '.repeat(width) + line)];
  return `${lines.join('\n')}\n${' '.repeat(width)}> ${facts(spec).join(', ')}\n\n`;
}

function facts(spec: OptionSpec): string[] {
  const list = [...(spec.default === undefined ? [] : [`default: ${spec.default}`]), `type: ${spec.type}`];
  if (spec.required) list.push('required');
  if (spec.many) list.push('may be given several times');
  if (spec.oneOf) list.push(`one of ${spec.oneOf.join(', ')}`);
  return list;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The table of a README in Markdown. */
export function markdownTable(table: OptionTable): string {
  const cell = (text: string) => text.replace(/\|/g, '\\|');
  const rows = Object.entries(table).map(([name, spec]) => {
    const more = [spec.required ? 'Required.' : '', spec.many ? 'May be given several times.' : ''].filter(Boolean);
    const allowed = spec.oneOf ? `One of ${spec.oneOf.map((word) => `\`${word}\``).join(', ')}.` : '';
    const help = [spec.help, allowed, ...more].filter(Boolean).join(' ');
    const value = spec.default === undefined || spec.default === '' ? '' : `\`${cell(spec.default)}\``;
    return `| \`${name}\` | ${spec.type} | ${value} | ${cell(help)} |\n`;
  });
  return `| option | type | default | what it does |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}

const SCHEMA_TYPES: Readonly<Record<OptionSpec['type'], readonly string[]>> = {
  text: ['string', 'number', 'boolean'],
  integer: ['integer', 'string'],
  number: ['number', 'string'],
  boolean: ['boolean', 'string'],
  size: ['integer', 'string'],
  time: ['number', 'string'],
  csv: ['string'],
  words: ['string'],
};

/** A JSON schema of the section as YAML writes it. */
export function jsonSchema(plugin: Described, shared: OptionTable): Record<string, unknown> {
  const entries = Object.entries({ ...shared, ...plugin.options });
  const required = entries.filter(([, spec]) => spec.required).map(([name]) => name);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `${plugin.name} ${plugin.kind}`,
    description: plugin.summary,
    type: 'object',
    properties: {
      name: { const: plugin.name },
      ...Object.fromEntries(entries.map(([n, spec]) => [n, optionSchema(spec)])),
    },
    required: ['name', ...required],
    additionalProperties: false,
  };
}

function optionSchema(spec: OptionSpec): Record<string, unknown> {
  const one: Record<string, unknown> = spec.oneOf ? { enum: spec.oneOf } : { type: SCHEMA_TYPES[spec.type] };
  const shape = spec.many ? { anyOf: [one, { type: 'array', items: one }] } : one;
  return { description: spec.help, ...(spec.default === undefined ? {} : { default: spec.default }), ...shape };
}

/** A section to begin with: what is required first, the rest as comments with its default. */
export function sampleSection(plugin: Described): string {
  const width = Math.max(4, ...Object.keys(plugin.options).map((name) => name.length)) + 1;
  const lines = Object.entries(plugin.options).map(([name, spec]) =>
    spec.required
      ? `    ${name.padEnd(width)} ...\n`
      : `    # ${name.padEnd(width)} ${spec.default ?? ''}`.trimEnd() + '\n',
  );
  return `[${plugin.kind.toUpperCase()}]\n    ${'name'.padEnd(width)} ${plugin.name}\n${lines.join('')}`;
}
