/**
 * POSIX brackets ([[:alpha:]]) as Onigmo has them for UTF-8: classes of Unicode, written as ranges of the basic plane
 * so that they work without the flags u and v. Characters beyond that plane count as graphic and printing only.
 */

/** Onigmo's definitions. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[\p{L}\p{M}\p{Nd}]/u,
  alpha: /[\p{L}\p{M}]/u,
  ascii: /[\0-\x7f]/u,
  blank: /[\p{Zs}\t]/u,
  cntrl: /[\p{Cc}\p{Cf}\p{Cn}\p{Co}]/u,
  digit: /\p{Nd}/u,
  graph: /[^\p{Z}\p{Cc}\p{Cn}]/u,
  lower: /\p{Ll}/u,
  print: /[^\p{Zl}\p{Zp}\p{Cc}\p{Cn}]/u,
  punct: /[\p{P}$+<=>^`|~]/u,
  space: /[\p{Z}\t-\r\x85]/u,
  upper: /\p{Lu}/u,
  word: /[\p{L}\p{M}\p{Nd}\p{Pc}]/u,
  xdigit: /[0-9A-Fa-f]/u,
};

const cache = new Map<string, string>();

/** What stands between brackets in JavaScript, or undefined for a name that is none. */
export function posixRanges(name: string, negated: boolean): string | undefined {
  const key = negated ? `^${name}` : name;
  let ranges = cache.get(key);
  if (ranges === undefined) {
    if (!Object.hasOwn(CLASSES, name)) return undefined;
    ranges = rangesOf(CLASSES[name] as RegExp, negated);
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
