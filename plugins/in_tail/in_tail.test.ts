import { once } from 'node:events';
import fs from 'node:fs';
import t from 'tap';
import { SystemClock } from '../../src/engine/clock.ts';
import { readOptions } from '../../src/options.ts';
import type { LogEvent, Settle } from '../../src/plugin.ts';
import { TestHost } from '../../test/support/host.ts';
import { TailFolder } from '../../test/support/tail_folder.ts';
import { Tail } from './follow.ts';
import definition from './index.ts';
import { TAIL_OPTIONS } from './options.ts';
import { readSettings } from './settings.ts';

t.test('by default only what is written after the start is read, but new files from their head', async (t) => {
  const folder = new TailFolder(t.testdir(), { options: { read_from_head: 'off', offset_key: 'at' } });
  folder.write('a.log', 'old one\nold two\n').start();
  folder.append('a.log', 'new\n').poll().write('b.log', 'b1\nb2\n').scan();
  t.same(folder.host.bodies, [
    { at: 16, log: 'new' },
    { at: 0, log: 'b1' },
    { at: 3, log: 'b2' },
  ]);
});

t.test('Read_Newly_Discovered_Files_From_Head off takes the end of new files, too', async (t) => {
  const options = { read_from_head: 'off', read_newly_discovered_files_from_head: 'off' };
  const folder = new TailFolder(t.testdir(), { options }).start();
  folder.write('b.log', 'b1\n').scan().append('b.log', 'b2\n').poll();
  t.same(folder.lines, ['b2']);
});

t.test('Path is a list; a file that two patterns match is read once; Exclude_Path leaves files out', async (t) => {
  const dir = t.testdir({ logs: { 'a.log': 'a\n', 'b.log': 'b\n', 'b.gz': 'x' }, other: { 'c.txt': 'c\n' } });
  const path = `${dir}/logs/a.log, ${dir}/other/*.txt , ${dir}/logs/*`;
  const folder = new TailFolder(dir, { options: { path, exclude_path: '*.gz,*/b.*' } }).start();
  t.same(folder.lines, ['a', 'c']);
});

t.test('a file that Tag_Regex does not fit is not read', async (t) => {
  const options = { tag_regex: '(?<name>[a-z]+)\\.log$' };
  const folder = new TailFolder(t.testdir(), { tag: 'k.<name>', options });
  folder.write('abc.log', '1\n').write('123.log', '2\n').start();
  t.same(folder.tagged, ['k.abc: 1']);
  t.ok(folder.logged('invalid tag_regex pattern for file'));
});

t.test('Ignore_Older leaves a file out until it is written; then from the size it had', async (t) => {
  const folder = new TailFolder(t.testdir(), { options: { ignore_older: '10m' } });
  folder.write('old.log', 'old\n').write('new.log', 'new\n');
  const long = new Date(folder.clock.now() - 3_600_000);
  fs.utimesSync(folder.file('old.log'), long, long);
  folder.start();
  t.same(folder.lines, ['new']);
  folder.append('old.log', 'woken\n').scan();
  t.same(folder.lines, ['new', 'woken']);
});

t.test('Ignore_Active_Older_Files leaves a file that is old now, and goes on where it left', async (t) => {
  const options = { ignore_older: '10m', ignore_active_older_files: 'on' };
  const folder = new TailFolder(t.testdir(), { options }).write('a.log', 'one\n').start();
  const long = new Date(folder.clock.now() - 3_600_000);
  fs.utimesSync(folder.file('a.log'), long, long);
  folder.poll().scan();
  t.match(folder.tail?.describe()[0], /files=0/);
  folder.append('a.log', 'two\n').scan();
  t.same(folder.lines, ['one', 'two']);
});

t.test('Exit_On_Eof ends the program when every file is read', async (t) => {
  const folder = new TailFolder(t.testdir(), { options: { exit_on_eof: 'on' } });
  folder.write('a.log', 'one\ntwo\nthr').write('b.log', '').start();
  t.same(folder.lines, ['one', 'two']);
  t.equal(folder.host.exited, 0);
});

t.test('when there is no room nothing is read until there is', async (t) => {
  let room = false;
  const folder = new TailFolder(t.testdir(), { room: () => room }).write('a.log', '1\n').write('b.log', '2\n').start();
  t.same(folder.lines, ['1']);
  folder.append('a.log', '3\n').poll();
  t.same(folder.lines, ['1']);
  room = true;
  folder.tail?.resume();
  folder.poll();
  t.same(folder.lines, ['1', '2', '3']);
});

t.test('a file that cannot be read is said once, and read when it can be', async (t) => {
  const folder = new TailFolder(t.testdir()).write('a.log', 'one\n').start();
  folder.append('a.log', 'two\n');
  const read = fs.readSync;
  t.teardown(() => {
    fs.readSync = read;
  });
  fs.readSync = (() => {
    throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
  }) as typeof fs.readSync;
  folder.poll().poll();
  fs.readSync = read;
  t.equal(folder.host.lines.filter(({ level }) => level === 'error').length, 1);
  folder.scan();
  t.same(folder.lines, ['one', 'two']);
});

t.test('options that make no sense fail the start', async (t) => {
  const create = (options: Record<string, string>) => {
    const section = Object.entries({ path: 'x', ...options }).map(([key, value]) => ({ key, value }));
    return definition.create(readOptions(TAIL_OPTIONS, section) as never, new TestHost({ section }));
  };
  t.throws(() => readOptions(TAIL_OPTIONS, []), { option: 'path' } as never);
  t.throws(() => create({ refresh_interval: '0' }), { option: 'refresh_interval' } as never);
  t.throws(() => create({ rotate_wait: '0' }), { option: 'rotate_wait' } as never);
  t.throws(() => create({ buffer_chunk_size: '64k' }), { option: 'buffer_max_size' } as never);
  t.throws(() => create({ 'multiline.parser': 'nosuch' }), { option: 'multiline.parser' } as never);
  t.throws(() => create({ multiline: 'on' }), { option: 'parser_firstline' } as never);
  t.throws(() => create({ multiline: 'on', docker_mode: 'on' }), { option: 'docker_mode' } as never);
  t.throws(() => create({ 'db.journal_mode': 'nosuch' }), { option: 'db.journal_mode' } as never);
});

/** A host on real time: `next` resolves with the next events. */
class LiveHost extends TestHost {
  readonly #target = new EventTarget();
  constructor(section: { key: string; value: string }[]) {
    super({ tag: 't', clock: new SystemClock(), section });
  }
  override emit(tag: string, events: LogEvent[], settle?: Settle): boolean {
    super.emit(tag, events, settle);
    this.#target.dispatchEvent(new Event('emit'));
    return true;
  }
  /** Waits until this many lines came. */
  async read(count: number): Promise<string[]> {
    while (this.bodies.length < count)
      await once(this.#target as never, 'emit', { signal: AbortSignal.timeout(10_000) });
    return this.bodies.map((body) => (body as { log: string }).log);
  }
}

/** inotify and nothing else: what is found by looking comes much later than the test may last. */
function startLive(options: Record<string, string>): { host: LiveHost; tail: Tail } {
  const slow = { refresh_interval: '3600', watcher_interval: '3600', progress_check_interval: '3600' };
  const section = Object.entries({ read_from_head: 'on', ...slow, ...options }).map(([key, value]) => ({ key, value }));
  const host = new LiveHost(section);
  const tail = new Tail(readSettings(readOptions(TAIL_OPTIONS, section), host), host);
  tail.start();
  return { host, tail };
}

t.test('inotify: new lines, new files and rotations are read at once', async (t) => {
  const dir = t.testdir({ 'a.log': 'one\n' });
  const { host, tail } = startLive({ path: `${dir}/*.log` });
  t.teardown(() => tail.stop());
  t.same(await host.read(1), ['one']);
  fs.appendFileSync(`${dir}/a.log`, 'two\n');
  t.same(await host.read(2), ['one', 'two']);
  fs.renameSync(`${dir}/a.log`, `${dir}/a.log.1`);
  fs.appendFileSync(`${dir}/a.log.1`, 'three\n');
  await host.read(3);
  fs.writeFileSync(`${dir}/a.log`, 'four\n');
  t.same(await host.read(4), ['one', 'two', 'three', 'four']);
  fs.writeFileSync(`${dir}/b.log`, 'five\n');
  t.same((await host.read(5)).at(-1), 'five');
});

t.test('inotify: the target of a link is watched where it is', async (t) => {
  const dir = t.testdir({ links: {}, pods: { '0.log': 'one\n' } });
  fs.symlinkSync('../pods/0.log', `${dir}/links/c.log`);
  const { host, tail } = startLive({ path: `${dir}/links/*.log` });
  t.teardown(() => tail.stop());
  await host.read(1);
  fs.appendFileSync(`${dir}/pods/0.log`, 'two\n');
  await host.read(2);
  fs.renameSync(`${dir}/pods/0.log`, `${dir}/pods/0.log.1`);
  fs.writeFileSync(`${dir}/pods/0.log`, 'three\n');
  t.same(await host.read(3), ['one', 'two', 'three']);
});

t.test('inotify: a directory that is made later is found', async (t) => {
  const dir = t.testdir({});
  const { host, tail } = startLive({ path: `${dir}/apps/*/x.log` });
  t.teardown(() => tail.stop());
  fs.mkdirSync(`${dir}/apps`);
  fs.mkdirSync(`${dir}/apps/a`);
  fs.writeFileSync(`${dir}/apps/a/x.log`, 'one\n');
  t.same(await host.read(1), ['one']);
});

t.test('where the system has no descriptor left, the input does with fewer', async (t) => {
  const folder = new TailFolder(t.testdir(), { options: { max_open_files: '100' } });
  const names = Array.from({ length: 60 }, (_, i) => `f${i}.log`);
  for (const name of names) folder.write(name, `${name}\n`);
  const { openSync, closeSync } = fs;
  let open = 0;
  t.teardown(() => Object.assign(fs, { openSync, closeSync }));
  fs.openSync = ((...args: Parameters<typeof openSync>) => {
    if (open >= 30) throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
    open++;
    return openSync(...args);
  }) as typeof openSync;
  fs.closeSync = (fd) => {
    open--;
    closeSync(fd);
  };
  folder.start().scan();
  t.same([...folder.lines].sort(), [...names].sort());
  folder.stop();
});

t.test('a directory that cannot be watched is said once, and its files are read all the same', async (t) => {
  const { watch } = fs;
  t.teardown(() => Object.assign(fs, { watch }));
  fs.watch = (() => {
    throw Object.assign(new Error('ENOSPC: no watches left'), { code: 'ENOSPC' });
  }) as typeof fs.watch;
  const folder = new TailFolder(t.testdir(), { options: { inotify_watcher: 'on' } }).write('a.log', 'one\n').start();
  folder.scan();
  await folder.clock.advance(100);
  folder.append('a.log', 'two\n');
  await folder.clock.advance(2500);
  folder.poll();
  t.same(folder.lines, ['one', 'two']);
  t.equal(folder.host.lines.filter(({ message }) => message.startsWith('cannot watch')).length, 1);
  folder.stop();
});
