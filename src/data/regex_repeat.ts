/** Counted repetition in small pieces: V8's linear engine copies what is repeated, sixteen times at most. */

export const MAX_COPIES = 16;
/** Beyond this the pieces would be longer than they are worth. */
const MAX_PIECES = 64;

/** How often the linear engine has to write down something that is repeated so. */
export function copiesOf(least: number, most: number): number {
  return Math.max(1, least, Number.isFinite(most) ? most : 0);
}

/**
 * `atom` repeated `least` to `most` times, in pieces of sixteen; the same matches in the same order, as long as it
 * captures nothing. undefined where there would be too many.
 */
export function repeatInPieces(atom: string, least: number, most: number, lazy: string): string | undefined {
  const count = copiesOf(least, most);
  if (count > MAX_COPIES * MAX_PIECES) return undefined;
  let text = '';
  for (let left = least; left > 0; left -= MAX_COPIES) text += `${atom}{${Math.min(left, MAX_COPIES)}}`;
  if (!Number.isFinite(most)) text += `${atom}*${lazy}`;
  else
    for (let left = most - least; left > 0; left -= MAX_COPIES)
      text += `${atom}{0,${Math.min(left, MAX_COPIES)}}${lazy}`;
  return `(?:${text})`;
}
