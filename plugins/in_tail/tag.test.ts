import t from 'tap';
import { compileTag } from './tag.ts';

t.test('the star of a tag becomes the path with dots, doubled and outer ones dropped', async (t) => {
  const tag = compileTag('pre.*.post', undefined);
  t.equal(tag('./logs//app.d/a.log'), 'pre.logs.app.d.a.log.post');
  t.equal(tag('logs/app.d/we:ird*name.log'), 'pre.logs.app.d.we.irdname.log.post');
  t.equal(compileTag('*', undefined)('/var/log/x.log'), 'var.log.x.log');
  t.equal(compileTag('k.*', undefined)('a/b/'), 'k.a.b');
  t.equal(compileTag('plain', undefined)('/a/b'), 'plain');
});

t.test(
  'Tag_Regex fills the names; empty and unknown ones are an underline; what does not fit has no tag',
  async (t) => {
    const tag = compileTag('kube.<ns>.<pod>.<nosuch>', '(?<pod>[^_/]+)_(?<ns>[^_]*)_(?<c>.+)\\.log$');
    t.equal(tag('/logs/web-1_prod_nginx.log'), 'kube.prod.web-1._');
    t.equal(tag('/logs/web-1__nginx.log'), 'kube._.web-1._');
    t.equal(tag('/logs/other.log'), undefined);
  },
);
