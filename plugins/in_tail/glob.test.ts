import fs from 'node:fs';
import t from 'tap';
import { compileExclude, Glob } from './glob.ts';

t.test('a glob finds what glob(3) finds, sorted, in the spelling of the pattern', async (t) => {
  const dir = t.testdir({
    logs: { 'b.log': '', 'a.log': '', '.hidden.log': '', 'c.txt': '', 'with space.log': '', 'dir.log': {} },
    other: { 'x1.txt': '', 'x2.txt': '', 'xa.txt': '', sub: { 'deep.log': '' } },
    'we[ird].log': '',
  });
  const cwd = process.cwd();
  process.chdir(dir);
  t.teardown(() => process.chdir(cwd));
  const find = (pattern: string): string[] => new Glob(pattern).find().paths;
  t.same(find('logs/*.log'), ['logs/a.log', 'logs/b.log', 'logs/dir.log', 'logs/with space.log']);
  t.same(find('./logs//a.log'), ['./logs//a.log'], 'the spelling is kept');
  t.same(find(`${dir}/logs/?.log`), [`${dir}/logs/a.log`, `${dir}/logs/b.log`]);
  t.same(find('*/x[0-9].txt'), ['other/x1.txt', 'other/x2.txt']);
  t.same(find('*/x[!0-9].txt'), ['other/xa.txt']);
  t.same(find('*/x[[:digit:]].txt'), ['other/x1.txt', 'other/x2.txt']);
  t.same(find('logs/.*.log'), ['logs/.hidden.log'], 'a dot is matched by a dot only');
  t.same(find('*/*/*.log'), ['other/sub/deep.log']);
  t.same(find('logs/{a,b}.log'), [], 'there are no braces');
  t.same(find('we\\[ird].log'), ['we[ird].log'], 'a backslash takes the meaning away');
  t.same(find('nosuch/*.log'), []);
  const { directories } = new Glob('*/sub/*.log').find();
  t.ok(directories.has('.') && directories.has('other/sub/'), 'it says where new files may come');
  t.ok(directories.has('logs/sub/'), 'also where a directory may be made');
});

t.test('a tilde is the home directory', async (t) => {
  const home = t.testdir({ 'h.log': '' });
  const before = process.env.HOME;
  process.env.HOME = home;
  t.teardown(() => {
    process.env.HOME = before;
  });
  t.same(new Glob('~/*.log').find().paths, [`${home}/h.log`]);
});

t.test('a path that is reported is known without a look at the disk', async (t) => {
  const glob = new Glob('./logs//*.log');
  t.ok(glob.matches('./logs//new.log'));
  t.ok(glob.matches('logs/new.log'));
  t.notOk(glob.matches('logs/.new.log'));
  t.notOk(glob.matches('logs/sub/new.log'), 'a star stays within a name');
  t.notOk(new Glob('/var/log/a.log').matches('/var/log/a_log'), 'a dot is a dot');
  t.ok(new Glob('/var/*/a.log').wildDirectories);
  t.notOk(glob.wildDirectories);
});

t.test('an exclude pattern is fnmatch over the whole path, where a star matches slashes, too', async (t) => {
  t.ok(compileExclude('*.gz')('logs/a/b.gz'));
  t.ok(compileExclude('*/sub/*')('logs/sub/c.log'));
  t.ok(compileExclude('logs/debug*')('logs/debug.log'));
  t.notOk(compileExclude('debug*')('logs/debug.log'));
  t.ok(compileExclude('*')('.hidden'), 'a leading dot is nothing special');
  t.notOk(compileExclude('a?c')('abbc'));
  t.ok(compileExclude('a[b')('a[b'), 'a bracket that is never closed is one');
});

t.test('a directory that may not be read has nothing in it', async (t) => {
  const dir = t.testdir({ 'a.log': '' });
  t.same(new Glob(`${dir}/a.log/*`).find().paths, []);
  t.ok(fs.existsSync(`${dir}/a.log`));
});
