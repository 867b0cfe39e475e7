/**
 * Which file an event goes to: `path` and `file`, with record accessors and strftime placeholders filled in, or the tag.
 * Pure. Nothing that comes with an event (tag, field) can lead out of the directory: a tag's odd characters and dots
 * are replaced, a field that would is an unsafe destination.
 */
import path from 'node:path';
import type { LogEvent } from '../../src/data/event.ts';
import { compileTemplate, type Template } from '../../src/data/template.ts';
import { formatTime } from '../../src/data/time.ts';
import { OptionError, type OptionsOf } from '../../src/plugin.ts';
import type { options } from './options.ts';

export type DestinationOptions = Pick<
  OptionsOf<typeof options>,
  | 'path'
  | 'file'
  | 'enable_strftime'
  | 'max_dynamic_files'
  | 'on_missing_field'
  | 'on_limit_reached'
  | 'fallback_path'
  | 'fallback_file'
>;

/** A file's name; or why there is none: the record is dropped, or (error) the rest of its batch. */
export type Destination = string | { readonly action: 'drop' | 'error'; readonly reason: string };

export interface Destinations {
  /** All events of a tag go to one file: ask once a batch. */
  readonly fixed: boolean;
  of(event: LogEvent, tag: string): Destination;
}

/** @throws OptionError */
export function compileDestinations(given: DestinationOptions): Destinations {
  checkFallback(given);
  const { path: directory, file } = given;
  const dynamic = isDynamic(directory, given.enable_strftime) || isDynamic(file, given.enable_strftime);
  if (!dynamic) return { fixed: true, of: (_event, tag) => compose(directory, file ?? fileOfTag(tag)) };
  if (directory?.startsWith('$'))
    throw new OptionError(
      "a path with record accessors must begin with a fixed directory, as in '/var/log/$app'",
      'path',
    );
  if (given.fallback_file === undefined)
    throw new OptionError('fallback_file is required where path or file have record accessors', 'fallback_file');
  return new DynamicDestinations(given);
}

function checkFallback(given: DestinationOptions): void {
  const falls = given.on_missing_field === 'fallback' || given.on_limit_reached === 'fallback';
  if (falls && given.fallback_file === undefined)
    throw new OptionError('fallback_file is required for the action fallback', 'fallback_file');
}

function isDynamic(text: string | undefined, strftime: boolean): boolean {
  return text !== undefined && (text.includes('$') || (strftime && text.includes('%')));
}

class DynamicDestinations implements Destinations {
  readonly fixed = false;
  readonly #given: DestinationOptions;
  readonly #directory: Filler | undefined;
  readonly #file: Filler | undefined;
  readonly #known = new Set<string>();

  constructor(given: DestinationOptions) {
    this.#given = given;
    this.#directory = given.path === undefined ? undefined : compileFiller(given.path, given.enable_strftime);
    this.#file = given.file === undefined ? undefined : compileFiller(given.file, given.enable_strftime);
  }

  of(event: LogEvent, tag: string): Destination {
    const directory = this.#directory?.(event, tag);
    if (this.#directory && directory === undefined) return this.#missing('path');
    const file = this.#file ? this.#file(event, tag) : fileOfTag(tag);
    if (file === undefined) return this.#missing('file');
    if (!isSafeDirectory(directory) || (this.#file && !isSafeFile(file)))
      return this.#act(this.#given.on_missing_field, 'the record names an unsafe file');
    const name = compose(directory, file);
    const limit = this.#given.max_dynamic_files;
    if (limit > 0 && !this.#known.has(name)) {
      if (this.#known.size >= limit) return this.#act(this.#given.on_limit_reached, 'max_dynamic_files is reached');
      this.#known.add(name);
    }
    return name;
  }

  #missing(option: string): Destination {
    return this.#act(this.#given.on_missing_field, `a field that ${option} needs is missing from a record`);
  }

  #act(action: 'error' | 'drop' | 'fallback', reason: string): Destination {
    const { fallback_path: directory, fallback_file: file = '' } = this.#given;
    return action === 'fallback' ? compose(directory, file) : { action, reason };
  }
}

type Filler = (event: LogEvent, tag: string) => string | undefined;

function compileFiller(text: string, strftime: boolean): Filler {
  const fill: (template: Template) => Filler = (template) => (event, tag) => template.fillAll(event.body, tag, true);
  if (!strftime || !text.includes('%')) return fill(compileTemplate(text));
  // The time changes rarely: templates are compiled once for every text that it gives.
  let last = { text: '', filler: fill(compileTemplate('')) };
  return (event, tag) => {
    const timed = formatTime(text, event.seconds, event.nanos);
    if (timed !== last.text) last = { text: timed, filler: fill(compileTemplate(timed)) };
    return last.filler(event, tag);
  };
}

function compose(directory: string | undefined, file: string): string {
  return directory === undefined ? file : `${directory}${path.sep}${file}`;
}

/** The tag as a file below the directory: `../a:b/c` is `_/a_b/c`. As Fluent Bit: output/file-name-from-odd-tag. */
export function fileOfTag(tag: string): string {
  const pieces = tag.split(/[/\\]+/).filter((piece) => piece !== '');
  const safe = pieces.map((piece) =>
    piece === '.' || piece === '..'
      ? '_'
      : Buffer.from(piece)
          .toString('latin1')
          .replace(/[^A-Za-z0-9._-]/g, '_'),
  );
  return safe.length === 0 ? '_' : safe.join('/');
}

function isSafeFile(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\:*?"<>|\u0000-\u001f\u007f]/.test(name);
}

function isSafeDirectory(name: string | undefined): boolean {
  if (name === undefined) return true;
  if (name === '' || /[\u0000-\u001f\u007f]/.test(name)) return false;
  return name.split(/[/\\]/).every((piece) => piece !== '.' && piece !== '..');
}
