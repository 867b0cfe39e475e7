/**
 * All parsers of a configuration by name, beside the built-in multiline parsers. A regular parser is compiled when it
 * is defined, so that every mistake is found at the start.
 */
import { OptionError, type Property } from '../options.ts';
import type { MultilineParser, Parser } from '../plugin.ts';
import type { Parsers } from '../spec.ts';
import type { Complain } from './decoders.ts';
import { BUILT_IN_MULTILINE, compileMultilineParser } from './multiline.ts';
import { compileParser } from './parser.ts';

export class ParserRegistry implements Parsers {
  readonly #parsers = new Map<string, Parser>();
  readonly #multiline = new Map<string, MultilineParser>();

  /** @throws OptionError for a section that cannot be compiled, or a name that is taken. */
  define(properties: readonly Property[], complain?: Complain): void {
    const parser = compileParser(properties, complain);
    if (this.#parsers.has(parser.name)) throw new OptionError(`the parser '${parser.name}' is defined twice`, 'name');
    this.#parsers.set(parser.name, parser);
  }

  /** @throws OptionError; a parser of its own may have the name of a built-in one and then replaces it. */
  defineMultiline(properties: readonly Property[]): void {
    const parser = compileMultilineParser(properties, (name) => this.parser(name));
    if (this.#multiline.has(parser.name))
      throw new OptionError(`the multiline parser '${parser.name}' is defined twice`, 'name');
    this.#multiline.set(parser.name, parser);
  }

  parser(name: string): Parser | undefined {
    return this.#parsers.get(name);
  }

  multilineParser(name: string): MultilineParser | undefined {
    return this.#multiline.get(name) ?? BUILT_IN_MULTILINE.get(name.toLowerCase());
  }
}
