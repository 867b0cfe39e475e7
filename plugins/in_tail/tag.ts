/**
 * The tag of a file: the `*` of the Tag becomes the file's path with dots for slashes, or, with Tag_Regex, every
 * <name> becomes what the group of that name found in the path. Computed once a file.
 */
import { compileRegex, groupNames } from '../../src/data/regex.ts';

/** Returns the tag, or undefined for a file that Tag_Regex does not fit: it is not read. */
export type TagOf = (path: string) => string | undefined;

/** @throws OptionError where `tagRegex` is no regular expression. */
export function compileTag(tag: string, tagRegex: string | undefined): TagOf {
  if (tagRegex !== undefined) {
    const regex = compileRegex(tagRegex);
    return (path) => fillGroups(tag, regex, path);
  }
  const star = tag.indexOf('*');
  if (star < 0) return () => tag;
  const before = tag.slice(0, star);
  const after = tag.slice(star + 1);
  return (path) => dotted(before + path + after);
}

/** As Fluent Bit: the whole text is cleaned, also what stands around the star. */
function dotted(text: string): string {
  let tag = '';
  for (const char of text) {
    const next = char === '/' || char === '\\' || char === ':' ? '.' : char;
    const leading = tag === '' && next !== char;
    if (leading || next === '*' || (next === '.' && tag.endsWith('.'))) continue;
    tag += next;
  }
  return tag.endsWith('.') ? tag.slice(0, -1) : tag;
}

function fillGroups(tag: string, regex: RegExp, path: string): string | undefined {
  const match = regex.exec(path);
  if (!match) return undefined;
  const values = new Map<string, string>();
  groupNames(regex).forEach((name, i) => {
    const value = match[i + 1];
    if (name !== undefined && value !== undefined) values.set(name, value);
  });
  return tag.replace(/<([^<>]*)>/g, (_whole, name: string) => values.get(name) || '_');
}
