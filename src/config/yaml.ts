/**
 * Reads Fluent Bit's YAML form into the same statements as the classic one: `service`, `pipeline` (inputs, filters,
 * outputs), `parsers`, `multiline_parsers`, `includes`, `env`; a list repeats a property, camelCase keys are
 * snake_case. Every scalar is text, as it stands in the file (`on`, `10M`, `0123`).
 *
 * Aliases are followed, but only so many of them, so that no small file becomes a large tree; nesting is bounded, too.
 * The reader reports all mistakes that it can see and never throws.
 */
import type { Origin } from './classic.ts';
import type { Diagnostics } from './diagnostic.ts';
import { guess } from './diagnostic.ts';
import type { Entry, MapNode, Node, Section, Statement, TreeProperty } from './tree.ts';
import { propertyOf, sectionKind } from './tree.ts';
import { YamlNodes } from './yaml_nodes.ts';

/** Reads one file's text; what is wrong goes to `diagnostics`. */
export function readYaml(text: string, origin: Origin, diagnostics: Diagnostics): Statement[] {
  const reader = new YamlReader(origin, diagnostics);
  for (const root of new YamlNodes(text, origin.file, diagnostics).roots()) reader.read(root);
  return reader.statements;
}

const TOP = [
  'env',
  'service',
  'includes',
  'pipeline',
  'parsers',
  'multiline_parsers',
  'customs',
  'plugins',
  'stream_processor',
  'upstream_servers',
];
const PIPELINE = ['inputs', 'filters', 'outputs'];
/** What stands below a plugin as more than texts. */
const NESTED = new Set(['processors', 'routes', 'condition', 'rules', 'nodes']);

class YamlReader {
  readonly statements: Statement[] = [];
  readonly #origin: Origin;
  readonly #diagnostics: Diagnostics;

  constructor(origin: Origin, diagnostics: Diagnostics) {
    this.#origin = origin;
    this.#diagnostics = diagnostics;
  }

  read(root: Node) {
    const map = this.#map(root, 'the file');
    for (const entry of map?.entries ?? []) this.#top(entry);
  }

  #top(entry: Entry) {
    switch (entry.key) {
      case 'env':
        return this.#env(entry);
      case 'includes':
        return this.#includes(entry);
      case 'pipeline':
        for (const part of this.#map(entry.value, "'pipeline'")?.entries ?? []) this.#pipeline(part);
        return;
      case 'plugins':
        this.#section(entry, { kind: 'map', entries: [], place: entry.value.place });
        return;
      case 'service':
        this.#section(entry, this.#map(entry.value, "'service'"));
        return;
      default:
        if (TOP.includes(entry.key)) this.#sections(entry);
        else this.#unknown(entry);
    }
  }

  #unknown(entry: Entry) {
    if (entry.value.kind !== 'map')
      return this.#diagnostics.error(entry.place, `'${entry.written}' is no section${guess(entry.key, TOP)}`);
    const pipeline = PIPELINE.includes(entry.key) ? `; it belongs under 'pipeline'` : guess(entry.key, TOP);
    this.#diagnostics.warning(entry.place, `'${entry.written}' is no section and is ignored${pipeline}`);
  }

  #pipeline(entry: Entry) {
    if (PIPELINE.includes(entry.key)) return this.#sections(entry);
    const hint = guess(entry.key, PIPELINE) || `; there are ${PIPELINE.join(', ')}`;
    this.#diagnostics.error(entry.place, `'pipeline' has no '${entry.written}'${hint}`);
  }

  /** A list of maps, each a section. */
  #sections(entry: Entry) {
    if (isEmpty(entry.value)) return;
    if (entry.value.kind !== 'list')
      return this.#diagnostics.error(entry.place, `'${entry.written}' must be a list: begin each entry with '- '`);
    for (const item of entry.value.items) this.#section(entry, this.#map(item, `an entry of '${entry.written}'`));
  }

  #section(entry: Entry, map: MapNode | undefined): void {
    if (!map) return;
    const first = map.entries[0];
    const nested: Entry[] = [];
    const section: Section = {
      kind: sectionKind(entry.key),
      name: entry.written,
      place: entry.key === 'service' ? entry.place : (first?.place ?? map.place),
      properties: [],
      nested,
      folder: this.#origin.folder,
      main: this.#origin.main,
    };
    for (const one of map.entries) {
      const properties = this.properties(one);
      if (properties) section.properties.push(...properties);
      else nested.push(one);
    }
    this.statements.push({ type: 'section', section });
  }

  /** The properties that one entry stands for, or undefined where it is nested. */
  properties(entry: Entry): TreeProperty[] | undefined {
    if (NESTED.has(entry.key) && entry.value.kind !== 'text') return undefined;
    const items = entry.value.kind === 'list' ? entry.value.items : [entry.value];
    const properties: TreeProperty[] = [];
    for (const item of items) {
      if (item.kind === 'text') properties.push(propertyOf(entry, item));
      else this.#diagnostics.error(item.place, `'${entry.written}' must be a text or a list of texts`);
    }
    return properties;
  }

  #includes(entry: Entry): void {
    if (isEmpty(entry.value)) return;
    const items = entry.value.kind === 'list' ? entry.value.items : [entry.value];
    for (const item of items) {
      if (item.kind !== 'text') this.#diagnostics.error(item.place, 'an include must be the name of a file');
      else this.statements.push({ type: 'include', include: { path: item.text, place: item.place } });
    }
  }

  #env(entry: Entry) {
    if (entry.value.kind === 'map') {
      for (const one of entry.value.entries) this.#variable(one.written, one.value, one);
      return;
    }
    if (entry.value.kind !== 'list')
      return isEmpty(entry.value) ? undefined : this.#diagnostics.error(entry.place, "'env' must be a map or a list");
    for (const item of entry.value.items) this.#listedVariable(item);
  }

  #listedVariable(item: Node) {
    const map = this.#map(item, "an entry of 'env'");
    if (!map) return;
    const of = (key: string) => map.entries.find((one) => one.key === key)?.value;
    const name = of('name');
    const value = of('uri') ?? of('value');
    if (name?.kind !== 'text' || !value)
      return this.#diagnostics.error(map.place, "an entry of 'env' needs a name, and a value or a uri");
    this.#variable(name.text, value, { place: name.place });
  }

  #variable(name: string, value: Node, { place }: { place: Entry['place'] }) {
    if (value.kind !== 'text') return this.#diagnostics.error(value.place, `the variable '${name}' must be a text`);
    this.statements.push({ type: 'set', setting: { name, value: value.text, place } });
  }

  #map(node: Node, what: string): MapNode | undefined {
    if (node.kind === 'map') return node;
    if (!isEmpty(node)) this.#diagnostics.error(node.place, `${what} must be a map of 'key: value'`);
    return undefined;
  }
}

const isEmpty = (node: Node): boolean => node.kind === 'text' && node.plain && node.text === '';
