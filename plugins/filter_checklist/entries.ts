/** The entries of a list, compiled to one predicate. A look-up costs the same however long the list is. */

/** A to Z only, as C's tolower does for bytes. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** With `partial` a text fits that begins with an entry. With `ignoreCase` texts come in lower case. */
export function compileEntries(
  entries: readonly string[],
  partial: boolean,
  ignoreCase: boolean,
): (text: string) => boolean {
  const all = ignoreCase ? entries.map(asciiLower) : entries;
  if (!partial) {
    const exact = new Set(all);
    return (text) => exact.has(text);
  }
  const patterns = all.filter((entry) => /[%_]/.test(entry)).map(likePattern);
  const startsListed = compileStarts(all.filter((entry) => !/[%_]/.test(entry)));
  if (patterns.length === 0) return startsListed;
  return (text) => startsListed(text) || patterns.some((pattern) => pattern.test(text));
}

/** One look-up for each length that an entry has. */
function compileStarts(entries: readonly string[]): (text: string) => boolean {
  const starts = new Set(entries);
  const lengths = [...new Set(entries.map((entry) => entry.length))].sort((a, b) => a - b);
  return (text) => {
    for (const length of lengths) {
      if (length > text.length) return false;
      if (starts.has(text.slice(0, length))) return true;
    }
    return false;
  };
}

/** SQL's LIKE, anchored at the start. Several `%` side by side are one, so that nothing backtracks for ever. */
function likePattern(entry: string): RegExp {
  const source = entry
    .replace(/%+/g, '%')
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.');
  return new RegExp(`^${source}`, 's');
}
