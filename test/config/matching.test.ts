/** Which Match can fit a tag, also where both hold stars: checked against brute force. */

import t from 'tap';
import { matchesNothing } from '../../src/config/matching.ts';
import { compileMatch } from '../../src/data/tag.ts';
import type { OutputSpec } from '../../src/spec.ts';
import fc from '../support/fast_check.ts';

const output = (match: string | undefined): OutputSpec => ({ match, matchRegex: undefined }) as OutputSpec;
const fits = (match: string, tag: string): boolean => !matchesNothing(output(match), [tag], undefined);

t.test('a fixed tag fits or does not', async (t) => {
  t.ok(fits('app.*', 'app.web'));
  t.notOk(fits('app.*', 'web.app'));
  t.ok(fits('*', 'x'));
});

t.test('a tag with a star may fit wherever both can be one text', async (t) => {
  t.ok(fits('kube.*', 'kube.*'));
  t.ok(fits('kube.var.log.*', 'kube.*'));
  t.ok(fits('*.log', 'kube.*'));
  t.notOk(fits('host.*', 'kube.*'));
  t.notOk(fits('kub', 'kube.*'));
});

t.test('a Match_Regex is tried on fixed tags only', async (t) => {
  t.notOk(matchesNothing(output(undefined), ['app'], /^a/));
  t.ok(matchesNothing(output(undefined), ['app'], /^b/));
  t.notOk(matchesNothing(output(undefined), ['app.*'], /^b/));
});

t.test('it agrees with trying every short text', async () => {
  const texts = [''];
  for (let length = 1; length <= 5; length++)
    for (const text of texts.filter((one) => one.length === length - 1)) texts.push(`${text}a`, `${text}b`);
  const pattern = fc
    .array(fc.constantFrom('a', 'b', '*'), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(pattern, pattern, (match, tag) => {
      const [one, two] = [compileMatch(match), compileMatch(tag)];
      return fits(match, tag) === texts.some((text) => one(text) && two(text));
    }),
    { numRuns: 1000 },
  );
});
