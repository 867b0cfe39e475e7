/**
 * POSIX brackets ([[:alpha:]]) as Onigmo has them for UTF-8: classes of Unicode, written as ranges of the basic plane
 * so that they work without the flags u and v. Characters beyond that plane count as graphic and printing only.
 */

/** Onigmo's definitions. As text: V8 reads each when it is made, which takes 1 ms for all. */
const CLASSES: Readonly<Record<string, string>> = {
  alnum: String.raw`[\p{L}\p{M}\p{Nd}]`,
  alpha: String.raw`[\p{L}\p{M}]`,
  ascii: String.raw`[\0-\x7f]`,
  blank: String.raw`[\p{Zs}\t]`,
  cntrl: String.raw`[\p{Cc}\p{Cf}\p{Cn}\p{Co}]`,
  digit: String.raw`\p{Nd}`,
  graph: String.raw`[^\p{Z}\p{Cc}\p{Cn}]`,
  lower: String.raw`\p{Ll}`,
  print: String.raw`[^\p{Zl}\p{Zp}\p{Cc}\p{Cn}]`,
  punct: String.raw`[\p{P}$+<=>^\x60|~]`,
  space: String.raw`[\p{Z}\t-\r\x85]`,
  upper: String.raw`\p{Lu}`,
  word: String.raw`[\p{L}\p{M}\p{Nd}\p{Pc}]`,
  xdigit: '[0-9A-Fa-f]',
};

const cache = new Map<string, string>();

/** What stands between brackets in JavaScript, or undefined for a name that is none. */
export function posixRanges(name: string, negated: boolean): string | undefined {
  const key = negated ? `^${name}` : name;
  let ranges = cache.get(key);
  if (ranges === undefined) {
    if (!Object.hasOwn(CLASSES, name)) return undefined;
    ranges = rangesOf(new RegExp(CLASSES[name] as string, 'u'), negated);
    cache.set(key, ranges);
  }
  return ranges;
}

const unit = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;

/** Takes some milliseconds, once for each name that is used. */
function rangesOf(member: RegExp, negated: boolean): string {
  let text = '';
  let start = -1;
  for (let code = 0; code <= 0x10000; code++) {
    const inside = code <= 0xffff && member.test(String.fromCharCode(code)) !== negated;
    if (inside && start < 0) start = code;
    if (inside || start < 0) continue;
    text += code - 1 === start ? unit(start) : `${unit(start)}-${unit(code - 1)}`;
    start = -1;
  }
  return text;
}
