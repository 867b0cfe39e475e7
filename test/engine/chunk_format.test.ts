/** The layout of chunk files: as Fluent Bit writes them, and whatever bytes a disk may bring. */

import t from 'tap';
import {
  ChunkFormatError,
  checksum,
  checksumOfHead,
  type DirectRoute,
  encodeHead,
  encodePatch,
  encodeRejected,
  PATCH_AT,
  readContent,
  readHead,
} from '../../src/engine/chunk_format.ts';
import fc from '../support/fast_check.ts';

function sealed(tag: string, content: Buffer, routes?: readonly DirectRoute[]): Buffer {
  const head = encodeHead(tag, routes);
  encodePatch(checksum(content, checksumOfHead(head)), content.length).copy(head, PATCH_AT);
  return Buffer.concat([head, content]);
}

t.test('the head is laid out as Fluent Bit lays it out', async (t) => {
  const whole = sealed('t.right', Buffer.from('9292d7006553f1010000000180' + '81a16e01', 'hex'));
  t.equal(whole.subarray(0, 2).toString('hex'), 'c100');
  t.equal(whole.readUInt32BE(10), 17, 'the length of the content');
  t.equal(whole.readUInt16BE(22), 11, 'the length of the metadata');
  t.equal(whole.subarray(24, 28).toString('hex'), 'f1770000');
  t.equal(whole.readUInt32BE(2).toString(16), 'ca6ab2c4', 'the checksum that Fluent Bit 5.1.1 has for these bytes');
  t.same(readHead(whole).tag, 't.right');
});

const route = fc.record({
  number: fc.nat(0xffff),
  label: fc.string({ minLength: 1, maxLength: 30 }),
  isAlias: fc.boolean(),
  plugin: fc.constantFrom('loki', 'http', 'null'),
});

t.test('tags of any text and routes come back as they were', async () => {
  const tag = fc.string({ unit: 'binary', maxLength: 200 }).map((text) => text.replaceAll('\0', '0'));
  const property = fc.property(
    tag,
    fc.option(fc.array(route, { maxLength: 5 }), { nil: undefined }),
    (name, routes) => {
      const content = Buffer.from('9200');
      const { head, content: read } = readContent(sealed(name, content, routes), true);
      return head.tag === name && JSON.stringify(head.routes) === JSON.stringify(routes) && read.equals(content);
    },
  );
  fc.assert(property, { numRuns: 300 });
});

t.test('an old file has the bare tag, and content up to its end', async (t) => {
  const old = Buffer.concat([
    Buffer.from(`c100${'00'.repeat(20)}0003`, 'hex'),
    Buffer.from('t.o'),
    Buffer.from('9200'),
  ]);
  const { head, content } = readContent(old, false);
  t.equal(head.tag, 't.o');
  t.equal(content.toString(), '9200');
  const empty = Buffer.concat([Buffer.from(`c100${'00'.repeat(20)}0001`, 'hex'), Buffer.from('t'), Buffer.alloc(4096)]);
  t.equal(readContent(empty, false).content.length, 0, 'room that was set aside and never written');
});

t.test('a wrong checksum counts only where checksums are kept', async (t) => {
  const bytes = sealed('t', Buffer.from('content'));
  bytes[bytes.length - 1] = 0;
  t.throws(() => readContent(bytes, true), /checksum is wrong/);
  t.equal(readContent(bytes, false).content.length, 7);
});

t.test('a rejected chunk has no metadata', async (t) => {
  const { head, content } = readContent(encodeRejected(Buffer.from('abc'), true), true);
  t.equal(head.tag, '');
  t.equal(content.toString(), 'abc');
});

t.test('a tag that no file can hold is refused', async (t) => {
  t.throws(() => encodeHead('x'.repeat(70_000), undefined), /longer than a chunk file can hold/);
});

t.test('whatever the bytes, a chunk or a clear error', async () => {
  const good = sealed('some.tag', Buffer.from('92'.repeat(50), 'hex'), [
    { number: 1, label: 'up', isAlias: true, plugin: 'http' },
  ]);
  const flips = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 });
  const property = fc.property(flips, fc.nat(good.length), (changes, length) => {
    const bytes = Buffer.from(good.subarray(0, length));
    for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
    try {
      return readContent(bytes, false).content.length <= length;
    } catch (error) {
      return error instanceof ChunkFormatError;
    }
  });
  fc.assert(property, { numRuns: 1000 });
});
