/**
 * From the tree of a configuration and the list of plugins to the spec that the engine runs. Every section is looked
 * at, whatever is wrong with the others, so that one run reports all mistakes. What Fluent Bit starts with is no error
 * here; what is surely a mistake all the same is a warning.
 */
import { compileRegex } from '../data/regex.ts';
import type { Place } from '../options.ts';
import { readMultilineLimit } from '../parsers/multiline.ts';
import type { AnyDefinition, Level, PluginIndex } from '../plugin.ts';
import type { FilterSpec, InputSpec, Matching, OutputSpec, PipelineSpec, StorageType } from '../spec.ts';
import { checkDeadLetters } from './dead_letter.ts';
import { type Diagnostics, guess } from './diagnostic.ts';
import { loadPlugin, type ReadInstance, readInstance } from './instance.ts';
import { matchesNothing, tagPatterns } from './matching.ts';
import { readProcessors, readRoutes } from './nested.ts';
import { CheckedParsers } from './parsers.ts';
import { checkSections } from './sections.ts';
import { readService } from './service.ts';
import { type PluginKind, readDeadLetter, readRetryLimit, readSizeLimit } from './shared.ts';
import { type ConfigTree, lastValue, type Section } from './tree.ts';

export interface CheckRequest {
  readonly tree: ConfigTree;
  readonly plugins: PluginIndex;
  /** The level of -v and -q, for a configuration without Log_Level. */
  readonly logLevel: Level | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Checked {
  /** Complete where no error was reported; otherwise what could be read. */
  readonly spec: PipelineSpec;
  /** To report names that plugins ask for in vain, after they were created. */
  readonly parsers: CheckedParsers;
}

export async function checkConfig(request: CheckRequest, diagnostics: Diagnostics): Promise<Checked> {
  return new Checker(request, diagnostics).check();
}

class Checker {
  readonly #request: CheckRequest;
  #inherited: StorageType | undefined;
  readonly #diagnostics: Diagnostics;

  constructor(request: CheckRequest, diagnostics: Diagnostics) {
    this.#request = request;
    this.#diagnostics = diagnostics;
  }

  async check(): Promise<Checked> {
    const { tree, logLevel, env } = this.#request;
    checkSections(tree.sections, this.#diagnostics);
    const service = readService(this.#of('service'), logLevel, env, this.#diagnostics);
    this.#inherited = service.inheritedStorageType;
    const parsers = new CheckedParsers(this.#diagnostics, this.#multilineLimit());
    parsers.define(tree.sections);
    const inputs = await this.#each('input', (section, name, read) => this.#input(section, name, read));
    const filters = await this.#each('filter', (section, name, read) => this.#filter(section, name, read));
    const outputs = await this.#each('output', (section, name, read) => this.#output(section, name, read));
    if (!this.#diagnostics.failed) this.#routing(inputs, filters, outputs);
    const variables = tree.variables ?? new Map();
    return { spec: Object.freeze({ service, inputs, filters, outputs, parsers, variables }), parsers };
  }

  #of(kind: Section['kind']): Section[] {
    return this.#request.tree.sections.filter((section) => section.kind === kind);
  }

  async #each<T>(
    kind: PluginKind,
    make: (section: Section, name: string, read: ReadInstance) => Promise<T | undefined> | T | undefined,
  ): Promise<T[]> {
    const specs: T[] = [];
    for (const [index, section] of this.#of(kind).entries()) {
      const definition: AnyDefinition | undefined = await loadPlugin(
        section,
        kind,
        this.#request.plugins,
        this.#diagnostics,
      );
      if (!definition) continue;
      const read = readInstance(section, definition, kind, this.#diagnostics);
      if (!read) continue;
      const spec = await make(section, `${definition.name}.${index}`, read);
      if (spec) specs.push(spec);
    }
    return specs;
  }

  #instance(section: Section, name: string, read: ReadInstance) {
    const { alias, options, logLevel } = read;
    return { name, alias, options, logLevel, section: section.properties, place: section.place };
  }

  async #input(section: Section, name: string, read: ReadInstance): Promise<InputSpec> {
    const shared = read.shared;
    const { plugins } = this.#request;
    const storageType = (shared.get('storage.type')?.value as StorageType | undefined) ?? this.#storageType();
    if (storageType === 'filesystem') this.#filesystem(section);
    return {
      ...this.#instance(section, name, read),
      definition: read.definition as InputSpec['definition'],
      tag: shared.get('tag')?.value as string | undefined,
      memBufLimitBytes: (shared.get('mem_buf_limit')?.value as number | undefined) || undefined,
      storageType,
      pauseOnChunksOverLimit: shared.get('storage.pause_on_chunks_overlimit')?.value === true,
      processors: await readProcessors(section, name, plugins, this.#diagnostics),
      // An input without routes of its own is routed by tag; one with none at all reaches no output.
      routes: shared.get('routable')?.value === false ? [] : readRoutes(section, this.#diagnostics),
    };
  }

  /** For inputs that say none: SERVICE storage.type, but only with storage.inherit. */
  #storageType(): StorageType {
    return this.#inherited ?? 'memory';
  }

  #filesystem(section: Section): void {
    const place = lastValue(section, 'storage.type')?.valuePlace ?? section.place;
    if (this.#service('storage.path') === undefined)
      this.#diagnostics.error(place, "storage.type filesystem needs the key 'storage.path' in SERVICE: which folder");
  }

  /** As Fluent Bit: what is no size counts as not written. */
  #multilineLimit(): number | undefined {
    const text = this.#service('multiline_buffer_limit');
    try {
      return text === undefined ? undefined : readMultilineLimit(text);
    } catch (error) {
      this.#diagnostics.warning(undefined, `Multiline_Buffer_Limit: ${(error as Error).message}`);
      return undefined;
    }
  }

  #service(key: string): string | undefined {
    const properties = this.#of('service').flatMap((section) => section.properties);
    return properties.findLast((property) => property.key === key)?.value || undefined;
  }

  #filter(section: Section, name: string, read: ReadInstance): FilterSpec {
    this.#noNested(section, 'filter');
    const matching = this.#matching(read);
    if (!read.shared.has('match') && !read.shared.has('match_regex'))
      this.#diagnostics.error(section.place, `filter ${read.definition.name} needs a Match: which tags it takes`);
    return {
      ...this.#instance(section, name, read),
      definition: read.definition as FilterSpec['definition'],
      ...matching,
    };
  }

  async #output(section: Section, name: string, read: ReadInstance): Promise<OutputSpec> {
    const { shared } = read;
    const deadLetter = shared.get('dead_letter')?.value;
    return {
      ...this.#instance(section, name, read),
      definition: read.definition as OutputSpec['definition'],
      ...this.#matching(read),
      retryLimit: this.#retryLimit(read),
      workers: shared.get('workers')?.value as number | undefined,
      storageTotalLimitBytes: this.#sizeLimit(read),
      deadLetter: deadLetter === undefined ? undefined : readDeadLetter(String(deadLetter)),
      processors: await readProcessors(section, name, this.#request.plugins, this.#diagnostics),
    };
  }

  #matching({ shared }: ReadInstance): Matching {
    const regex = shared.get('match_regex');
    return {
      match: shared.get('match')?.value as string | undefined,
      matchRegex: regex && this.#checkRegex(String(regex.value), regex.property.valuePlace),
    };
  }

  /** The pattern; undefined where it cannot be compiled, so that nobody tries it again. */
  #checkRegex(pattern: string, place: Place): string | undefined {
    try {
      compileRegex(pattern);
      return pattern;
    } catch (error) {
      this.#diagnostics.error(place, `Match_Regex: ${(error as Error).message}`);
      return undefined;
    }
  }

  #retryLimit({ shared }: ReadInstance): number {
    const given = shared.get('retry_limit');
    if (!given) return 1;
    const limit = readRetryLimit(String(given.value));
    if (limit === undefined)
      this.#diagnostics.warning(
        given.property.valuePlace,
        `'${given.value}' is no Retry_Limit and counts as 1; write a number above 0, no_limits or no_retries`,
      );
    return limit ?? 1;
  }

  #sizeLimit({ shared }: ReadInstance): number | undefined {
    const given = shared.get('storage.total_limit_size');
    if (!given) return undefined;
    try {
      return readSizeLimit(String(given.value));
    } catch (error) {
      this.#diagnostics.error(given.property.valuePlace, (error as Error).message);
      return undefined;
    }
  }

  #noNested(section: Section, kind: string): void {
    for (const { place, written } of section.nested)
      this.#diagnostics.error(place, `a ${kind} has no '${written}'; processors stand below inputs and outputs`);
  }

  #routing(inputs: readonly InputSpec[], filters: readonly FilterSpec[], outputs: readonly OutputSpec[]): void {
    const graves = checkDeadLetters(outputs, this.#diagnostics);
    const names = outputs.flatMap(({ name, alias, definition }) => [alias ?? name, name, definition.name]);
    for (const { routes, place } of inputs)
      for (const output of routes?.flatMap((route) => route.outputs) ?? [])
        if (!names.includes(output))
          this.#diagnostics.warning(
            place,
            `a route leads to '${output}', but no output has this name or Alias${guess(output, names)}`,
          );
    this.#aliases([...inputs, ...filters, ...outputs]);
    const routed = inputs.some(({ routes }) => routes !== undefined);
    const alone = inputs.length === 1 && outputs.length === 1;
    for (const output of outputs) {
      if (output.match !== undefined || output.matchRegex !== undefined || alone || routed || graves.has(output))
        continue;
      this.#diagnostics.warning(output.place, `output ${output.definition.name} has no Match, so it gets nothing`);
    }
    const every = [...filters, ...inputs.flatMap((i) => i.processors), ...outputs.flatMap((o) => o.processors)];
    const patterns = tagPatterns(inputs, every);
    if (patterns && patterns.length > 0)
      for (const spec of [...filters, ...outputs.filter((output) => !graves.has(output))]) this.#reach(spec, patterns);
  }

  #reach(spec: FilterSpec | OutputSpec, patterns: readonly string[]): void {
    const regex = spec.matchRegex === undefined ? undefined : compileRegex(spec.matchRegex);
    if (!matchesNothing(spec, patterns, regex)) return;
    const property = spec.section.findLast(({ key }) => key === (spec.match === undefined ? 'match_regex' : 'match'));
    const tags = patterns.slice(0, 5).map((tag) => `'${tag}'`);
    this.#diagnostics.warning(
      property?.valuePlace ?? spec.place,
      `${spec.definition.kind} ${spec.definition.name} gets nothing: '${property?.value}' fits no tag; the tags are ${tags.join(', ')}${patterns.length > 5 ? ' ...' : ''}`,
    );
  }

  #aliases(specs: readonly (InputSpec | FilterSpec | OutputSpec)[]): void {
    const seen = new Set<string>();
    for (const { alias, definition, section, place } of specs) {
      if (alias === undefined) continue;
      const id = `${definition.kind}:${alias}`;
      const property = section.findLast(({ key }) => key === 'alias');
      if (seen.has(id))
        this.#diagnostics.warning(property?.valuePlace ?? place, `two ${definition.kind}s have the Alias '${alias}'`);
      seen.add(id);
    }
  }
}
