import t from 'tap';
import { NO_METADATA } from '../../src/data/event.ts';
import { type PayloadOptions, PayloadReader, readPayload } from '../../src/parsers/payload.ts';
import type { Parser } from '../../src/plugin.ts';
import fc from '../support/fast_check.ts';

const NONE: PayloadOptions = { format: 'none', separator: Buffer.from('\n'), parser: undefined, sourceKey: undefined };
const JSON_FORMAT: PayloadOptions = { ...NONE, format: 'json' };

const read = (options: PayloadOptions, ...pieces: (string | Buffer)[]): unknown[] => {
  const reader = new PayloadReader(options, 'tcp://127.0.0.1:1');
  return pieces.flatMap((piece) => reader.read(Buffer.from(piece as string), false, 5, 6).map(({ body }) => body));
};

t.test('documents stand side by side, over several lines and in pieces; a list becomes msg', async (t) => {
  t.same(read(JSON_FORMAT, '{"a":1}{"b":', '{"c":2}}\n[1,\n2]\n'), [{ a: 1 }, { b: { c: 2 } }, { msg: [1, 2] }]);
});

t.test('what is no document costs only itself', async (t) => {
  const reader = new PayloadReader(JSON_FORMAT, '');
  const text = '{"a":1}\nno json\n{"b":}\n{"cut":{"x":\n{"c":3}\n{"open":"\n12\n{"d":4}\n';
  const bodies = reader.read(Buffer.from(text), true, 0, 0).map(({ body }) => body);
  t.same(bodies, [{ a: 1 }, { c: 3 }, { d: 4 }]);
  t.equal(reader.takeSkipped(), 5);
  t.equal(reader.takeSkipped(), 0);
});

t.test('texts end at the separator; empty ones are left out, an unfinished one waits', async (t) => {
  t.same(read(NONE, 'one\n\ntwo\r\n', 'thr', 'ee\nfour'), [{ log: 'one' }, { log: 'two\r' }, { log: 'three' }]);
  const separated = { ...NONE, separator: Buffer.from('||') };
  t.same(read(separated, 'a|b|', '|c||', '||d'), [{ log: 'a|b' }, { log: 'c' }]);
  const reader = new PayloadReader(NONE, '');
  t.same(reader.read(Buffer.from('a\nrest'), true, 1, 2), [
    { seconds: 1, nanos: 2, metadata: NO_METADATA, body: { log: 'a' } },
    { seconds: 1, nanos: 2, metadata: NO_METADATA, body: { log: 'rest' } },
  ]);
  t.equal(reader.waiting, 0);
});

t.test('bytes that are no UTF-8 are kept, also where a piece ends in a character', async (t) => {
  const bytes = Buffer.from('z\u00fcrich \u20ac \u{1f600}\n');
  const pieces = Array.from(bytes, (byte) => Buffer.from([byte]));
  t.same(read(NONE, ...pieces), [{ log: 'z\u00fcrich \u20ac \u{1f600}' }]);
  t.same(read(NONE, Buffer.from([0x61, 0xff, 0xc3, 0x0a])), [{ log: 'a\udcff\udcc3' }]);
});

t.test('a parser takes what it can; the source comes last', async (t) => {
  const parser: Parser = {
    name: 'digits',
    parse: (text, seconds, nanos) =>
      /^\d+$/.test(text) ? { seconds, nanos, metadata: NO_METADATA, body: { number: text } } : undefined,
  };
  const options = { ...NONE, parser, sourceKey: 'from' };
  t.same(read(options, '12\nx\n'), [
    { number: '12', from: 'tcp://127.0.0.1:1' },
    { log: 'x', from: 'tcp://127.0.0.1:1' },
  ]);
  t.same(read({ ...JSON_FORMAT, sourceKey: 'a' }, '{"a":1}'), [{ a: 'tcp://127.0.0.1:1' }]);
});

t.test('options: a parser makes the format none, the separator is unescaped, both are checked', async (t) => {
  const parser: Parser = { name: 'x', parse: () => undefined };
  const host = { parser: (name: string) => (name === 'x' ? parser : undefined) };
  const given = { format: 'json', separator: '\\t\\x00', parser: undefined, source_address_key: undefined } as const;
  t.equal(readPayload(given, host).separator.toString(), '\t\0');
  t.equal(readPayload({ ...given, parser: 'x' }, host).format, 'none');
  t.throws(() => readPayload({ ...given, parser: 'y' }, host), /no parser 'y'/);
  t.throws(() => readPayload({ ...given, separator: '' }, host), /separator/);
});

t.test('a line that holds no document stays without one when its rest comes later', async (t) => {
  const reader = new PayloadReader(JSON_FORMAT, '');
  const bodies = ['{{', '{"a":1}', 'no', ' {"b":2}\n{"c"', ':3}\n'].flatMap((piece) =>
    reader.read(Buffer.from(piece), false, 0, 0),
  );
  t.same(
    bodies.map(({ body }) => body),
    [{ c: 3 }],
  );
  t.equal(reader.takeSkipped(), 1);
});

t.test('it does not matter in what pieces the bytes come', async () => {
  const unit = fc.constantFrom('{', '}', '[', ']', '"', '\\', '\n', 'a', ':', ',', '1', ' ');
  const text = fc.string({ unit, maxLength: 40 });
  fc.assert(
    fc.property(text, fc.array(fc.nat({ max: 40 })), fc.constantFrom(NONE, JSON_FORMAT), (whole, cuts, options) => {
      const at = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length];
      const pieces = at.slice(1).map((end, i) => whole.slice(at[i], end));
      return JSON.stringify(read(options, ...pieces)) === JSON.stringify(read(options, whole));
    }),
    { numRuns: 5000 },
  );
});
