/**
 * Path patterns as the C library reads them: glob(3) for Path (`*`, `?`, `[..]`, a leading `~`; no braces; a wildcard
 * never matches a `/` nor the dot at the beginning of a name) and fnmatch(3) without flags for Exclude_Path, where `*`
 * matches everything. A glob also says which directories it looked into, for who wants to watch them.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface GlobResult {
  /** In the order of glob(3): sorted by bytes within a pattern; with the spelling of the pattern kept (`./a//b`). */
  readonly paths: string[];
  /** Directories whose new entries may match, as spelled; `.` for the working directory. */
  readonly directories: Set<string>;
}

const WILD = /[*?[]/;

/** One pattern, compiled: finds what matches now, and says whether a path would. */
export class Glob {
  readonly pattern: string;
  /** True where a new directory may bring new matches. */
  readonly wildDirectories: boolean;
  readonly #parts: readonly { readonly text: string; readonly name: RegExp | undefined }[];
  readonly #whole: RegExp;

  constructor(pattern: string) {
    this.pattern = expandHome(pattern);
    this.#parts = this.pattern
      .split('/')
      .map((text) => ({ text, name: WILD.test(text) ? nameRegex(text) : undefined }));
    this.wildDirectories = this.#parts.slice(0, -1).some((part) => part.name !== undefined);
    const whole = path.normalize(this.pattern).split('/');
    this.#whole = new RegExp(`^${whole.map((part) => segment(part)).join('/')}$`, 's');
  }

  /** Whether a path fits, however it spells its slashes; says nothing about the file. */
  matches(file: string): boolean {
    return this.#whole.test(path.normalize(file));
  }

  find(): GlobResult {
    const result: GlobResult = { paths: [], directories: new Set() };
    this.#walk(0, '', result);
    return result;
  }

  /** Goes through the pattern's parts; `sofar` ends with a slash or is empty. */
  #walk(index: number, sofar: string, result: GlobResult): void {
    const part = this.#parts[index];
    if (!part) return;
    const last = index === this.#parts.length - 1;
    if (!part.name) {
      if (last) this.#literal(sofar, part.text, result);
      else this.#walk(index + 1, `${sofar}${part.text}/`, result);
      return;
    }
    result.directories.add(sofar === '' ? '.' : sofar);
    for (const name of list(sofar === '' ? '.' : sofar)) {
      if (!part.name.test(name)) continue;
      if (last) result.paths.push(sofar + name);
      else this.#walk(index + 1, `${sofar}${name}/`, result);
    }
  }

  #literal(sofar: string, name: string, result: GlobResult): void {
    const directory = sofar === '' ? '.' : sofar;
    result.directories.add(directory);
    if (exists(sofar + name)) result.paths.push(sofar + name);
  }
}

/** fnmatch(3) with no flags, over the whole path. */
export function compileExclude(pattern: string): (file: string) => boolean {
  const regex = new RegExp(`^${translate(pattern, '[^]', '[^]*')}$`, 's');
  return (file) => regex.test(file);
}

function expandHome(pattern: string): string {
  if (pattern !== '~' && !pattern.startsWith('~/')) return pattern;
  return (process.env.HOME ?? os.homedir()) + pattern.slice(1);
}

function nameRegex(text: string): RegExp {
  return new RegExp(`^${segment(text)}$`, 's');
}

function segment(text: string): string {
  const guard = /^[*?[]/.test(text) ? '(?!\\.)' : '';
  return guard + translate(text, '[^/]', '[^/]*');
}

/** Shell wildcards to the source of a regular expression. */
function translate(text: string, one: string, any: string): string {
  let source = '';
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '*') source += any;
    else if (char === '?') source += one;
    else if (char === '\\' && i + 1 < text.length) source += quote(text.charAt(++i));
    else if (char === '[') {
      const set = readSet(text, i);
      source += set ? set.source : '\\[';
      if (set) i = set.end;
    } else source += quote(char);
  }
  return source;
}

/** `[a-z]`, `[!a]`, `[]x]`, `[[:digit:]]`; undefined where the bracket is never closed. */
function readSet(text: string, start: number): { source: string; end: number } | undefined {
  let at = start + 1;
  const negated = text.charAt(at) === '!' || text.charAt(at) === '^';
  if (negated) at++;
  let source = '';
  for (let first = true; at < text.length; first = false, at++) {
    const char = text.charAt(at);
    if (char === ']' && !first) return { source: `[${negated ? '^/' : ''}${source}]`, end: at };
    const named = char === '[' ? /^\[:([a-z]+):\]/.exec(text.slice(at)) : null;
    const known = named ? CLASSES[named[1] ?? ''] : undefined;
    if (named && known !== undefined) {
      source += known;
      at += named[0].length - 1;
    } else if (char === '\\' && at + 1 < text.length) source += quote(text.charAt(++at));
    else source += char === '-' ? char : quote(char);
  }
  return undefined;
}

const CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
};

function quote(char: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(char) ? `\\${char}` : char;
}

/** Sorted as the C locale does: by bytes. */
function list(directory: string): string[] {
  try {
    return fs.readdirSync(directory).sort(byBytes);
  } catch {
    return [];
  }
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function exists(file: string): boolean {
  try {
    fs.lstatSync(file);
    return true;
  } catch {
    return false;
  }
}
