/**
 * Reads Fluent Bit's classic format:
 *
 *     @SET name=value
 *     @INCLUDE other.conf
 *     [INPUT]
 *         Name   tail          # the key ends at the first blank; no comment here: `#` is part of the value
 *
 * The indentation of a file is that of its first indented line; a line twice as deep is taken too (Fluent Bit's group
 * content), everything else is an error. Comments stand at the margin or right after the indentation. The reader goes
 * on after a mistake, so that one run shows all of them; it never throws and takes time proportional to the text.
 */
import type { Place } from '../options.ts';
import type { Diagnostics } from './diagnostic.ts';
import { type Section, type Statement, sectionKind } from './tree.ts';

export interface Origin {
  /** The name of the file as findings show it. */
  readonly file: string;
  /** The folder that relative names are looked up in. */
  readonly folder: string;
  readonly main: boolean;
}

/** The longest line that Fluent Bit reads, 32 MiB. */
const LONGEST_LINE = 32 * 1024 * 1024;

/** Reads one file's text; what is wrong goes to `diagnostics`. */
export function readClassic(text: string, origin: Origin, diagnostics: Diagnostics): Statement[] {
  return new ClassicReader(origin, diagnostics).read(text);
}

class ClassicReader {
  readonly #origin: Origin;
  readonly #diagnostics: Diagnostics;
  readonly #statements: Statement[] = [];
  #section: Section | undefined;
  #indent: string | undefined;
  #number = 0;
  #line = '';

  constructor(origin: Origin, diagnostics: Diagnostics) {
    this.#origin = origin;
    this.#diagnostics = diagnostics;
  }

  read(text: string): Statement[] {
    for (const raw of text.split('\n')) {
      this.#number++;
      this.#line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (this.#line.length > LONGEST_LINE) this.#error(1, 1, 'this line is too long');
      else this.#readLine(this.#line);
    }
    return this.#statements;
  }

  #readLine(line: string) {
    if (line === '' || line[0] === '#') return;
    if (/^@include /i.test(line)) this.#include(line);
    else if (line[0] === '@') this.#meta(line);
    else if (line[0] === '[') this.#header(line);
    else this.#property(line);
  }

  #include(line: string) {
    const place = this.#place(10, line.length - 9);
    this.#statements.push({ type: 'include', include: { path: line.slice(9).trim(), place } });
  }

  #meta(line: string) {
    if (/^@include\t/i.test(line)) return this.#error(9, 1, 'only a blank may stand after @INCLUDE, no tab');
    const word = /^@\S*/.exec(line)?.[0] ?? '';
    const rest = line.slice(word.length).trim();
    const equal = rest.indexOf('=');
    if (word.toLowerCase() !== '@set')
      return this.#warning(1, word.length, `there is no command '${word}'; there are @SET and @INCLUDE`);
    if (equal < 1) return this.#warning(1, line.length, 'write @SET name=value');
    const place = this.#place(line.indexOf(rest) + 1, rest.length);
    const setting = { name: rest.slice(0, equal), value: rest.slice(equal + 1), place };
    this.#statements.push({ type: 'set', setting });
  }

  #header(line: string) {
    const end = line.indexOf(']');
    if (end < 0) return this.#error(1, line.length, "the name of this section does not end with ']'");
    const name = line.slice(1, end).trim();
    this.#section = {
      kind: sectionKind(name),
      name,
      place: this.#place(1, end + 1),
      properties: [],
      nested: [],
      folder: this.#origin.folder,
      main: this.#origin.main,
    };
    this.#statements.push({ type: 'section', section: this.#section });
  }

  #property(line: string) {
    const start = this.#skipIndent(line);
    if (start === undefined || start === line.length || line[start] === '#') return;
    const rest = line.slice(start);
    const space = rest.indexOf(' ');
    const value = space < 0 ? '' : rest.slice(space + 1).trim();
    const key = (space < 0 ? rest : rest.slice(0, space)).trim();
    if (rest[0] === '[') return this.#error(start + 1, key.length, 'a section must stand at the margin');
    if (space < 0 && /\t/.test(rest))
      return this.#error(start + rest.indexOf('\t') + 1, 1, 'a blank must stand after the key; a tab does not end it');
    if (value === '') return this.#error(start + 1, key.length, `'${key}' has no value`);
    if (!this.#section) return this.#error(start + 1, key.length, `'${key}' stands outside of any section`);
    const at = start + space + 1 + rest.slice(space + 1).search(/\S/);
    this.#section.properties.push({
      key: key.toLowerCase(),
      written: key,
      value,
      place: this.#place(start + 1, key.length),
      valuePlace: this.#place(at + 1, value.length),
    });
  }

  /** @returns where the text of the line begins, or undefined after an error. */
  #skipIndent(line: string): number | undefined {
    const blanks = /^[ \t]*/.exec(line)?.[0] ?? '';
    if (blanks.length === line.length) return line.length;
    if (this.#indent === undefined) {
      if (blanks === '') return this.#badIndent(line, 'a property must be indented');
      this.#indent = blanks;
    }
    const indent = this.#indent;
    if (blanks === indent) return indent.length;
    if (!blanks.startsWith(indent))
      return blanks.length >= indent.length || /\t/.test(blanks) !== /\t/.test(indent)
        ? this.#badIndent(line, 'blanks and tabs are mixed: this line is not indented as the first one of the file')
        : this.#badIndent(
            line,
            `this line is indented by ${blanks.length}, the first one of the file by ${indent.length}`,
          );
    if (blanks.length === indent.length * 2) return blanks.length;
    return this.#badIndent(
      line,
      `this line is indented by ${blanks.length}, the first one of the file by ${indent.length}`,
    );
  }

  #badIndent(line: string, message: string): undefined {
    // A comment that is out of line fails in Fluent Bit too, so it is no exception here.
    const blanks = /^[ \t]*/.exec(line)?.[0].length ?? 0;
    this.#error(1, Math.max(1, blanks), message);
    return undefined;
  }

  #place(column: number, length: number): Place {
    return { file: this.#origin.file, line: this.#number, column, length: Math.max(1, length), text: this.#line };
  }
  #error(column: number, length: number, message: string): undefined {
    this.#diagnostics.error(this.#place(column, length), message);
    return undefined;
  }
  #warning(column: number, length: number, message: string): void {
    this.#diagnostics.warning(this.#place(column, length), message);
  }
}
