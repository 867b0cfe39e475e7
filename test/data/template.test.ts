import t from 'tap';
import { compileTemplate } from '../../src/data/template.ts';
import { OptionError } from '../../src/options.ts';

t.test('a text without placeholders is constant', async (t) => {
  for (const text of ['', 'plain', 'costs 5$']) {
    const template = compileTemplate(text);
    t.ok(template.constant);
    t.equal(template.fill({}, 'tag'), text);
    t.equal(template.fillAll({}, 'tag'), text);
  }
});

t.test('fields, the tag, its parts and groups are filled in', async (t) => {
  const template = compileTemplate("app.$k['a'].$TAG[1]-$TAG.$0$1 end");
  t.equal(template.fill({ k: { a: 'x' } }, 'one.two', ['whole', 'group']), 'app.x.two-one.two.wholegroup end');
});

t.test('a name ends at a dot, and what follows is text', async (t) => {
  t.equal(compileTemplate('$app.log').fill({ app: 'web' }, 't'), 'web.log');
  t.equal(compileTemplate('/var/$a.$b').fill({ a: 1, b: 2 }, 't'), '/var/1.2');
});

t.test('what is missing is an empty text, or makes fillAll give nothing', async (t) => {
  const template = compileTemplate('a.$missing.b');
  t.equal(template.fill({}, 't'), 'a..b');
  t.equal(template.fillAll({}, 't'), undefined);
  t.equal(template.fillAll({ missing: ['a list'] }, 't'), undefined);
  t.equal(template.fillAll({ missing: 0 }, 't'), 'a.0.b');
  t.equal(compileTemplate('$TAG[5]').fill({}, 'a.b'), '');
  t.equal(compileTemplate('x-$TAG[5]').fillAll({}, 'a.b'), 'x-', 'a tag has as many parts as it has');
  t.equal(compileTemplate('$7').fill({}, 't'), '');
});

t.test('an accessor that cannot be read fails at once', async (t) => {
  t.throws(() => compileTemplate('x.$a[b]'), OptionError);
});

t.test('an empty field may count as a value, a missing one or a list never', async (t) => {
  const template = compileTemplate("s-$app.$k['x']");
  t.equal(template.fillAll({ app: '', k: { x: 1 } }, 'tag', true), 's-.1');
  t.equal(template.fillAll({ app: '', k: { x: 1 } }, 'tag'), undefined);
  t.equal(template.fillAll({ k: { x: 1 } }, 'tag', true), undefined);
  t.equal(template.fillAll({ app: ['a'], k: { x: 1 } }, 'tag', true), undefined);
  t.same(template.roots, ['app', 'k']);
});
