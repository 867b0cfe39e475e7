import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import t from 'tap';
import { NO_METADATA } from '../../src/data/event.ts';
import { readOptions } from '../../src/options.ts';
import { type Input, OptionError, type Parser } from '../../src/plugin.ts';
import fc from '../../test/support/fast_check.ts';
import { TestHost, type TestHostOptions, VirtualClock } from '../../test/support/host.ts';
import { runCommand } from './command.ts';
import exec from './index.ts';
import { LineSplitter } from './lines.ts';

/** A host that tells when something was emitted or logged, and when the program was asked to end. */
class Host extends TestHost {
  readonly told = new EventEmitter();
  override log(...given: Parameters<TestHost['log']>): void {
    super.log(...given);
    if (given[1].startsWith('the command ended')) this.told.emit('ended');
  }
  override emit(...given: Parameters<TestHost['emit']>): boolean {
    queueMicrotask(() => this.told.emit('emitted'));
    return super.emit(...given);
  }
  override exit(code?: number): void {
    super.exit(code);
    this.told.emit('exit');
  }
}

async function open(given: Record<string, string>, options: TestHostOptions = {}) {
  const clock = new VirtualClock();
  const host = new Host({ name: 'exec.0', clock, ...options });
  const pairs = Object.entries(given).map(([key, value]) => ({ key, value }));
  const input: Input = await exec.create(readOptions(exec.options, pairs) as never, host);
  const ended = (): Promise<unknown> => once(host.told, 'ended');
  return { clock, host, input, ended };
}

const ONCE = { oneshot: 'on' };
const LAST = { exit_after_oneshot: 'on', propagate_exit_code: 'on' };

/** What C's fgets gives, written down plainly. */
function plainly(bytes: Buffer, limit: number): string[] {
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    const piece = bytes.subarray(start, start + limit);
    const lineBreak = piece.indexOf(10);
    lines.push(piece.subarray(0, lineBreak < 0 ? piece.length : lineBreak).toString('latin1'));
    start += lineBreak < 0 ? piece.length : lineBreak + 1;
  }
  return lines;
}

t.test('a long line is split, and a line that fits exactly is followed by an empty one', async (t) => {
  const splitter = new LineSplitter(4);
  t.same(splitter.push(Buffer.from('abc\nabcd\nabcdef\n\r\nx')), ['abc', 'abcd', '', 'abcd', 'ef', '\r']);
  t.same(splitter.end(), ['x']);
  t.same(splitter.end(), []);
});

t.test('it does not matter in what pieces the output comes', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 60 });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 8 }), fc.integer({ min: 1, max: 9 }), (pieces, limit) => {
      const splitter = new LineSplitter(limit);
      const lines = [...pieces.flatMap((piece) => splitter.push(Buffer.from(piece))), ...splitter.end()];
      return JSON.stringify(lines) === JSON.stringify(plainly(Buffer.from(pieces.join('')), limit));
    }),
  );
});

t.test(
  'each line is a record, also an empty one, the last one without an end and bytes that are no UTF-8',
  async (t) => {
    const { host, input, ended } = await open({ ...ONCE, command: "printf 'one\\n\\ntwo words\\n\\377\\nlast'" });
    const over = ended();
    await input.start();
    await over;
    t.same(host.bodies, [{ exec: 'one' }, { exec: '' }, { exec: 'two words' }, { exec: '\udcff' }, { exec: 'last' }]);
    t.equal(host.emitted[0]?.tag, 'exec.0');
    t.equal(host.emitted[0]?.events[0]?.seconds, 1_700_000_000);
    t.equal(host.exited, undefined, 'oneshot alone ends nothing');
  },
);

t.test('lines are split at buf_size less one', async (t) => {
  const { host, input, ended } = await open({ ...ONCE, command: 'echo abcdefgh', buf_size: '5' });
  const over = ended();
  await input.start();
  await over;
  t.same(host.bodies, [{ exec: 'abcd' }, { exec: 'efgh' }, { exec: '' }]);
});

t.test('with a parser, what does not fit is counted and told once', async (t) => {
  const digits: Parser = {
    name: 'digits',
    parse: (text, seconds, nanos) =>
      /^\d+$/.test(text) ? { seconds, nanos, metadata: NO_METADATA, body: { number: text } } : undefined,
  };
  const command = 'echo 1; echo x; echo y; echo 2';
  const { host, input, ended } = await open({ ...ONCE, command, parser: 'digits' }, { parsers: { digits } });
  const over = ended();
  await input.start();
  await over;
  t.same(host.bodies, [{ number: '1' }, { number: '2' }]);
  t.same(host.counts, { invalid_texts_total: 2 });
  t.equal(host.lines.filter(({ level }) => level === 'warn').length, 1);
});

t.test('the program ends with 0, or with the status of the command', async (t) => {
  const cases = [
    [{ exit_after_oneshot: 'on', command: 'exit 3' }, 0],
    [{ ...LAST, command: 'exit 3' }, 3],
    [{ ...LAST, command: 'true' }, 0],
    [{ ...LAST, command: 'kill -9 $$' }, 137],
    [{ ...LAST, command: '/nowhere/at-all 2>&1' }, 127],
  ] as const;
  for (const [given, status] of cases) {
    const { host, input } = await open(given);
    const exit = once(host.told, 'exit');
    await input.start();
    await exit;
    t.equal(host.exited, status, given.command);
  }
});

t.test('the first run comes after one interval, the next one an interval later', async (t) => {
  const { clock, host, input, ended } = await open({
    command: 'echo x',
    interval_sec: '2',
    interval_nsec: '500000000',
  });
  await input.start();
  await clock.advance(2499);
  t.equal(clock.pending, 1, 'nothing runs yet');
  for (const runs of [1, 2]) {
    const over = ended();
    await clock.advance(runs === 1 ? 1 : 2500);
    await over;
    t.equal(host.bodies.length, runs);
  }
  await input.stop();
  t.equal(clock.pending, 0);
});

t.test('no run starts while another one lasts, and one that was due starts right after it', async (t) => {
  const folder = t.testdir({});
  const fifo = `${folder}/go`;
  const { clock, host, input, ended } = await open({ command: `mkfifo ${fifo} 2>/dev/null; cat ${fifo}` });
  await input.start();
  const first = ended();
  await clock.advance(5500);
  t.equal(clock.pending, 0, 'no timer while the command runs');
  while (!fs.existsSync(fifo)) await new Promise((go) => setImmediate(go));
  await fs.promises.writeFile(fifo, 'one\n');
  await first;
  const second = ended();
  await clock.advance(0);
  t.equal(clock.pending, 0, 'the second one runs at once');
  await fs.promises.writeFile(fifo, 'two\n');
  await second;
  t.same(host.bodies, [{ exec: 'one' }, { exec: 'two' }]);
  await input.stop();
});

t.test('while there is no room, the output is not read and no run starts', async (t) => {
  let room = false;
  const { clock, host, input, ended } = await open({ command: 'echo x' }, { room: () => room });
  await input.start();
  const emitted = once(host.told, 'emitted');
  const first = ended();
  await clock.advance(1000);
  await emitted;
  input.resume?.();
  await first;
  const again = once(host.told, 'emitted');
  const second = ended();
  await clock.advance(1000);
  await again;
  await clock.advance(10_000);
  t.equal(host.bodies.length, 2);
  room = true;
  input.resume?.();
  await second;
  // The next run is due at once, or, where the second one was over before it was paused, within a second.
  const third = once(host.told, 'emitted');
  await clock.advance(1000);
  await third;
  t.ok(host.bodies.length >= 3);
  await input.stop();
});

t.test('a stop ends the command with all that it started, and keeps what it wrote', async (t) => {
  const { clock, host, input } = await open({ ...LAST, command: "printf 'whole\\nhalf'; sleep 1000; echo never" });
  const emitted = once(host.told, 'emitted');
  await input.start();
  await emitted;
  await input.stop();
  t.same(host.bodies, [{ exec: 'whole' }, { exec: 'half' }]);
  t.equal(host.exited, undefined, 'a command that was stopped ends no program');
  t.equal(clock.pending, 0);
});

t.test('a command that does not listen is killed a second after the stop', async (t) => {
  const command = "trap '' TERM; echo ready; while :; do sleep 1000; done";
  const { clock, host, input, ended } = await open({ ...ONCE, command });
  const emitted = once(host.told, 'emitted');
  await input.start();
  await emitted;
  const over = ended();
  const stopped = input.stop();
  await clock.advance(1000);
  await Promise.all([stopped, over]);
  t.match(host.lines.at(-1)?.message, 'the command ended with 137');
});

t.test('an abort kills the command at once', async (t) => {
  const { host, input, ended } = await open({ ...ONCE, command: 'echo x; sleep 1000' });
  const emitted = once(host.told, 'emitted');
  await input.start();
  await emitted;
  const over = ended();
  host.abort.abort();
  await over;
  t.match(host.lines.at(-1)?.message, 'the command ended with 137');
});

t.test('a command that cannot be started is told and ends like one that is not found', async (t) => {
  const { host, input } = await open({ ...LAST, command: 'echo \0' });
  const exit = once(host.told, 'exit');
  await input.start();
  await exit;
  t.equal(host.exited, 127);
  t.match(host.lines[0], { level: 'error', message: /^cannot run 'echo/ });
});

t.test('a command too long for the system fails once, and then is over', async (t) => {
  const said: string[] = [];
  await new Promise<void>((over) => {
    runCommand(`true ${'x'.repeat(1 << 22)}`, {
      output: () => said.push('output'),
      failed: (reason) => said.push(reason),
      ended: (status) => {
        said.push(String(status));
        over();
      },
    });
  });
  t.match(said, [/E2BIG/, '127']);
  t.equal(said.length, 2);
});

t.test('options that cannot work fail at the start', async (t) => {
  await t.rejects(open({ command: 'true', parser: 'nope' }), OptionError);
  await t.rejects(open({ command: 'true', propagate_exit_code: 'on' }), OptionError);
  await t.rejects(open({ command: 'true', buf_size: '1' }), OptionError);
  await t.rejects(open({}), OptionError);
});
