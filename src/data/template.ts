/**
 * Texts with placeholders, as rewrite_tag, http, file and others take them: `app.$kubernetes['labels']['app'].$TAG[1]`.
 *
 * Placeholders: `$key...` (a record accessor), `$TAG` (the whole tag), `$TAG[n]` (its nth part between dots, from 0) and
 * `$0` to `$9` (groups of a match that the caller brings). A single `$` at the end stands for itself. Compiled once.
 */
import { type Accessor, accessorEnd, compileAccessor, valueToText } from './accessor.ts';
import type { Fields } from './event.ts';

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly accessor: Accessor }
  | { readonly kind: 'tag' }
  | { readonly kind: 'tagPart' | 'group'; readonly index: number };

export interface Template {
  readonly text: string;
  /** True where the text holds no placeholder. */
  readonly constant: boolean;
  /** A placeholder without a value gives an empty text. */
  fill(body: Fields, tag: string, groups?: readonly (string | undefined)[]): string;
  /** undefined where a field is missing or a list, or (without `emptyToo`) empty; parts that the tag has not are empty. */
  fillAll(body: Fields, tag: string, emptyToo?: boolean): string | undefined;
  /** The top-level keys of its fields: as long as their values are the same, so is the text. */
  readonly roots: readonly string[];
}

/** @throws OptionError where an accessor cannot be read. */
export function compileTemplate(text: string): Template {
  const parts = parse(text);
  const constant = parts.every((part) => part.kind === 'text');
  return {
    text,
    constant,
    fill: constant
      ? () => text
      : (body, tag, groups) => parts.map((part) => textOf(part, body, tag, groups) ?? '').join(''),
    fillAll: (body, tag, emptyToo = false) => {
      let all = '';
      for (const part of parts) {
        const piece = textOf(part, body, tag, undefined);
        const missing =
          piece === undefined || (piece === '' && part.kind === 'field' && !(emptyToo && isEmpty(part, body)));
        if (missing) return undefined;
        all += piece;
      }
      return all;
    },
    roots: [...new Set(parts.flatMap((part) => (part.kind === 'field' ? [String(part.accessor.path[0])] : [])))],
  };
}

/** Whether a field is an empty text, and not a list, which gives an empty text too. */
function isEmpty(part: Part & { kind: 'field' }, body: Fields): boolean {
  return part.accessor.get(body) === '';
}

function parse(text: string): Part[] {
  const parts: Part[] = [];
  let done = 0;
  for (let at = text.indexOf('$'); at >= 0 && at < text.length - 1; at = text.indexOf('$', done)) {
    if (at > done) parts.push({ kind: 'text', text: text.slice(done, at) });
    const [part, end] = placeholder(text, at);
    parts.push(part);
    done = end;
  }
  if (done < text.length) parts.push({ kind: 'text', text: text.slice(done) });
  return parts;
}

/** The placeholder at `at`, and where it ends. */
function placeholder(text: string, at: number): [Part, number] {
  const group = /^\$(\d)/.exec(text.slice(at, at + 2));
  if (group) return [{ kind: 'group', index: Number(group[1]) }, at + 2];
  const tag = /^\$TAG(?:\[(\d+)\])?/.exec(text.slice(at));
  if (tag) {
    const part: Part = tag[1] === undefined ? { kind: 'tag' } : { kind: 'tagPart', index: Number(tag[1]) };
    return [part, at + tag[0].length];
  }
  const end = accessorEnd(text, at);
  return [{ kind: 'field', accessor: compileAccessor(text.slice(at, end)) }, end];
}

function textOf(
  part: Part,
  body: Fields,
  tag: string,
  groups: readonly (string | undefined)[] | undefined,
): string | undefined {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'tag':
      return tag;
    case 'tagPart':
      return tag.split('.')[part.index] ?? '';
    case 'group':
      return groups?.[part.index];
    default: {
      const value = part.accessor.get(body);
      return value === undefined ? undefined : valueToText(value);
    }
  }
}
