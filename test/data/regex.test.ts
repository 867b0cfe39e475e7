import t from 'tap';
import { compileRegex, fits, groupNames, matchOf } from '../../src/data/regex.ts';
import { OptionError } from '../../src/options.ts';
import { setV8Flags } from '../../src/v8_flags.ts';
import fc from '../support/fast_check.ts';

setV8Flags();

/** What the whole pattern takes of a text, or undefined. */
const found = (pattern: string, text: string): string | undefined => compileRegex(pattern).exec(text)?.[0];

/** The named groups of a match; of groups with one name the last that took part. */
function groups(pattern: string, text: string): Record<string, string> | undefined {
  const regex = compileRegex(pattern);
  const match = regex.exec(text);
  if (!match) return undefined;
  const result: Record<string, string> = {};
  groupNames(regex).forEach((name, i) => {
    const value = match[i + 1];
    if (name !== undefined && value !== undefined) result[name] = value;
  });
  return result;
}

t.test('^ and $ are at every line, and a carriage return ends none', async (t) => {
  t.equal(found('^b$', 'a\nb\nc'), 'b');
  t.equal(found('^b', 'a\rb'), undefined);
  t.equal(found('^b', 'a\u2028b'), undefined);
  t.equal(found('^b', 'a\r\nb'), 'b');
});

t.test('after the line feed that ends a text begins no line', async (t) => {
  for (const pattern of ['^$', '^\\s*$', '^[\\r\\n]*$', '(?:^$|^#)', '^ {0,3}$']) {
    const regex = compileRegex(pattern);
    t.equal(regex.test('a line\n'), false, pattern);
    t.equal(regex.test(''), true, pattern);
    t.equal(regex.test('a line\n\nanother'), true, pattern);
  }
  t.equal(compileRegex('^').test('a line\n'), true);
});

t.test('\\A, \\z and \\Z are at the ends of the text only', async (t) => {
  t.equal(found('\\Ab', 'a\nb'), undefined);
  t.equal(found('\\Ab', 'b\na'), 'b');
  t.equal(found('a\\z', 'a\n'), undefined);
  t.equal(found('a\\Z', 'a\n'), 'a');
  t.equal(found('^a|\\Ab|c\\z$', 'x\nc'), 'c', 'together with anchors of lines');
});

t.test('a dot takes no line break unless the option m is on', async (t) => {
  t.equal(found('a.*', 'ab\nc'), 'ab');
  t.equal(found('a.*', 'ab\rc'), 'ab\rc');
  t.equal(found('/a.*/m', 'ab\nc'), 'ab\nc');
  t.equal(found('(?m)a.*', 'ab\nc'), 'ab\nc');
  t.equal(found('(?m:a.*)', 'ab\nc'), 'ab\nc');
});

t.test('a dot takes a character beyond the basic plane as a whole', async (t) => {
  t.equal(found('^.$', '\u{1f600}'), '\u{1f600}');
  t.equal(found('^.\u{1f600}.$', 'a\u{1f600}b'), 'a\u{1f600}b');
});

t.test('the options i and x, for all and for a part', async (t) => {
  t.equal(found('/error: [a-f]+/i', 'ERROR: AbCg'), 'ERROR: AbC');
  t.equal(found('a(?i)b', 'aB'), 'aB');
  t.equal(found('a(?i)b', 'AB'), undefined);
  t.equal(found('a(?i:b)c', 'aBC'), undefined);
  t.equal(found('(?i)a(?-i:b)', 'AB'), undefined);
  t.equal(found('(?i)[^a]', 'Aab'), 'b');
  t.equal(found('/\u00e9/i', '\u00c9'), '\u00c9');
  t.equal(found('(?x) a b # and a comment\n c', 'abc'), 'abc');
  t.equal(found('/ a\\ b /x', 'a b'), 'a b');
});

t.test('\\d, \\w and \\s are ASCII, \\b knows letters of other scripts', async (t) => {
  t.equal(found('\\w+', 'xa\u00e9b'), 'xa');
  t.equal(found('\\d', '\u0663'), undefined);
  t.equal(found('\\s', '\u00a0'), undefined);
  t.equal(found('xa\\b.', 'xa\u00e9'), undefined);
  t.equal(found('xa\\b.', 'xa-'), 'xa-');
  t.equal(found('\\h+', 'xfFgz'), 'fF');
  t.equal(found('\\H+', 'ffxyz0'), 'xyz');
});

t.test('POSIX brackets are those of Unicode', async (t) => {
  t.equal(found('[[:alpha:]]+', '1a\u00e9\u4e2d2'), 'a\u00e9\u4e2d');
  t.equal(found('[[:^alpha:]]+', 'a12b'), '12');
  t.equal(found('[^[:space:]x]+', 'xab\tc'), 'ab');
  t.equal(found('[[:upper:]][[:lower:]]{2}', 'xJan'), 'Jan');
  t.equal(found('[[:xdigit:][:punct:]]+', 'xa,f!z'), 'a,f!');
});

t.test('groups with names leave plain groups without a number; two may have one name', async (t) => {
  t.same(groups('(a)(?<x>b)(?:c)(d)', 'abcd'), { x: 'b' });
  t.same(groups("(?'x'b)", 'b'), { x: 'b' });
  t.same(groups('(?<x>a)|(?<x>b)', 'b'), { x: 'b' });
  t.same(groups('(?<x>a)(?<x>b)', 'ab'), { x: 'b' });
});

t.test('backreferences, look-around, atomic and possessive', async (t) => {
  t.equal(found('(?<q>["\'])\\w+\\k<q>', `"a' 'b'`), "'b'");
  t.equal(found('(a|b)\\1', 'abb'), 'bb');
  t.equal(found('(?<=a)b(?=c)', 'abd abc'), 'b');
  t.equal(found('(?<!a)b(?!c)', 'ab bc bd'), 'b');
  t.equal(found('(?>a+)ab', 'aaab'), undefined);
  t.equal(found('a++ab', 'aaab'), undefined);
  t.equal(found('(?>a+)(b)\\1', 'aabb'), 'aabb');
});

t.test('classes with sets inside and properties go through the larger translator', async (t) => {
  t.equal(found('[a-z&&[^aeiou]]+', 'aebcd'), 'bcd');
  t.equal(found('\\p{Alpha}+', '1ab2'), 'ab');
  t.same(groups('(?<w>\\p{L}+)', '1\u00e92'), { w: '\u00e9' });
});

t.test('counted repetition is the same in pieces', async (t) => {
  t.equal(found('a{40}', 'a'.repeat(50))?.length, 40);
  t.equal(found('a{40}', 'a'.repeat(39)), undefined);
  t.equal(found('a{20,35}', 'a'.repeat(50))?.length, 35);
  t.equal(found('a{20,35}?', 'a'.repeat(50))?.length, 20);
  t.equal(found('a{20,}', 'a'.repeat(50))?.length, 50);
  t.equal(found('a{,20}b', `${'a'.repeat(20)}b`)?.length, 21);
  t.equal(found('a{2}{3}', 'a'.repeat(9))?.length, 6);
  t.equal(found('a{x}', 'a{x}'), 'a{x}');
});

t.test('what cannot be compiled says why', async (t) => {
  for (const [pattern, reason] of [
    ['(a', /group has no end/],
    ['a)', /has no '\('/],
    ['[a', /class at 1 has no end/],
    ['*a', /nothing to repeat/],
    ['a\\', /ends with a backslash/],
    ['(?<>a)', /name/],
    ['(?(1)a|b)', /does not compile/],
  ] as const) {
    t.throws(() => compileRegex(pattern), { name: 'OptionError', message: reason }, pattern);
  }
});

/** Milliseconds; the patterns below would take minutes and hours. */
function timeOf(pattern: string, text: string): number {
  const regex = compileRegex(pattern);
  const start = performance.now();
  regex.exec(text);
  return performance.now() - start;
}

t.test('a pattern that backtracks without end does not hold the program', async (t) => {
  const hostile = `${'a'.repeat(40)}b`;
  for (const pattern of [
    '^(a+)+$',
    '^(?<x>(a|a)*)$',
    '(?i)^(a+)+$',
    '^(?i:(a+)+)$',
    '^[[:alpha:]]{1,64}(a+)+$',
    '\\b(a+)+\\z',
    '^(?<x>([[:lower:]]+)*)+$',
  ])
    t.ok(timeOf(pattern, hostile) < 1000, pattern);
});

t.test('where nothing can stop it, such a pattern is refused', async (t) => {
  t.throws(() => compileRegex('(?=x)(a+)+$'), { message: /could run for ever/ });
  t.throws(() => compileRegex('(\\p{L}+)+$'), { message: /could run for ever/ });
  t.doesNotThrow(() => compileRegex('(?!x)(?:,\\d)*$'));
});

t.test('any text compiles or is an OptionError, and then matches any line without an exception', async (t) => {
  const parts = [
    'a',
    'b',
    '.',
    '\\w',
    '[ab]',
    '[^[:alpha:]]',
    '(',
    ')',
    '(?:',
    '(?<x>',
    '*',
    '+',
    '?',
    '{2}',
    '|',
    '^',
  ];
  const pattern = fc.oneof(
    fc.string(),
    fc
      .array(fc.constantFrom(...parts, '$', '(?i)', '\\b', '(?>', '\\1', '{17}'), { maxLength: 12 })
      .map((a) => a.join('')),
  );
  fc.assert(
    fc.property(pattern, fc.string({ maxLength: 20 }), (source, text) => {
      let regex: RegExp;
      try {
        regex = compileRegex(source);
      } catch (error) {
        return error instanceof OptionError;
      }
      regex.exec(text);
      return !regex.global && !regex.sticky;
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

t.test('\\G is the begin of the text, and leaves no state behind', async (t) => {
  const regex = compileRegex('\\Ga|b');
  for (let i = 0; i < 2; i++) t.same([regex.test('a'), regex.test('xa'), regex.test('xb')], [true, false, true]);
});

t.test('simple patterns match what JavaScript itself matches', async (t) => {
  const atom = fc.constantFrom('a', 'b', '[ab]', '[^a]', '\\d', '(?:ab)', '(?:a|b)');
  const repeat = fc.constantFrom('', '*', '+', '?', '{2}', '{0,3}', '{18}', '*?', '+?');
  const pattern = fc
    .array(fc.tuple(atom, repeat), { minLength: 1, maxLength: 6 })
    .map((list) => list.map(([one, many]) => one + many).join(''));
  fc.assert(
    fc.property(pattern, fc.stringMatching(/^[abc1]{0,40}$/), (source, text) => {
      t.equal(found(source, text), new RegExp(source).exec(text)?.[0], `${source} on ${text}`);
    }),
  );
});

t.test('a text too long to be matched fits nothing, and throws nothing', async (t) => {
  const regex = compileRegex('(?:a|b)*c');
  const long = 'ab'.repeat(8_000_000);
  t.throws(() => regex.exec(long), RangeError, 'long enough');
  t.equal(matchOf(regex, long), null);
  t.equal(fits(regex, long), false);
  t.equal(fits(regex, 'abc'), true);
});
