import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { append, type OpenFile, openForAppend } from './append.ts';

/** A file in memory that fails when it has taken so many bytes. */
function failing(room: number, content = ''): OpenFile & { content: string; closed: boolean } {
  return {
    content,
    closed: false,
    async stat() {
      return { size: this.content.length, isFile: () => true };
    },
    async write(bytes, offset) {
      const taken = Math.min(bytes.length - offset, 4, room);
      if (taken === 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      room -= taken;
      this.content += Buffer.from(bytes.subarray(offset, offset + taken)).toString();
      return { bytesWritten: taken };
    },
    async truncate(size) {
      this.content = this.content.slice(0, size);
    },
    async close() {
      this.closed = true;
    },
  };
}

t.test('a write that stops half way is taken back', async (t) => {
  for (const room of [0, 1, 4, 9]) {
    const target = failing(room, 'before\n');
    await t.rejects(
      append(
        async () => target,
        'f',
        () => Buffer.from('0123456789'),
      ),
      /ENOSPC/,
    );
    t.equal(target.content, 'before\n', `${room} bytes of room`);
    t.ok(target.closed);
  }
  const target = failing(10, '');
  t.same(
    await append(
      async () => target,
      'f',
      (fresh) => Buffer.from(fresh ? 'fresh' : 'not'),
    ),
    { size: 5 },
  );
  t.equal(target.content, 'fresh', 'short writes go on');
});

t.test('what others wrote in between is not cut off', async (t) => {
  const target = failing(4, '');
  const { write: writeSome } = target;
  target.write = async function (bytes, offset) {
    if (offset > 0) this.content += 'theirs';
    return writeSome.call(this, bytes, offset);
  };
  await t.rejects(
    append(
      async () => target,
      'f',
      () => Buffer.from('0123456789'),
    ),
    /4 bytes of it are written already/,
  );
  t.equal(target.content, '0123theirs');
});

t.test('a named pipe that nobody reads is an error; a slow reader gets all', async (t) => {
  const pipe = path.join(t.testdir({}), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const bytes = Buffer.alloc(300_000, 'x');
  await t.rejects(
    append(openForAppend, pipe, () => bytes),
    /ENXIO/,
  );
  const reader = fs.createReadStream(pipe, { highWaterMark: 10_000 });
  // The write waits for the reader to be there, the reader for the writer: both are opened in the thread pool.
  const opened = new Promise<void>((resolve) => reader.once('open', () => resolve()));
  let read = 0;
  reader.on('data', (piece) => {
    read += piece.length;
  });
  const ended = new Promise<void>((resolve) => reader.once('end', () => resolve()));
  const writing = untilOpen(() => append(openForAppend, pipe, () => bytes));
  await Promise.all([opened, writing, ended]);
  t.equal(read, bytes.length);
});

/** The reader's own `open` returns only once somebody writes, so the first tries may come too early. */
async function untilOpen<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!(error as Error).message.includes('ENXIO')) throw error;
    }
  }
}
