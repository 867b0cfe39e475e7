import t from 'tap';
import { compileMatch, matchesRegex } from '../../src/data/tag.ts';
import fc from '../support/fast_check.ts';

t.test('* stands for any characters, dots and none too; nothing else is special; case counts', (t) => {
  const fits = (pattern: string, tag: string) => compileMatch(pattern)(tag);
  t.ok(fits('*', ''));
  t.ok(fits('kube.*', 'kube.var.log'));
  t.ok(fits('kube.*', 'kube.'));
  t.notOk(fits('kube.*', 'kube'));
  t.ok(fits('*.log', 'a.log'));
  t.ok(fits('a*b*c', 'abc'));
  t.ok(fits('a*b*c', 'aXbYbZc'));
  t.notOk(fits('a*b*c', 'acb'));
  t.notOk(fits('a*a', 'a'), 'the two ends do not overlap');
  t.ok(fits('a**b', 'ab'));
  t.notOk(fits('a?c', 'abc'));
  t.notOk(fits('App', 'app'));
  t.ok(fits('a[1]', 'a[1]'));
  t.end();
});

t.test('a pattern fits exactly what its regular expression would', (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 6 });
  fc.assert(
    fc.property(pattern, text, (glob, tag) => {
      const regex = new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
      return compileMatch(glob)(tag) === regex.test(tag);
    }),
    { numRuns: 2000 },
  );
  t.pass('for every pair tried');
  t.end();
});

t.test('Match_Regex is anchored at the start only, and an empty fit is none', (t) => {
  t.ok(matchesRegex(/ap+/, 'app.log'));
  t.notOk(matchesRegex(/log/, 'app.log'));
  t.notOk(matchesRegex(/x*/, 'app.log'));
  t.end();
});
