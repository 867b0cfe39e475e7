/**
 * From YAML text to plain nodes with places: what the `yaml` package parsed, with aliases followed, merge keys (`<<`)
 * spliced in and every scalar as its text. Bounded: a file whose aliases would grow past `MAX_NODES`, or that nests
 * deeper than `MAX_DEPTH`, is an error.
 */
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
} from 'yaml';
import type { Place } from '../options.ts';
import type { Diagnostics } from './diagnostic.ts';
import { type Entry, type Node, snakeCase } from './tree.ts';

const MAX_NODES = 200_000;
const MAX_DEPTH = 32;
/** Flow collections are read by recursion: text that opens more of them than this is refused before it is parsed. */
const MAX_OPEN = 500;

class TooLarge extends Error {}

export class YamlNodes {
  readonly #text: string;
  readonly #file: string;
  readonly #diagnostics: Diagnostics;
  readonly #lines = new LineCounter();
  readonly #rows: string[];
  #count = 0;

  constructor(text: string, file: string, diagnostics: Diagnostics) {
    this.#text = text;
    this.#file = file;
    this.#diagnostics = diagnostics;
    this.#rows = text.split(/\r?\n/);
  }

  /** The root of each document; none after a mistake in the syntax. */
  roots(): Node[] {
    try {
      return this.#parse();
    } catch (error) {
      const message =
        error instanceof TooLarge ? error.message : `this file cannot be read as YAML: ${(error as Error).message}`;
      this.#diagnostics.error(this.#place(0, 1), message);
      return [];
    }
  }

  #parse(): Node[] {
    if (nesting(this.#text) > MAX_OPEN) throw new TooLarge('brackets are nested too deeply');
    const documents = parseAllDocuments(this.#text, {
      schema: 'failsafe',
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: false,
      strict: true,
      logLevel: 'silent',
    });
    if (!Array.isArray(documents)) return [];
    let failed = false;
    for (const document of documents) {
      for (const error of document.errors) {
        failed = true;
        this.#diagnostics.error(this.#place(error.pos[0], error.pos[1] - error.pos[0]), sentence(error.message));
      }
    }
    if (failed) return [];
    return documents.flatMap((document) =>
      document.contents ? [this.#node(document.contents as ParsedNode, document, 0)] : [],
    );
  }

  #node(node: ParsedNode, document: Document, depth: number): Node {
    if (++this.#count > MAX_NODES) throw new TooLarge('this file is too large: are there too many aliases?');
    if (depth > MAX_DEPTH) throw new TooLarge('this file nests too deeply');
    const place = this.#nodePlace(node);
    if (isAlias(node)) {
      const target = node.resolve(document as Document.Parsed);
      if (!target) throw new TooLarge(`the alias *${node.source} stands for nothing`);
      return this.#node(target as ParsedNode, document, depth + 1);
    }
    if (isMap(node)) return { kind: 'map', place, entries: this.#entries(node.items, document, depth) };
    if (isSeq(node))
      return {
        kind: 'list',
        place,
        items: node.items.map((item) => this.#node(item as ParsedNode, document, depth + 1)),
      };
    const plain = isScalar(node) && (node.type === 'PLAIN' || node.type === undefined);
    return { kind: 'text', place, text: isScalar(node) ? scalarText(node.value) : '', plain };
  }

  #entries(items: readonly unknown[], document: Document, depth: number): Entry[] {
    const entries: Entry[] = [];
    for (const pair of items) {
      if (!isPair(pair)) continue;
      const key = pair.key as ParsedNode;
      const written = isScalar(key) ? scalarText(key.value) : '';
      if (!isScalar(key)) this.#diagnostics.error(this.#nodePlace(key), 'a key must be a text');
      const value: Node = pair.value
        ? this.#node(pair.value as ParsedNode, document, depth + 1)
        : { kind: 'text', text: '', plain: true, place: this.#nodePlace(key) };
      if (written === '<<' && value.kind === 'map') entries.push(...value.entries);
      else entries.push({ key: snakeCase(written), written, place: this.#nodePlace(key), value });
    }
    return entries;
  }

  #nodePlace(node: ParsedNode): Place {
    const [from, to] = node.range ?? [0, 0];
    return this.#place(from, to - from);
  }

  #place(offset: number, length: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    const text = this.#rows[Math.max(1, line) - 1] ?? '';
    const column = Math.max(1, col);
    return {
      file: this.#file,
      line: Math.max(1, line),
      column,
      length: Math.max(1, Math.min(length, text.length - column + 1)),
      text,
    };
  }
}

const scalarText = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

/** The package's messages may hold several lines and quote the file; one line is enough. */
const sentence = (message: string): string => (message.split('\n')[0] ?? '').replace(/:$/, '');

/** How many brackets are open at once, at most; quotes are not looked at, so this is an upper bound. */
function nesting(text: string): number {
  let open = 0;
  let most = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) most = Math.max(most, ++open);
    else if ((code === 0x5d || code === 0x7d) && open > 0) open--;
    else if (code === 0x0a && open > 0 && /^\S/.test(text.slice(i + 1, i + 2)) && text[i + 1] !== ']') open = 0;
  }
  return most;
}
