/**
 * One plugin section against its tables: which plugin it names, its own options read and completed, its shared options
 * read, every mistake reported. What Fluent Bit takes as it is (integers that are none, options of the network on a
 * plugin without one) is taken here, too.
 */
import { fillDefaults, OptionError, type OptionSpec, type OptionTable, optionName, readOption } from '../options.ts';
import type { AnyDefinition, Level, PluginIndex } from '../plugin.ts';
import { type Diagnostics, guess, nearestWord } from './diagnostic.ts';
import { knownElsewhere, otherKind, ownName } from './known.ts';
import {
  belongsElsewhere,
  LEVEL_NAMES,
  NEEDS_VALUE,
  NETWORK,
  type PluginKind,
  readLevel,
  SHARED,
  usesNetwork,
} from './shared.ts';
import { lastValue, type Section, type TreeProperty } from './tree.ts';

/** A section that was read: what `spec.ts` calls an instance, with the shared options beside it. */
export interface ReadInstance<D extends AnyDefinition = AnyDefinition> {
  readonly definition: D;
  readonly options: Readonly<Record<string, unknown>>;
  /** The shared options that were given, by name. */
  readonly shared: ReadonlyMap<string, { readonly property: TreeProperty; readonly value: unknown }>;
  readonly alias: string | undefined;
  readonly logLevel: Level | null | undefined;
}

type Loaders = Readonly<Record<string, () => Promise<{ default: AnyDefinition }>>>;

/**
 * Finds and loads the plugin that a section names.
 * @returns undefined after an error was reported.
 */
export async function loadPlugin(
  section: Section,
  kind: PluginKind | 'processor',
  plugins: PluginIndex,
  diagnostics: Diagnostics,
): Promise<AnyDefinition | undefined> {
  // As Fluent Bit: of two names the first counts, of two values of a shared option the last.
  const property = section.properties.find(({ key }) => key === 'name');
  const article = kind === 'filter' || kind === 'processor' ? 'a' : 'an';
  if (!property || property.value === '') {
    diagnostics.error(property?.place ?? section.place, `${article} ${kind} needs a Name: which plugin it is`);
    return undefined;
  }
  const name = ownName(kind, pluginName(section, property));
  const loaders = loadersOf(kind, plugins);
  const load = Object.hasOwn(loaders, name) ? loaders[name] : undefined;
  if (load) return (await load()).default;
  diagnostics.error(property.valuePlace, unknownPlugin(kind, property.value, loaders));
  return undefined;
}

/** `forward://host:port/uri`, as Fluent Bit's command line takes it: the options before the others, so that those win. */
function pluginName(section: Section, property: TreeProperty): string {
  const [, name, host, port, uri] = /^([\w-]+):\/\/([^:/]*)(?::(\d+))?(\/.*)?$/.exec(property.value) ?? [];
  if (name === undefined) return property.value.toLowerCase();
  for (const [key, value] of Object.entries({ uri, port, host }))
    if (value && lastValue(section, key) === undefined)
      section.properties.unshift({ ...property, key, written: key, value });
  return name.toLowerCase();
}

function loadersOf(kind: PluginKind | 'processor', plugins: PluginIndex): Loaders {
  if (kind === 'input') return plugins.inputs;
  if (kind === 'output') return plugins.outputs;
  // A filter may stand where a processor does.
  return kind === 'filter' ? plugins.filters : { ...plugins.filters, ...plugins.processors };
}

function unknownPlugin(kind: PluginKind | 'processor', written: string, loaders: Loaders): string {
  const name = written.toLowerCase();
  const known = knownElsewhere(kind, name);
  if (known) return known;
  const other = otherKind(kind, name);
  const near = nearestWord(name, Object.keys(loaders));
  if (other && near === undefined)
    return `there is no ${kind} '${written}'; '${name}' is an ${other}`.replace('an filter', 'a filter');
  return `there is no ${kind} '${written}'${guess(name, Object.keys(loaders))}`;
}

/** Reads the properties of a section against the plugin's table and the shared one. */
export function readInstance<D extends AnyDefinition>(
  section: Section,
  definition: D,
  kind: PluginKind,
  diagnostics: Diagnostics,
): ReadInstance<D> | undefined {
  const reader = new InstanceReader(section, definition, kind, diagnostics);
  return reader.read() as ReadInstance<D> | undefined;
}

class InstanceReader {
  readonly #section: Section;
  readonly #definition: AnyDefinition;
  readonly #kind: PluginKind;
  readonly #diagnostics: Diagnostics;
  readonly #values: Record<string, unknown> = {};
  readonly #places = new Map<string, TreeProperty>();
  readonly #shared = new Map<string, { property: TreeProperty; value: unknown }>();
  #failed = false;

  constructor(section: Section, definition: AnyDefinition, kind: PluginKind, diagnostics: Diagnostics) {
    this.#section = section;
    this.#definition = definition;
    this.#kind = kind;
    this.#diagnostics = diagnostics;
  }

  read(): ReadInstance | undefined {
    for (const property of this.#section.properties) if (property.key !== 'name') this.#property(property);
    const options = this.#complete();
    const alias = this.#shared.get('alias')?.value as string | undefined;
    const logLevel = this.#logLevel();
    if (this.#failed || !options) return undefined;
    return { definition: this.#definition, options, shared: this.#shared, alias, logLevel };
  }

  #property(property: TreeProperty): void {
    const own = optionName(this.#definition.options, property.key);
    const shared = SHARED[this.#kind];
    if (own !== undefined) this.#own(own, this.#definition.options[own] as OptionSpec, property);
    else if (Object.hasOwn(shared, property.key)) this.#sharedOption(shared[property.key] as OptionSpec, property);
    else if (Object.hasOwn(NETWORK, property.key) && this.#kind !== 'filter') this.#network(property);
    else this.#unknown(property);
  }

  #own(name: string, spec: OptionSpec, property: TreeProperty) {
    const before = this.#places.get(name);
    if (before && !spec.many)
      return this.#error(
        property.place,
        `'${property.written}' is given twice; it stands in line ${before.place.line}, too`,
      );
    this.#places.set(name, property);
    // A value that is only an unset variable counts as not written, as in Fluent Bit.
    if (property.value === '') return;
    const value = this.#read(name, spec, property);
    if (value === undefined) return;
    if (spec.many) this.#values[name] = [...((this.#values[name] as unknown[] | undefined) ?? []), value];
    else this.#values[name] = value;
  }

  #sharedOption(spec: OptionSpec, property: TreeProperty): void {
    if (property.value === '') {
      if (NEEDS_VALUE.has(property.key)) this.#error(property.place, `'${property.written}' has no value`);
      else this.#shared.delete(property.key);
      return;
    }
    const value = this.#read(property.key, spec, property);
    if (value !== undefined) this.#shared.set(property.key, { property, value });
  }

  #network(property: TreeProperty) {
    const table = this.#definition.options;
    if (property.value === '') return;
    const value = this.#read(property.key, NETWORK[property.key] as OptionSpec, property);
    if (property.key === 'tls' && value === true && !usesNetwork(table))
      return this.#error(property.place, `${this.#title()} uses no network, so it cannot use TLS`);
    if (usesNetwork(table))
      this.#diagnostics.note(property.place, `'${property.written}' has no effect on ${this.#title()} in Sluice`);
    else
      this.#diagnostics.warning(
        property.place,
        `'${property.written}' has no effect: ${this.#title()} uses no network`,
      );
  }

  #unknown({ key, written, place }: TreeProperty): void {
    const names = [...Object.keys(this.#definition.options), ...Object.keys(SHARED[this.#kind])];
    const elsewhere = belongsElsewhere(key, this.#kind);
    const hint = guess(key, usesNetwork(this.#definition.options) ? [...names, ...Object.keys(NETWORK)] : names);
    this.#error(place, `${this.#title()} has no option '${written}'${elsewhere ? `; ${elsewhere}` : hint}`);
  }

  #read(name: string, spec: OptionSpec, property: TreeProperty): unknown {
    try {
      return readOption(name, spec, property.value);
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      const near = spec.oneOf ? guess(property.value, spec.oneOf) : '';
      this.#error(property.valuePlace, `${property.written}: ${error.message}${near}`);
      return undefined;
    }
  }

  #complete(): Record<string, unknown> | undefined {
    const table: OptionTable = this.#definition.options;
    for (const [name, spec] of Object.entries(table)) {
      if (!spec.required || this.#values[name] !== undefined || this.#places.has(name)) continue;
      this.#error(this.#section.place, `${this.#title()} needs the option '${name}'`);
    }
    for (const [name, property] of this.#places)
      if (table[name]?.required && property.value === '')
        this.#error(property.place, `'${property.written}' has no value`);
    return this.#failed ? undefined : fillDefaults(table, this.#values);
  }

  #logLevel(): Level | null | undefined {
    const given = this.#shared.get('log_level');
    if (!given) return undefined;
    const level = readLevel(String(given.value));
    if (level === undefined)
      this.#error(
        given.property.valuePlace,
        `'${given.value}' is no Log_Level${guess(String(given.value), LEVEL_NAMES)}`,
      );
    return level;
  }

  #title(): string {
    return `${this.#definition.kind} ${this.#definition.name}`;
  }

  #error(place: TreeProperty['place'], message: string): void {
    this.#failed = true;
    this.#diagnostics.error(place, message);
  }
}
