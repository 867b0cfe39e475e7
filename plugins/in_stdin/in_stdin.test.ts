import { Readable } from 'node:stream';
import t from 'tap';
import { NO_METADATA } from '../../src/data/event.ts';
import { readOptions } from '../../src/options.ts';
import { DocumentCutter } from '../../src/parsers/documents.ts';
import { OptionError, type Parser } from '../../src/plugin.ts';
import fc from '../../test/support/fast_check.ts';
import { TestHost, type TestHostOptions } from '../../test/support/host.ts';
import { eventFromJson } from './events.ts';
import stdin, { Stdin } from './index.ts';
import { LineCutter } from './lines.ts';

/** All documents of a stream that comes in the given pieces. */
function documents(pieces: readonly Buffer[], limit = 1000): { texts: string[]; skipped: number } {
  const cutter = new DocumentCutter(limit);
  const texts = pieces.flatMap((piece) => cutter.push(piece));
  texts.push(...cutter.push(Buffer.alloc(0), true));
  return { texts, skipped: cutter.takeSkipped() };
}

t.test('documents side by side and over lines', async (t) => {
  const { texts, skipped } = documents([Buffer.from('{"a":\n 1}\n{"b":"}\\"{"}{"c":[1,{}]}  [1,{"d":2}]')]);
  t.same(texts, ['{"a":\n 1}', '{"b":"}\\"{"}', '{"c":[1,{}]}', '[1,{"d":2}]']);
  t.equal(skipped, 0);
});

t.test('it does not matter where the pieces end', async () => {
  const text = '{"a":"é\\"}"}\n x no json\n[1, {"ü":"\\\\"}]{"z":{}}\n{"b":1} trailing';
  const whole = documents([Buffer.from(text)]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: Buffer.byteLength(text) })), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), Buffer.byteLength(text)];
      const pieces = places.slice(1).map((end, at) => Buffer.from(text).subarray(places[at], end));
      return JSON.stringify(documents(pieces)) === JSON.stringify(whole);
    }),
  );
});

t.test('what is no document is skipped to the end of its line', async (t) => {
  t.same(documents([Buffer.from('{"a":1}\nno json\n"text"\n5\n{"b":2}\n')]), {
    texts: ['{"a":1}', '{"b":2}'],
    skipped: 3,
  });
});

t.test('a document that never closes costs its first line only', async (t) => {
  const { texts, skipped } = documents([Buffer.from('{"a":1}\n{"broken": "\n{"b":2}\n{"c":3}\n')]);
  t.same(texts, ['{"a":1}', '{"b":2}', '{"c":3}']);
  t.equal(skipped, 1);
});

t.test('no more than the limit is kept waiting', async (t) => {
  const cutter = new DocumentCutter(100);
  t.same(cutter.push(Buffer.from(`{"long":"${'x'.repeat(200)}`)), []);
  t.equal(cutter.takeSkipped(), 1);
  t.same(cutter.push(Buffer.from('y'.repeat(300))), []);
  t.same(cutter.push(Buffer.from('\n{"b":2}\n')), ['{"b":2}']);
});

t.test('lines, with and without carriage returns, and the last one without an end', async (t) => {
  const cutter = new LineCutter(10);
  t.same(cutter.push(Buffer.from('one\r\ntw')), ['one']);
  t.same(cutter.push(Buffer.from('o\n\nth')), ['two', '']);
  t.same(cutter.push(Buffer.from('x'.repeat(20))), []);
  t.same(cutter.push(Buffer.from(`${'x'.repeat(20)}\nnext\n${'y'.repeat(11)}\nlast`)), ['next']);
  t.same(cutter.push(Buffer.alloc(0), true), ['last']);
  t.equal(cutter.takeSkipped(), 2);
});

t.test('objects and lists with a time are records', async (t) => {
  const read = (text: string) => eventFromJson(text, 5, 6);
  t.same(read('{"a":1}'), { seconds: 5, nanos: 6, metadata: NO_METADATA, body: { a: 1 } });
  t.same(read('[1700000000.5,{"a":1}]'), {
    seconds: 1_700_000_000,
    nanos: 500_000_000,
    metadata: NO_METADATA,
    body: { a: 1 },
  });
  t.same(read('[[1700000002.25,{"m":1}],{"a":3}]'), {
    seconds: 1_700_000_002,
    nanos: 250_000_000,
    metadata: { m: 1 },
    body: { a: 3 },
  });
  for (const text of ['[1]', '["x",{}]', '[1,2]', '{"a"}', '5']) t.equal(read(text), undefined, text);
});

const word: Parser = {
  name: 'word',
  parse: (text, seconds, nanos) =>
    /^\w+$/.test(text) ? { seconds, nanos, metadata: NO_METADATA, body: { word: text } } : undefined,
};

function open(pairs: { key: string; value: string }[], options: TestHostOptions = {}) {
  const host = new TestHost({ name: 'stdin.0', ...options });
  const stream = new Readable({ read: () => undefined });
  const input = new Stdin(readOptions(stdin.options as never, pairs), host, () => stream);
  input.start();
  return { host, stream, input };
}

const ended = (stream: Readable) => new Promise((resolve) => stream.once('close', resolve));

t.test('records are emitted, bad text is counted, and the end of the stream ends the program', async (t) => {
  const { host, stream } = open([]);
  stream.push('{"a":1}\nbad\n{"a":2}');
  stream.push(null);
  await ended(stream);
  t.same(host.bodies, [{ a: 1 }, { a: 2 }]);
  t.same(host.counts, { invalid_texts_total: 1 });
  t.equal(host.exited, 0);
  t.equal(host.emitted[0]?.tag, 'stdin.0');
});

t.test('with a parser every line goes through it', async (t) => {
  const { host, stream } = open([{ key: 'parser', value: 'word' }], { tag: 's', parsers: { word } });
  stream.push('one\nnot a word\ntwo');
  stream.push(null);
  await ended(stream);
  t.same(host.bodies, [{ word: 'one' }, { word: 'two' }]);
  t.same(host.counts, { invalid_texts_total: 1 });
});

t.test('while there is no room the stream is not read', async (t) => {
  let room = false;
  const { host, stream, input } = open([], { room: () => room });
  stream.push('{"a":1}');
  await new Promise((go) => setImmediate(go));
  t.ok(stream.isPaused());
  stream.push('{"a":2}');
  await new Promise((go) => setImmediate(go));
  t.equal(host.emitted.length, 1);
  room = true;
  input.resume();
  stream.push(null);
  await ended(stream);
  t.same(host.bodies, [{ a: 1 }, { a: 2 }]);
});

t.test('stop leaves the rest unread', async (t) => {
  const { host, stream, input } = open([]);
  input.stop();
  stream.push('{"a":1}');
  await new Promise((go) => setImmediate(go));
  t.same(host.emitted, []);
});

t.test('a parser that nobody defined fails at the start', async (t) => {
  t.throws(() => open([{ key: 'parser', value: 'nope' }]), OptionError);
});
