/** A disk that fails on demand: full, read-only, broken, torn in the middle of a write; and a crash at every write. */
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { type LogEvent, NO_METADATA } from '../../src/data/event.ts';
import { decodeEvents } from '../../src/data/msgpack.ts';
import { scanEvents } from '../../src/data/msgpack_scan.ts';
import { Chunk } from '../../src/engine/chunk.ts';
import type { FileSystem } from '../../src/engine/chunk_file.ts';
import { readContent } from '../../src/engine/chunk_format.ts';
import { Entry } from '../../src/engine/ledger.ts';
import { ChunkStore } from '../../src/engine/storage.ts';
import { Logger } from '../../src/log.ts';
import type { StorageSpec } from '../../src/spec.ts';
import fc from '../support/fast_check.ts';
import { VirtualClock } from '../support/host.ts';

function spec(place: string, more: Partial<StorageSpec> = {}): StorageSpec {
  return {
    path: place,
    sync: 'normal',
    checksum: false,
    backlogMemLimitBytes: 5_000_000,
    flushBacklogOnShutdown: false,
    deleteIrrecoverableChunks: false,
    keepRejected: false,
    rejectedPath: 'rejected',
    ...more,
  };
}

/** The real file system, whose writes fail as the test says. */
class FailingDisk {
  /** What the next writes do; a number: so many bytes go through, then the disk is full. */
  fails: { code: string; after?: number; only?: 'fdatasync' } | undefined;
  readonly fs: FileSystem = {
    ...fs,
    openSync: (place, flags, mode) => {
      if (this.#writesFail && flags === 'wx') this.#fail('open');
      return fs.openSync(place, flags, mode);
    },
    writevSync: (fd, buffers, position) => {
      if (!this.#writesFail) return fs.writevSync(fd, buffers, position);
      const whole = Buffer.concat(buffers as Uint8Array[]);
      const some = whole.subarray(0, this.fails?.after ?? 0);
      if (this.fails && some.length > 0 && some.length < whole.length) {
        this.fails = { code: this.fails.code };
        return fs.writeSync(fd, some, 0, some.length, position ?? null);
      }
      return this.#fail('write');
    },
    writeSync: ((fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
      if (this.#writesFail) return this.#fail('write');
      return fs.writeSync(fd, bytes, offset, length, position);
    }) as typeof fs.writeSync,
    fdatasync: ((fd: number, done: (error: NodeJS.ErrnoException | null) => void) => {
      if (this.fails) done(this.#error('fdatasync'));
      else fs.fdatasync(fd, done);
    }) as typeof fs.fdatasync,
  };

  get #writesFail(): boolean {
    return this.fails !== undefined && this.fails.only === undefined;
  }

  #error(call: string): NodeJS.ErrnoException {
    return Object.assign(new Error(`${this.fails?.code}: ${call}`), { code: this.fails?.code });
  }

  #fail(call: string): never {
    throw this.#error(call);
  }
}

let next = 0;
const events = (count: number): LogEvent[] =>
  Array.from({ length: count }, () => ({ seconds: 1, nanos: 0, metadata: NO_METADATA, body: { n: next++ } }));

function setUp(place: string, more: Partial<StorageSpec> = {}) {
  const disk = new FailingDisk();
  const clock = new VirtualClock();
  const lines: string[] = [];
  const log = new Logger({
    level: 'info',
    format: 'text',
    sink: { write: (line) => lines.push(line) },
    now: () => clock.now(),
  });
  const store = new ChunkStore(spec(place, more), clock, log, disk.fs);
  const chunk = (name: string) => new Chunk('tag', name, { file: store.file('in.0', name, 'tag', undefined) });
  const outcomes: string[] = [];
  const append = (to: Chunk, count: number) => {
    const entry = new Entry((outcome) => outcomes.push(outcome));
    to.append(events(count), entry);
    entry.done('safe');
    store.touch(to, 100, true, () => {});
  };
  return { disk, clock, lines, store, chunk, append, outcomes };
}

const whole = (place: string): unknown[] => {
  const { content } = readContent(fs.readFileSync(place), false);
  return decodeEvents(content.subarray(0, scanEvents(content).end)).map(({ body }) => body.n);
};

t.test('a full disk is told once, keeps everything in memory, and is written to when it works again', async (t) => {
  const place = t.testdir();
  const { disk, clock, lines, store, chunk, append, outcomes } = setUp(place);
  next = 0;
  const one = chunk('1-1.1.flb');
  append(one, 2);
  store.flush();
  t.same(outcomes, ['safe']);
  disk.fails = { code: 'ENOSPC' };
  append(one, 3);
  const two = chunk('1-1.2.flb');
  append(two, 1);
  store.flush();
  await clock.advance(10_000);
  t.same(outcomes, ['safe'], 'nobody is told that it is safe');
  t.ok(store.isFailing);
  t.notOk(two.isDurable);
  t.equal(fs.existsSync(path.join(place, 'in.0/1-1.2.flb')), false, 'no empty file stays behind');
  disk.fails = undefined;
  await clock.advance(1000);
  t.same(outcomes, ['safe', 'safe', 'safe']);
  t.same(whole(path.join(place, 'in.0/1-1.1.flb')), [0, 1, 2, 3, 4]);
  t.same(whole(path.join(place, 'in.0/1-1.2.flb')), [5]);
  t.match(lines.join(''), /\[error\] \[storage\] cannot write to .*: ENOSPC/);
  t.equal(lines.filter((line) => line.includes('cannot write')).length, 1);
  t.match(lines.at(-1), /takes writes again/);
});

t.test('a write that breaks off in the middle is taken back', async (t) => {
  const place = t.testdir();
  const { disk, clock, store, chunk, append } = setUp(place);
  next = 0;
  const one = chunk('1-1.1.flb');
  append(one, 2);
  store.flush();
  const before = fs.readFileSync(path.join(place, 'in.0/1-1.1.flb'));
  disk.fails = { code: 'EIO', after: 5 };
  append(one, 2);
  store.flush();
  t.same(fs.readFileSync(path.join(place, 'in.0/1-1.1.flb')), before);
  disk.fails = undefined;
  await clock.advance(1000);
  t.same(whole(path.join(place, 'in.0/1-1.1.flb')), [0, 1, 2, 3]);
});

t.test('another trouble is told, and a lasting one again after a minute', async (t) => {
  const { disk, clock, lines, store, chunk, append } = setUp(t.testdir());
  disk.fails = { code: 'ENOSPC' };
  append(chunk('1-1.1.flb'), 1);
  store.flush();
  await clock.advance(61_000);
  disk.fails = { code: 'EROFS' };
  await clock.advance(2000);
  const told = lines.filter((line) => line.includes('cannot write')).map((line) => /E[A-Z]+/.exec(line)?.[0]);
  t.same(told, ['ENOSPC', 'ENOSPC', 'EROFS']);
});

t.test('a disk that does not sync leaves its sources waiting for the outputs', async (t) => {
  const { disk, lines, store, chunk, append, outcomes } = setUp(t.testdir(), { sync: 'full' });
  const one = chunk('1-1.1.flb');
  append(one, 1);
  store.flush();
  await store.close();
  t.same(outcomes, ['safe']);
  append(one, 1);
  append(one, 1);
  disk.fails = { code: 'EIO', only: 'fdatasync' };
  store.flush();
  await store.close();
  t.same(outcomes, ['safe']);
  t.match(lines.join(''), /the disk did not take chunk '1-1\.1\.flb': EIO/);
  one.settle('safe');
  t.same(outcomes, ['safe', 'safe', 'safe']);
});

t.test('hundreds of open chunks share a bounded number of descriptors', async (t) => {
  const place = t.testdir();
  const { store, chunk, append } = setUp(place);
  const before = fs.readdirSync('/proc/self/fd').length;
  const chunks = Array.from({ length: 1000 }, (_, i) => chunk(`1-1.${i}.flb`));
  for (let round = 0; round < 2; round++) {
    for (const one of chunks) append(one, 1);
    store.flush();
    t.ok(fs.readdirSync('/proc/self/fd').length - before <= 260);
  }
  t.ok(chunks.every(({ name }) => whole(path.join(place, 'in.0', name)).length === 2));
  for (const one of chunks) one.settle('safe');
  t.same(fs.readdirSync(path.join(place, 'in.0')), []);
  t.equal(fs.readdirSync('/proc/self/fd').length, before);
});

t.test('whatever is appended, delivered and wherever the write ends, what was told safe is in the file', async (t) => {
  const place = t.testdir();
  let run = 0;
  const action = fc.oneof(
    fc.record({ kind: fc.constant('append' as const), chunk: fc.nat(2), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constant('flush' as const) }),
    fc.record({ kind: fc.constant('fail' as const), after: fc.nat(60) }),
    fc.record({ kind: fc.constant('heal' as const) }),
    fc.record({ kind: fc.constant('chill' as const), chunk: fc.nat(2) }),
  );
  const property = fc.property(fc.array(action, { maxLength: 30 }), fc.boolean(), (actions, checksum) => {
    const folder = path.join(place, String(run++));
    const { disk, store } = setUp(folder, { checksum });
    const names = ['1-1.1.flb', '1-1.2.flb', '1-1.3.flb'];
    const chunks = names.map((name) => new Chunk('tag', name, { file: store.file('in.0', name, 'tag', undefined) }));
    const safe: number[][] = [[], [], []];
    next = 0;
    for (const step of actions) {
      if (step.kind === 'append') {
        const given = events(step.count);
        const one = chunks[step.chunk] as Chunk;
        if (one.isDown) continue;
        const entry = new Entry(() =>
          (safe[step.chunk] as number[]).push(...given.map(({ body }) => body.n as number)),
        );
        one.append(given, entry);
        entry.done('safe');
        store.touch(one, 10, false, () => {});
      } else if (step.kind === 'flush') store.flush();
      else if (step.kind === 'fail') disk.fails = { code: 'ENOSPC', after: step.after };
      else if (step.kind === 'heal') disk.fails = undefined;
      else {
        const one = chunks[step.chunk] as Chunk;
        one.isSealed = true;
        one.chill();
      }
    }
    // The process dies here: nothing more is written.
    return chunks.every((_, i) => {
      const file = path.join(folder, 'in.0', names[i] as string);
      const there = fs.existsSync(file) ? whole(file) : [];
      return JSON.stringify(there.slice(0, safe[i]?.length)) === JSON.stringify(safe[i]);
    });
  });
  fc.assert(property, { numRuns: 300 });
});
