/**
 * The stream of the Forward protocol under bad conditions: cut anywhere, changed anywhere, with lengths that lie. Whatever
 * comes, a message is read or refused, in little time and memory.
 */

import t from 'tap';
import { Ext, type Fields, type Value } from '../../src/data/event.ts';
import { decodeEvents, encodeValue } from '../../src/data/msgpack.ts';
import { BufferPool } from '../../src/net/buffer_pool.ts';
import { FrameCutter } from '../../src/net/forward_frames.ts';
import { ForwardError, type ForwardMessage, readMessage } from '../../src/net/forward_message.ts';
import fc from '../support/fast_check.ts';

const LIMIT = 1_000_000;

interface Outcome {
  readonly messages: ForwardMessage[];
  readonly refused: boolean;
}

/** What an input would do: pieces are read into the same memory again and again, and buffers are used again. */
function read(pieces: readonly Uint8Array[], limitBytes = LIMIT): Outcome {
  const cutter = new FrameCutter(limitBytes, new BufferPool(1 << 20));
  const messages: ForwardMessage[] = [];
  try {
    for (const piece of pieces) {
      const shared = Buffer.from(piece);
      cutter.push(shared);
      while (cutter.next()) {
        const message = readMessage(cutter.bytes, cutter.start, cutter.end);
        messages.push({ ...message, entries: Buffer.from(message.entries) });
        if (cutter.isOwn) cutter.giveBack(cutter.bytes.fill(0xc1));
      }
      cutter.keep();
      shared.fill(0xc1);
    }
  } catch (error) {
    if (!(error instanceof ForwardError)) throw error;
    return { messages, refused: true };
  }
  return { messages, refused: false };
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(sizes[turn % sizes.length] ?? 1, 1);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

const record: fc.Arbitrary<Fields> = fc.dictionary(
  fc.string({ maxLength: 8 }),
  fc.constantFrom<Value>(
    1,
    -1,
    'text',
    'x'.repeat(300),
    null,
    true,
    [1, { a: [] }],
    new Ext(7, Uint8Array.of(1, 2, 3)),
  ),
  { maxKeys: 20 },
);
const seconds = fc.integer({ min: 0, max: 2_000_000_000 });
const events = fc.array(fc.tuple(seconds, record), { maxLength: 20 });
const options = fc.constantFrom<Value[]>([], [null], [{}], [{ chunk: 'abc', size: 3 }]);

const message = fc.oneof(
  fc.tuple(seconds, record, options).map(([time, body, given]): Value => ['tag', time, body, ...given]),
  fc.tuple(events, options).map(([all, given]): Value => ['tag.of.this', all, ...given]),
  events.map((all): Value => ['packed', Buffer.concat(all.map((one) => encodeValue(one))), { size: all.length }]),
);
const stream = fc
  .array(message, { minLength: 1, maxLength: 6 })
  .map((all) => Buffer.concat(all.map((one) => encodeValue(one))));
const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 });

const shown = ({ messages, refused }: Outcome) =>
  JSON.stringify([
    messages.map((one) => [one.tag, one.chunk, one.broken, Buffer.from(one.entries).toString('hex')]),
    refused,
  ]);

t.test('however a stream is cut, its messages are the same', async () => {
  const property = fc.property(
    stream,
    sizes,
    (bytes, given) => shown(read([bytes])) === shown(read(cut(bytes, given))),
  );
  fc.assert(property, { numRuns: 300 });
});

t.test('pieces are read into one buffer, and nobody may look at them before the next one comes', async (t) => {
  const property = fc.property(stream, sizes, fc.infiniteStream(fc.nat(2)), (bytes, given, looks) => {
    const cutter = new FrameCutter(1 << 20);
    const shared = Buffer.alloc(5000);
    const found: string[] = [];
    for (const piece of cut(bytes, given)) {
      shared.set(piece);
      cutter.push(shared.subarray(0, piece.length));
      let isDone = false;
      const look = (): void => {
        isDone = !cutter.next();
        if (!isDone) found.push(cutter.bytes.toString('hex', cutter.start, cutter.end));
      };
      for (let left = looks.next().value ?? 0; left > 0 && !isDone; left--) look();
      cutter.keep();
      shared.fill(0xc1);
      while (!isDone) look();
    }
    return found.join('') === bytes.toString('hex');
  });
  fc.assert(property, { numRuns: 500 });
  t.pass();
});

t.test('a stream that was changed is read or refused, and what is taken for events can be decoded', async () => {
  const change = fc.tuple(fc.nat(), fc.nat(255));
  const broken = fc.tuple(stream, fc.array(change, { minLength: 1, maxLength: 8 }), fc.nat(), sizes);
  const property = fc.property(broken, ([bytes, changes, end, given]) => {
    const changed = Buffer.from(bytes.subarray(0, Math.max(1, bytes.length - (end % 20))));
    for (const [at, byte] of changes) changed[at % changed.length] = byte;
    for (const { count, entries } of read(cut(changed, given)).messages)
      if (count > 0 && decodeEvents(entries).length !== count) return false;
    return true;
  });
  fc.assert(property, { numRuns: 1500 });
});

/** Types that are followed by a length, with a great one. */
const LIES = ['c6', 'c9', 'db', 'dd', 'df', 'c5', 'c8', 'da', 'dc', 'de'];

t.test('lengths that lie anywhere in a message cost neither time nor memory', async () => {
  const property = fc.property(
    stream,
    fc.nat(),
    fc.constantFrom(...LIES),
    fc.boolean(),
    (bytes, place, type, isHuge) => {
      const at = place % bytes.length;
      const lie = Buffer.from(`${type}${isHuge ? 'ffffffff' : '000fffff'}`, 'hex');
      read(cut(Buffer.concat([bytes.subarray(0, at), lie, bytes.subarray(at)]), [1000]));
      return true;
    },
  );
  fc.assert(property, { numRuns: 500 });
});

t.test('four billion entries, ten thousand levels and an endless message are refused at once', async (t) => {
  const refused = (hex: string) => read([Buffer.from(hex, 'hex')]).refused;
  t.ok(refused('93a161ddffffffff'), 'a list of events');
  t.ok(refused('93a16101dfffffffff'), 'a record');
  t.ok(refused('92a161dbffffffff'), 'a payload');
  t.ok(refused('ddffffffff'), 'the message itself');
  t.ok(refused('92dbffffffff'), 'a tag');
  const deep = Buffer.concat([Buffer.from('93a16101', 'hex'), Buffer.alloc(10_000, 0x81), Buffer.alloc(20_000, 1)]);
  t.ok(read([deep]).refused, 'a record 10,000 levels deep');
  const options = Buffer.concat([Buffer.from('93a1619081a163', 'hex'), Buffer.alloc(10_000, 0x91), Buffer.from([1])]);
  t.ok(read([options]).refused, 'options 10,000 levels deep');
  const endless = cut(Buffer.concat([Buffer.from('92a161dd00ffffff', 'hex'), Buffer.alloc(2_000_000, 0xc0)]), [65_536]);
  t.ok(read(endless).refused);
});

t.test('a message in a hundred thousand pieces takes no longer than one in a few', async (t) => {
  const all: Value[] = [];
  for (let i = 0; i < 2000; i++) all.push([i, { text: 'x'.repeat(40) }]);
  const bytes = encodeValue(['tag', all, {}]);
  const before = process.cpuUsage();
  t.equal(read(cut(bytes, [1])).messages[0]?.count, 2000);
  const { user } = process.cpuUsage(before);
  t.ok(user < 2e6, `${user / 1e6} s`);
});

t.test('a frame is as long as the limit allows, and nothing beyond it is kept', async (t) => {
  const bytes = encodeValue(['tag', Buffer.alloc(500), {}]);
  t.equal(read(cut(bytes, [7]), bytes.length).messages.length, 1);
  t.ok(read(cut(bytes, [7]), bytes.length - 1).refused);
  t.ok(read([bytes], bytes.length - 1).refused);
});
