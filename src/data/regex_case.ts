/**
 * The option i without JavaScript's flag i, which V8's linear engine does not know: every letter becomes a class of
 * both its cases. Letters whose cases lie in the basic plane only, and one to one.
 */

/** The other cases of one character. */
function swapped(char: string): string[] {
  return [char.toLowerCase(), char.toUpperCase()].filter((other) => other !== char && other.length === 1);
}

const unit = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The source of one character, unescaped in `char`, in any case. */
export function anyCase(char: string, source: string): string {
  const others = swapped(char);
  return others.length === 0 ? source : `[${unit(char)}${others.map(unit).join('')}]`;
}

/** Latin, Greek, Cyrillic, Armenian: the scripts with cases that occur. */
const LAST_CASED = 0x587;

/** A class (with its brackets) in any case. */
export function classInAnyCase(source: string): string {
  const negated = source.startsWith('[^');
  const members = source.slice(negated ? 2 : 1, -1);
  const member = new RegExp(`[${members}]`);
  let more = '';
  for (let code = 0x41; code <= LAST_CASED; code++) {
    const char = String.fromCharCode(code);
    if (!member.test(char)) continue;
    for (const other of swapped(char)) if (!member.test(other)) more += unit(other);
  }
  return `${source.slice(0, -1)}${more}]`;
}
