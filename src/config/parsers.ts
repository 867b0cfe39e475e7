/**
 * The PARSER and MULTILINE_PARSER sections: defines them in a registry, reports those that cannot be compiled or are
 * defined twice, and remembers which names were asked for in vain.
 */
import { OptionError } from '../options.ts';
import { ParserRegistry } from '../parsers/registry.ts';
import type { MultilineParser, Parser } from '../plugin.ts';
import type { Parsers } from '../spec.ts';
import { type Diagnostics, guess } from './diagnostic.ts';
import type { Entry, Section, TreeProperty } from './tree.ts';
import { lastValue } from './tree.ts';

/** A registry that knows its names, for guesses, and the names that nobody defined. */
export class CheckedParsers implements Parsers {
  readonly #registry = new ParserRegistry();
  readonly #places = { parser: new Map<string, Section>(), multiline_parser: new Map<string, Section>() };
  readonly #diagnostics: Diagnostics;
  /** Names that plugins asked for and that are not defined. */
  readonly missing = new Set<string>();
  readonly #limitBytes: number | undefined;

  /** `limitBytes` is Multiline_Buffer_Limit, where the user wrote one. */
  constructor(diagnostics: Diagnostics, limitBytes?: number) {
    this.#diagnostics = diagnostics;
    this.#limitBytes = limitBytes;
  }

  parser(name: string): Parser | undefined {
    const found = this.#registry.parser(name);
    if (!found) this.missing.add(name);
    return found;
  }

  multilineParser(name: string): MultilineParser | undefined {
    const found = this.#registry.multilineParser(name);
    if (!found) this.missing.add(name);
    return found && this.#limitBytes !== undefined ? { ...found, limitBytes: this.#limitBytes } : found;
  }

  get names(): string[] {
    return [...this.#places.parser.keys(), ...this.#places.multiline_parser.keys()];
  }

  define(sections: readonly Section[]) {
    for (const section of sections) if (section.kind === 'parser') this.#define(section, 'parser');
    for (const section of sections) if (section.kind === 'multiline_parser') this.#define(section, 'multiline_parser');
  }

  #define(section: Section, kind: 'parser' | 'multiline_parser') {
    // As Fluent Bit: of two properties of a parser the first counts.
    const name = section.properties.find(({ key }) => key === 'name');
    if (!name || name.value === '')
      return this.#diagnostics.error(section.place, `a ${section.name} section needs a Name`);
    const before = this.#places[kind].get(name.value);
    if (before) {
      const at = `${before.place.file}:${before.place.line}`;
      return this.#diagnostics.error(name.valuePlace, `the parser '${name.value}' is defined twice, first at ${at}`);
    }
    this.#places[kind].set(name.value, section);
    const first =
      kind === 'multiline_parser' ? section.properties.find(({ key }) => key === 'parser')?.value : undefined;
    if (first && !this.#places.parser.has(first)) this.missing.add(first);
    try {
      if (kind === 'parser') this.#registry.define(section.properties, this.#complaints(section, name));
      else this.#registry.defineMultiline([...section.properties, ...rulesOf(section, this.#diagnostics)]);
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      this.#report(section, name, error);
    }
  }

  #complaints(section: Section, name: TreeProperty) {
    return (option: string, message: string) =>
      this.#diagnostics.warning(
        lastValue(section, option)?.valuePlace ?? section.place,
        `parser '${name.value}': ${message}`,
      );
  }

  #report(section: Section, name: TreeProperty, error: OptionError): void {
    const key = error.option?.toLowerCase();
    const property = key === undefined ? undefined : lastValue(section, key);
    this.#diagnostics.error(property?.valuePlace ?? section.place, `parser '${name.value}': ${error.message}`);
  }

  /** Warns of every property that names a parser which nobody defined. Called after the instances were created. */
  reportMissing(sections: readonly Section[]): void {
    for (const name of this.missing) {
      const text = `no parser '${name}' is defined${guess(name, this.names)}`;
      const users = sections.flatMap((section) =>
        section.properties.filter(
          ({ key, value }) => key.includes('parser') && value.split(',').some((one) => one.trim() === name),
        ),
      );
      if (users.length === 0) this.#diagnostics.warning(undefined, text);
      for (const user of users) this.#diagnostics.warning(user.valuePlace, text);
    }
  }
}

/** YAML's `rules` as the classic form writes them: rule "state" "regex" "next state". */
function rulesOf(section: Section, diagnostics: Diagnostics): TreeProperty[] {
  const rules = section.nested.find(({ key }) => key === 'rules');
  if (!rules) return [];
  if (rules.value.kind !== 'list') {
    diagnostics.error(rules.place, "'rules' must be a list of maps with state, regex and next_state");
    return [];
  }
  return rules.value.items.flatMap((item) => {
    const texts = item.kind === 'map' ? ['state', 'regex', 'next_state'].map((key) => textOf(item.entries, key)) : [];
    if (texts.length === 3 && texts.every((text) => text !== undefined)) {
      const value = texts.map((text) => `"${quote(text ?? '')}"`).join(' ');
      return [{ key: 'rule', written: 'rule', value, place: item.place, valuePlace: item.place }];
    }
    diagnostics.error(item.place, 'a rule needs state, regex and next_state');
    return [];
  });
}

const textOf = (entries: readonly Entry[], key: string): string | undefined => {
  const value = entries.find((entry) => entry.key === key)?.value;
  return value?.kind === 'text' ? value.text : undefined;
};

/** As the classic form needs it: a quote is escaped, a pattern keeps its backslashes. */
const quote = (text: string): string => text.replace(/\\.|"/gs, (found) => (found === '"' ? '\\"' : found));
