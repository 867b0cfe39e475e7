/**
 * What a configuration says, before anybody knows what it means: sections with properties, in the order of the files.
 * Both forms, classic and YAML, give the same tree; every section and every property knows where it stands.
 *
 * Values are as written, with `${NAME}` still in them, until `load.ts` has seen all files (an @SET may come last).
 */
import type { Place, Property } from '../options.ts';

/** What sections are for; `other` is everything that nobody knows. */
export type SectionKind =
  | 'service'
  | 'input'
  | 'filter'
  | 'output'
  | 'parser'
  | 'multiline_parser'
  | 'custom'
  | 'plugins'
  | 'upstream'
  | 'stream_processor'
  | 'other';

/** A property as the readers make it: always with its places. `plain` is a YAML text without quotes. */
export interface TreeProperty extends Property {
  readonly place: Place;
  readonly valuePlace: Place;
  /** The key as the user wrote it. */
  readonly written: string;
}

export interface Section {
  readonly kind: SectionKind;
  /** As written: `OUTPUT`, `outputs`. */
  readonly name: string;
  readonly place: Place;
  readonly properties: TreeProperty[];
  /** What YAML nests below a section: processors, routes, condition. Keys in lower case. */
  readonly nested: readonly Entry[];
  /** The folder that relative names in this section are looked up in. */
  readonly folder: string;
  /** True for a file that holds the pipeline, false for a parsers file. */
  readonly main: boolean;
}

/** Nested values of YAML. */
export type Node = TextNode | ListNode | MapNode;
export interface TextNode {
  readonly kind: 'text';
  readonly text: string;
  /** Written without quotes: a number may be meant. */
  readonly plain: boolean;
  readonly place: Place;
}
export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly Node[];
  readonly place: Place;
}
export interface MapNode {
  readonly kind: 'map';
  readonly entries: readonly Entry[];
  readonly place: Place;
}
export interface Entry {
  /** In lower case, camelCase made snake_case. */
  readonly key: string;
  readonly written: string;
  readonly place: Place;
  readonly value: Node;
}

/** @SET, or an entry of YAML's `env`. */
export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly place: Place;
}

/** @INCLUDE, or an entry of YAML's `includes`. */
export interface Include {
  readonly path: string;
  readonly place: Place;
}

/** What one file says, in order. */
export type Statement =
  | { readonly type: 'section'; readonly section: Section }
  | { readonly type: 'set'; readonly setting: Setting }
  | { readonly type: 'include'; readonly include: Include };

/** The whole configuration: all files, variables filled in. */
export interface ConfigTree {
  readonly sections: readonly Section[];
  /** What @SET and YAML's `env` set. */
  readonly variables?: ReadonlyMap<string, string>;
}

const KINDS: Readonly<Record<string, SectionKind>> = {
  service: 'service',
  input: 'input',
  inputs: 'input',
  filter: 'filter',
  filters: 'filter',
  output: 'output',
  outputs: 'output',
  parser: 'parser',
  parsers: 'parser',
  multiline_parser: 'multiline_parser',
  multiline_parsers: 'multiline_parser',
  custom: 'custom',
  customs: 'custom',
  plugins: 'plugins',
  upstream: 'upstream',
  upstream_servers: 'upstream',
  node: 'upstream',
  stream_task: 'stream_processor',
  stream_processor: 'stream_processor',
};

/** The words that name a section, for guesses. */
export const SECTION_NAMES: readonly string[] = Object.keys(KINDS);

/** @returns the kind of a section that is named so, in any case. */
export function sectionKind(name: string): SectionKind {
  const key = name.toLowerCase();
  return Object.hasOwn(KINDS, key) ? (KINDS[key] ?? 'other') : 'other';
}

/** The value of the last property of that name. */
export function lastValue(section: Section, key: string): TreeProperty | undefined {
  return section.properties.findLast((property) => property.key === key);
}

/** `readFromHead` and `Read_From_Head` are `read_from_head`. */
export function snakeCase(key: string): string {
  return (key.includes('_') ? key : key.replace(/([a-z0-9])([A-Z])/g, '$1_$2')).toLowerCase();
}

/** A property out of a YAML entry whose value (or an item of whose value) is a text. */
export function propertyOf(entry: Entry, item: TextNode): TreeProperty {
  return {
    key: snakeCase(entry.written),
    written: entry.written,
    value: item.text,
    place: entry.place,
    valuePlace: item.place,
  };
}
