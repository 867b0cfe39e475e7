import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { openSink } from '../../src/net/stdout.ts';

const MODULE = path.resolve(import.meta.dirname, '../../src/net/stdout.ts');

/** A process that writes a megabyte to its standard output and reports on its standard error. */
const WRITER = `
  import { standardOutput } from ${JSON.stringify(MODULE)};
  let beats = 0;
  setInterval(() => beats++, 10).unref();
  process.on('message', (message) => {
    if (message === 'beats') process.send({ beats });
    if (message === 'exit') process.exit(0);
  });
  standardOutput().write(Buffer.alloc(1 << 20, 'x')).then(
    () => process.send({ done: true }),
    (error) => process.send({ error: error.code }),
  );
  process.send({ ready: true });
`;

function start() {
  const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const message = () =>
    new Promise<Record<string, unknown>>((resolve) =>
      child.once('message', (m) => resolve(m as Record<string, unknown>)),
    );
  return { child, message };
}

t.test('a reader that is slow gets all, and the writer knows when', async (t) => {
  const { child, message } = start();
  t.same(await message(), { ready: true });
  let size = 0;
  child.stdout?.on('data', (piece: Buffer) => {
    size += piece.length;
  });
  t.same(await message(), { done: true });
  child.send('exit');
  await new Promise((resolve) => child.once('close', resolve));
  t.equal(size, 1 << 20);
});

t.test('a reader that does not read stops neither the event loop nor the exit', async (t) => {
  const { child, message } = start();
  t.same(await message(), { ready: true });
  const answer = message();
  child.send('beats');
  t.match(await answer, { beats: Number });
  child.send('exit');
  t.equal(await new Promise((resolve) => child.once('exit', resolve)), 0);
});

t.test('a reader that has gone is an error, not a crash', async (t) => {
  const { child, message } = start();
  t.same(await message(), { ready: true });
  child.stdout?.destroy();
  t.same(await message(), { error: 'EPIPE' });
  child.send('exit');
  await new Promise((resolve) => child.once('exit', resolve));
});

t.test('a file gets the pieces in their order, after what is there', async (t) => {
  const file = path.join(t.testdir({ out: 'before\n' }), 'out');
  const descriptor = fs.openSync(file, 'a');
  const sink = openSink(descriptor);
  await Promise.all(['one\n', 'two\n', 'three\n'].map((text) => sink.write(Buffer.from(text))));
  fs.closeSync(descriptor);
  t.equal(fs.readFileSync(file, 'utf8'), 'before\none\ntwo\nthree\n');
  await t.rejects(sink.write(Buffer.from('x')), { code: 'EBADF' });
  await t.rejects(sink.write(Buffer.from('x')), { code: 'EBADF' }, 'an error does not stick in the queue');
});

t.test('a pipe takes more than it can hold as its reader reads', async (t) => {
  const file = path.join(t.testdir({}), 'pipe');
  execFileSync('mkfifo', [file]);
  const descriptor = fs.openSync(file, fs.constants.O_RDWR);
  let written = false;
  const writing = openSink(descriptor)
    .write(Buffer.alloc(300_000, 'x'))
    .then(() => {
      written = true;
    });
  await new Promise((go) => setImmediate(go));
  t.notOk(written, 'nobody has read yet');
  let read = 0;
  const buffer = Buffer.alloc(65_536);
  while (read < 300_000)
    read += await new Promise<number>((resolve, reject) =>
      fs.read(descriptor, buffer, 0, buffer.length, null, (error, count) => (error ? reject(error) : resolve(count))),
    );
  await writing;
  t.equal(read, 300_000);
  fs.closeSync(descriptor);
});
