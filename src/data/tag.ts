/**
 * Tags and the patterns of Match. `*` stands for any characters, none and dots too; there is no `?` and no `[..]`,
 * and case counts. Match_Regex is anchored at the start only: a prefix that fits is enough, but an empty fit is none.
 */

/** Compiles a Match pattern to a predicate; called once a route, the predicate once a tag. */
export function compileMatch(pattern: string): (tag: string) => boolean {
  if (pattern === '*') return () => true;
  if (!pattern.includes('*')) return (tag) => tag === pattern;
  const parts = pattern.split('*');
  return (tag) => fitsParts(parts, tag);
}

/** The first part must begin the tag, the last must end it, those between follow one another, leftmost first. */
function fitsParts(parts: readonly string[], tag: string): boolean {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (!tag.startsWith(first) || tag.length < first.length + last.length) return false;
  let at = first.length;
  for (let i = 1; i < parts.length - 1; i++) {
    const part = parts[i] ?? '';
    const found = tag.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + last.length <= tag.length && tag.endsWith(last);
}

/** `exec` is a compiled regular expression's; true where it fits, not empty, at the start of the tag. */
export function matchesRegex(regex: RegExp, tag: string): boolean {
  regex.lastIndex = 0;
  const match = regex.exec(tag);
  return match !== null && match.index === 0 && match[0] !== '';
}
