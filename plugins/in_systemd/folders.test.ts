import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Folders, rootsOf } from './folders.ts';

const ID = '0123456789abcdef0123456789abcdef';

t.test('without a path it is the journal of this machine', async (t) => {
  const dir = t.testdir({ id: `${ID.toUpperCase()}\n`, wrong: 'uninitialized\n' });
  const machine = (file: string): unknown[] => rootsOf(undefined, path.join(dir, file)).map((root) => root.machineId);
  t.same(
    rootsOf(undefined, path.join(dir, 'id')).map((root) => root.path),
    ['/run/log/journal', '/var/log/journal'],
  );
  t.same(machine('id'), [undefined, ID]);
  t.same(machine('wrong'), [undefined, undefined]);
  t.same(machine('missing'), [undefined, undefined], 'a container without an id reads them all');
  t.same(rootsOf('/x'), [{ path: '/x', machineId: undefined }]);
});

t.test('only the folder of the machine is read where there is one', async (t) => {
  const dir = t.testdir({
    'a.journal': '',
    [ID]: { 'system.journal': '', 'system@x.journal': '', 'user-1.journal~': '', 'x.txt': '' },
    ['f'.repeat(32)]: { 'system.journal': '' },
    [`${ID}.name`]: { 'system.journal': '' },
  });
  const names = (machineId: string | undefined): string[] => {
    const folders = new Folders([{ path: dir, machineId }]);
    const found = folders.scan().map((one) => path.relative(dir, one.path));
    folders.close();
    return found;
  };
  const own = ['system.journal', 'system@x.journal', 'user-1.journal~'].map((name) => `${ID}/${name}`);
  t.same(names(ID), ['a.journal', ...own]);
  t.same(names(undefined), ['a.journal', ...own, `${'f'.repeat(32)}/system.journal`]);
});

t.test('what changes in a folder that was found is told, also after it was made anew', async (t) => {
  const dir = t.testdir({ [ID]: {} });
  const told = new EventEmitter();
  const folders = new Folders([{ path: dir, machineId: undefined }]);
  t.teardown(() => folders.close());
  folders.watch((isRename) => told.emit(isRename ? 'rename' : 'change'));
  folders.scan();
  const file = path.join(dir, ID, 'system.journal');
  const change = async (kind: string, run: () => void): Promise<void> => {
    const heard = once(told, kind);
    run();
    await heard;
  };
  await change('rename', () => fs.writeFileSync(file, 'a'));
  await change('change', () => fs.appendFileSync(file, 'b'));
  await change('rename', () => fs.rmSync(path.join(dir, ID), { recursive: true }));
  folders.scan();
  await change('rename', () => fs.mkdirSync(path.join(dir, ID)));
  folders.scan();
  await change('rename', () => fs.writeFileSync(file, 'c'));
  t.equal(folders.scan().length, 1);
});
