/**
 * Reads a whole configuration: the main file and what it includes, the parsers files that SERVICE names, and what the
 * command line adds; then fills in the variables. Classic and YAML files may be mixed: the name's ending tells.
 *
 * As Fluent Bit: names are looked up where the program runs, then beside the main file (classic) or beside the file
 * that names them (YAML); a missing file, a glob without a match and one file read twice are errors.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Place } from '../options.ts';
import { type Origin, readClassic } from './classic.ts';
import type { Diagnostics } from './diagnostic.ts';
import type { ConfigTree, Include, Node, Section, Setting, Statement, TreeProperty } from './tree.ts';
import { Variables } from './variables.ts';

export interface LoadRequest {
  /** The main file (-c), or undefined for a pipeline from the command line alone. */
  readonly file: string | undefined;
  /** Sections that stand before those of the file: -i, -F, -o, -f ... */
  readonly before: readonly Section[];
  /** -R, in order. */
  readonly parserFiles: readonly { readonly path: string; readonly place: Place | undefined }[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

const MAX_FILES = 1000;

/** Reads everything; what is wrong goes to `diagnostics`. Never throws. */
export async function loadConfig(request: LoadRequest, diagnostics: Diagnostics): Promise<ConfigTree> {
  return new Loader(request, diagnostics).load();
}

class Loader {
  readonly #request: LoadRequest;
  readonly #diagnostics: Diagnostics;
  readonly #variables: Variables;
  readonly #sections: Section[] = [];
  /** device:inode of the files read so far. */
  readonly #seen = new Set<string>();
  #service: Section | undefined;
  #root = '';

  constructor(request: LoadRequest, diagnostics: Diagnostics) {
    this.#request = request;
    this.#diagnostics = diagnostics;
    this.#variables = new Variables(request.env, diagnostics);
  }

  async load(): Promise<ConfigTree> {
    const { file, before, parserFiles } = this.#request;
    if (file !== undefined) {
      this.#root = path.dirname(path.resolve(file));
      await this.#readFile(file, undefined, true);
    }
    const sections = [...before, ...this.#sections].map((section) => this.#fill(section));
    const files = parserFiles.map((one) => ({ ...one, folder: '' }));
    for (const section of sections) {
      if (section.kind !== 'service') continue;
      for (const { key, value, valuePlace } of section.properties)
        if (key === 'parsers_file' && value !== '')
          files.push({ path: value, place: valuePlace, folder: section.folder });
    }
    this.#sections.length = 0;
    this.#seen.clear();
    for (const one of files) await this.#parsersFile(one.path, one.place, one.folder || this.#root);
    return {
      sections: [...sections, ...this.#sections.map((section) => this.#fill(section))],
      variables: this.#variables.own,
    };
  }

  async #parsersFile(name: string, place: Place | undefined, folder: string) {
    const found = this.#find(name, [folder, this.#root]);
    if (found === undefined) this.#diagnostics.error(place, `there is no parsers file '${name}'`);
    else {
      // One parsers file may be named twice: Fluent Bit then complains of the parsers, which `check.ts` does.
      this.#seen.clear();
      await this.#readFile(found, place, false);
    }
  }

  async #readFile(file: string, place: Place | undefined, main: boolean) {
    let text: string;
    try {
      const { dev, ino } = fs.statSync(file);
      const id = `${dev}:${ino}`;
      if (this.#seen.has(id)) return this.#diagnostics.error(place, `the file '${file}' is included twice`);
      if (this.#seen.size >= MAX_FILES) return this.#diagnostics.error(place, `there are more than ${MAX_FILES} files`);
      this.#seen.add(id);
      text = fs.readFileSync(file, 'utf8');
    } catch (error) {
      return this.#diagnostics.error(place, `cannot read '${file}': ${reason(error)}`);
    }
    const origin: Origin = { file: shownName(file), folder: path.dirname(path.resolve(file)), main };
    const yaml = /\.ya?ml$/i.test(file);
    // The YAML reader takes 30 ms and 14 MB to load: only where there is YAML to read.
    const read = yaml ? (await import('./yaml.ts')).readYaml : readClassic;
    for (const statement of read(text.replace(/^\ufeff/, ''), origin, this.#diagnostics))
      await this.#take(statement, origin, yaml);
  }

  async #take(statement: Statement, origin: Origin, yaml: boolean): Promise<void> {
    if (statement.type === 'set') this.#set(statement.setting, origin);
    else if (statement.type === 'include') await this.#include(statement.include, origin, yaml);
    else {
      const { section } = statement;
      if (yaml && section.kind === 'service') {
        if (this.#service) this.#diagnostics.error(section.place, "there is a second 'service'; only one is allowed");
        this.#service = section;
      }
      this.#sections.push(section);
    }
  }

  /** `file:///run/secrets/x` gives the file's text without its last line break. */
  #set({ name, value, place }: Setting, origin: Origin) {
    if (!value.startsWith('file://')) return this.#variables.set(name, value);
    const file = this.#find(value.slice(7), [origin.folder]);
    if (file === undefined) return this.#diagnostics.error(place, `there is no file '${value.slice(7)}'`);
    try {
      this.#variables.set(name, fs.readFileSync(file, 'utf8').replace(/\r?\n$/, ''));
    } catch (error) {
      this.#diagnostics.error(place, `cannot read '${file}': ${reason(error)}`);
    }
  }

  async #include({ path: name, place }: Include, origin: Origin, yaml: boolean) {
    const folders = yaml ? [origin.folder] : [this.#root, origin.folder];
    const wanted = name.includes('${') ? this.#variables.fill(name, place) : name;
    if (wanted.includes('*')) return await this.#includeAll(wanted, place, folders, origin.main);
    const found = yaml ? this.#find(wanted, folders, false) : this.#find(wanted, folders);
    if (found === undefined) this.#diagnostics.error(place, `there is no file '${wanted}' to include`);
    else await this.#readFile(found, place, origin.main);
  }

  async #includeAll(pattern: string, place: Place, folders: readonly string[], main: boolean) {
    const folder = folders[0] ?? '';
    let found: string[] = [];
    try {
      found = fs.globSync(pattern, { cwd: folder }).sort();
    } catch (error) {
      this.#diagnostics.error(place, `cannot look for '${pattern}': ${reason(error)}`);
    }
    // As glob(3): a star does not stand for a name that begins with a dot.
    found = found.filter((one) => !path.basename(one).startsWith('.') || /(^|\/)\.[^/]*$/.test(pattern));
    if (found.length === 0) this.#diagnostics.error(place, `no file fits '${pattern}'`);
    for (const one of found) await this.#readFile(path.relative('', path.resolve(folder, one)), place, main);
  }

  /** Where the program runs (unless `here` is false), then in the folders. */
  #find(name: string, folders: readonly string[], here = true): string | undefined {
    const places = path.isAbsolute(name)
      ? [name]
      : [...(here ? [name] : []), ...folders.map((f) => path.join(f, name))];
    return places.find((one) => fs.existsSync(one));
  }

  #fill(section: Section): Section {
    const properties = section.properties.map((property): TreeProperty => {
      const value = this.#variables.fill(property.value, property.valuePlace);
      return value === property.value ? property : { ...property, value };
    });
    return { ...section, properties, nested: section.nested.map((e) => ({ ...e, value: this.#fillNode(e.value) })) };
  }

  #fillNode(node: Node): Node {
    if (node.kind === 'text') return { ...node, text: this.#variables.fill(node.text, node.place) };
    if (node.kind === 'list') return { ...node, items: node.items.map((item) => this.#fillNode(item)) };
    return { ...node, entries: node.entries.map((one) => ({ ...one, value: this.#fillNode(one.value) })) };
  }
}

/** As the user would write it: relative to the folder of the program where that is shorter. */
function shownName(file: string): string {
  const relative = path.relative('', file);
  return relative.startsWith('..') ? path.resolve(file) : relative;
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EISDIR') return 'it is a folder';
  return message;
}
